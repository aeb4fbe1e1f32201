//! What a policy of some skill might say: the truth, more or less missed.

use shared::chance::Draws;
use shared::reward::{RewardMode, score};
use shared::rollout::{Finish, Rollout};
use shared::task::{SampleInfo, Truth};

/// The end token's text, as Qwen's tokenizer writes it.
const END: &str = "<|im_end|>";

/// An answer in the form that is asked for, or now and then in none.
pub(super) fn said(sample: &SampleInfo, skill: f64, draws: &mut Draws) -> String {
    let slip = 1.0 - skill;
    if draws.unit() < 0.15 * slip {
        return "I cannot tell".into();
    }
    match &sample.truth {
        Truth::Grounding { span_secs, .. } => span(*span_secs, sample, slip, draws),
        Truth::Spotting { number, span_secs, .. } => {
            format!("{number},{}", span(*span_secs, sample, slip, draws))
        }
        Truth::Counting(counts) => {
            let near = |(_, count): (_, u32)| match draws.unit() < slip {
                true => (count + draws.below(3) as u32).saturating_sub(1).to_string(),
                false => count.to_string(),
            };
            counts.iter().map(near).collect::<Vec<_>>().join(",")
        }
        Truth::Jigsaw { order: parts } | Truth::Spatial { tiles: parts } => {
            shuffled(parts, slip, draws)
        }
        Truth::Progress { percent } => {
            let off = (draws.unit() - 0.5) * 80.0 * slip;
            (f64::from(*percent) + off).clamp(0.0, 100.0).round().to_string()
        }
    }
}

/// The span with both ends off by up to half the video.
fn span([start, end]: [f64; 2], sample: &SampleInfo, slip: f64, draws: &mut Draws) -> String {
    let whole = sample.label_secs(sample.frames.len() as f64);
    let mut off = || (draws.unit() - 0.5) * whole * slip;
    let (a, b) = ((start + off()).clamp(0.0, whole), (end + off()).clamp(0.0, whole));
    format!("{:.1}-{:.1}", a.min(b), a.max(b))
}

/// The order with some neighbours swapped.
fn shuffled(order: &str, slip: f64, draws: &mut Draws) -> String {
    let comma = if order.contains(',') { "," } else { "" };
    let mut parts: Vec<&str> = order.split(comma).filter(|part| !part.is_empty()).collect();
    for at in 1..parts.len() {
        if draws.unit() < slip {
            parts.swap(at - 1, at);
        }
    }
    parts.join(comma)
}

/// The answer token by token and scored; its advantage is not known yet.
pub(super) fn rollout(
    index: u32,
    text: String,
    (mode, truth): (RewardMode, &Truth),
    draws: &mut Draws,
) -> Rollout {
    let mut pieces: Vec<String> = text.chars().map(String::from).collect();
    let reward = score(mode, truth, &text);
    let finish = if reward.parsed { Finish::Eos } else { Finish::Length };
    if finish == Finish::Eos {
        pieces.push(END.into());
    }
    let ids = pieces.iter().map(|piece| piece.bytes().map(u32::from).sum());
    let sure: Vec<f64> = pieces.iter().map(|_| 0.2 + 0.79 * draws.unit()).collect();
    Rollout {
        index,
        seed: draws.bits() >> 16,
        ids: ids.collect(),
        logprobs: sure.iter().map(|p| p.ln() as f32).collect(),
        entropies: sure.iter().map(|p| (1.4 * (1.0 - p)) as f32).collect(),
        pieces,
        text,
        finish,
        reward,
        bonus: 0.0,
        visual: Vec::new(),
        advantage: 0.0,
    }
}

/// What the video did for each token, as a run that measures it writes down.
pub(super) fn look(rollout: &mut Rollout, draws: &mut Draws) {
    rollout.visual = rollout.ids.iter().map(|_| (draws.unit() * 3.0 - 0.5) as f32).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skilled_policy_keeps_the_order_and_a_bad_one_keeps_the_parts() {
        let mut draws = Draws::new(3);
        assert_eq!(shuffled("341562", 0.0, &mut draws), "341562");
        let mut parts: Vec<char> = shuffled("341562", 1.0, &mut draws).chars().collect();
        assert_ne!(parts, ['3', '4', '1', '5', '6', '2']);
        parts.sort_unstable();
        assert_eq!(parts, ['1', '2', '3', '4', '5', '6']);
        assert_eq!(shuffled("10,2,1", 0.0, &mut draws), "10,2,1");
    }
}
