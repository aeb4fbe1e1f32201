//! Which sample comes when: a seeded draw from weighted tasks and a list of videos.
//! Sample `index` does not depend on the ones before it.

use crate::error::TaskError;
use crate::rng::Rng;
use crate::sample::{Sample, generate};
use crate::source::Sources;
use media::FrameStrip;
use shared::config::MixtureItem;
use shared::task::{Dials, SampleSpec, Task};
use shared::video::{STRIP_FRAMES, VideoId};
use std::borrow::Borrow;

/// Videos drawn for one place before all of them are tried in turn.
const DRAWS: usize = 16;
/// Turns of every video, each with its own sample seed.
const ROUNDS: usize = 3;

/// One task of a mixture with its dials and its share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Portion {
    /// The task.
    pub task: Task,
    /// The dials that differ from the published values.
    pub dials: Dials,
    /// Share relative to the other portions.
    pub weight: f64,
}

/// Tasks with positive weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    portions: Vec<Portion>,
    total: f64,
}

impl Mixture {
    /// Errors: `BadMixture` unless some weight is positive and all are finite and not negative.
    pub fn new(portions: Vec<Portion>) -> Result<Self, TaskError> {
        let bad = |portion: &&Portion| !portion.weight.is_finite() || portion.weight < 0.0;
        if let Some(Portion { task, weight, .. }) = portions.iter().find(bad) {
            return Err(TaskError::BadMixture(format!(
                "the weight of {} is {weight}; it must be 0 or more",
                task.cell()
            )));
        }
        let portions: Vec<Portion> = portions.into_iter().filter(|p| p.weight > 0.0).collect();
        let total = portions.iter().map(|portion| portion.weight).sum();
        if portions.is_empty() {
            return Err(TaskError::BadMixture(
                "the mixture has no task with a positive weight".into(),
            ));
        }
        Ok(Self { portions, total })
    }

    /// The mixture of a run config; an item of several changes is one portion for each.
    pub fn from_config(items: &[MixtureItem]) -> Result<Self, TaskError> {
        let portions = items.iter().flat_map(|item| {
            let tasks = item.tasks();
            let weight = item.weight / tasks.len() as f64;
            tasks.into_iter().map(move |task| Portion { task, dials: item.dials, weight })
        });
        Self::new(portions.collect())
    }

    /// The portions, without those of weight 0.
    pub fn portions(&self) -> &[Portion] {
        &self.portions
    }

    /// The same portions with other weights, one for each in order. Errors: as [`Mixture::new`].
    pub fn reweighted(&self, weights: &[f64]) -> Result<Self, TaskError> {
        let portions = self.portions.iter().zip(weights);
        Self::new(
            portions.map(|(portion, weight)| Portion { weight: *weight, ..*portion }).collect(),
        )
    }

    fn draw(&self, rng: &mut Rng) -> Portion {
        let mut left = rng.unit() * self.total;
        for portion in &self.portions {
            if left < portion.weight {
                return *portion;
            }
            left -= portion.weight;
        }
        // Rounding may leave a sliver past the last one.
        self.portions[self.portions.len() - 1]
    }
}

/// The strips that samples are made from.
#[derive(Clone, Debug)]
pub struct Shelf<S> {
    /// Ordinary strips of 48 frames, one per video.
    pub strips: Vec<S>,
    /// Denser strips of the videos that have enough frames, for changes of speed.
    pub dense: Vec<S>,
}

impl<S> Shelf<S> {
    /// Ordinary strips alone.
    pub fn of(strips: Vec<S>) -> Self {
        Self { strips, dense: Vec::new() }
    }

    /// Those that samples of a task are made from.
    pub fn for_task(&self, task: &Task) -> &[S] {
        if task.source_frames() > STRIP_FRAMES { &self.dense } else { &self.strips }
    }
}

/// The spec at a place of the endless sequence that a seed names: task by weight, video
/// evenly, and a sample seed under 2^48 (exact in every JSON reader).
///
/// Errors: `BadMixture` when `videos` is empty, or has only one where the task needs two.
pub fn spec_at(
    videos: &[VideoId],
    mixture: &Mixture,
    seed: u64,
    index: u64,
) -> Result<SampleSpec, TaskError> {
    let (portion, mut rng) = portion_at(mixture, seed, index);
    let (video, seed) = draw_video(videos, &mut rng)?;
    let other = draw_other(videos, video, &portion.task, &mut rng)?.cloned();
    let Portion { task, dials, .. } = portion;
    Ok(SampleSpec { video: video.clone(), task, dials, other, seed })
}

/// The first sample at a place of the sequence whose pixels show its answer: that of
/// [`spec_at`], or one of the same task with videos and seed drawn again.
///
/// Errors: `BadMixture` when there is no strip, or only one where the task needs two,
/// `Unanswerable` when no try shows its answer, and those of [`generate`].
pub fn sample_at<S: Borrow<FrameStrip>>(
    shelf: &Shelf<S>,
    mixture: &Mixture,
    seed: u64,
    index: u64,
) -> Result<Sample, TaskError> {
    let (Portion { task, dials, .. }, mut rng) = portion_at(mixture, seed, index);
    let strips = shelf.for_task(&task);
    let tries = DRAWS + ROUNDS * strips.len();
    for k in 0..tries {
        let (drawn, seed) = draw_video(strips, &mut rng)?;
        // Few videos may show the task: after some draws each of them has its turn.
        let drawn = if k < DRAWS { drawn } else { &strips[k % strips.len()] };
        let strip: &FrameStrip = drawn.borrow();
        let ids: Vec<&VideoId> = strips.iter().map(|strip| &strip.borrow().video).collect();
        let other = draw_other(&ids, &&strip.video, &task, &mut rng)?;
        let of = |id: &&VideoId| {
            strips.iter().map(Borrow::borrow).find(|s: &&FrameStrip| s.video == **id)
        };
        let sources = Sources { strip, other: other.and_then(of) };
        let other = other.map(|id| (*id).clone());
        let spec = SampleSpec { video: strip.video.clone(), task, dials, other, seed };
        let sample = generate(sources, &spec)?;
        if sample.answerable {
            return Ok(sample);
        }
    }
    Err(TaskError::Unanswerable { task: task.cell(), tries, videos: strips.len() })
}

/// The portion of a place, and the stream that the rest of the place is drawn from.
fn portion_at(mixture: &Mixture, seed: u64, index: u64) -> (Portion, Rng) {
    let mut rng = Rng::keyed(&[b"spec-1", &seed.to_le_bytes(), &index.to_le_bytes()]);
    (mixture.draw(&mut rng), rng)
}

fn draw_video<'a, V>(videos: &'a [V], rng: &mut Rng) -> Result<(&'a V, u64), TaskError> {
    let video = rng
        .pick(videos)
        .ok_or_else(|| TaskError::BadMixture("there is no video to make samples from".into()))?;
    Ok((video, rng.below(1 << 48)))
}

/// Another video for a task that needs one.
fn draw_other<'a, V: PartialEq>(
    videos: &'a [V],
    own: &V,
    task: &Task,
    rng: &mut Rng,
) -> Result<Option<&'a V>, TaskError> {
    if !task.needs_other() {
        return Ok(None);
    }
    let others: Vec<&V> = videos.iter().filter(|video| *video != own).collect();
    let alone = || TaskError::BadMixture(format!("{} needs at least two videos", task.cell()));
    rng.pick(&others).copied().map(Some).ok_or_else(alone)
}
