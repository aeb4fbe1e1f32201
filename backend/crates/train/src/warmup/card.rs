//! The card of a warm policy: how it was made, what it scores, what it cannot do.

use super::WarmupInputs;
use crate::error::TrainError;
use crate::eval::{Measured, half_interval, mean};

/// What the card tells.
pub struct Made<'a> {
    /// Inputs of the warm start.
    pub inputs: &'a WarmupInputs,
    /// Updates made.
    pub steps: u64,
    /// Wall time, minutes.
    pub minutes: f64,
    /// Parameters.
    pub parameters: usize,
    /// File names of the videos trained on.
    pub seen: &'a [String],
    /// File names of the videos held out.
    pub unseen: &'a [String],
    /// Greedy and sampled rewards of each set.
    pub measured: &'a [(Measured, Measured)],
}

/// Writes `README.md` into the policy folder.
///
/// # Errors
/// An unwritable file.
pub fn write(made: &Made) -> Result<(), TrainError> {
    let config = &made.inputs.config;
    let warmup = &config.warmup;
    let text = format!(
        "# Nano policy, warm-started\n\n\
         A Qwen3-VL of {parameters} parameters (64 x 64 pixels, 48 frames, answers of a few tokens) for \
         trying the whole loop on two CPU cores. It is a starting point for GRPO, not a video model.\n\n\
         ## How it was made\n\n\
         ```\n{command}\n```\n\n\
         {steps} updates of {batch} strips in {minutes:.0} minutes on the CPU; seed {seed}, peak learning rate \
         {lr}, AdamW. Every strip is shown once and asked its own question and {helpers:.0} % helper \
         questions (masks, single ends, single counts), which share the clips as a prefix; a throwaway \
         linear read-out of each frame pair is trained beside it. {scenes:.0} % of the strips are scenes that \
         the program renders; of the others, 30 % are shown as they are and the rest with whole-strip \
         augmentation of strength up to {augment}.\n\n\
         ## What it scores\n\n\
         Mean reward (the released VideoSSR rewards) with half the width of the 95 % bootstrap interval; \
         new sample seeds. `greedy` takes the likeliest token, `sampled` draws at temperature 1. Constant \
         answers earn .31 in grounding, .58 in counting (\"3,3,3\") and .35 in jigsaw (any order).\n\n\
         {tables}\n\
         ## Videos\n\nSeen: {seen}.\n\nHeld out: {unseen}.\n\n\
         No video is part of this folder. The sources and licences of the sample clips are listed in \
         `static/clips`; the others came from a development set of short clips with mixed licences \
         (CC0, CC BY, CC BY-SA, CC BY-NC, public domain, not stated) and are not distributed.\n\n\
         ## Limits\n\n\
         It knows the handful of clips above: what it scores on seen clips says little about others. \
         It answers only the questions of this program, in the bare formats of the paper.\n",
        parameters = made.parameters,
        command = made.inputs.command,
        steps = made.steps,
        batch = warmup.batch,
        minutes = made.minutes,
        seed = config.seed,
        lr = warmup.learning_rate,
        helpers = 100.0 * warmup.helpers,
        scenes = 100.0 * warmup.scenes,
        augment = warmup.augment,
        tables = made
            .measured
            .iter()
            .map(|(greedy, sampled)| table(greedy, sampled))
            .collect::<String>(),
        seen = list(made.seen),
        unseen = list(made.unseen),
    );
    let path = made.inputs.out.join("README.md");
    std::fs::write(&path, text).map_err(|error| TrainError::io(&path, error))
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// Mean rewards by cell with the half width of their 95 % intervals.
pub fn table(greedy: &Measured, sampled: &Measured) -> String {
    let mut text = format!(
        "Clips: {}\n\n| cell | questions | greedy | sampled |\n|---|---|---|---|\n",
        greedy.set
    );
    let sampled_cells = sampled.cells();
    for (cell, rewards) in greedy.cells() {
        let others = sampled_cells.get(&cell).map(Vec::as_slice).unwrap_or_default();
        text += &format!(
            "| {cell} | {} | {} | {} |\n",
            rewards.len(),
            figure(&rewards),
            figure(others)
        );
    }
    let (all, others) = (greedy.all(), sampled.all());
    text + &format!("| all | {} | {} | {} |\n\n", all.len(), figure(&all), figure(&others))
}

fn figure(rewards: &[f64]) -> String {
    format!("{:.3} ± {:.3}", mean(rewards), half_interval(rewards))
}
