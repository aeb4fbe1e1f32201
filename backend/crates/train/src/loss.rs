//! The loss of sampled tokens, from numbers to a scalar: one clipped surrogate and one
//! divergence, with the choices that recipes differ in. It knows no policy.

use burn::tensor::{Tensor, TensorData};
use shared::config::{GrpoConfig, UpdateConfig};
use shared::recipe::{Aggregation, KlEstimator, Ratio};

/// Log-ratios of the surrogate are cut to this, as verl does.
const RATIO_CLAMP: f64 = 20.0;
/// Upper bound of a sequence's log-ratio, as verl and TRL have it for GSPO.
const SEQUENCE_CLAMP: f64 = 10.0;
/// Each token's divergence estimate is cut to this, as verl does.
const KL_CLAMP: f64 = 10.0;

/// What is minimised.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// Clip ranges and the divergence's weight.
    pub grpo: GrpoConfig,
    /// Ratio, estimator, aggregation.
    pub update: UpdateConfig,
    /// Weight of the dependence on the video (PAPO); 0 for none.
    pub papo: f64,
}

/// What is known of every sampled token of a batch, all `[tokens]`.
pub struct Tokens {
    /// Log-probability under the weights being trained; carries gradient.
    pub logp: Tensor<1>,
    /// Entropy of the distribution it was drawn from, nats, where
    /// [`UpdateConfig::entropy_coef`] asks; carries gradient.
    pub entropy: Option<Tensor<1>>,
    /// Log-probability when it was sampled, or under the weights before the update.
    pub old: Tensor<1>,
    /// Log-probability under the frozen start policy.
    pub reference: Tensor<1>,
    /// Log-probability with part of the video blacked out, where [`Objective::papo`] asks.
    pub masked: Option<Tensor<1>>,
    /// Advantage of the token.
    pub advantage: Tensor<1>,
    /// What the token's cost counts in the loss; see [`shares`].
    pub share: Tensor<1>,
    /// Tokens of each answer, in order; they sum to the number of tokens.
    pub lengths: Vec<usize>,
}

/// Loss of a batch and what it was made of.
pub struct TokenLoss {
    /// Weighed sum over the tokens; carries gradient. `[1]`.
    pub loss: Tensor<1>,
    /// Divergence estimate of each token, nats, without gradient. `[tokens]`.
    pub kl: Tensor<1>,
    /// 1 where clipping decided the token's loss, else 0. `[tokens]`.
    pub clipped: Tensor<1>,
    /// How far the log-probability is from that at sampling, nats, without gradient. `[tokens]`.
    pub moved: Tensor<1>,
}

/// What a token of each answer counts in the loss, by the lengths of the update's answers.
/// `longest` is the most tokens an answer may have.
///
/// With N answers of T_i tokens: `token-mean` 1 / sum T_i; `seq-mean-token-sum` 1 / N;
/// `seq-mean-token-mean` 1 / (N T_i); `seq-mean-token-sum-norm` 1 / (N longest) (Dr.GRPO,
/// arXiv 2503.20783; TRL divides by N too, verl's older form did not).
pub fn shares(aggregation: Aggregation, lengths: &[usize], longest: usize) -> Vec<f64> {
    let answers = lengths.len().max(1) as f64;
    let tokens = lengths.iter().sum::<usize>().max(1) as f64;
    let share = |length: usize| match aggregation {
        Aggregation::TokenMean => 1.0 / tokens,
        Aggregation::SeqSum => 1.0 / answers,
        Aggregation::SeqMean => 1.0 / (answers * length.max(1) as f64),
        Aggregation::SeqNorm => 1.0 / (answers * longest.max(1) as f64),
    };
    lengths.iter().map(|length| share(*length)).collect()
}

/// PPO's clipped surrogate with a dual clip plus `kl_coef` times the divergence (arXiv
/// 2402.03300, verl `compute_policy_loss`; a weight of 0 measures the divergence and
/// charges nothing), minus `papo` times k3 of the log-probabilities with and without the video
/// (arXiv 2507.06448), plus `entropy_coef` times the entropy (VPPO's penalty). With ratio r and advantage A a token costs
/// `max(-A r, -A clip(r, 1 - low, 1 + high))`, for A < 0 at most `-A dual_clip`.
///
/// The ratio is `exp(logp - old)`, or under [`Ratio::Sequence`] the answer's
/// `exp(mean (logp - old))` in its value and the token's in its gradient (GSPO, arXiv 2507.18071).
pub fn of_tokens(objective: &Objective, tokens: Tokens) -> TokenLoss {
    let Tokens { logp, entropy, old, reference, masked, advantage, share, lengths } = tokens;
    let moved = logp.clone().inner() - old.clone().inner();
    let ratio = match objective.update.ratio {
        Ratio::Token => (logp.clone() - old).clamp(-RATIO_CLAMP, RATIO_CLAMP).exp(),
        Ratio::Sequence => sequence_ratio(logp.clone(), &moved, &lengths),
    };
    let (mut cost, clipped) = surrogate(&objective.grpo, ratio, advantage);
    let kl = divergence(objective.update.kl_estimator, logp.clone(), reference);
    if objective.grpo.kl_coef > 0.0 {
        cost = cost + kl.clone() * objective.grpo.kl_coef;
    }
    if let Some(masked) = masked.filter(|_| objective.papo > 0.0) {
        cost = cost - divergence(KlEstimator::K3, logp, masked) * objective.papo;
    }
    if let Some(entropy) = entropy {
        cost = cost + entropy * objective.update.entropy_coef;
    }
    TokenLoss { loss: (cost * share).sum(), kl: kl.inner(), clipped, moved }
}

/// The ratio of a whole answer, with the gradient of each of its tokens.
fn sequence_ratio(logp: Tensor<1>, moved: &Tensor<1>, lengths: &[usize]) -> Tensor<1> {
    let values: Vec<f32> = moved.clone().into_data().iter::<f32>().collect();
    let mut means = Vec::with_capacity(values.len());
    let mut rest = values.as_slice();
    for &length in lengths {
        let (own, after) = rest.split_at(length.min(rest.len()));
        let mean = own.iter().map(|v| f64::from(*v)).sum::<f64>() / own.len().max(1) as f64;
        means.extend(std::iter::repeat_n(mean as f32, own.len()));
        rest = after;
    }
    let count = means.len();
    let means = Tensor::from_data(TensorData::new(means, [count]), &logp.device());
    let still = logp.clone().detach();
    (logp - still + means).clamp_max(SEQUENCE_CLAMP).exp()
}

/// Cost of each token, and where the clip decided it: `[tokens]`, `[tokens]`.
fn surrogate(
    config: &GrpoConfig,
    ratio: Tensor<1>,
    advantage: Tensor<1>,
) -> (Tensor<1>, Tensor<1>) {
    let gain = advantage.clone().neg();
    let plain = gain.clone() * ratio.clone();
    let bounded = gain.clone() * ratio.clamp(1.0 - config.clip_low, 1.0 + config.clip_high);
    let clipped = bounded.clone().inner().greater(plain.clone().inner()).float();
    let cost = plain.max_pair(bounded);
    let capped = cost.clone().min_pair(gain * config.dual_clip);
    (cost.mask_where(advantage.lower_elem(0.0), capped), clipped)
}

/// An estimate of the divergence from another policy per token, nats
/// (Schulman, `http://joschu.net/blog/kl-approx.html`), with `d = other - logp`.
pub fn divergence(estimator: KlEstimator, logp: Tensor<1>, other: Tensor<1>) -> Tensor<1> {
    let d = (other - logp).clamp(-RATIO_CLAMP, RATIO_CLAMP);
    match estimator {
        KlEstimator::K1 => d.neg(),
        KlEstimator::K2 => d.powi_scalar(2) * 0.5,
        KlEstimator::K3 => d.clone().exp() - d - 1.0,
    }
    .clamp(-KL_CLAMP, KL_CLAMP)
}

#[cfg(test)]
#[path = "loss_tests.rs"]
mod tests;
