use super::*;
use burn::tensor::Device;
use shared::config::RunConfig;

fn vector(values: &[f32]) -> Tensor<1> {
    Tensor::from_floats(values, &Device::flex().autodiff())
}

fn numbers(tensor: Tensor<1>) -> Vec<f64> {
    tensor.into_data().iter::<f32>().map(f64::from).collect()
}

fn objective() -> Objective {
    let plain = RunConfig::default();
    let grpo =
        GrpoConfig { kl_coef: 0.1, clip_low: 0.2, clip_high: 0.3, dual_clip: 3.0, ..plain.grpo };
    Objective { grpo, update: plain.update, papo: 0.0 }
}

/// Tokens of answers of these lengths, each with share 1 and a reference equal to the policy.
fn tokens(logp: &[f32], old: &[f32], advantage: &[f32], lengths: &[usize]) -> Tokens {
    Tokens {
        logp: vector(logp),
        entropy: None,
        old: vector(old),
        reference: vector(logp),
        masked: None,
        advantage: vector(advantage),
        share: vector(&vec![1.0; logp.len()]),
        lengths: lengths.to_vec(),
    }
}

/// Loss, divergence and clip flag of one token, by ratio and advantage.
fn one(ratio: f64, advantage: f32, reference: f32) -> (f64, f64, f64) {
    let mut tokens = tokens(&[ratio.ln() as f32 - 1.0], &[-1.0], &[advantage], &[1]);
    tokens.reference = vector(&[reference]);
    let got = of_tokens(&objective(), tokens);
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
    let ln2 = std::f64::consts::LN_2;
    let (loss, kl, _) = one(1.0, 0.0, std::f32::consts::LN_2 - 1.0);
    assert!((kl - (1.0 - ln2)).abs() < 1e-6);
    assert!((loss - 0.1 * (1.0 - ln2)).abs() < 1e-6);
    let estimate = |estimator, logp: f32, other: f32| {
        numbers(divergence(estimator, vector(&[logp]), vector(&[other])))[0]
    };
    let half = std::f32::consts::LN_2;
    assert!((estimate(KlEstimator::K1, -half, 0.0) + ln2).abs() < 1e-6, "-d");
    assert!((estimate(KlEstimator::K2, -half, 0.0) - ln2 * ln2 / 2.0).abs() < 1e-6, "d^2 / 2");
    for (estimator, want) in [(KlEstimator::K1, -10.0), (KlEstimator::K2, 10.0)] {
        assert_eq!(estimate(estimator, -30.0, 0.0), want, "cut to 10");
    }
    assert_eq!(estimate(KlEstimator::K3, -30.0, 0.0), 10.0, "cut to 10");
}

#[test]
fn k1_and_k3_are_unbiased_estimates_of_the_divergence() {
    // Sum over p of the estimate equals KL(p || q) for any two distributions.
    let (p, q) = ([0.7f64, 0.2, 0.1], [0.4f64, 0.5, 0.1]);
    let logs = |x: &[f64; 3]| vector(&x.map(|v| v.ln() as f32));
    let exact: f64 = p.iter().zip(q).map(|(p, q)| p * (p / q).ln()).sum();
    for estimator in [KlEstimator::K1, KlEstimator::K3] {
        let estimates = numbers(divergence(estimator, logs(&p), logs(&q)));
        let mean: f64 = p.iter().zip(estimates).map(|(p, k)| p * k).sum();
        assert!((mean - exact).abs() < 1e-6, "{estimator}: {mean} {exact}");
    }
}

#[test]
fn the_gradient_is_the_policy_gradient_where_nothing_is_clipped() {
    let mut objective = objective();
    objective.grpo.kl_coef = 0.0;
    let logp = vector(&[-1.0, -2.0, -0.5]).require_grad();
    let mut tokens = tokens(&[0.0; 3], &[-1.0, -2.0, -2.0], &[1.0, -0.5, 1.0], &[3]);
    tokens.logp = logp.clone();
    tokens.reference = vector(&[-3.0, -1.0, -0.5]);
    tokens.share = vector(&[0.25; 3]);
    let got = of_tokens(&objective, tokens);
    let (measured, moved) = (numbers(got.kl), numbers(got.moved));
    assert!(measured[0] > 0.1 && measured[2] == 0.0, "measured all the same: {measured:?}");
    assert_eq!(moved, [0.0, 0.0, 1.5]);
    let gradients = got.loss.backward();
    // -A r / 4; the third token's ratio is beyond the clip and its advantage positive.
    let got = numbers(logp.grad(&gradients).expect("tracked"));
    assert!(got.iter().zip([-0.25, 0.125, 0.0]).all(|(g, w)| (g - w).abs() < 1e-6), "{got:?}");
}

/// Two answers of two and one tokens. The first moved by .1 and .3: its ratio is exp(.2), and
/// each of its tokens has the gradient -A exp(.2) times its share.
#[test]
fn a_sequence_has_one_ratio() {
    let mut objective = objective();
    objective.grpo = GrpoConfig { kl_coef: 0.0, clip_low: 0.9, clip_high: 9.0, ..objective.grpo };
    objective.update.ratio = Ratio::Sequence;
    let logp = vector(&[-0.9, -0.7, -2.0]).require_grad();
    let mut tokens = tokens(&[0.0; 3], &[-1.0, -1.0, -2.0], &[1.0, 1.0, -1.0], &[2, 1]);
    tokens.logp = logp.clone();
    let shares = shares(Aggregation::SeqMean, &[2, 1], 9);
    assert_eq!(shares, [0.25, 0.5]);
    tokens.share = vector(&[0.25, 0.25, 0.5]);
    let got = of_tokens(&objective, tokens);
    let root = 0.2f64.exp();
    assert!((numbers(got.loss.clone().inner())[0] - (0.5 - root / 2.0)).abs() < 1e-6);
    let gradients = got.loss.backward();
    let got = numbers(logp.grad(&gradients).expect("tracked"));
    let want = [-root / 4.0, -root / 4.0, 0.5];
    assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-6), "{got:?}");
    // GSPO's narrow clip: .2 is far beyond 4e-4, so the first answer gives no gradient.
    objective.grpo = GrpoConfig { clip_low: 3e-4, clip_high: 4e-4, ..objective.grpo };
    let mut narrow = self::tokens(&[0.0; 3], &[-1.0, -1.0, -2.0], &[1.0, 1.0, -1.0], &[2, 1]);
    narrow.logp = logp.clone();
    let got = of_tokens(&objective, narrow);
    assert_eq!(numbers(got.clipped.clone()), [1.0, 1.0, 0.0]);
    let gradients = got.loss.backward();
    assert_eq!(numbers(logp.grad(&gradients).expect("tracked"))[..2], [0.0, 0.0]);
}

#[test]
fn shares_by_hand() {
    let of = |aggregation| shares(aggregation, &[1, 3], 16);
    assert_eq!(of(Aggregation::TokenMean), [0.25, 0.25]);
    assert_eq!(of(Aggregation::SeqSum), [0.5, 0.5]);
    assert_eq!(of(Aggregation::SeqMean), [0.5, 0.5 / 3.0]);
    assert_eq!(of(Aggregation::SeqNorm), [1.0 / 32.0, 1.0 / 32.0]);
    assert_eq!(shares(Aggregation::SeqMean, &[0], 16), [1.0], "an empty answer divides nothing");
}

/// d = masked - logp = -ln 2: k3 = 1/2 + ln 2 - 1. Its gradient by logp is 1 - exp(d) = 1/2,
/// and the loss falls as the policy leaves the blind one.
#[test]
fn perception_is_rewarded() {
    let ln2 = std::f32::consts::LN_2;
    let mut objective = objective();
    objective.grpo.kl_coef = 0.0;
    objective.papo = 0.5;
    let logp = vector(&[-1.0]).require_grad();
    let mut tokens = tokens(&[0.0], &[-1.0], &[0.0], &[1]);
    tokens.logp = logp.clone();
    tokens.masked = Some(vector(&[-1.0 - ln2]));
    let got = of_tokens(&objective, tokens);
    let want = -0.5 * (f64::from(ln2) - 0.5);
    assert!((numbers(got.loss.clone().inner())[0] - want).abs() < 1e-6);
    let gradients = got.loss.backward();
    let got = numbers(logp.grad(&gradients).expect("tracked"));
    assert!((got[0] + 0.25).abs() < 1e-6, "{got:?}");
}

#[test]
fn entropy_is_charged_by_its_weight() {
    let mut objective = objective();
    objective.update.entropy_coef = 0.06;
    let mut tokens = tokens(&[-1.0, -2.0], &[-1.0, -2.0], &[1.0, -1.0], &[2]);
    tokens.entropy = Some(vector(&[0.5, 1.5]));
    // Ratios of 1: -1 + 1 from the surrogate, .06 (.5 + 1.5) from the entropy.
    assert!((numbers(of_tokens(&objective, tokens).loss)[0] - 0.12).abs() < 1e-6);
}
