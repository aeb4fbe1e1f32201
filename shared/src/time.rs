//! Time and intervals: slots of a strip, seconds on either clock, and their overlap.
//! It never converts between clocks: that needs a strip (`task::SampleInfo`).

use serde::{Deserialize, Serialize};

/// A non-empty interval `start < end` in one unit: slots (half-open) or seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 2]", into = "[f64; 2]")]
pub struct Span {
    start: f64,
    end: f64,
}

/// Why two numbers are not a span.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a span needs finite numbers with start before end")]
pub struct NotASpan;

impl Span {
    /// `Err` unless both ends are finite and `start < end`.
    pub fn new(start: f64, end: f64) -> Result<Self, NotASpan> {
        if start.is_finite() && end.is_finite() && start < end {
            Ok(Self { start, end })
        } else {
            Err(NotASpan)
        }
    }

    /// First instant inside.
    pub fn start(self) -> f64 {
        self.start
    }

    /// First instant after.
    pub fn end(self) -> f64 {
        self.end
    }

    /// Length, always positive.
    pub fn length(self) -> f64 {
        self.end - self.start
    }
}

impl TryFrom<[f64; 2]> for Span {
    type Error = NotASpan;
    fn try_from([start, end]: [f64; 2]) -> Result<Self, NotASpan> {
        Self::new(start, end)
    }
}

impl From<Span> for [f64; 2] {
    fn from(span: Span) -> Self {
        [span.start, span.end]
    }
}

/// Intersection over union of two closed intervals, in `0..=1`.
///
/// Follows the released VideoSSR grounding reward: the union is
/// `length(a) + length(b) - intersection`; a union under 1e-9 (two points) gives 0, and so do
/// ends that are not finite.
/// The ends may be equal, so it takes plain pairs rather than [`Span`].
pub fn iou(a: [f64; 2], b: [f64; 2]) -> f64 {
    let inter = (a[1].min(b[1]) - a[0].max(b[0])).max(0.0);
    let union = (a[1] - a[0]) + (b[1] - b[0]) - inter;
    let share = inter / union;
    if union < 1e-9 || !share.is_finite() { 0.0 } else { share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_need_order_and_finite_ends() {
        assert!(Span::new(0.0, 1.0).is_ok());
        for (a, b) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(Span::new(a, b), Err(NotASpan));
        }
    }

    #[test]
    fn overlap_of_known_pairs() {
        for (a, b, want) in [
            ([10.0, 20.0], [15.0, 25.0], 1.0 / 3.0),
            ([0.0, 100.0], [40.0, 60.0], 0.2),
            ([10.0, 10.0], [10.0, 10.0], 0.0),
            ([0.0, 1.0], [2.0, 3.0], 0.0),
            ([f64::INFINITY, f64::INFINITY], [2.0, 3.0], 0.0),
            ([0.0, f64::INFINITY], [0.0, f64::INFINITY], 0.0),
        ] {
            assert!((iou(a, b) - want).abs() < 1e-12);
        }
    }

    #[test]
    fn a_span_survives_json_and_a_reversed_one_is_refused() {
        let span = Span::new(1.0, 2.5).expect("ordered");
        let text = serde_json::to_string(&span).expect("plain numbers");
        assert_eq!(text, "[1.0,2.5]");
        assert_eq!(serde_json::from_str::<Span>(&text).expect("same"), span);
        assert!(serde_json::from_str::<Span>("[2,1]").is_err());
    }
}
