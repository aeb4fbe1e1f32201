//! Where the next questions come from: a list made ahead on another thread, or chosen now by what
//! the curriculum knows.

use crate::checkpoint::State;
use crate::error::TrainError;
use crate::library::Library;
use crate::prompts::PromptMaker;
use crate::rollout::{Question, QuestionMaker};
use crate::seed::{Stream, derive};
use crate::supply::Supply;
use media::FrameStrip;
use shared::config::RunConfig;
use shared::recipe::Curriculum;
use std::collections::BTreeMap;
use std::sync::Arc;
use tasks::{Mixture, Shelf};

/// Gives questions in the order of their indices.
pub(super) enum Asker {
    /// Every question follows from its index: two steps' worth wait in stock.
    Ahead(Supply<Question>),
    /// The task of a question follows from what was learnt so far as well.
    Chosen(Box<Chooser>),
}

/// Makes questions of tasks by what was learnt so far.
pub(super) struct Chooser {
    shelf: Shelf<Arc<FrameStrip>>,
    mixture: Mixture,
    seed: u64,
    maker: QuestionMaker,
}

impl Chooser {
    fn ask(&self, state: &State, first: u64, count: u32) -> Result<Vec<Question>, TrainError> {
        let chosen = self.mixture.reweighted(&weights(&self.mixture, state)).map_err(wrong)?;
        let one = |index| {
            let sample = tasks::sample_at(&self.shelf, &chosen, self.seed, index).map_err(wrong)?;
            self.maker.ask(&sample)
        };
        (first..first + u64::from(count)).map(one).collect()
    }
}

impl Asker {
    /// Questions from `first` on.
    pub fn new(
        config: &RunConfig,
        library: &Library,
        prompts: PromptMaker,
        first: u64,
    ) -> Result<Self, TrainError> {
        let mixture = Mixture::from_config(&config.mixture).map_err(wrong)?;
        let (shelf, seed) = (library.shelf(), derive(config.seed, Stream::Sample, &[]));
        let maker = QuestionMaker::new(prompts, config);
        if config.select.curriculum == Curriculum::Dump {
            return Ok(Self::Chosen(Box::new(Chooser { shelf, mixture, seed, maker })));
        }
        let stock = 2 * config.grpo.prompts_per_step as usize;
        let ahead = Supply::start("samples", stock, move |index| {
            maker.ask(&tasks::sample_at(&shelf, &mixture, seed, first + index).map_err(wrong)?)
        })?;
        Ok(Self::Ahead(ahead))
    }

    /// `count` questions, the first of which has the index `first`.
    pub fn take(
        &mut self,
        state: &State,
        first: u64,
        count: u32,
    ) -> Result<Vec<Question>, TrainError> {
        match self {
            Self::Ahead(supply) => (0..count).map(|_| supply.take()).collect(),
            Self::Chosen(chooser) => chooser.ask(state, first, count),
        }
    }

    /// Probability of each cell under the curriculum; empty where the mixture is fixed.
    pub fn probabilities(&self, state: &State) -> BTreeMap<String, f64> {
        let Self::Chosen(chooser) = self else { return BTreeMap::new() };
        let mixture = &chooser.mixture;
        let mut out = BTreeMap::new();
        for (portion, weight) in mixture.portions().iter().zip(weights(mixture, state)) {
            *out.entry(portion.task.cell()).or_insert(0.0) += weight;
        }
        out
    }
}

/// Probability of each portion: its cell's, shared by the portions of that cell.
fn weights(mixture: &Mixture, state: &State) -> Vec<f64> {
    let names: Vec<String> = mixture.portions().iter().map(|p| p.task.cell()).collect();
    let mut cells = names.clone();
    cells.sort();
    cells.dedup();
    let progress = state.progress.clone().unwrap_or_default();
    let by_cell: BTreeMap<&String, f64> =
        cells.iter().zip(progress.probabilities(&cells)).collect();
    let sharing = |name: &String| names.iter().filter(|other| *other == name).count() as f64;
    names.iter().map(|name| by_cell[name] / sharing(name)).collect()
}

fn wrong(error: tasks::TaskError) -> TrainError {
    TrainError::Sample(error.to_string())
}
