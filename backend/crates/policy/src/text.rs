//! The text decoder: embedding, layers of grouped-query attention and SwiGLU, final norm.

use crate::config::TextConfig;
use crate::error::PolicyError;
use crate::layers::{Builder, Init, Linear, RmsNorm};
use crate::ops::{self, HeadNorms, Heads, Kernels, Rope};
use crate::packed::Segment;
use crate::vision::Table;
use burn::module::Module;
use burn::tensor::Tensor;
use std::sync::Arc;

/// The decoder's parameters, named as in the published files.
#[derive(Module, Debug)]
pub struct Text {
    /// `[vocab, hidden]`.
    pub embed_tokens: Table,
    /// Decoder layers.
    pub layers: Vec<Layer>,
    /// After the last layer.
    pub norm: RmsNorm,
}

/// Attention and SwiGLU with RMS norms before them.
#[derive(Module, Debug)]
pub struct Layer {
    /// Before attention.
    pub input_layernorm: RmsNorm,
    /// Before SwiGLU.
    pub post_attention_layernorm: RmsNorm,
    /// Attention.
    pub self_attn: SelfAttention,
    /// SwiGLU.
    pub mlp: SwiGlu,
}

/// Grouped-query attention with norms over each query and key head.
#[derive(Module, Debug)]
pub struct SelfAttention {
    /// `[heads * dim, hidden]`.
    pub q_proj: Linear,
    /// `[kv_heads * dim, hidden]`.
    pub k_proj: Linear,
    /// `[kv_heads * dim, hidden]`.
    pub v_proj: Linear,
    /// `[hidden, heads * dim]`.
    pub o_proj: Linear,
    /// `[dim]`.
    pub q_norm: RmsNorm,
    /// `[dim]`.
    pub k_norm: RmsNorm,
    #[module(skip)]
    heads: Heads,
}

/// `down(silu(gate(x)) * up(x))`.
#[derive(Module, Debug)]
pub struct SwiGlu {
    /// `[intermediate, hidden]`.
    pub gate_proj: Linear,
    /// `[intermediate, hidden]`.
    pub up_proj: Linear,
    /// `[hidden, intermediate]`.
    pub down_proj: Linear,
}

/// What every layer of one pass shares.
pub(crate) struct Pass {
    pub kernels: Kernels,
    pub rope: Rope,
    pub segments: Arc<Vec<Segment>>,
}

impl Text {
    /// Asks for every parameter of the decoder.
    ///
    /// # Errors
    /// What the source reports.
    pub fn build(mut at: Builder, config: &TextConfig) -> Result<Self, PolicyError> {
        let shape = [config.vocab_size, config.hidden_size];
        let std = at.std;
        let weight = at.at("embed_tokens").param("weight", shape, &shape, Init::Normal(std))?;
        let layers = (0..config.num_hidden_layers)
            .map(|i| Layer::build(at.at(&format!("layers.{i}")), config))
            .collect::<Result<_, _>>()?;
        let norm = at.rms_norm("norm", config.hidden_size, config.rms_norm_eps)?;
        Ok(Self { embed_tokens: Table { weight }, layers, norm })
    }
}

impl Layer {
    fn build(mut at: Builder, config: &TextConfig) -> Result<Self, PolicyError> {
        let (hidden, inner, eps) =
            (config.hidden_size, config.intermediate_size, config.rms_norm_eps);
        let heads = config.heads();
        let mut attn = at.at("self_attn");
        let self_attn = SelfAttention {
            q_proj: attn.linear("q_proj", heads.queries * heads.dim, hidden)?,
            k_proj: attn.linear("k_proj", heads.keys * heads.dim, hidden)?,
            v_proj: attn.linear("v_proj", heads.keys * heads.dim, hidden)?,
            o_proj: attn.linear("o_proj", hidden, heads.queries * heads.dim)?,
            q_norm: attn.rms_norm("q_norm", heads.dim, eps)?,
            k_norm: attn.rms_norm("k_norm", heads.dim, eps)?,
            heads,
        };
        Ok(Self {
            input_layernorm: at.rms_norm("input_layernorm", hidden, eps)?,
            post_attention_layernorm: at.rms_norm("post_attention_layernorm", hidden, eps)?,
            self_attn,
            mlp: SwiGlu {
                gate_proj: at.linear("mlp.gate_proj", inner, hidden)?,
                up_proj: at.linear("mlp.up_proj", inner, hidden)?,
                down_proj: at.linear("mlp.down_proj", hidden, inner)?,
            },
        })
    }

    /// `[n, hidden]` -> the layer's output `[n, hidden]`, and its normed, rotated heads
    /// `[n, heads.width()]`, from which a cache is made.
    pub(crate) fn forward(&self, pass: &Pass, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (seen, heads) = self.attend(pass, x.clone());
        (self.finish(pass, x, seen), heads)
    }

    /// [`Self::forward`] with the output of some rows only, though they see all:
    /// `[n, hidden]` -> `[m, hidden]` and the heads of all rows.
    pub(crate) fn forward_rows(
        &self,
        pass: &Pass,
        x: Tensor<2>,
        rows: &Arc<Vec<u32>>,
    ) -> (Tensor<2>, Tensor<2>) {
        let (seen, heads) = self.attend(pass, x.clone());
        let pick = |x| ops::gather_rows(pass.kernels, x, rows);
        (self.finish(pass, pick(x), pick(seen)), heads)
    }

    /// The layer's output of rows that come after others, of which the heads `[n, heads.width()]`
    /// are known: `[m, hidden]` -> the same. The segments are those of the later rows.
    pub(crate) fn forward_after(&self, pass: &Pass, heads: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        let own =
            self.self_attn.packed(pass, self.input_layernorm.forward(pass.kernels, x.clone()));
        let all = Tensor::cat(vec![heads, own], 0);
        let seen = ops::attend(pass.kernels, all, &pass.segments, self.self_attn.heads);
        self.finish(pass, x, seen)
    }

    /// What each row sees `[n, queries * dim]`, and the normed, rotated heads.
    fn attend(&self, pass: &Pass, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let heads = self.self_attn.packed(pass, self.input_layernorm.forward(pass.kernels, x));
        (ops::attend(pass.kernels, heads.clone(), &pass.segments, self.self_attn.heads), heads)
    }

    /// All that a row does by itself.
    pub(crate) fn finish(&self, pass: &Pass, x: Tensor<2>, seen: Tensor<2>) -> Tensor<2> {
        let k = pass.kernels;
        let x = x + ops::widened(k, self.self_attn.o_proj.forward(k, seen));
        let out = self.mlp.forward(k, self.post_attention_layernorm.forward(k, x.clone()));
        x + ops::widened(k, out)
    }
}

impl SelfAttention {
    /// Query, key and value weights as one `[heads.width(), hidden]`.
    pub(crate) fn packed_weight(&self) -> Tensor<2> {
        Tensor::cat(
            vec![self.q_proj.weight.val(), self.k_proj.weight.val(), self.v_proj.weight.val()],
            0,
        )
    }

    /// `[n, hidden]` -> normed, rotated heads `[n, heads.width()]`.
    pub(crate) fn packed(&self, pass: &Pass, x: Tensor<2>) -> Tensor<2> {
        let norms = HeadNorms {
            query: self.q_norm.weight.val(),
            key: self.k_norm.weight.val(),
            eps: self.q_norm.eps as f32,
        };
        let packed = ops::linear(pass.kernels, x, self.packed_weight(), None);
        ops::rotate(pass.kernels, packed, Some(norms), &pass.rope, self.heads)
    }
}

impl SwiGlu {
    /// Gate and up weights as one `[2 * intermediate, hidden]`.
    pub(crate) fn packed_weight(&self) -> Tensor<2> {
        Tensor::cat(vec![self.gate_proj.weight.val(), self.up_proj.weight.val()], 0)
    }

    /// `[n, hidden]` -> the same.
    pub(crate) fn forward(&self, kernels: Kernels, x: Tensor<2>) -> Tensor<2> {
        let both = ops::linear(kernels, x, self.packed_weight(), None);
        self.down_proj.forward(kernels, ops::swiglu(kernels, both))
    }
}
