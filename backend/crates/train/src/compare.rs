//! Runs beside each other: every variant with several seeds, and what their journals say of it.
//! Made for the table in RECIPES.md; a comparison that is broken off goes on where it stopped.

use crate::error::TrainError;
use crate::eval::mean;
use crate::journal;
use crate::run::{RunInputs, run};
use crate::sink::{NoControl, Sink};
use shared::config::{RunConfig, Settings};
use shared::event::{EventBody, RunEvent};
use std::fmt::Write;
use std::path::Path;

/// A run config by what differs from the common one.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Name of its run folders.
    pub name: &'static str,
    /// What is compared by it.
    pub about: &'static str,
    /// Keys and values, set in order.
    pub settings: &'static [(&'static str, &'static str)],
}

const GROUNDING: &str = r#"[{"task":"grounding","perturbations":["channel-swap","mirror","zoom-out","rotate180","invert"]}]"#;

/// What the table compares.
pub const VARIANTS: &[Variant] = &[
    Variant { name: "grpo", about: "GRPO, smooth rewards, the mixture", settings: &[] },
    Variant { name: "strict", about: "strict rewards", settings: &[("reward", "strict")] },
    Variant { name: "grounding", about: "grounding alone", settings: &[("mixture", GROUNDING)] },
    Variant { name: "dr-grpo", about: "Dr.GRPO", settings: &[("recipe", "dr-grpo")] },
    Variant { name: "dapo", about: "DAPO", settings: &[("recipe", "dapo")] },
    Variant { name: "task-std", about: "per-task spread", settings: &[("recipe", "task-std")] },
    Variant { name: "blank", about: "control: black video", settings: &[("vision.blank", "on")] },
];

/// Steps at either end of a run that its training reward is averaged over.
const ENDS: usize = 10;

/// What the runs of a variant came to, one entry per seed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Name of the variant.
    pub name: String,
    /// Mean training reward of the first and of the last ten steps.
    pub reward: Vec<[f64; 2]>,
    /// Score on the frozen questions about the clips trained on, before and after.
    pub seen: Vec<[f64; 2]>,
    /// The same about the clips held out; empty where there are none.
    pub unseen: Vec<[f64; 2]>,
}

/// Makes the runs of some variants below a folder, each with every seed, or takes those that are
/// there. `inputs` has the common config; its run folder is the folder of all.
///
/// # Errors
/// What a run fails with; a variant that does not fit the config.
pub fn compare(
    inputs: &RunInputs,
    variants: &[Variant],
    seeds: &[u64],
    sink: &mut dyn Sink,
) -> Result<Vec<Row>, TrainError> {
    let mut rows = Vec::new();
    for variant in variants {
        let mut row = Row { name: variant.name.into(), ..Row::default() };
        for seed in seeds {
            let run_dir = inputs.run_dir.join(format!("{}-{seed}", variant.name));
            let config = RunConfig { seed: *seed, ..applied(variant, &inputs.config)? };
            let events = made(RunInputs { config, run_dir, ..inputs.clone() }, sink)?;
            row.take(&events);
        }
        rows.push(row);
    }
    Ok(rows)
}

fn applied(variant: &Variant, config: &RunConfig) -> Result<RunConfig, TrainError> {
    variant.settings.iter().try_fold(config.clone(), |config, (key, value)| {
        config.with(key, value).map_err(|problems| {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            TrainError::Run(format!("{}: {}", variant.name, all.join("; ")))
        })
    })
}

/// The journal of a run: of one that is there and finished, else of one made now.
fn made(inputs: RunInputs, sink: &mut dyn Sink) -> Result<Vec<RunEvent>, TrainError> {
    let dir = inputs.run_dir.clone();
    let there = dir.join("run.toml").is_file();
    let finished = |events: &[RunEvent]| {
        let last = events.last().map(|event| &event.body);
        matches!(last, Some(EventBody::Finished { stopped: false }))
    };
    if !there || !finished(&journal::read(&dir)?) {
        run(inputs, there, sink, &mut NoControl)?;
    } else if crate::read_config(&dir)? != inputs.config {
        return Err(TrainError::Run(format!("{} holds another run", dir.display())));
    }
    journal::read(&dir)
}

impl Row {
    fn take(&mut self, events: &[RunEvent]) {
        let rewards: Vec<f64> = events
            .iter()
            .filter_map(|event| match &event.body {
                EventBody::Step(metrics) => Some(metrics.reward_mean),
                _ => None,
            })
            .collect();
        let ends = ENDS.min(rewards.len());
        self.reward.push([mean(&rewards[..ends]), mean(&rewards[rewards.len() - ends..])]);
        let scores = |wanted: &str| -> Vec<f64> {
            let score = |event: &RunEvent| match &event.body {
                EventBody::Evaluation { set, reward_mean, .. } if set == wanted => {
                    Some(*reward_mean)
                }
                _ => None,
            };
            events.iter().filter_map(score).collect()
        };
        for (set, out) in [("train clips", &mut self.seen), ("held-out clips", &mut self.unseen)] {
            if let [first, .., last] = scores(set)[..] {
                out.push([first, last]);
            }
        }
    }
}

/// The table as Markdown: means over the seeds with their standard deviation.
pub fn table(rows: &[Row], variants: &[Variant]) -> String {
    let mut out = String::from(
        "| run | training reward, first 10 -> last 10 steps | seen clips, before | after | change | unseen clips, change |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let about = variants.iter().find(|v| v.name == row.name).map_or("", |v| v.about);
        let column = |pairs: &[[f64; 2]], of: fn(&[f64; 2]) -> f64| {
            spread(&pairs.iter().map(of).collect::<Vec<_>>())
        };
        let change: fn(&[f64; 2]) -> f64 = |pair| pair[1] - pair[0];
        // Writing to a text cannot fail.
        let _ = writeln!(
            out,
            "| {about} | {} -> {} | {} | {} | {} | {} |",
            column(&row.reward, |pair| pair[0]),
            column(&row.reward, |pair| pair[1]),
            column(&row.seen, |pair| pair[0]),
            column(&row.seen, |pair| pair[1]),
            column(&row.seen, change),
            column(&row.unseen, change),
        );
    }
    out
}

/// `mean ± standard deviation`, unbiased.
fn spread(values: &[f64]) -> String {
    let middle = mean(values);
    match values {
        [] => "-".into(),
        [_] => format!("{middle:.3}"),
        _ => {
            let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
            format!("{middle:.3} ± {:.3}", (squares / (values.len() - 1) as f64).sqrt())
        }
    }
}

/// Where a comparison keeps its runs is no run itself.
///
/// # Errors
/// A folder that cannot be made.
pub fn make_folder(dir: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(dir).map_err(|error| TrainError::io(dir, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_fits() {
        for variant in VARIANTS {
            applied(variant, &RunConfig::default()).expect(variant.name);
        }
    }

    #[test]
    fn spreads_by_hand() {
        assert_eq!(spread(&[0.5, 0.7, 0.6]), "0.600 ± 0.100");
        assert_eq!((spread(&[0.5]).as_str(), spread(&[]).as_str()), ("0.500", "-"));
    }
}
