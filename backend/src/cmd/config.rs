//! `videossr config`: a whole run config as TOML, each field with its sentence, unit and range.
//! Other commands assemble their config here too.

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use shared::config::{FIELDS, Field, MixtureItem, PRESETS, Problem, RunConfig};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where a config comes from: a preset, then a file, then single keys.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Source {
    /// A TOML file; keys it leaves out take the preset's values
    #[arg(long, value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
    /// Start from this preset (see `videossr config --list`)
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Set one key, such as grpo.group_size=4; can be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

/// Prints a run config.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// Name the presets instead
    #[arg(long)]
    list: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the config, or the presets.
pub fn run(args: Args) -> Result<()> {
    if args.list {
        return list(args.json);
    }
    let config = args.source.read()?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&config)?);
    } else {
        print!("{}", to_toml(&config)?);
    }
    Ok(())
}

fn list(json: bool) -> Result<()> {
    if json {
        let presets =
            PRESETS.iter().map(|p| serde_json::json!({ "name": p.name, "about": p.about }));
        println!("{}", Value::Array(presets.collect()));
        return Ok(());
    }
    for preset in PRESETS {
        println!("{:<14} {}", preset.name, preset.about);
    }
    Ok(())
}

impl Source {
    /// The config they describe together. All problems are named at once.
    pub fn read(&self) -> Result<RunConfig> {
        let mut config = match &self.preset {
            Some(name) => preset(name)?,
            None => RunConfig::default(),
        };
        if let Some(path) = &self.config {
            config = read_file(path, &config)?;
        }
        for set in &self.sets {
            let (key, value) =
                set.split_once('=').with_context(|| format!("`{set}` is not KEY=VALUE"))?;
            config = config.with(key.trim(), value.trim()).map_err(|problems| refuse(&problems))?;
        }
        Ok(config)
    }
}

fn preset(name: &str) -> Result<RunConfig> {
    let known = PRESETS.iter().find(|preset| preset.name == name);
    let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
    known
        .map(|preset| (preset.config)())
        .with_context(|| format!("`{name}` is not a preset; use one of {}", names.join(", ")))
}

fn read_file(path: &Path, base: &RunConfig) -> Result<RunConfig> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let value: Value = toml::from_str(&text).with_context(|| path.display().to_string())?;
    RunConfig::from_value(base, &value)
        .map_err(|problems| anyhow!("{}: {}", path.display(), refuse(&problems)))
}

fn refuse(problems: &[Problem]) -> anyhow::Error {
    anyhow!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// A config as TOML that reads back as the same config. Keys without a dot come first, since
/// TOML tables run to the next table.
pub fn to_toml(config: &RunConfig) -> Result<String> {
    let mut text = String::new();
    let (nested, flat): (Vec<&Field>, Vec<&Field>) =
        FIELDS.iter().partition(|field| field.key.contains('.'));
    for field in flat {
        write_field(&mut text, field, field.key, config)?;
    }
    let mut table = "";
    for field in nested {
        let Some((group, key)) = field.key.rsplit_once('.') else {
            bail!("{} has no group", field.key)
        };
        if group != table {
            writeln!(text, "\n[{group}]")?;
            table = group;
        }
        write_field(&mut text, field, key, config)?;
    }
    Ok(text)
}

fn write_field(text: &mut String, field: &Field, key: &str, config: &RunConfig) -> Result<()> {
    let unit =
        if field.unit.is_empty() { String::new() } else { format!(" Unit: {}.", field.unit) };
    writeln!(text, "# {}{unit} Takes {}.", field.help, field.kind.describe())?;
    if field.key == "mixture" {
        return write_mixture(text, &config.mixture);
    }
    writeln!(text, "{key} = {}", to_value(config, field.key)?)?;
    Ok(())
}

/// The TOML form of one value; typed by the config itself, so that 1.0 stays a float.
fn to_value(config: &RunConfig, key: &str) -> Result<toml::Value> {
    let whole = toml::Value::try_from(config)?;
    let found = key.split('.').try_fold(&whole, |at, part| at.get(part));
    found.cloned().with_context(|| format!("{key} has no value"))
}

fn write_mixture(text: &mut String, mixture: &[MixtureItem]) -> Result<()> {
    writeln!(text, "mixture = [")?;
    for item in mixture {
        let toml::Value::Table(fields) = toml::Value::try_from(item)? else {
            bail!("a mixture item is a table")
        };
        let pairs: Vec<String> =
            fields.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        writeln!(text, "    {{ {} }},", pairs.join(", "))?;
    }
    writeln!(text, "]")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_reads_back_as_it_was_printed() {
        for preset in PRESETS {
            let config = (preset.config)();
            let text = to_toml(&config).expect("plain data");
            let value: Value = toml::from_str(&text).expect("valid TOML");
            // Read over another config, so that a key left out would show.
            let mut other = RunConfig { seed: 99, steps: 7, ..RunConfig::default() };
            other.grpo.group_size = 3;
            assert_eq!(RunConfig::from_value(&other, &value).expect("no problems"), config);
            for field in FIELDS {
                assert!(text.contains(field.help), "{} has its sentence", field.key);
            }
        }
    }
}
