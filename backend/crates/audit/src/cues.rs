//! Which probes a cell is given, and what they reach.

use crate::facts::{FrameFacts, Known};
use crate::law;
use crate::probe::{self, OrderCase, SpanCase, standardised};
use crate::report::Probe;
use crate::stats::{above, mean_error};
use shared::reward::{RewardMode, score};
use shared::task::{Perturbation, ShapeCounts, Task, Truth};

/// What a probe has to gain over its floor before it counts, whatever the error.
const SLACK: f64 = 0.03;

/// A sample without its pixels.
pub(crate) struct Seen {
    pub video: usize,
    pub truth: Truth,
    /// Label clock, frames per second.
    pub rate: f64,
    /// Original part at each display position (jigsaw).
    pub display: Vec<u32>,
    /// Slot of the strip that each frame of each clip was made from.
    pub slots: Vec<Vec<usize>>,
    pub clips: Vec<Vec<FrameFacts>>,
}

/// All probes that a task is open to. None are run where there is only one video.
pub(crate) fn probes(task: &Task, known: &Known, seen: &[Seen]) -> Vec<Probe> {
    match task {
        Task::Grounding { perturbation } => spans(seen, keeps_statistics(*perturbation)),
        Task::Spotting => spans(seen, false),
        Task::Jigsaw { .. } => orders(known, seen),
        Task::Counting { .. } => counts(task, seen),
        Task::Progress => percents(task, seen),
        Task::Spatial { .. } => Vec::new(),
    }
}

/// Changes after which every frame has the brightness, spread and border that it had, and in
/// which a frame's size says nothing: there neither may give the span away.
fn keeps_statistics(kind: Perturbation) -> bool {
    use Perturbation::{ChannelSwap, Mirror, Rotate180, Shuffle};
    matches!(kind, ChannelSwap | Mirror | Rotate180 | Shuffle)
}

fn spans(seen: &[Seen], keeps: bool) -> Vec<Probe> {
    let case = |sample: &Seen, series: Vec<Vec<f64>>| {
        let span = sample.truth.span_slots()?;
        let span = [span.start() as usize, span.end() as usize];
        Some(SpanCase { video: sample.video, span, series })
    };
    let probe =
        |name: &str, judged: bool, with_steps: bool, of: &dyn Fn(&FrameFacts) -> Vec<f64>| {
            let cases: Vec<SpanCase> = seen
                .iter()
                .filter_map(|sample| case(sample, series(sample.clips.first()?, of)))
                .collect();
            let said = probe::spans(&cases, with_steps)?;
            let fixed = law::BEST_SPAN.map(|slot| slot as usize);
            let floor: Vec<f64> = cases.iter().map(|c| probe::overlap(fixed, c.span)).collect();
            Some(compared(name, judged, &said, &floor))
        };
    let all = [
        probe("file size", keeps, false, &|f| vec![f.bytes]),
        probe("kept statistics", keeps, false, &|f| f.kept().to_vec()),
        probe("frame statistics", false, true, &|f| f.all().to_vec()),
    ];
    all.into_iter().flatten().collect()
}

/// One series per number that `of` gives of a frame.
fn series(frames: &[FrameFacts], of: &dyn Fn(&FrameFacts) -> Vec<f64>) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> = frames.iter().map(of).collect();
    let width = rows.first().map_or(0, Vec::len);
    (0..width).map(|column| rows.iter().map(|row| row[column]).collect()).collect()
}

/// What a probe reaches beside what it is held against, sample by sample.
fn compared(name: &str, judged: bool, said: &[f64], floor: &[f64]) -> Probe {
    let gains: Vec<f64> = said.iter().zip(floor).map(|(a, b)| a - b).collect();
    let gain = mean_error(&gains).0;
    Probe {
        sees: name.to_owned(),
        reached: mean_error(said).0,
        floor: mean_error(floor).0,
        judged,
        chance: if gain <= SLACK { 1.0 } else { above(&gains, 0.0) },
    }
}

/// Sizes are held against the sizes of the strip's own frames at the same places: what a video
/// gives away by itself, as by fading in, is not the generator's.
fn orders(known: &Known, seen: &[Seen]) -> Vec<Probe> {
    let bytes_of = |facts: &[FrameFacts]| -> Vec<f64> {
        let bytes: Vec<f64> = facts.iter().map(|f| f.bytes).collect();
        clip_row(&bytes)
    };
    let own_bytes = |sample: &Seen, slots: &Vec<usize>| -> Vec<f64> {
        let of = |slot: &usize| known.slot(sample.video, *slot).map_or(0.0, |f| f.bytes);
        clip_row(&slots.iter().map(of).collect::<Vec<f64>>())
    };
    let statistics = |facts: &[FrameFacts]| -> Vec<f64> {
        series(facts, &|f| f.all()[..7].to_vec()).iter().flat_map(|s| clip_row(s)).collect()
    };
    let rewards = |of: &dyn Fn(&Seen) -> Vec<Vec<f64>>| {
        let case = |sample: &Seen| OrderCase {
            video: sample.video,
            parts: sample.display.iter().map(|part| *part as usize).collect(),
            clips: of(sample),
        };
        let said = probe::orders(&seen.iter().map(case).collect::<Vec<_>>())?;
        let reward = |(sample, parts): (&Seen, &Vec<usize>)| {
            let mut places = vec![0; parts.len()];
            parts.iter().enumerate().for_each(|(at, part)| places[*part] = at + 1);
            let between = if places.len() > 9 { "," } else { "" };
            let order = places.iter().map(usize::to_string).collect::<Vec<_>>().join(between);
            score(RewardMode::Smooth, &sample.truth, &order).total
        };
        Some(seen.iter().zip(&said).map(reward).collect::<Vec<f64>>())
    };
    let sizes = rewards(&|s| s.clips.iter().map(|clip| bytes_of(clip)).collect());
    let own = rewards(&|s| s.slots.iter().map(|slots| own_bytes(s, slots)).collect());
    let known_statistics = rewards(&|s| s.clips.iter().map(|clip| statistics(clip)).collect());
    let size = sizes.zip(own.as_ref()).map(|(s, own)| compared("file size", true, &s, own));
    let frames = known_statistics
        .zip(own.as_ref())
        .map(|(s, own)| compared("frame statistics", false, &s, own));
    size.into_iter().chain(frames).collect()
}

/// Mean, first and last.
fn clip_row(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let end = |value: Option<&f64>| value.copied().unwrap_or(0.0);
    vec![mean, end(values.first()), end(values.last())]
}

fn counts(task: &Task, seen: &[Seen]) -> Vec<Probe> {
    let total = |sample: &Seen| match &sample.truth {
        Truth::Counting(counts) => counts.iter().map(|(_, n)| f64::from(n)).sum(),
        _ => 0.0,
    };
    let kinds = |sample: &Seen| match &sample.truth {
        Truth::Counting(counts) => counts.iter().count(),
        _ => 1,
    };
    let answer = |sample: &Seen, value: f64| {
        let each = (value / kinds(sample) as f64).round().clamp(0.0, 99.0) as u32;
        ShapeCounts::new(vec![each; kinds(sample)]).map(Truth::Counting)
    };
    let targets: Vec<f64> = seen.iter().map(total).collect();
    one_value(task, seen, &targets, &answer)
}

fn percents(task: &Task, seen: &[Seen]) -> Vec<Probe> {
    let target = |sample: &Seen| match sample.truth {
        Truth::Progress { percent } => f64::from(percent),
        _ => 0.0,
    };
    let answer = |_: &Seen, value: f64| {
        Some(Truth::Progress { percent: value.round().clamp(0.0, 100.0) as u32 })
    };
    one_value(task, seen, &seen.iter().map(target).collect::<Vec<_>>(), &answer)
}

/// Probes of answers that follow from one number: how frames stand out, or how the clips
/// differ. They are told, not judged: what is drawn is meant to be seen.
fn one_value(
    task: &Task,
    seen: &[Seen],
    targets: &[f64],
    answer: &dyn Fn(&Seen, f64) -> Option<Truth>,
) -> Vec<Probe> {
    let videos: Vec<usize> = seen.iter().map(|sample| sample.video).collect();
    let fixed = law::best_constant(task);
    let reward = |sample: &Seen, said: &Truth| {
        score(RewardMode::Smooth, &sample.truth, &said.answer()).total
    };
    let floor: Vec<f64> = seen.iter().map(|sample| reward(sample, &fixed)).collect();
    let probe = |name: &str, of: &dyn Fn(&FrameFacts) -> Vec<f64>| {
        let row = |sample: &Seen| {
            let frames: Vec<FrameFacts> = sample.clips.iter().flatten().copied().collect();
            series(&frames, of).iter().fold(vec![1.0], |mut row, s| {
                row.extend(outstanding(s, sample.clips.len()));
                row
            })
        };
        let said = probe::values(&videos, &seen.iter().map(row).collect::<Vec<_>>(), targets)?;
        let said: Vec<f64> = seen
            .iter()
            .zip(said)
            .map(|(sample, v)| answer(sample, v).map_or(0.0, |said| reward(sample, &said)))
            .collect();
        Some(compared(name, false, &said, &floor))
    };
    let all =
        [probe("file size", &|f| vec![f.bytes]), probe("frame statistics", &|f| f.all().to_vec())];
    all.into_iter().flatten().collect()
}

/// How many frames stand out and how far, and the means of each of several clips.
fn outstanding(values: &[f64], clips: usize) -> Vec<f64> {
    let z = standardised(values);
    let past = |limit: f64| z.iter().filter(|v| v.abs() > limit).count() as f64 / 10.0;
    let most = z.iter().copied().fold(0.0, |a: f64, b| a.max(b.abs()));
    let mut row = vec![past(1.0), past(2.0), past(3.0), most / 3.0];
    if clips > 1 {
        let part = z.len() / clips;
        row.extend(
            (0..clips).map(|k| z[k * part..(k + 1) * part].iter().sum::<f64>() / part as f64),
        );
    }
    row
}
