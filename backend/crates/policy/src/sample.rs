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
    let weights: Vec<f64> = logits.iter().map(|x| x.exp()).collect();
    let total: f64 = weights.iter().sum();
    let log_total = total.ln();
    let mean: f64 = logits.iter().zip(&weights).map(|(x, weight)| x * weight).sum::<f64>() / total;
    let id = if options.greedy {
        logits.iter().position(|&x| x == 0.0).unwrap_or(0)
    } else {
        pick(&weights, total, rng.uniform(), options)
    };
    Draw {
        id: id as u32,
        logprob: (logits[id] - log_total) as f32,
        entropy: (log_total - mean) as f32,
    }
}

/// The token at share `point` of the kept probability.
fn pick(weights: &[f64], total: f64, point: f64, options: &SamplingOptions) -> usize {
    if options.top_k == 0 && options.top_p >= 1.0 {
        return walk(weights.iter().copied().enumerate(), point * total);
    }
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
    let most = if options.top_k == 0 { order.len() } else { options.top_k.min(order.len()) };
    let (mut kept, mut sum) = (0, 0.0);
    while kept < most && (kept == 0 || sum < f64::from(options.top_p) * total) {
        sum += weights[order[kept]];
        kept += 1;
    }
    walk(order[..kept].iter().map(|&i| (i, weights[i])), point * sum)
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
