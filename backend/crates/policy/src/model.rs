//! The whole network: vision tower, decoder, head, and what the trainer asks of it.

use crate::config::{PolicyConfig, TextConfig};
use crate::error::PolicyError;
use crate::layers::{Builder, Linear, Source};
use crate::ops::{self, Kernels};
use crate::packed::Packed;
use crate::rope;
use crate::text::{Pass, Text};
use crate::vision::{Vision, VisionOutput};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// Qwen3-VL. `train()` gives the module that records gradients, `valid()` the one that does not.
#[derive(Module, Debug)]
pub struct Model {
    /// Vision tower.
    pub visual: Vision,
    /// Decoder.
    pub language_model: Text,
    /// `[vocab, hidden]`; none where the head is the embedding.
    pub lm_head: Option<Linear>,
    #[module(skip)]
    kernels: Kernels,
    #[module(skip)]
    text: TextConfig,
}

/// Every stage of a pass, for comparisons with other implementations.
pub struct Trace {
    /// The tower's output; none without clips.
    pub vision: Option<VisionOutput>,
    /// Embeddings, then each layer's output before DeepStack features are added, the last one
    /// after the final norm: `[n, hidden]` each.
    pub hidden: Vec<Tensor<2>>,
}

impl Model {
    /// Builds the network on a device, asking the source for every parameter by its name.
    ///
    /// # Errors
    /// What the source reports.
    pub fn build(
        config: &PolicyConfig,
        source: &mut dyn Source,
        device: &Device,
    ) -> Result<Self, PolicyError> {
        let std = config.text_config.initializer_range as f32;
        let mut root = Builder { source, device, std, prefix: String::new() };
        let visual = Vision::build(root.at("model.visual"), &config.vision_config)?;
        let language_model = Text::build(root.at("model.language_model"), &config.text_config)?;
        let text = &config.text_config;
        let lm_head = if config.tied() {
            None
        } else {
            Some(root.linear("lm_head", text.vocab_size, text.hidden_size)?)
        };
        Ok(Self {
            visual,
            language_model,
            lm_head,
            kernels: Kernels::for_device(device),
            text: text.clone(),
        })
    }

    /// The same network with another form of the operations, for comparing the two.
    pub fn with_kernels(mut self, kernels: Kernels) -> Self {
        self.kernels = kernels;
        self
    }

    /// The same network with tables and matrices in bf16: half the memory, for a model that is not
    /// trained. Its operations must be those of [`Kernels::Mixed`].
    pub fn narrowed(self) -> Self {
        self.map(&mut Narrow)
    }

    /// The network to draw tokens with, where that is another one than this: rounded once instead
    /// of at every token.
    pub(crate) fn for_sampling(&self) -> Option<Self> {
        (self.kernels == Kernels::Mixed).then(|| self.clone().narrowed())
    }

    /// Which form of the operations this network uses.
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// Hidden states after the final norm: `[packed.len(), hidden]`. Inputs are made on the
    /// model's own device.
    pub fn forward(&self, packed: &Packed) -> Tensor<2> {
        self.run(packed, None, |_| ())
    }

    /// [`Self::forward`] for some rows only: `[rows.len(), hidden]`, in the order asked for, with
    /// repeats allowed. The last layer then does its own work for these rows alone, which saves a
    /// fifth of the decoder when few rows are asked for.
    pub fn forward_rows(&self, packed: &Packed, rows: &[usize]) -> Tensor<2> {
        self.run(packed, Some(rows), |_| ())
    }

    /// [`Self::forward`] for all rows or some, handing out each layer's normed, rotated heads of
    /// all rows, `[n, heads.width()]`.
    pub(crate) fn run(
        &self,
        packed: &Packed,
        rows: Option<&[usize]>,
        mut keep: impl FnMut(Tensor<2>),
    ) -> Tensor<2> {
        let rows = rows.map(index_of);
        let (mut x, vision) = self.embed(packed);
        let pass = self.pass(packed);
        let mut levels = vision.into_iter().flat_map(|vision| vision.deepstack);
        for i in 0..self.language_model.layers.len() {
            let (out, heads) = self.layer(&pass, i, x, levels.next(), packed, rows.as_ref());
            keep(heads);
            x = out;
        }
        self.finish(x)
    }

    /// The output of layer `i` and its heads, with the DeepStack level that belongs to it. The
    /// last layer's own work is done for the rows asked for alone.
    pub(crate) fn layer(
        &self,
        pass: &Pass,
        i: usize,
        x: Tensor<2>,
        level: Option<Tensor<2>>,
        packed: &Packed,
        rows: Option<&Arc<Vec<u32>>>,
    ) -> (Tensor<2>, Tensor<2>) {
        let layer = &self.language_model.layers[i];
        let rows = rows.filter(|_| i + 1 == self.language_model.layers.len());
        if let (Some(rows), None) = (rows, &level) {
            return layer.forward_rows(pass, x, rows);
        }
        let (x, heads) = layer.forward(pass, x);
        let x = self.deepen(x, level, packed);
        match rows {
            Some(rows) => (ops::gather_rows(self.kernels, x, rows), heads),
            None => (x, heads),
        }
    }

    /// The norm after the last layer.
    pub(crate) fn finish(&self, x: Tensor<2>) -> Tensor<2> {
        self.language_model.norm.forward(self.kernels, x)
    }

    /// [`Self::forward`], keeping every stage.
    pub fn trace(&self, packed: &Packed) -> Trace {
        let (mut x, vision) = self.embed(packed);
        let pass = self.pass(packed);
        let mut trace = Trace { vision: None, hidden: vec![x.clone()] };
        for (i, layer) in self.language_model.layers.iter().enumerate() {
            let (out, _) = layer.forward(&pass, x);
            trace.hidden.push(out.clone());
            let level = vision.as_ref().and_then(|vision| vision.deepstack.get(i).cloned());
            x = self.deepen(out, level, packed);
        }
        if let Some(last) = trace.hidden.last_mut() {
            *last = self.finish(x);
        }
        trace.vision = vision;
        trace
    }

    /// Logits of hidden states: `[n, hidden]` -> `[n, vocab]`.
    pub fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        ops::linear(self.kernels, hidden, self.head(), None)
    }

    /// `log p(target)` of each row under the temperature: `[n, hidden]`, `[n]` -> `[n]`.
    pub fn logprobs(&self, hidden: Tensor<2>, targets: &[u32], temperature: f32) -> Tensor<1> {
        let targets = Arc::new(targets.to_vec());
        ops::target_logprobs(self.kernels, self.logits(hidden), &targets, temperature.recip())
    }

    /// [`Self::logprobs`], and the entropy of each row's distribution in nats under the same
    /// temperature: `[n]`, `[n]`.
    pub fn logprobs_entropy(
        &self,
        hidden: Tensor<2>,
        targets: &[u32],
        temperature: f32,
    ) -> (Tensor<1>, Tensor<1>) {
        let targets = Arc::new(targets.to_vec());
        let logits = self.logits(hidden);
        let entropy = ops::entropy(self.kernels, logits.clone(), temperature.recip());
        (ops::target_logprobs(self.kernels, logits, &targets, temperature.recip()), entropy)
    }

    /// Rows of hidden states: `[n, hidden]`, `[m]` -> `[m, hidden]`.
    pub fn select(&self, hidden: Tensor<2>, rows: &[usize]) -> Tensor<2> {
        ops::gather_rows(self.kernels, hidden, &index_of(rows))
    }

    /// The head's weight `[vocab, hidden]`.
    pub(crate) fn head(&self) -> Tensor<2> {
        match &self.lm_head {
            Some(head) => head.weight.val(),
            None => self.language_model.embed_tokens.weight.val(),
        }
    }

    pub(crate) fn text_config(&self) -> &TextConfig {
        &self.text
    }

    pub(crate) fn pass(&self, packed: &Packed) -> Pass {
        Pass {
            kernels: self.kernels,
            rope: rope::text(&self.text, &packed.positions),
            segments: Arc::new(packed.segments.clone()),
        }
    }

    /// Token embeddings with the visual tokens in their places.
    fn embed(&self, packed: &Packed) -> (Tensor<2>, Option<VisionOutput>) {
        if packed.grids.is_empty() {
            return (self.embed_with(packed, None), None);
        }
        let vision = self.visual.forward(self.kernels, &packed.patches, &packed.grids);
        (self.embed_with(packed, Some(vision.merged.clone())), Some(vision))
    }

    /// Token embeddings with the given visual tokens in their places.
    pub(crate) fn embed_with(&self, packed: &Packed, visual: Option<Tensor<2>>) -> Tensor<2> {
        let ids = Arc::new(packed.ids.clone());
        let x = ops::embedding(self.kernels, self.language_model.embed_tokens.weight.val(), &ids);
        let Some(visual) = visual else { return x };
        ops::put_rows(self.kernels, x, visual, &Arc::new(packed.visual_rows.clone()))
    }

    /// Adds a DeepStack level to the visual rows.
    fn deepen(&self, x: Tensor<2>, level: Option<Tensor<2>>, packed: &Packed) -> Tensor<2> {
        let Some(level) = level else { return x };
        ops::add_rows(self.kernels, x, level, &Arc::new(packed.visual_rows.clone()))
    }
}

pub(crate) fn index_of(rows: &[usize]) -> Arc<Vec<u32>> {
    Arc::new(rows.iter().map(|&row| row as u32).collect())
}

/// Rounds to bf16 what products would round anyway: tables and matrices, not norms.
struct Narrow;

impl ModuleMapper for Narrow {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if D < 2 { param } else { param.map(ops::half) }
    }
}
