//! Geometry of the timeline: spans in slots, disagreement, jigsaw moves, counting marks.

use shared::answer::Parsed;
use shared::task::{SampleInfo, Shape, ShapeKind, Truth};

/// Constant frame rate of a group's clip; slot k is frame k.
const CLIP_FPS: f64 = shared::api::CLIP_FPS as f64;

/// The media time in the middle of a slot: a seek to a frame's border may show the one before.
pub fn seek_secs(slot: u32) -> f64 {
    (f64::from(slot) + 0.5) / CLIP_FPS
}

/// The slot that a media time shows.
pub fn slot_of(media_secs: f64, slots: u32) -> u32 {
    let slot = (media_secs * CLIP_FPS + 1e-3).floor().max(0.0) as u32;
    slot.min(slots.saturating_sub(1))
}

/// A part of the strip, in slots; `start <= end`.
pub type Slots = (f64, f64);

/// The span an answer names, in slots, cut to the strip. `None` if it names none.
pub fn said_slots(reading: &Parsed, sample: &SampleInfo) -> Option<Slots> {
    let (Parsed::Span { start, end } | Parsed::Spot { start, end, .. }) = reading else {
        return None;
    };
    let slots = sample.frames.len() as f64;
    let at = |secs: f64| sample.slot_at(secs).clamp(0.0, slots);
    (start.is_finite() && end.is_finite()).then(|| (at(*start), at(*end)))
}

/// The true span, in slots.
pub fn true_slots(truth: &Truth) -> Option<Slots> {
    truth.span_slots().map(|span| (span.start(), span.end()))
}

/// How divided the answers are in every slot: 0 all agree, 1 half say yes and half no.
/// `total` counts the unreadable answers too, as noes.
pub fn disagreement(spans: &[Slots], total: usize, slots: u32) -> Vec<f64> {
    (0..slots)
        .map(|slot| {
            let middle = f64::from(slot) + 0.5;
            let yes = spans.iter().filter(|s| s.0 <= middle && middle < s.1).count();
            let share = yes as f64 / total.max(1) as f64;
            1.0 - (share - 0.5).abs() * 2.0
        })
        .collect()
}

/// The next slot after `from` where a stretch of high disagreement begins, going round.
pub fn next_disagreement(values: &[f64], from: u32) -> Option<u32> {
    let top = values.iter().copied().fold(0.0, f64::max);
    if top <= 0.0 {
        return None;
    }
    let high = |i: usize| values[i] >= top * 0.75;
    let starts = |i: usize| high(i) && (i == 0 || !high(i - 1));
    let n = values.len();
    (1..=n).map(|d| (from as usize + d) % n).find(|&i| starts(i)).map(|i| i as u32)
}

/// One clip's place in the answered order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Display position, from 0, of the clip.
    pub shown: usize,
    /// Where the answer puts it, from 0.
    pub answered: usize,
    /// Where it belongs, from 0.
    pub belongs: usize,
}

impl Move {
    /// How many places the answer is off for this clip.
    pub fn off(&self) -> usize {
        self.answered.abs_diff(self.belongs)
    }
}

/// The moves an order says: digit k is the display position of original part k. `None`
/// where the answer is not an order of the same clips.
pub fn moves(said: &str, truth: &str) -> Option<Vec<Move>> {
    let place = |order: &str, shown: usize| {
        order.chars().position(|c| c.to_digit(10) == Some(shown as u32 + 1))
    };
    if said.chars().count() != truth.chars().count() {
        return None;
    }
    (0..truth.chars().count())
        .map(|shown| {
            let (answered, belongs) = (place(said, shown)?, place(truth, shown)?);
            Some(Move { shown, answered, belongs })
        })
        .collect()
}

/// The counts of a reading, in the order of the answer; none where it says no counts.
pub fn counts(reading: &Parsed) -> &[f64] {
    match reading {
        Parsed::Counts { counts } => counts,
        _ => &[],
    }
}

/// Kinds and true counts, in the order of the answer; none of another task.
pub fn true_counts(truth: &Truth) -> Vec<(ShapeKind, f64)> {
    match truth {
        Truth::Counting(counts) => counts.iter().map(|(kind, n)| (kind, f64::from(n))).collect(),
        _ => Vec::new(),
    }
}

/// Slots where shapes appear, with the kinds that do and their numbers, in order.
pub fn shape_slots(shapes: &[Shape]) -> Vec<(u32, Vec<(ShapeKind, usize)>)> {
    let mut slots: Vec<u32> = shapes.iter().map(|shape| shape.slot).collect();
    slots.sort_unstable();
    slots.dedup();
    let number = |slot, kind| shapes.iter().filter(|s| s.slot == slot && s.kind == kind).count();
    let there = |slot| {
        let kinds = ShapeKind::ALL.iter().map(|kind| (*kind, number(slot, *kind)));
        (slot, kinds.filter(|(_, n)| *n > 0).collect())
    };
    slots.into_iter().map(there).collect()
}

/// How clearly a shape is shown that was drawn so many frames away.
pub fn presence(frames_away: u32) -> f64 {
    match frames_away {
        0 => 1.0,
        n => (0.5 - 0.09 * f64::from(n)).max(0.06),
    }
}

/// Corner points of a shape for an SVG polygon, `margin` pixels further from its centre.
pub fn corners(shape: &Shape, margin: f64) -> String {
    let [cx, cy] = shape.center_px;
    let corner = |[x, y]: [f64; 2]| {
        let far = (x - cx).hypot(y - cy).max(1e-9);
        let grown = (far + margin * std::f64::consts::SQRT_2) / far;
        format!("{:.1},{:.1}", cx + (x - cx) * grown, cy + (y - cy) * grown)
    };
    shape.outline().into_iter().map(corner).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeks_land_in_the_middle_and_come_back() {
        for slot in 0..48 {
            assert_eq!(slot_of(seek_secs(slot), 48), slot);
            assert_eq!(slot_of(f64::from(slot) / CLIP_FPS, 48), slot);
        }
        assert_eq!(slot_of(99.0, 48), 47);
    }

    #[test]
    fn disagreement_is_highest_where_half_say_yes() {
        let got = disagreement(&[(0.0, 2.0), (1.0, 3.0)], 2, 4);
        assert_eq!(got, [1.0, 0.0, 1.0, 0.0]);
        assert_eq!(next_disagreement(&got, 0), Some(2));
        assert_eq!(next_disagreement(&got, 2), Some(0));
        assert_eq!(next_disagreement(&[0.0; 4], 0), None);
    }

    #[test]
    fn moves_follow_the_paper_s_order() {
        let got = moves("431562", "341562").expect("same clips");
        // Display clip 4 is answered first but belongs second.
        assert_eq!(got[3], Move { shown: 3, answered: 0, belongs: 1 });
        assert_eq!(got.iter().map(Move::off).sum::<usize>(), 2);
        assert_eq!(moves("12", "341562"), None);
        assert_eq!(moves("341566", "341562"), None);
    }

    #[test]
    fn shapes_are_counted_by_slot() {
        let shape = |slot, kind| Shape {
            slot,
            kind,
            center_px: [10.0, 10.0],
            size_px: 4.0,
            angle_deg: 0.0,
            color: [0; 3],
            number: None,
        };
        let shapes =
            [shape(5, ShapeKind::Circle), shape(2, ShapeKind::Square), shape(5, ShapeKind::Circle)];
        assert_eq!(
            shape_slots(&shapes),
            [(2, vec![(ShapeKind::Square, 1)]), (5, vec![(ShapeKind::Circle, 2)])]
        );
        assert_eq!(corners(&shapes[1], 0.0), "12.0,12.0 8.0,12.0 8.0,8.0 12.0,8.0");
    }
}
