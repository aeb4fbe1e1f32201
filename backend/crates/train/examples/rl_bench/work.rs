//! Floating-point operations and bytes that a step cannot do without, counted from the sizes.
//! A product of `[n, a]` and `[a, b]` counts 2nab; norms, softmax and activations count nothing.

use policy::{PolicyConfig, Prompt};
use train::step::ScoredGroup;

/// Operations of the parts of a step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Reading every prompt once, clips included.
    pub prefill: f64,
    /// Answer tokens one by one, after the first.
    pub decode: f64,
    /// Policy forward and backward (twice the forward), and the frozen reference.
    pub update: f64,
    /// A whole step where each answer has a prompt of its own.
    pub apart: f64,
    /// Bytes of weights that a decoding step reads.
    pub weight_bytes: f64,
}

impl Work {
    /// Of a batch; rollouts are taken to be as long as its answers.
    pub fn of(config: &PolicyConfig, groups: &[ScoredGroup]) -> Self {
        let sizes = Sizes::of(config);
        let mut work = Self { weight_bytes: 4.0 * sizes.decoder_weights(), ..Self::default() };
        for group in groups {
            let lengths: Vec<usize> = group.answers.iter().map(|a| a.ids.len()).collect();
            let (prompt, vision) = (group.prompt.ids.len(), sizes.vision(config, &group.prompt));
            let prefill = vision + sizes.forward(prompt, &[], 1);
            let decode: f64 = lengths.iter().map(|&tokens| sizes.decode(prompt, tokens)).sum();
            let passes = |answers: &[usize]| {
                4.0 * (vision + sizes.forward(prompt, answers, answers.iter().sum()))
            };
            let apart: f64 = lengths.iter().map(|&tokens| prefill + passes(&[tokens])).sum();
            work.prefill += prefill;
            work.decode += decode;
            work.update += passes(&lengths);
            work.apart += apart + decode;
        }
        work
    }

    /// A whole step with prompts shared.
    pub fn step(&self) -> f64 {
        self.prefill + self.decode + self.update
    }
}

/// Operations per row, or per pair of rows, of one decoder layer and of the head.
struct Sizes {
    layers: f64,
    /// Queries, keys and values.
    heads: f64,
    /// What a row does by itself after attention.
    rest: f64,
    /// A query meeting a key and its value.
    pair: f64,
    head: f64,
}

impl Sizes {
    fn of(config: &PolicyConfig) -> Self {
        let text = &config.text_config;
        let (hidden, inner) = (text.hidden_size as f64, text.intermediate_size as f64);
        let heads = text.heads();
        let queries = (heads.queries * heads.dim) as f64;
        Self {
            layers: text.num_hidden_layers as f64,
            heads: 2.0 * hidden * heads.width() as f64,
            rest: 2.0 * hidden * queries + 6.0 * hidden * inner,
            pair: 4.0 * queries,
            head: 2.0 * hidden * text.vocab_size as f64,
        }
    }

    /// Two operations for each weight and row.
    fn decoder_weights(&self) -> f64 {
        (self.layers * (self.heads + self.rest) + self.head) / 2.0
    }

    /// A prompt with answers that share it; the last layer's own work and the head are needed for
    /// `targets` rows alone.
    fn forward(&self, prompt: usize, answers: &[usize], targets: usize) -> f64 {
        let (shown, asked) = (prompt as f64, targets as f64);
        let rows = shown + answers.iter().sum::<usize>() as f64;
        let own = |n: f64| n * (n + 1.0) / 2.0;
        let of_answer = |&n: &usize| own(n as f64) + n as f64 * shown;
        let pairs = own(shown) + answers.iter().map(of_answer).sum::<f64>();
        self.layers * (rows * self.heads + pairs * self.pair)
            + ((self.layers - 1.0) * rows + asked) * self.rest
            + asked * self.head
    }

    /// An answer's tokens, each but the last fed back.
    fn decode(&self, prompt: usize, tokens: usize) -> f64 {
        let fed = tokens.saturating_sub(1) as f64;
        let pairs = fed * prompt as f64 + fed * (fed + 1.0) / 2.0;
        fed * (self.layers * (self.heads + self.rest) + self.head) + self.layers * pairs * self.pair
    }

    /// The tower over a prompt's clips, frame pair by frame pair.
    fn vision(&self, config: &PolicyConfig, prompt: &Prompt) -> f64 {
        let vision = &config.vision_config;
        let (hidden, inner) = (vision.hidden_size as f64, vision.intermediate_size as f64);
        let (merged, out) = (hidden * vision.merge_area() as f64, vision.out_hidden_size as f64);
        let mergers = 1.0 + vision.deepstack_visual_indexes.len() as f64;
        let of_clip = |&[pairs, rows, cols]: &[usize; 3]| {
            let frame = (rows * cols) as f64;
            let block = 8.0 * hidden * hidden + 4.0 * hidden * inner + 4.0 * hidden * frame;
            let patch = 2.0 * vision.patch_dim() as f64 * hidden + vision.depth as f64 * block;
            let merge = mergers * 2.0 * merged * (merged + out) / vision.merge_area() as f64;
            pairs as f64 * frame * (patch + merge)
        };
        prompt.grids.iter().map(of_clip).sum()
    }
}
