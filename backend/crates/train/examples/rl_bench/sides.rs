//! The programs that are compared, and what their figures say together.

use crate::Fallible;
use crate::machine::Machine;
use crate::report::{Report, median};
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// In the order of the table.
pub const SIDES: [&str; 3] = ["ours", "standard", "shared"];

/// The programs.
pub struct Sides {
    /// Python with PyTorch.
    pub python: PathBuf,
    /// `tests/reference/rl_step.py`.
    pub rl_step: PathBuf,
    /// Threads of each.
    pub threads: usize,
}

/// What all sides are given.
#[derive(Clone)]
pub struct Case {
    /// Folder of the policy.
    pub policy: PathBuf,
    /// Batch file.
    pub batch: PathBuf,
    /// Answers to each prompt.
    pub group: usize,
    /// Rounds in one process; of more than one the first only warms up.
    pub rounds: usize,
}

/// Medians of one side.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Seconds of a rollout.
    pub rollout: f64,
    /// Seconds of an update.
    pub update: f64,
    /// Seconds up to the first token of every answer.
    pub first: f64,
    /// Tokens of a rollout.
    pub tokens: f64,
    /// Tokens of a rollout's longest answer.
    pub longest: f64,
    /// Largest memory of any process before its first round, MB.
    pub base_mb: f64,
    /// Largest memory of any process, MB.
    pub peak_mb: f64,
    /// Of each update of the first process.
    pub loss: Vec<f64>,
    /// Of each update of the first process.
    pub grad_norm: Vec<f64>,
    /// Parameters of the policy.
    pub parameters: usize,
}

impl Figures {
    /// Seconds of a step.
    pub fn step(&self) -> f64 {
        self.rollout + self.update
    }

    fn of(reports: &[Report]) -> Self {
        let first = reports.first().cloned().unwrap_or_default();
        let most = |of: fn(&Report) -> f64| reports.iter().map(of).fold(0.0, f64::max);
        Self {
            rollout: middle(reports, |report| report.seconds.rollout.clone()),
            update: middle(reports, |report| report.seconds.update.clone()),
            first: middle(reports, |report| report.seconds.first.clone()),
            tokens: middle(reports, |report| floats(&report.tokens)),
            longest: middle(reports, |report| floats(&report.longest)),
            base_mb: most(|report| report.base_mb),
            peak_mb: most(|report| report.peak_mb),
            loss: first.loss,
            grad_norm: first.grad_norm,
            parameters: first.parameters,
        }
    }
}

/// Of all rounds of all processes, less the first of each where there are more.
fn middle(reports: &[Report], of: fn(&Report) -> Vec<f64>) -> f64 {
    let warm = |report: &Report| {
        let all = of(report);
        all[usize::from(all.len() > 1)..].to_vec()
    };
    median(reports.iter().flat_map(warm).collect())
}

fn floats(values: &[usize]) -> Vec<f64> {
    values.iter().map(|&n| n as f64).collect()
}

impl Sides {
    /// Every side in turn, `times` over.
    pub fn interleaved(&self, case: &Case, times: usize) -> Fallible<[Figures; 3]> {
        let mut reports: [Vec<Report>; 3] = Default::default();
        for _ in 0..times {
            for (side, reports) in SIDES.iter().zip(&mut reports) {
                reports.push(self.run(side, case)?);
            }
        }
        Ok(reports.map(|reports| Figures::of(&reports)))
    }

    fn run(&self, side: &str, case: &Case) -> Fallible<Report> {
        let mut command = match side {
            "ours" => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("ours");
                command
            }
            mode => {
                let mut command = Command::new(&self.python);
                command.arg(&self.rl_step).args(["--mode", mode]);
                command
            }
        };
        command.arg(&case.policy).arg(&case.batch);
        for (name, value) in
            [("--group", case.group), ("--threads", self.threads), ("--rounds", case.rounds)]
        {
            command.arg(name).arg(value.to_string());
        }
        printed(&mut command)
    }

    /// What the machine can do just now.
    pub fn machine(&self) -> Fallible<Machine> {
        let mut command = Command::new(std::env::current_exe()?);
        printed(command.args(["machine", "--threads", &self.threads.to_string()]))
    }
}

/// The JSON that a program prints.
fn printed<T: DeserializeOwned>(command: &mut Command) -> Fallible<T> {
    let output = command.stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default();
        return Err(format!("{command:?} ended with {}: {last}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
