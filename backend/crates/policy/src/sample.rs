//! One token from one row of logits.

use crate::generate::SamplingOptions;
use crate::rng::Rng;

/// A drawn token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// Its id.
    pub id: u32,
    /// Its log-probability under the temperature.
    pub logprob: f32,
    /// Entropy of the distribution in nats.
    pub entropy: f32,
}

/// Draws a token. Log-probability and entropy are of the whole distribution under the
/// temperature (1 when greedy), before `top_k` and `top_p` cut it.
pub fn draw(logits: &[f32], rng: &mut Rng, options: &SamplingOptions) -> Draw {
    let scale = if options.greedy { 1.0 } else { 1.0 / f64::from(options.temperature) };
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let logits: Vec<f64> = logits.iter().map(|&x| f64::from(x - top) * scale).collect();
    let total: f64 = logits.iter().map(|x| x.exp()).sum();
    let log_total = total.ln();
    let entropy: f64 = logits.iter().map(|x| (x.exp() / total) * (log_total - x)).sum();
    let id = if options.greedy {
        logits.iter().position(|&x| x == 0.0).unwrap_or(0)
    } else {
        pick(&logits, total, rng.uniform(), options)
    };
    Draw { id: id as u32, logprob: (logits[id] - log_total) as f32, entropy: entropy as f32 }
}

/// The token at share `point` of the kept probability.
fn pick(logits: &[f64], total: f64, point: f64, options: &SamplingOptions) -> usize {
    if options.top_k == 0 && options.top_p >= 1.0 {
        return walk((0..logits.len()).map(|i| (i, logits[i].exp())), point * total);
    }
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
    let most = if options.top_k == 0 { order.len() } else { options.top_k.min(order.len()) };
    let (mut kept, mut sum) = (0, 0.0);
    while kept < most && (kept == 0 || sum < f64::from(options.top_p) * total) {
        sum += logits[order[kept]].exp();
        kept += 1;
    }
    walk(order[..kept].iter().map(|&i| (i, logits[i].exp())), point * sum)
}

fn walk(weights: impl Iterator<Item = (usize, f64)>, point: f64) -> usize {
    let (mut sum, mut last) = (0.0, 0);
    for (i, weight) in weights {
        sum += weight;
        if weight > 0.0 {
            last = i;
        }
        if sum > point {
            return i;
        }
    }
    last
}
