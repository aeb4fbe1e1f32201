//! What one strip teaches: its clips as a prefix, several questions with their answers, and
//! what is true of every frame pair. It touches no weights.

use crate::error::TrainError;
use crate::library::Library;
use crate::prompts::PromptMaker;
use crate::seed::{Draws, Stream, derive};
use media::FrameStrip;
use policy::Prompt;
use shared::config::{MixtureItem, WarmupConfig};
use shared::task::{SampleInfo, SampleSpec, ShapeKind, TaskKind, Truth};
use shared::video::SamplePlan;
use tasks::Sample;

/// A question with its answer.
pub struct Taught {
    /// Question, mark, answer, end.
    pub ids: Vec<u32>,
    /// Where the answer starts in `ids`.
    pub from: usize,
    /// Weight of each answer token in the loss.
    pub weight: f32,
    /// The task's own question rather than a helper.
    pub real: bool,
}

/// What is true of one frame pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairTruth {
    /// The pair's last token in the prefix.
    pub token: usize,
    /// Whether a planted change touches it; none where the task plants none.
    pub changed: Option<bool>,
    /// Circles, squares and triangles drawn on it, each at most 3.
    pub counts: [u8; 3],
}

/// One strip with everything asked of it.
pub struct Item {
    /// The family of its real question.
    pub kind: TaskKind,
    /// The clips.
    pub shown: Prompt,
    /// Questions and answers; the real question first.
    pub taught: Vec<Taught>,
    /// Per frame pair, for the throwaway probe.
    pub pairs: Vec<PairTruth>,
}

/// Makes items; the n-th is a function of (seed, n, strength).
pub struct ItemMaker {
    /// Makes tokens.
    pub prompts: PromptMaker,
    /// Strips of real videos; may be empty where scenes are rendered.
    pub library: Library,
    /// Frame count and size.
    pub plan: SamplePlan,
    /// Shares of the tasks.
    pub mixture: Vec<MixtureItem>,
    /// Shares of scenes and helpers, strength of augmentation.
    pub config: WarmupConfig,
    /// The warm start's seed.
    pub seed: u64,
}

/// Strips tried for one item until one shows the answer.
const TRIES: usize = 64;
/// Share of real strips that are shown as they are, whatever the strength.
const UNTOUCHED: f64 = 0.3;

impl ItemMaker {
    /// The n-th item, with augmentation up to `strength` (0..=1).
    ///
    /// # Errors
    /// A sample that cannot be made, or a task whose answers no strip shows.
    pub fn make(&self, index: u64, strength: f64) -> Result<Item, TrainError> {
        let mut draws = Draws::new(derive(self.seed, Stream::Warmup, &[index]));
        let item = &self.mixture[draws.weighted(self.mixture.iter().map(|item| item.weight))];
        let tasks = item.tasks();
        let task = if tasks.len() > 1 { tasks[draws.below(tasks.len())] } else { tasks[0] };
        for _ in 0..TRIES {
            let strip = self.strip(&mut draws, strength);
            let spec = SampleSpec {
                dials: item.dials,
                ..SampleSpec::new(strip.video.clone(), task, draws.bits())
            };
            let sample = tasks::generate(&strip, &spec)
                .map_err(|error| TrainError::Sample(error.to_string()))?;
            if sample.answerable {
                return self.teach(&sample, &mut draws);
            }
        }
        Err(TrainError::Sample(format!(
            "no strip of {TRIES} shows the answer of {}; leave it out of the mixture",
            task.cell()
        )))
    }

    fn strip(&self, draws: &mut Draws, strength: f64) -> FrameStrip {
        let entries = &self.library.entries;
        let seed = draws.bits();
        let real = (!entries.is_empty() && draws.unit() >= self.config.scenes)
            .then(|| &entries[draws.below(entries.len())].strip);
        let mut rng = tasks::Rng::from_seed(draws.bits());
        match real {
            Some(strip) if draws.unit() < UNTOUCHED => (**strip).clone(),
            Some(strip) => {
                tasks::warmup::augment(strip, &mut rng, (strength * draws.unit()) as f32)
            }
            None => tasks::warmup::scene(seed, &self.plan),
        }
    }

    fn teach(&self, sample: &Sample, draws: &mut Draws) -> Result<Item, TrainError> {
        let shown = self.prompts.show(sample)?;
        let mut taught = vec![self.question(&sample.info.question, &sample.info.answer, true)?];
        let mut helpers = tasks::warmup::aux_questions(sample);
        for _ in 0..self.helpers_per_strip() {
            if helpers.is_empty() {
                break;
            }
            let helper = helpers.swap_remove(draws.below(helpers.len()));
            taught.push(self.question(&helper.question, &helper.answer, false)?);
        }
        let pairs = pair_truths(&sample.info, &shown);
        Ok(Item { kind: sample.info.spec.task.kind(), shown, taught, pairs })
    }

    /// Helpers so that their share among all questions is as configured.
    fn helpers_per_strip(&self) -> usize {
        let share = self.config.helpers.clamp(0.0, 0.9);
        (share / (1.0 - share)).round() as usize
    }

    fn question(&self, question: &str, answer: &str, real: bool) -> Result<Taught, TrainError> {
        let mut ids = self.prompts.tail(question)?;
        let from = ids.len();
        ids.extend(self.prompts.answer(answer)?);
        // Long masks would drown the short answers.
        let length = (ids.len() - from) as f32;
        let weight = if real { 1.0 } else { (6.0 / length).min(0.5) };
        Ok(Taught { ids, from, weight, real })
    }
}

/// What is true of each frame pair of a shown sample, for the tasks that ask about frames.
fn pair_truths(info: &SampleInfo, shown: &Prompt) -> Vec<PairTruth> {
    if !matches!(info.spec.task.kind(), TaskKind::Grounding | TaskKind::Counting) {
        return Vec::new();
    }
    let mut last = std::collections::BTreeMap::new();
    for span in &shown.visual {
        last.insert(span.pair, span.token);
    }
    let truth = |(&pair, &token): (&usize, &usize)| {
        let slots = [2 * pair as u32, 2 * pair as u32 + 1];
        let changed = match &info.truth {
            Truth::Grounding { span_slots: [a, b], .. } => {
                Some(slots.iter().any(|slot| (a..b).contains(&slot)))
            }
            _ => None,
        };
        let mut counts = [0u8; 3];
        for shape in info.shapes.iter().flatten().filter(|shape| slots.contains(&shape.slot)) {
            let kind = ShapeKind::ALL.iter().position(|kind| *kind == shape.kind);
            if let Some(count) = kind.and_then(|kind| counts.get_mut(kind)) {
                *count = (*count + 1).min(3);
            }
        }
        PairTruth { token, changed, counts }
    };
    last.iter().map(truth).collect()
}
