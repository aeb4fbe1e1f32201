//! Many prompts and many answers in one sequence without padding: a prompt's keys are computed
//! once and shared by every answer to it. Holds numbers only, no tensors.

use crate::prompt::Prompt;
use std::ops::Range;
use std::sync::Arc;

/// Names a prefix of a [`Packed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixId(usize);

/// Names a suffix of a [`Packed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuffixId(usize);

/// Rows that attend to each other, and to an earlier range where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The segment's own rows: queries and keys.
    pub rows: Range<usize>,
    /// Earlier rows whose keys every row of the segment sees; empty for none.
    pub context: Range<usize>,
    /// What a row sees of its own segment.
    pub mask: Mask,
}

/// What a row sees of its own segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// Itself and what stands before it.
    Causal,
    /// All of it.
    Full,
}

/// Prompts (prefixes) and answers (suffixes) laid out in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    pub(crate) ids: Vec<u32>,
    pub(crate) positions: Vec<[i32; 3]>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) patches: Vec<Arc<Vec<f32>>>,
    pub(crate) grids: Vec<[usize; 3]>,
    pub(crate) visual_rows: Vec<u32>,
    prefixes: Vec<Prefix>,
    suffixes: Vec<Suffix>,
}

#[derive(Clone, Debug)]
struct Prefix {
    rows: Range<usize>,
    next_position: i32,
}

#[derive(Clone, Debug)]
struct Suffix {
    prefix: usize,
    rows: Range<usize>,
}

impl Packed {
    /// An empty sequence.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a prompt; its pixels are shared, not copied.
    pub fn prefix(&mut self, prompt: &Prompt) -> PrefixId {
        let start = self.ids.len();
        let rows = start..start + prompt.ids.len();
        self.ids.extend_from_slice(&prompt.ids);
        self.positions.extend_from_slice(&prompt.positions);
        self.visual_rows.extend(prompt.visual.iter().map(|span| (start + span.token) as u32));
        self.grids.extend_from_slice(&prompt.grids);
        if !prompt.patches.is_empty() {
            self.patches.push(prompt.patches.clone());
        }
        self.segments.push(Segment { rows: rows.clone(), context: 0..0, mask: Mask::Causal });
        self.prefixes.push(Prefix { rows, next_position: prompt.next_position });
        PrefixId(self.prefixes.len() - 1)
    }

    /// Appends an answer: each of its tokens sees the whole prefix and the answer so far, and
    /// positions go on from the prefix.
    pub fn suffix(&mut self, prefix: PrefixId, ids: &[u32]) -> SuffixId {
        let Prefix { rows: context, next_position } = self.prefixes[prefix.0].clone();
        let rows = self.ids.len()..self.ids.len() + ids.len();
        self.ids.extend_from_slice(ids);
        self.positions.extend((0..ids.len() as i32).map(|i| [next_position + i; 3]));
        if !ids.is_empty() {
            self.segments.push(Segment { rows: rows.clone(), context, mask: Mask::Causal });
        }
        self.suffixes.push(Suffix { prefix: prefix.0, rows });
        SuffixId(self.suffixes.len() - 1)
    }

    /// Rows of a prefix.
    pub fn prefix_rows(&self, prefix: PrefixId) -> Range<usize> {
        self.prefixes[prefix.0].rows.clone()
    }

    /// Rows of a suffix.
    pub fn suffix_rows(&self, suffix: SuffixId) -> Range<usize> {
        self.suffixes[suffix.0].rows.clone()
    }

    /// Rows whose logits predict the suffix's tokens from index `from` on. For `from == 0` the
    /// first is the prefix's last row.
    pub fn target_rows(&self, suffix: SuffixId, from: usize) -> Vec<usize> {
        let Suffix { prefix, rows } = &self.suffixes[suffix.0];
        let last = self.prefixes[*prefix].rows.end - 1;
        (from..rows.len()).map(|i| if i == 0 { last } else { rows.start + i - 1 }).collect()
    }

    /// Rows in all.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}
