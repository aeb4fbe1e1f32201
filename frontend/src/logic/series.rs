//! Curves the size of a word as numbers: decimation, smoothing, ticks, scales and SVG paths.

use std::fmt::Write;

/// A point of a curve: step and value.
pub type Point = (f64, f64);

/// Values that a sparkline shows as they are.
const SPARK_RAW: usize = 24;

/// At most two points per pixel column, the least and the greatest, so that spikes survive.
pub fn decimate(points: &[Point], columns: usize) -> Vec<Point> {
    if points.len() <= columns * 2 || columns == 0 {
        return points.to_vec();
    }
    let mut out = Vec::with_capacity(columns * 2);
    for column in 0..columns {
        let from = column * points.len() / columns;
        let slice = &points[from..(column + 1) * points.len() / columns];
        let (mut low, mut high) = (0, 0);
        for (i, point) in slice.iter().enumerate() {
            if point.1 < slice[low].1 {
                low = i;
            }
            if point.1 > slice[high].1 {
                high = i;
            }
        }
        out.push(slice[low.min(high)]);
        if low != high {
            out.push(slice[low.max(high)]);
        }
    }
    out
}

/// Exponential mean that starts unbiased, weighted over about an eighth of the curve
/// (4 to 40 points).
pub fn smooth(points: &[Point]) -> Vec<Point> {
    let window = (points.len() as f64 / 8.0).clamp(4.0, 40.0);
    let keep = 1.0 - 2.0 / (window + 1.0);
    let (mut sum, mut weight) = (0.0, 0.0);
    points
        .iter()
        .map(|&(x, y)| {
            sum = sum * keep + y;
            weight = weight * keep + 1.0;
            (x, sum / weight)
        })
        .collect()
}

/// Round numbers between `low` and `high`: 1, 2 or 5 times a power of ten apart.
pub fn ticks(low: f64, high: f64, about: usize) -> Vec<f64> {
    if !(low.is_finite() && high.is_finite()) || high <= low || about == 0 {
        return vec![low];
    }
    let raw = (high - low) / about as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= raw * (1.0 - 1e-9))
        .unwrap_or(power);
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|k| k as f64 * step).collect()
}

/// A linear map from values to pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Value at `to.0`.
    pub low: f64,
    /// Value at `to.1`.
    pub high: f64,
    /// Pixels of `low` and `high`.
    pub to: (f64, f64),
}

impl Scale {
    /// The pixel of a value.
    pub fn px(&self, value: f64) -> f64 {
        let width = (self.high - self.low).max(1e-12);
        self.to.0 + (value - self.low) / width * (self.to.1 - self.to.0)
    }
}

/// An SVG path through the points, broken where a value is not finite.
pub fn path(points: &[Point], x: Scale, y: Scale) -> String {
    let mut out = String::with_capacity(points.len() * 12);
    let mut pen_down = false;
    for &(at, value) in points {
        if !value.is_finite() {
            pen_down = false;
            continue;
        }
        let letter = if pen_down { 'L' } else { 'M' };
        let _ = write!(out, "{letter}{:.1} {:.1}", x.px(at), y.px(value));
        pen_down = true;
    }
    out
}

/// A path for a sparkline of `width` x `height`, scaled to its own least and greatest value.
/// Long ones are smoothed: at the size of a word noise is all one would see.
pub fn spark_path(values: &[f64], width: f64, height: f64) -> String {
    let soft: Vec<f64>;
    let values = if values.len() > SPARK_RAW {
        let points: Vec<Point> = values.iter().map(|v| (0.0, *v)).collect();
        soft = smooth(&points).into_iter().map(|p| p.1).collect();
        &soft
    } else {
        values
    };
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::MAX, f64::min), finite().fold(f64::MIN, f64::max));
    if values.len() < 2 || low > high {
        return String::new();
    }
    let flat = high - low < 1e-9;
    let y = Scale {
        low: if flat { low - 1.0 } else { low },
        high: if flat { high + 1.0 } else { high },
        to: (height - 1.0, 1.0),
    };
    let x = Scale { low: 0.0, high: values.len() as f64 - 1.0, to: (0.0, width) };
    let points: Vec<Point> = values.iter().enumerate().map(|(i, v)| (i as f64, *v)).collect();
    path(&decimate(&points, width as usize), x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spikes_survive_decimation() {
        let mut points: Vec<Point> = (0..10_000).map(|i| (f64::from(i), 0.0)).collect();
        points[4321].1 = 9.0;
        let thin = decimate(&points, 300);
        assert!(thin.len() <= 600 && thin.iter().any(|p| p.1 == 9.0));
        assert!(thin.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 0.8, 4), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8]);
        assert_eq!(ticks(0.0, 412.0, 4), [0.0, 200.0, 400.0]);
        assert_eq!(ticks(1.0, 1.0, 4), [1.0]);
    }

    #[test]
    fn smoothing_starts_at_the_first_value_and_stays_in_range() {
        let points: Vec<Point> = (0..50).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        let soft = smooth(&points);
        assert_eq!(soft[0], points[0]);
        assert!(soft[20..].iter().all(|p| (0.1..0.9).contains(&p.1)));
    }

    #[test]
    fn paths_break_at_gaps() {
        let scale = Scale { low: 0.0, high: 2.0, to: (0.0, 20.0) };
        let got = path(&[(0.0, 0.0), (1.0, f64::NAN), (2.0, 2.0)], scale, scale);
        assert_eq!(got, "M0.0 0.0M20.0 20.0");
    }
}
