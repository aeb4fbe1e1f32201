//! What every side prints.

use serde::{Deserialize, Serialize};

/// Figures of one process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Of each round.
    pub seconds: Seconds,
    /// Tokens drawn in each round.
    pub tokens: Vec<usize>,
    /// Tokens of the longest answer of each round.
    pub longest: Vec<usize>,
    /// Of each update; each goes on from the weights of the one before.
    pub loss: Vec<f64>,
    /// Of each update, before clipping.
    pub grad_norm: Vec<f64>,
    /// Largest resident memory before the first round, MB.
    pub base_mb: f64,
    /// Largest resident memory, MB.
    pub peak_mb: f64,
    /// Threads used.
    pub threads: usize,
    /// Parameters of the policy.
    pub parameters: usize,
}

/// Wall seconds of each round.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Seconds {
    /// All answers.
    pub rollout: Vec<f64>,
    /// The update.
    pub update: Vec<f64>,
    /// Reading the prompts and the first token of every answer; measured by itself, part of no
    /// step.
    pub first: Vec<f64>,
}

/// Largest resident memory of this process so far, MB.
pub fn peak_mb() -> f64 {
    // SAFETY: a structure of plain numbers, filled by the call.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let unit = if cfg!(target_os = "macos") { 1e6 } else { 1e3 };
    usage.ru_maxrss as f64 / unit
}

/// The middle one; not a number where there is none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
