//! Geometry of the timeline: spans in slots, disagreement, jigsaw moves, counting marks.

use crate::logic::tokens::Field;
use shared::answer::Parsed;
use shared::task::{SampleInfo, Shape, ShapeKind, TaskKind, Truth};

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

/// How many of the spans cover the middle of each slot.
pub fn cover(spans: &[Slots], slots: u32) -> Vec<usize> {
    let covers = |slot: u32| {
        let middle = f64::from(slot) + 0.5;
        spans.iter().filter(|s| s.0 <= middle && middle < s.1).count()
    };
    (0..slots).map(covers).collect()
}

/// How divided the answers are in every slot: 0 all agree, 1 half say yes and half no.
/// `total` counts the unreadable answers too, as noes.
pub fn disagreement(spans: &[Slots], total: usize, slots: u32) -> Vec<f64> {
    let divided = |yes: usize| 1.0 - (yes as f64 / total.max(1) as f64 - 0.5).abs() * 2.0;
    cover(spans, slots).into_iter().map(divided).collect()
}

/// The part of an answer at a slot of the timeline, which is at a share of the lane's width: the
/// nearer end of a span that is near, a count, a place of an order.
pub fn field_at(reading: &Parsed, sample: &SampleInfo, slot: f64, share: f64) -> Option<Field> {
    let column = |n: usize| (n > 0).then(|| Field::Part(((share * n as f64) as usize).min(n - 1)));
    match reading {
        Parsed::Counts { counts } => column(counts.len()),
        Parsed::Order { order } => column(places(order).len()),
        Parsed::Percent { .. } => Some(Field::Number),
        Parsed::Span { .. } | Parsed::Spot { .. } => {
            let (start, end) = said_slots(reading, sample)?;
            let near = (start - 1.0..=end + 1.0).contains(&slot);
            let nearer = if slot - start <= end - slot { Field::Start } else { Field::End };
            near.then_some(nearer)
        }
        Parsed::Unreadable { .. } => None,
    }
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

/// The numbers of an order, from 0: digits, or what stands between commas where there are any.
/// What is no number from 1 on is left out.
pub fn places(order: &str) -> Vec<usize> {
    let number = |text: &str| text.trim().parse::<usize>().ok()?.checked_sub(1);
    if order.contains(',') {
        order.split(',').filter_map(number).collect()
    } else {
        order.chars().filter_map(|c| (c.to_digit(10)? as usize).checked_sub(1)).collect()
    }
}

/// How wrong a place of an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// The truth is not shown.
    Unknown,
    /// Where it belongs.
    Right,
    /// A place beside it.
    Near,
    /// Anywhere else.
    Far,
}

impl Off {
    /// By the places between. Tiles lie in no line: none of them is near its place.
    fn of(away: usize, kind: TaskKind) -> Self {
        match away {
            0 => Self::Right,
            1 if kind != TaskKind::Spatial => Self::Near,
            _ => Self::Far,
        }
    }

    /// CSS class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Unknown => "plain",
            Self::Right => "right",
            Self::Near => "near",
            Self::Far => "far",
        }
    }
}

/// A part that an answer puts in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Display position of the part, from 0.
    pub shown: usize,
    /// How wrong the place is.
    pub off: Off,
}

/// What an order puts in each of its places, against the true one where that is known. An
/// order may break off early. `None` where a number is too large or comes twice.
pub fn arrangement(
    said: &str,
    parts: usize,
    truth: Option<&str>,
    kind: TaskKind,
) -> Option<Vec<Placed>> {
    let said = places(said);
    let fits = said.iter().enumerate().all(|(k, p)| *p < parts && !said[..k].contains(p));
    let truth = truth.map(places);
    let off = |place: usize, shown: usize| match &truth {
        None => Off::Unknown,
        Some(truth) => match truth.iter().position(|p| *p == shown) {
            Some(belongs) => Off::of(belongs.abs_diff(place), kind),
            None => Off::Far,
        },
    };
    let placed =
        |(place, shown): (usize, &usize)| Placed { shown: *shown, off: off(place, *shown) };
    fits.then(|| said.iter().enumerate().map(placed).collect())
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
    use shared::task::{Perturbation, SampleParams, SampleSpec, Task};
    use shared::video::{FrameRef, VideoId};

    /// 48 frames, two a second.
    fn sample() -> SampleInfo {
        let truth = Truth::Grounding {
            span_secs: [5.0, 10.0],
            span_slots: [10, 20],
            source_span_secs: [5.0, 10.0],
        };
        let task = Task::Grounding { perturbation: Perturbation::Mirror };
        let frame =
            |k: u32| FrameRef { slot: k, source_index: u64::from(k), pts_secs: f64::from(k) / 2.0 };
        SampleInfo {
            spec: SampleSpec::new(VideoId::from_hash(&[0; 32]), task, 0),
            params: SampleParams::default(),
            question: String::new(),
            answer: truth.answer(),
            truth,
            shapes: None,
            sampling_fps: 2.0,
            width: 64,
            height: 64,
            frames: (0..48).map(frame).collect(),
        }
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
    fn pointing_finds_the_part_of_an_answer() {
        let sample = sample();
        let counts = Parsed::Counts { counts: vec![3.0, 1.0, 4.0] };
        for (share, part) in [(0.0, 0), (0.4, 1), (0.99, 2), (1.0, 2)] {
            assert_eq!(field_at(&counts, &sample, 0.0, share), Some(Field::Part(part)));
        }
        let unread = Parsed::Unreadable { why: String::new() };
        assert_eq!(field_at(&unread, &sample, 0.0, 0.5), None);
        let span = Parsed::Span { start: sample.label_secs(10.0), end: sample.label_secs(20.0) };
        for (slot, field) in [
            (8.0, None),
            (9.5, Some(Field::Start)),
            (14.0, Some(Field::Start)),
            (16.0, Some(Field::End)),
            (20.9, Some(Field::End)),
            (22.0, None),
        ] {
            assert_eq!(field_at(&span, &sample, slot, 0.0), field, "{slot}");
        }
    }

    #[test]
    fn arrangements_follow_the_paper_s_order() {
        let jigsaw = |said, truth| arrangement(said, 6, truth, TaskKind::Jigsaw);
        let got = jigsaw("431562", Some("341562")).expect("same clips");
        // Display clip 4 is answered first but belongs second.
        assert_eq!(got[0], Placed { shown: 3, off: Off::Near });
        assert_eq!(got.iter().filter(|p| p.off == Off::Right).count(), 4);
        let begun = jigsaw("43", None).expect("a beginning");
        assert_eq!(begun, [3, 2].map(|shown| Placed { shown, off: Off::Unknown }));
        for bad in ["4x344", "77", "341566", "0123456789"] {
            assert_eq!(jigsaw(bad, Some("341562")), None, "{bad}");
        }
        let tiles = arrangement("2143", 4, Some("1243"), TaskKind::Spatial).expect("tiles");
        let off: Vec<Off> = tiles.iter().map(|placed| placed.off).collect();
        assert_eq!(off, [Off::Far, Off::Far, Off::Right, Off::Right]);
    }

    #[test]
    fn orders_past_nine_have_commas() {
        assert_eq!(places("12, 1,x,3"), [11, 0, 2]);
        let twelve = "2,1,3,4,5,6,7,8,9,10,11,12";
        let got = arrangement(twelve, 12, Some("1,2,3,4,5,6,7,8,9,10,11,12"), TaskKind::Jigsaw);
        assert_eq!(
            got.map(|g| (g[0].off, g[11])),
            Some((Off::Near, Placed { shown: 11, off: Off::Right }))
        );
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
