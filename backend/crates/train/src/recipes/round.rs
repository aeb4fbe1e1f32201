//! Which answered questions an update gets: those drawn first, or with refill (DAPO's dynamic
//! sampling, arXiv 2503.14476) those whose answers differ in what they earn.

use crate::rollout::Drawn;
use shared::advantage;
use shared::config::{RunConfig, SelectConfig};

/// The questions of a step, as they come in.
pub struct Round<'a> {
    config: &'a RunConfig,
    chosen: Vec<Drawn>,
    dead: Vec<Drawn>,
    asked: u32,
    batches: u32,
}

/// What a round ended with.
pub struct Batch {
    /// As many questions as a step has.
    pub drawn: Vec<Drawn>,
    /// Questions asked for it.
    pub asked: u32,
    /// Of them without spread of rewards.
    pub dead: u32,
    /// Of them replaced by others.
    pub replaced: u32,
}

impl<'a> Round<'a> {
    /// Nothing asked yet.
    pub fn new(config: &'a RunConfig) -> Self {
        Self { config, chosen: Vec::new(), dead: Vec::new(), asked: 0, batches: 0 }
    }

    /// How many questions are to be asked next; 0 when the round is over.
    pub fn missing(&self) -> u32 {
        let open = self.config.grpo.prompts_per_step.saturating_sub(self.chosen.len() as u32);
        let over = self.batches > self.config.select.refill;
        if over { 0 } else { open }
    }

    /// Questions asked so far.
    pub fn asked(&self) -> u32 {
        self.asked
    }

    /// Takes in answered questions.
    pub fn add(&mut self, drawn: Vec<Drawn>) {
        self.asked += drawn.len() as u32;
        self.batches += 1;
        for one in drawn {
            if self.is_dead(&one) { self.dead.push(one) } else { self.chosen.push(one) }
        }
    }

    /// The batch; where too few questions have spread, others fill it up.
    pub fn finish(mut self) -> Batch {
        let wanted = self.config.grpo.prompts_per_step as usize;
        let dead = self.dead.len() as u32;
        let room = wanted.saturating_sub(self.chosen.len());
        let replaced = self.dead.len().saturating_sub(room) as u32;
        self.chosen.extend(self.dead.into_iter().take(room));
        Batch { drawn: self.chosen, asked: self.asked, dead, replaced }
    }

    /// Without refill every question is taken in the order it was asked.
    fn is_dead(&self, drawn: &Drawn) -> bool {
        let SelectConfig { refill, min_std, .. } = self.config.select;
        refill > 0 && advantage::grpo(&drawn.worth()).std <= min_std
    }
}

/// What is taken from the reward of an answer of so many tokens (DAPO's soft overlong
/// punishment): 0 up to the last `share` of the longest answer, then rising to `factor`.
pub fn overlong(select: &SelectConfig, longest: u32, tokens: usize) -> f64 {
    let buffer = select.overlong_share * f64::from(longest);
    if buffer <= 0.0 {
        return 0.0;
    }
    let over = (tokens as f64 - (f64::from(longest) - buffer)) / buffer;
    -over.clamp(0.0, 1.0) * select.overlong_factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_penalised_at_the_end() {
        let mut select = RunConfig::default().select;
        assert_eq!(overlong(&select, 20, 20), 0.0, "off");
        select.overlong_share = 0.2;
        let got: Vec<f64> = [10, 16, 17, 18, 20].map(|t| overlong(&select, 20, t)).into();
        for (got, want) in got.iter().zip([0.0, 0.0, -0.25, -0.5, -1.0]) {
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
    }
}
