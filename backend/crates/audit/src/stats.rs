//! The little statistics that rulings need: means with their errors, and tails of the normal,
//! chi-square and Poisson distributions. No randomness.

/// Mean and standard error of the mean.
pub fn mean_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (squares / (n - 1.0).max(1.0) / n).sqrt())
}

/// Chance that a standard normal number exceeds `z`.
pub fn normal_tail(z: f64) -> f64 {
    let one_side = 0.5 * gamma_tail(0.5, z * z / 2.0);
    if z >= 0.0 { one_side } else { 1.0 - one_side }
}

/// Chance that a mean at least this far above `known` arises where `known` is true.
pub fn above(values: &[f64], known: f64) -> f64 {
    let (mean, error) = mean_error(values);
    match (mean > known, error > 0.0) {
        (false, _) => 1.0,
        (true, true) => normal_tail((mean - known) / error),
        (true, false) => 0.0,
    }
}

/// Chance that counts at least this uneven arise where `expected` is true. Neighbouring classes
/// are put together until at least five are expected in each.
pub fn chi_square_tail(counts: &[usize], expected: &[f64]) -> f64 {
    let (mut seen, mut due) = (0.0, 0.0);
    let mut classes: Vec<(f64, f64)> = Vec::new();
    for (count, expect) in counts.iter().zip(expected) {
        seen += *count as f64;
        due += expect;
        if due >= 5.0 {
            classes.push((seen, due));
            (seen, due) = (0.0, 0.0);
        }
    }
    match classes.last_mut() {
        Some(last) => {
            last.0 += seen;
            last.1 += due;
        }
        None => return 1.0,
    }
    let distance: f64 = classes.iter().map(|(s, d)| (s - d) * (s - d) / d).sum();
    match classes.len() {
        0 | 1 => 1.0,
        n => gamma_tail((n - 1) as f64 / 2.0, distance / 2.0),
    }
}

/// Chance of at least `count` where `mean` are expected, independent of each other.
pub fn poisson_tail(count: usize, mean: f64) -> f64 {
    match (count, mean > 0.0) {
        (0, _) => 1.0,
        (_, false) => 0.0,
        // P(X >= k) is the lower regularised gamma function of k at the mean.
        (count, true) => 1.0 - gamma_tail(count as f64, mean),
    }
}

/// The upper regularised incomplete gamma function, by its series or its continued fraction.
fn gamma_tail(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-15 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    // Lentz's evaluation of the continued fraction.
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / tiny, 1.0 / b);
    let mut fraction = d;
    for i in 1..500 {
        let an = -f64::from(i) * (f64::from(i) - a);
        b += 2.0;
        d = 1.0 / some(an * d + b, tiny);
        c = some(b + an / c, tiny);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (front * fraction).clamp(0.0, 1.0)
}

fn some(value: f64, tiny: f64) -> f64 {
    if value.abs() < tiny { tiny } else { value }
}

/// Stirling's series after shifting the argument past 8.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 8.0 {
        shift -= x.ln();
        x += 1.0;
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    shift + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_agree_with_tables() {
        for (got, want) in [
            (normal_tail(1.6449), 0.05),
            (normal_tail(-1.0), 0.8413),
            (gamma_tail(0.5, 3.8415 / 2.0), 0.05),
            (gamma_tail(4.5, 27.877 / 2.0), 0.001),
            (chi_square_tail(&[10, 20, 30], &[20.0, 20.0, 20.0]), 0.006738),
            (poisson_tail(3, 1.0), 0.0803),
            (poisson_tail(1, 2.0), 0.8647),
        ] {
            assert!((got - want).abs() < 1e-3 * want.max(0.05), "{got} is not {want}");
        }
        assert_eq!((poisson_tail(0, 0.0), poisson_tail(1, 0.0)), (1.0, 0.0));
    }

    #[test]
    fn rare_classes_are_put_together() {
        // One of a class where 0.1 are due would alone weigh 8.
        let p = chi_square_tail(&[50, 49, 1], &[50.0, 49.9, 0.1]);
        assert!(p > 0.5, "{p}");
        assert_eq!(chi_square_tail(&[3], &[3.0]), 1.0);
    }
}
