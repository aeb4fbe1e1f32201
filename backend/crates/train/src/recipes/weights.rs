//! Weights of tokens from log-probabilities, as plain numbers: which tokens depend on the video
//! (VPPO), and how far stale answers count (truncated importance sampling).

/// Differences of log-probabilities are cut to this, and dependences to the other (VPPO's code).
const CLAMP: f64 = 20.0;
const MOST: f64 = 10.0;

/// How much a token depends on the video: k3 of its log-probabilities with and without it,
/// `exp(d) - d - 1` with `d = masked - whole` (VPPO, arXiv 2510.09285; its code's form).
pub fn dependence(whole: f32, masked: f32) -> f64 {
    let d = (f64::from(masked) - f64::from(whole)).clamp(-CLAMP, CLAMP);
    (d.exp() - d - 1.0).clamp(-MOST, MOST)
}

/// 1 for the `keep` share of tokens that depend most on the video, rounded up, else 0; of equal
/// ones the first. (VPPO's token mask.)
pub fn most_dependent(dependences: &[f64], keep: f64) -> Vec<f32> {
    let count = (dependences.len() as f64 * keep).ceil() as usize;
    let mut order: Vec<usize> = (0..dependences.len()).collect();
    order.sort_by(|a, b| dependences[*b].total_cmp(&dependences[*a]).then(a.cmp(b)));
    let mut out = vec![0.0; dependences.len()];
    order.into_iter().take(count).for_each(|at| out[at] = 1.0);
    out
}

/// Weight of each answer by its mean dependence, with mean 1: the least dependent gets `least`,
/// the others up to `least + (1 - least) / mean(norm)`, where `norm` is the dependence scaled to
/// 0..1 over the batch. Equal dependences give 1. (VPPO's trajectory factor.)
pub fn by_dependence(means: &[f64], least: f64) -> Vec<f64> {
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high - low < 1e-12 {
        return vec![1.0; means.len()];
    }
    let norm: Vec<f64> = means.iter().map(|m| (m - low) / (high - low)).collect();
    let most = (1.0 - least) / crate::eval::mean(&norm);
    norm.iter().map(|n| least + most * n).collect()
}

/// `min(p_now / p_then, cap)` of each token: what an answer drawn from older weights counts
/// (truncated importance sampling, verl `rollout_is`; LlamaRL, arXiv 2505.24034).
pub fn truncated(now: &[f32], then: &[f32], cap: f64) -> Vec<f32> {
    let ratio = |(now, then): (&f32, &f32)| (f64::from(*now) - f64::from(*then)).exp();
    now.iter().zip(then).map(|pair| ratio(pair).min(cap) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependence_by_hand() {
        let ln2 = std::f64::consts::LN_2;
        // The video doubled the probability: d = -ln 2.
        assert!((dependence(-1.0, -1.0 - ln2 as f32) - (ln2 - 0.5)).abs() < 1e-6);
        assert_eq!(dependence(-0.5, -0.5), 0.0);
        assert_eq!(dependence(-30.0, 0.0), 10.0);
    }

    #[test]
    fn the_most_dependent_tokens_are_kept() {
        assert_eq!(most_dependent(&[0.1, 0.5, 0.3, 0.2, 0.0], 0.4), [0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(most_dependent(&[0.1, 0.1, 0.1], 0.5), [1.0, 1.0, 0.0], "rounded up, first");
        assert_eq!(most_dependent(&[0.0; 4], 1.0), [1.0; 4]);
        assert!(most_dependent(&[], 0.4).is_empty());
    }

    #[test]
    fn answers_weigh_one_on_average() {
        // Norms 0, .5, 1 with mean .5: .9 + .2 x norm.
        let got = by_dependence(&[1.0, 2.0, 3.0], 0.9);
        assert!(got.iter().zip([0.9, 1.0, 1.1]).all(|(g, w)| (g - w).abs() < 1e-12), "{got:?}");
        assert_eq!(by_dependence(&[0.4, 0.4], 0.9), [1.0, 1.0]);
    }

    #[test]
    fn stale_tokens_are_cut() {
        let ln = |x: f32| x.ln();
        let got = truncated(&[ln(0.4), ln(0.9), ln(0.1)], &[ln(0.2), ln(0.1), ln(0.2)], 3.0);
        assert!(got.iter().zip([2.0, 3.0, 0.5]).all(|(g, w)| (g - w).abs() < 1e-5), "{got:?}");
    }
}
