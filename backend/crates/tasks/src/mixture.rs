//! Which sample comes when: a seeded draw from weighted tasks and a list of videos.
//! Sample `index` does not depend on the ones before it.

use crate::error::TaskError;
use crate::rng::Rng;
use crate::sample::{Sample, generate};
use media::FrameStrip;
use shared::config::MixtureItem;
use shared::task::{SampleSpec, Task};
use shared::video::VideoId;
use std::borrow::Borrow;

/// Videos drawn for one place before all of them are tried in turn.
const DRAWS: usize = 16;
/// Turns of every video, each with its own sample seed.
const ROUNDS: usize = 3;

/// Tasks with positive weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    items: Vec<(Task, f64)>,
    total: f64,
}

impl Mixture {
    /// Errors: `BadMixture` unless some weight is positive and all are finite and not negative.
    pub fn new(items: Vec<(Task, f64)>) -> Result<Self, TaskError> {
        if let Some((task, weight)) = items.iter().find(|(_, w)| !w.is_finite() || *w < 0.0) {
            return Err(TaskError::BadMixture(format!(
                "the weight of {} is {weight}; it must be 0 or more",
                task.cell()
            )));
        }
        let items: Vec<(Task, f64)> = items.into_iter().filter(|(_, w)| *w > 0.0).collect();
        let total = items.iter().map(|(_, w)| w).sum();
        if items.is_empty() {
            return Err(TaskError::BadMixture(
                "the mixture has no task with a positive weight".into(),
            ));
        }
        Ok(Self { items, total })
    }

    /// The mixture of a run config.
    pub fn from_config(items: &[MixtureItem]) -> Result<Self, TaskError> {
        Self::new(items.iter().map(|item| (item.task(), item.weight)).collect())
    }

    /// Tasks and weights as given, without those of weight 0.
    pub fn items(&self) -> &[(Task, f64)] {
        &self.items
    }

    fn draw(&self, rng: &mut Rng) -> Task {
        let mut left = rng.unit() * self.total;
        for (task, weight) in &self.items {
            if left < *weight {
                return *task;
            }
            left -= weight;
        }
        // Rounding may leave a sliver past the last item.
        self.items[self.items.len() - 1].0
    }
}

/// The spec at a place of the endless sequence that a seed names: task by weight, video
/// evenly, and a sample seed under 2^48 (exact in every JSON reader).
///
/// Errors: `BadMixture` when `videos` is empty.
pub fn spec_at(
    videos: &[VideoId],
    mixture: &Mixture,
    seed: u64,
    index: u64,
) -> Result<SampleSpec, TaskError> {
    let (task, mut rng) = task_at(mixture, seed, index);
    let (video, seed) = draw_video(videos, &mut rng)?;
    Ok(SampleSpec { video: video.clone(), task, seed })
}

/// The first sample at a place of the sequence whose pixels show its answer: that of
/// [`spec_at`], or one of the same task with video and seed drawn again.
///
/// Errors: `BadMixture` when `strips` is empty, `Unanswerable` when no try shows its answer,
/// and those of [`generate`].
pub fn sample_at<S: Borrow<FrameStrip>>(
    strips: &[S],
    mixture: &Mixture,
    seed: u64,
    index: u64,
) -> Result<Sample, TaskError> {
    let (task, mut rng) = task_at(mixture, seed, index);
    let tries = DRAWS + ROUNDS * strips.len();
    for k in 0..tries {
        let (drawn, seed) = draw_video(strips, &mut rng)?;
        // Few videos may show the task: after some draws each of them has its turn.
        let strip: &FrameStrip = if k < DRAWS { drawn } else { &strips[k % strips.len()] }.borrow();
        let sample = generate(strip, &SampleSpec { video: strip.video.clone(), task, seed })?;
        if sample.answerable {
            return Ok(sample);
        }
    }
    Err(TaskError::Unanswerable { task: task.cell(), tries, videos: strips.len() })
}

/// The task of a place, and the stream that the rest of the place is drawn from.
fn task_at(mixture: &Mixture, seed: u64, index: u64) -> (Task, Rng) {
    let mut rng = Rng::keyed(&[b"spec-1", &seed.to_le_bytes(), &index.to_le_bytes()]);
    (mixture.draw(&mut rng), rng)
}

fn draw_video<'a, V>(videos: &'a [V], rng: &mut Rng) -> Result<(&'a V, u64), TaskError> {
    let video = rng
        .pick(videos)
        .ok_or_else(|| TaskError::BadMixture("there is no video to make samples from".into()))?;
    Ok((video, rng.below(1 << 48)))
}
