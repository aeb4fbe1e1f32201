//! Auxiliary questions on a sample: the same truth, asked more densely. A small policy sees
//! from a mask answer which frames differ long before it can read a span off the clock.

use crate::question::change;
use crate::sample::Sample;
use shared::task::{Perturbation, Shape, ShapeKind, Task, Truth};

/// One more question on the frames of a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuxQuestion {
    /// What kind of question it is; stable, for mixing and for curves.
    pub name: String,
    /// The question as asked.
    pub question: String,
    /// Its only right answer.
    pub answer: String,
}

/// Every auxiliary question that the sample's truth answers. Masks have one digit for each
/// pair of neighbouring frames, since the policy sees frames in pairs.
pub fn aux_questions(sample: &Sample) -> Vec<AuxQuestion> {
    match (&sample.info.spec.task, &sample.info.truth) {
        (Task::Grounding { perturbation }, Truth::Grounding { span_secs, span_slots, .. }) => {
            grounding(*perturbation, *span_secs, *span_slots, sample.frame_count())
        }
        (_, Truth::Counting(counts)) => {
            let shapes = sample.info.shapes.as_deref().unwrap_or(&[]);
            let counts: Vec<(ShapeKind, u32)> = counts.iter().collect();
            counting(&counts, shapes, sample.frame_count())
        }
        // Helpers name clips by one digit.
        (_, Truth::Jigsaw { order }) if !order.contains(',') => {
            jigsaw(order, sample.info.params.display.as_deref().unwrap_or(&[]))
        }
        _ => Vec::new(),
    }
}

fn ask(name: impl Into<String>, question: String, answer: String) -> AuxQuestion {
    AuxQuestion { name: name.into(), question, answer }
}

fn grounding(
    kind: Perturbation,
    secs: [f64; 2],
    slots: [u32; 2],
    frames: usize,
) -> Vec<AuxQuestion> {
    let change = change(kind);
    let inside = |slot: usize| (slots[0]..slots[1]).contains(&(slot as u32));
    let pairs = frames.div_ceil(2);
    // A pair of which one frame is changed goes by its first frame: one simple rule, and the
    // mask is one run whose length is the span's, rounded.
    let mask = digits(pairs, |pair| inside(pair * 2));
    let run = first_and_last(slots, pairs);
    vec![
        ask("mask", format!("When {change}? Answer {pairs} digits, 1 where it is so."), mask),
        ask(
            "start",
            format!("When {change}? Answer the start in seconds."),
            format!("{:.1}", secs[0]),
        ),
        ask("end", format!("When {change}? Answer the end in seconds."), format!("{:.1}", secs[1])),
        ask("pairs", format!("When {change}? Answer the first and last pair, like 07-12."), run),
        ask(
            "kind",
            "Which change was made to a part of the video? Answer its name.".into(),
            kind.name().into(),
        ),
    ]
}

/// First and last pair of the mask's run, from 0, two digits each.
fn first_and_last(slots: [u32; 2], pairs: usize) -> String {
    let first = slots[0].div_ceil(2);
    let end = slots[1].div_ceil(2).clamp(first + 1, pairs.max(1) as u32);
    format!("{first:02}-{:02}", end - 1)
}

fn counting(counts: &[(ShapeKind, u32)], shapes: &[Shape], frames: usize) -> Vec<AuxQuestion> {
    let pairs = frames.div_ceil(2);
    let mut all: Vec<AuxQuestion> = counts
        .iter()
        .flat_map(|(kind, count)| {
            of_kind(*kind, *count, &per_pair(shapes.iter().filter(|s| s.kind == *kind), pairs))
        })
        .collect();
    let any = per_pair(shapes.iter(), pairs);
    all.push(ask(
        "mask-shapes",
        format!("Where do shapes appear? Answer {pairs} digits, 1 where they do."),
        digits(pairs, |pair| any[pair] > 0),
    ));
    all.push(ask(
        "count-shapes",
        "How many shapes appear? Answer one number.".into(),
        counts.iter().map(|(_, count)| count).sum::<u32>().to_string(),
    ));
    all
}

/// How many of the shapes lie in each pair of frames.
fn per_pair<'a>(shapes: impl Iterator<Item = &'a Shape>, pairs: usize) -> Vec<usize> {
    let mut counts = vec![0; pairs];
    for shape in shapes {
        counts[shape.slot as usize / 2] += 1;
    }
    counts
}

/// The three questions on one kind of shape.
fn of_kind(kind: ShapeKind, count: u32, per_pair: &[usize]) -> [AuxQuestion; 3] {
    let plural = kind.plural();
    let pairs = per_pair.len();
    [
        ask(
            format!("count-{plural}"),
            format!("How many {plural} appear? Answer one number."),
            count.to_string(),
        ),
        ask(
            format!("mask-{plural}"),
            format!("Where do {plural} appear? Answer {pairs} digits, 1 where they do."),
            digits(pairs, |pair| per_pair[pair] > 0),
        ),
        ask(
            format!("frames-{plural}"),
            format!("How many {plural} appear where? Answer {pairs} digits."),
            per_pair.iter().map(|n| (*n).min(9).to_string()).collect(),
        ),
    ]
}

fn jigsaw(order: &str, display: &[u32]) -> Vec<AuxQuestion> {
    let digit = |at: usize| order.chars().nth(at).map(String::from).unwrap_or_default();
    let last = order.len().saturating_sub(1);
    let shown: String = display.iter().map(|part| (part + 1).to_string()).collect();
    let part =
        |position: usize| display.get(position).map(|p| (p + 1).to_string()).unwrap_or_default();
    vec![
        ask(
            "first-part",
            "Which clip shows the start of the video? Answer one digit.".into(),
            digit(0),
        ),
        ask(
            "last-part",
            "Which clip shows the end of the video? Answer one digit.".into(),
            digit(last),
        ),
        ask(
            "shown-first",
            "Which part of the video does clip 1 show? Answer one digit.".into(),
            part(0),
        ),
        ask(
            "shown-last",
            "Which part of the video does the last clip show? Answer one digit.".into(),
            part(last),
        ),
        ask(
            "parts",
            format!("Which part of the video does each clip show? Answer {} digits.", order.len()),
            shown,
        ),
        ask(
            "after-first",
            "Which clip comes right after clip 1? Answer one digit, 0 for none.".into(),
            after_first(display),
        ),
    ]
}

/// Display position, from 1, of the part that follows the one shown first.
fn after_first(display: &[u32]) -> String {
    let next = display.first().map(|part| part + 1);
    let position = display.iter().position(|part| Some(*part) == next);
    position.map_or(0, |p| p + 1).to_string()
}

fn digits(count: usize, is_set: impl Fn(usize) -> bool) -> String {
    (0..count).map(|i| if is_set(i) { '1' } else { '0' }).collect()
}
