//! Prompts with their answers as one sequence, and the log-probabilities of all answer tokens.

use burn::tensor::Tensor;
use policy::{Model, Packed, Prompt};

/// Most rows (prompt and answer tokens) of one forward pass; a batch with more is cut between
/// groups and the gradients are added up.
const MICRO_ROWS: usize = 8192;

/// Answers of which log-probabilities are wanted.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The prompt, computed once for all of them.
    pub prompt: &'a Prompt,
    /// Their tokens.
    pub answers: Vec<&'a [u32]>,
}

/// Log-probabilities of every token under a plain model: `[prompts][answers][tokens]`.
pub fn logprobs_of(model: &Model, asked: &[Asked], temperature: f32) -> Vec<Vec<Vec<f32>>> {
    let rows =
        |one: &Asked| one.prompt.ids.len() + one.answers.iter().map(|ids| ids.len()).sum::<usize>();
    let mut out = Vec::with_capacity(asked.len());
    for micro in cut(asked, rows) {
        let mut sheet = Sheet::default();
        micro.iter().for_each(|one| sheet.add(one.prompt, one.answers.iter().copied()));
        let flat: Vec<f32> = match sheet.targets.is_empty() {
            true => Vec::new(),
            false => logprobs(model, &sheet, temperature).into_data().iter::<f32>().collect(),
        };
        let mut flat = flat.into_iter();
        let mut taken = |ids: &&[u32]| flat.by_ref().take(ids.len()).collect();
        out.extend(micro.iter().map(|one| one.answers.iter().map(&mut taken).collect()));
    }
    out
}

/// Log-probabilities of a sheet's answers, token after token: `[tokens]`.
pub(crate) fn logprobs(model: &Model, sheet: &Sheet, temperature: f32) -> Tensor<1> {
    let hidden = model.forward_rows(&sheet.packed, &sheet.rows); // [tokens, hidden]
    model.logprobs(hidden, &sheet.targets, temperature) // [tokens]
}

/// Items in runs of at most [`MICRO_ROWS`] rows; a larger item stands alone.
pub(crate) fn cut<T>(items: &[T], rows: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let (mut out, mut start, mut sum) = (Vec::new(), 0, 0);
    for (index, item) in items.iter().enumerate() {
        let own = rows(item);
        if index > start && sum + own > MICRO_ROWS {
            out.push(&items[start..index]);
            (start, sum) = (index, 0);
        }
        sum += own;
    }
    if start < items.len() {
        out.push(&items[start..]);
    }
    out
}

/// Prompts with their answers as one sequence: each prompt once, then its answers.
#[derive(Default)]
pub(crate) struct Sheet {
    packed: Packed,
    rows: Vec<usize>,
    targets: Vec<u32>,
    /// Tokens of each answer.
    pub lengths: Vec<usize>,
}

impl Sheet {
    /// Appends a prompt and its answers.
    pub fn add<'a>(&mut self, prompt: &Prompt, answers: impl Iterator<Item = &'a [u32]>) {
        let prefix = self.packed.prefix(prompt);
        for ids in answers {
            let suffix = self.packed.suffix(prefix, ids);
            self.rows.extend(self.packed.target_rows(suffix, 0));
            self.targets.extend_from_slice(ids);
            self.lengths.push(ids.len());
        }
    }
}
