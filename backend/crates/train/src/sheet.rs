//! Prompts with their answers as one sequence, and the log-probabilities of all answer tokens.

use burn::tensor::Tensor;
use policy::{Model, Packed, Prompt, Staged};

/// Most rows (prompt and answer tokens) of a forward pass without gradients.
const ROWS: usize = 8192;

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
    for micro in cut(asked, ROWS, rows) {
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
    model.logprobs(sheet.hidden(model), &sheet.targets, temperature) // [tokens]
}

/// Items in runs of at most `most` rows; a larger item stands alone.
pub(crate) fn cut<T>(items: &[T], most: usize, rows: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let (mut out, mut start, mut sum) = (Vec::new(), 0, 0);
    for (index, item) in items.iter().enumerate() {
        let own = rows(item);
        if index > start && sum + own > most {
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
    /// Every token of every answer, in order.
    pub targets: Vec<u32>,
    /// Tokens of each answer.
    pub lengths: Vec<usize>,
}

impl Sheet {
    /// A pass through a model that records gradients which keeps only what enters each layer.
    pub fn staged<'a>(&'a self, model: &'a Model) -> Staged<'a> {
        Staged::new(model, &self.packed, &self.rows)
    }

    /// Hidden states of the rows that predict the answers' tokens: `[tokens, hidden]`.
    pub fn hidden(&self, model: &Model) -> Tensor<2> {
        model.forward_rows(&self.packed, &self.rows)
    }

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
