//! The GRPO loss of sampled tokens, from numbers to a scalar. It knows no policy.

use burn::tensor::Tensor;
use shared::config::GrpoConfig;

/// Log-ratios of the surrogate are cut to this, as verl does.
const RATIO_CLAMP: f64 = 20.0;
/// Each token's divergence estimate is cut to this, as verl does.
const KL_CLAMP: f64 = 10.0;

/// What is known of every sampled token of a batch, all `[tokens]`.
pub struct Tokens {
    /// Log-probability under the weights being trained; carries gradient.
    pub logp: Tensor<1>,
    /// Log-probability when it was sampled.
    pub old: Tensor<1>,
    /// Log-probability under the frozen start policy.
    pub reference: Tensor<1>,
    /// Advantage of the token's rollout.
    pub advantage: Tensor<1>,
}

/// Loss of a batch and what it was made of.
pub struct TokenLoss {
    /// Sum over the tokens, divided by the given count; carries gradient. `[1]`.
    pub loss: Tensor<1>,
    /// Divergence estimate of each token, nats, without gradient. `[tokens]`.
    pub kl: Tensor<1>,
    /// 1 where clipping decided the token's loss, else 0. `[tokens]`.
    pub clipped: Tensor<1>,
}

/// PPO's clipped surrogate with a dual clip, plus `kl_coef` times k3 (arXiv 2402.03300 eq. 3,
/// verl `compute_policy_loss`; a weight of 0 measures the divergence and charges nothing): with ratio r = exp(logp - old) and advantage A, a token costs
/// `max(-A r, -A clip(r, 1 - low, 1 + high))`, for A < 0 at most `-A dual_clip`.
///
/// `count` is the number of tokens in the whole update (token mean): the losses of its
/// micro-batches add up.
pub fn grpo(config: &GrpoConfig, tokens: Tokens, count: usize) -> TokenLoss {
    let Tokens { logp, old, reference, advantage } = tokens;
    let ratio = (logp.clone() - old).clamp(-RATIO_CLAMP, RATIO_CLAMP).exp();
    let (surrogate, clipped) = surrogate(config, ratio, advantage);
    let kl = k3(logp, reference);
    let cost = match config.kl_coef > 0.0 {
        true => surrogate + kl.clone() * config.kl_coef,
        false => surrogate,
    };
    TokenLoss { loss: cost.sum() / count.max(1) as f64, kl: kl.inner(), clipped }
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

/// The low-variance divergence estimate k3 (Schulman, `http://joschu.net/blog/kl-approx.html`):
/// `exp(d) - d - 1` with `d = reference - logp`, per token, nats.
pub fn k3(logp: Tensor<1>, reference: Tensor<1>) -> Tensor<1> {
    let d = (reference - logp).clamp(-RATIO_CLAMP, RATIO_CLAMP);
    (d.clone().exp() - d - 1.0).clamp(-KL_CLAMP, KL_CLAMP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use shared::config::RunConfig;

    fn vector(values: &[f32]) -> Tensor<1> {
        Tensor::from_floats(values, &Device::flex().autodiff())
    }

    fn numbers(tensor: Tensor<1>) -> Vec<f64> {
        tensor.into_data().iter::<f32>().map(f64::from).collect()
    }

    fn config() -> GrpoConfig {
        GrpoConfig {
            kl_coef: 0.1,
            clip_low: 0.2,
            clip_high: 0.3,
            dual_clip: 3.0,
            ..RunConfig::default().grpo
        }
    }

    /// Loss, divergence and clip flag of one token, by ratio and advantage.
    fn one(ratio: f64, advantage: f32, reference: f32) -> (f64, f64, f64) {
        let tokens = Tokens {
            logp: vector(&[ratio.ln() as f32 - 1.0]),
            old: vector(&[-1.0]),
            reference: vector(&[reference]),
            advantage: vector(&[advantage]),
        };
        let got = grpo(&config(), tokens, 1);
        (numbers(got.loss)[0], numbers(got.kl)[0], numbers(got.clipped)[0])
    }

    #[test]
    fn single_tokens_by_hand() {
        // (ratio, advantage, surrogate, clipped); the reference equals the policy: no divergence.
        for (ratio, advantage, want, clipped) in [
            (1.0, 2.0, -2.0, 0.0),
            (1.5, 2.0, -2.6, 1.0),
            (0.5, 2.0, -1.0, 0.0),
            (1.5, -2.0, 3.0, 0.0),
            (0.5, -2.0, 1.6, 1.0),
            (5.0, -2.0, 6.0, 0.0),
            (1.0, 0.0, 0.0, 0.0),
        ] {
            let (loss, kl, flag) = one(ratio, advantage, (ratio.ln() - 1.0) as f32);
            assert!((loss - want).abs() < 1e-5, "ratio {ratio}, advantage {advantage}: {loss}");
            assert!(kl.abs() < 1e-6 && flag == clipped, "ratio {ratio}: {kl} {flag}");
        }
    }

    #[test]
    fn divergence_by_hand() {
        // d = reference - logp = ln 2: exp(d) - d - 1 = 1 - ln 2.
        let want = 1.0 - std::f64::consts::LN_2;
        let (loss, kl, _) = one(1.0, 0.0, std::f32::consts::LN_2 - 1.0);
        assert!((kl - want).abs() < 1e-6);
        assert!((loss - 0.1 * want).abs() < 1e-6);
        assert_eq!(numbers(k3(vector(&[-30.0]), vector(&[0.0]))), [10.0], "cut to 10");
    }

    #[test]
    fn k3_is_an_unbiased_estimate_of_the_divergence() {
        // Sum over p of k3 equals KL(p || q) for any two distributions.
        let (p, q) = ([0.7f64, 0.2, 0.1], [0.4f64, 0.5, 0.1]);
        let logs = |x: &[f64; 3]| vector(&x.map(|v| v.ln() as f32));
        let estimates = numbers(k3(logs(&p), logs(&q)));
        let mean: f64 = p.iter().zip(estimates).map(|(p, k)| p * k).sum();
        let exact: f64 = p.iter().zip(q).map(|(p, q)| p * (p / q).ln()).sum();
        assert!((mean - exact).abs() < 1e-6, "{mean} {exact}");
    }

    #[test]
    fn the_gradient_is_the_policy_gradient_where_nothing_is_clipped() {
        let logp = vector(&[-1.0, -2.0, -0.5]).require_grad();
        let tokens = Tokens {
            logp: logp.clone(),
            old: vector(&[-1.0, -2.0, -2.0]),
            reference: vector(&[-3.0, -1.0, -0.5]),
            advantage: vector(&[1.0, -0.5, 1.0]),
        };
        let uncharged = GrpoConfig { kl_coef: 0.0, ..config() };
        let got = grpo(&uncharged, tokens, 4);
        let measured = numbers(got.kl);
        assert!(measured[0] > 0.1 && measured[2] == 0.0, "measured all the same: {measured:?}");
        let gradients = got.loss.backward();
        // -A r / count; the third token's ratio is beyond the clip and its advantage positive.
        let got = numbers(logp.grad(&gradients).expect("tracked"));
        assert!(got.iter().zip([-0.25, 0.125, 0.0]).all(|(g, w)| (g - w).abs() < 1e-6), "{got:?}");
    }
}
