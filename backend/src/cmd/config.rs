//! `videossr config`: a whole run config as TOML, each field with its sentence, unit and range.
//! Other commands assemble their config here too.

use crate::cli::Usage;
use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;
use shared::config::{
    FIELDS, Field, FieldKind, MixtureItem, PRESETS, Problem, RunConfig, Settings,
};
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
        assemble(self.preset.as_deref(), self.config.as_deref(), &self.sets)
    }
}

/// The config that a preset, then a file, then single keys describe. All problems are named
/// at once.
pub fn assemble<C: Settings>(
    preset: Option<&str>,
    file: Option<&Path>,
    sets: &[String],
) -> Result<C> {
    let mut config = named(preset.unwrap_or(C::PRESETS[0].name))?;
    if let Some(path) = file {
        config = read_file(path, &config)?;
    }
    for set in sets {
        config = set_key(&config, set)?;
    }
    Ok(config)
}

fn set_key<C: Settings>(config: &C, set: &str) -> Result<C, Usage> {
    let (key, value) = match set.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => (key.trim(), value.trim()),
        _ => return Err(Usage::new(format!("`--set {set}` is not KEY=VALUE"))),
    };
    config.with(key, &json_of(C::FIELDS, key, value)).map_err(|problems| Usage::new(all(&problems)))
}

/// A value written as TOML, as JSON; a text that is no TOML stays as it is.
fn json_of(fields: &[Field], key: &str, text: &str) -> String {
    let kind = fields.iter().find(|field| field.key == key).map(|field| field.kind);
    let is_text = matches!(kind, Some(FieldKind::Text | FieldKind::Choice(_)));
    if is_text && !text.starts_with(['"', '\'']) {
        return text.to_owned();
    }
    let table: Option<toml::Table> = toml::from_str(&format!("value = {text}")).ok();
    match table.as_ref().and_then(|table| table.get("value").filter(|_| table.len() == 1)) {
        Some(value) => serde_json::to_string(value).unwrap_or_else(|_| text.to_owned()),
        None => text.to_owned(),
    }
}

fn named<C: Settings>(name: &str) -> Result<C, Usage> {
    let known = C::PRESETS.iter().find(|preset| preset.name == name);
    let names: Vec<_> = C::PRESETS.iter().map(|preset| preset.name).collect();
    known.map(|preset| (preset.config)()).ok_or_else(|| {
        Usage::new(format!("`{name}` is not a preset; use one of {}", names.join(", ")))
    })
}

/// The value of a TOML text.
///
/// # Errors
/// What is wrong with it, in one line.
pub fn from_toml(text: &str) -> Result<Value, String> {
    toml::from_str(text).map_err(|error| error.to_string().replace('\n', " "))
}

fn read_file<C: Settings>(path: &Path, base: &C) -> Result<C> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let value: Value = toml::from_str(&text).with_context(|| path.display().to_string())?;
    C::from_value(base, &value)
        .map_err(|problems| anyhow!("{}: {}", path.display(), all(&problems)))
}

fn all(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
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
    // The form may show a table's fields under several headings; here each table comes once.
    let table_of = |field: &Field| field.key.rsplit_once('.').map_or("", |(table, _)| table);
    let mut tables: Vec<&str> = nested.iter().map(|field| table_of(field)).collect();
    let mut seen = std::collections::BTreeSet::new();
    tables.retain(|table| seen.insert(*table));
    for table in tables {
        writeln!(text, "\n[{table}]")?;
        for field in nested.iter().filter(|field| table_of(field) == table) {
            write_field(&mut text, field, &field.key[table.len() + 1..], config)?;
        }
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
    fn values_are_set_as_toml_and_json_and_plain_text() {
        let set = |set: &str| set_key(&RunConfig::default(), set);
        let policy = |text| set(text).expect("a policy").policy;
        assert_eq!(policy("policy=123"), "123");
        assert_eq!(policy("policy='a \"b\"'"), "a \"b\"");
        assert_eq!(policy("policy = [x]"), "[x]");
        let videos = |text| set(text).expect("videos").videos;
        assert_eq!(videos("videos=['a.mp4', \"b.mp4\"]"), ["a.mp4", "b.mp4"]);
        assert_eq!(videos("videos=7.mp4"), ["7.mp4"]);
        let toml = "mixture=[{task = 'jigsaw', clips = 6}, {task = 'counting', weight = 2}]";
        let json = r#"mixture=[{"task":"jigsaw","clips":6},{"task":"counting","weight":2}]"#;
        let mixture = |text| set(text).expect("a mixture").mixture;
        assert_eq!((mixture(toml).len(), mixture(toml)), (2, mixture(json)));
        assert_eq!(set("steps=1_000").expect("steps").steps, 1000);
        assert_eq!(set("optim.learning_rate=1e-5").expect("a rate").optim.learning_rate, 1e-5);
        for (bad, word) in [
            ("steps", "KEY=VALUE"),
            ("=5", "KEY=VALUE"),
            ("grpo=5", "grpo: is a group"),
            ("grpo.group_sise=5", "grpo.group_size"),
            ("steps=", "steps:"),
            ("steps=0", "below 1"),
            ("steps=1\nseed = 2", "steps:"),
            ("mixture=[{task = 'chess'}]", "mixture:"),
            ("reward=harsh", "reward:"),
        ] {
            let message = set(bad).expect_err("a misfit").to_string();
            assert!(message.contains(word) && !message.starts_with(':'), "{bad}: {message}");
        }
    }

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
