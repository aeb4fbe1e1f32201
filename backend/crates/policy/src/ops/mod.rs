//! The model's operations, each in three forms with one meaning: fused CPU kernels with
//! hand-written gradients, plain differentiable tensor operations for every other device, and the
//! same with products in bf16. Which one runs is decided once, from device and precision, and
//! never changes within a run, since they differ in the last bits.
//!
//! With bf16 ([`Kernels::Mixed`]) parameters stay what they are, f32 in the weights being trained;
//! they and the inputs of every product are rounded on the way into it, as PyTorch's autocast
//! does. What is summed over layers, norms, softmax and log-probabilities are f32.

pub(crate) mod cpu;
mod fused;
mod fused_grad;
pub(crate) mod plain;

use crate::packed::Segment;
use burn::backend::DispatchDevice;
use burn::tensor::{Device, FloatDType, Tensor};
use std::sync::Arc;

/// Which form of the operations a model uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// Tensor operations of the backend.
    Plain,
    /// The same with products in bf16.
    Mixed,
    /// Fused kernels of this crate (CPU only).
    Fused,
}

impl Kernels {
    /// Fused on the CPU, plain elsewhere.
    pub fn for_device(device: &Device) -> Self {
        let inner = device.clone().without_autodiff();
        match inner.as_dispatch() {
            DispatchDevice::Flex(_) => Self::Fused,
            #[allow(unreachable_patterns, reason = "some builds have one kind of device only")]
            _ => Self::Plain,
        }
    }
}

/// Layout of packed heads: a row holds `queries` query heads, then `keys` key heads, then as
/// many value heads, each `dim` wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Query heads.
    pub queries: usize,
    /// Key heads, and value heads.
    pub keys: usize,
    /// Width of a head.
    pub dim: usize,
}

impl Heads {
    /// Width of a packed row.
    pub fn width(self) -> usize {
        (self.queries + 2 * self.keys) * self.dim
    }
}

/// Rotary angles of each row: cosines and sines `[rows, half]`, `half` being half a head.
#[derive(Clone, Debug)]
pub struct Rope {
    /// Cosines.
    pub cos: Arc<Vec<f32>>,
    /// Sines.
    pub sin: Arc<Vec<f32>>,
    /// Frequencies.
    pub half: usize,
}

/// Weights of the RMS norms over each query and key head, and their epsilon.
pub(crate) struct HeadNorms {
    pub query: Tensor<1>,
    pub key: Tensor<1>,
    pub eps: f32,
}

impl HeadNorms {
    fn full(self) -> Self {
        Self { query: full(self.query), key: full(self.key), eps: self.eps }
    }
}

/// Rounded for a product, where products are in bf16.
pub(crate) fn half<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.cast(FloatDType::BF16)
}

/// Widened for sums.
pub(crate) fn full<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.cast(FloatDType::F32)
}

/// What is summed over layers, widened where products are in bf16.
pub(crate) fn widened(kernels: Kernels, x: Tensor<2>) -> Tensor<2> {
    if kernels == Kernels::Mixed { full(x) } else { x }
}

/// `x @ weight^T + bias`: `[n, in]`, `[out, in]`, `[out]` -> `[n, out]`.
pub(crate) fn linear(
    kernels: Kernels,
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<2> {
    match (kernels, bias) {
        (Kernels::Plain, bias) => plain::linear(x, weight, bias),
        (Kernels::Mixed, bias) => plain::linear(half(x), half(weight), bias.map(half)),
        (Kernels::Fused, None) => fused::api::linear(x, weight),
        (Kernels::Fused, Some(bias)) => fused::api::linear_bias(x, weight, bias),
    }
}

/// Patches given in shared pieces, `[pieces' rows, in]`, through a linear layer.
pub(crate) fn linear_shared(
    kernels: Kernels,
    pieces: &[Arc<Vec<f32>>],
    weight: Tensor<2>,
    bias: Tensor<1>,
) -> Tensor<2> {
    match kernels {
        Kernels::Plain => plain::linear_shared(pieces, weight, bias),
        Kernels::Mixed => plain::linear_shared(pieces, half(weight), half(bias)),
        Kernels::Fused => fused::api::linear_shared(weight, bias, Arc::new(pieces.to_vec())),
    }
}

/// Root mean square norm over the last axis.
pub(crate) fn rms_norm(kernels: Kernels, x: Tensor<2>, weight: Tensor<1>, eps: f32) -> Tensor<2> {
    match kernels {
        Kernels::Plain => plain::rms_norm(x, weight, eps),
        Kernels::Mixed => half(plain::rms_norm(full(x), full(weight), eps)),
        Kernels::Fused => fused::api::rms_norm(x, weight, eps),
    }
}

/// Layer norm over the last axis.
pub(crate) fn layer_norm(
    kernels: Kernels,
    x: Tensor<2>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    eps: f32,
) -> Tensor<2> {
    match kernels {
        Kernels::Plain => plain::layer_norm(x, weight, bias, eps),
        Kernels::Mixed => half(plain::layer_norm(full(x), full(weight), full(bias), eps)),
        Kernels::Fused => fused::api::layer_norm(x, weight, bias, eps),
    }
}

/// Normalises (where asked) and rotates the query and key heads of packed rows
/// `[n, heads.width()]`; values pass through.
pub(crate) fn rotate(
    kernels: Kernels,
    packed: Tensor<2>,
    norms: Option<HeadNorms>,
    rope: &Rope,
    heads: Heads,
) -> Tensor<2> {
    match kernels {
        Kernels::Plain => plain::rotate(packed, norms, rope, heads),
        Kernels::Mixed => {
            half(plain::rotate(full(packed), norms.map(HeadNorms::full), rope, heads))
        }
        Kernels::Fused => fused::api::rotate(packed, norms, rope, heads),
    }
}

/// Attention inside segments, and from segments to their context:
/// `[n, heads.width()]` -> `[m, queries * dim]`. The segments cover all rows in order, or the last
/// `m` of them; the rows before are context.
pub(crate) fn attend(
    kernels: Kernels,
    packed: Tensor<2>,
    segments: &Arc<Vec<Segment>>,
    heads: Heads,
) -> Tensor<2> {
    match kernels {
        Kernels::Plain | Kernels::Mixed => plain::attend(packed, segments, heads),
        Kernels::Fused => {
            let all = fused::api::attend(packed, segments.clone(), heads);
            match segments.first().map_or(0, |first| first.rows.start) {
                0 => all,
                start => all.slice([start..]),
            }
        }
    }
}

/// `silu(gate) * up` of rows that hold gate, then up: `[n, 2 * inner]` -> `[n, inner]`.
pub(crate) fn swiglu(kernels: Kernels, gate_up: Tensor<2>) -> Tensor<2> {
    match kernels {
        Kernels::Plain | Kernels::Mixed => plain::swiglu(gate_up),
        Kernels::Fused => fused::api::swiglu(gate_up),
    }
}

/// GELU in its tanh form.
pub(crate) fn gelu_tanh(kernels: Kernels, x: Tensor<2>) -> Tensor<2> {
    match kernels {
        Kernels::Plain | Kernels::Mixed => plain::gelu_tanh(x),
        Kernels::Fused => fused::api::gelu_tanh(x),
    }
}

/// GELU with the error function.
pub(crate) fn gelu_erf(kernels: Kernels, x: Tensor<2>) -> Tensor<2> {
    match kernels {
        Kernels::Plain | Kernels::Mixed => burn::tensor::activation::gelu(x),
        Kernels::Fused => fused::api::gelu_erf(x),
    }
}

/// Rows of a table: `[rows, width]`, `[n]` -> `[n, width]`.
pub(crate) fn gather_rows(kernels: Kernels, table: Tensor<2>, index: &Arc<Vec<u32>>) -> Tensor<2> {
    match kernels {
        Kernels::Plain | Kernels::Mixed => plain::gather_rows(table, index),
        Kernels::Fused => fused::api::gather(table, index.clone()),
    }
}

/// Rows of an embedding, as the layers add to them: `[rows, width]`, `[n]` -> `[n, width]`.
pub(crate) fn embedding(kernels: Kernels, table: Tensor<2>, ids: &Arc<Vec<u32>>) -> Tensor<2> {
    let rows = gather_rows(kernels, table, ids);
    if kernels == Kernels::Mixed { full(half(rows)) } else { rows }
}

/// Replaces rows; the indices are distinct.
pub(crate) fn put_rows(
    kernels: Kernels,
    base: Tensor<2>,
    rows: Tensor<2>,
    index: &Arc<Vec<u32>>,
) -> Tensor<2> {
    match kernels {
        Kernels::Plain | Kernels::Mixed => plain::put_rows(base, rows, index),
        Kernels::Fused => fused::api::put(base, rows, index.clone()),
    }
}

/// Adds to rows; the indices are distinct.
pub(crate) fn add_rows(
    kernels: Kernels,
    base: Tensor<2>,
    rows: Tensor<2>,
    index: &Arc<Vec<u32>>,
) -> Tensor<2> {
    match kernels {
        Kernels::Plain | Kernels::Mixed => plain::add_rows(base, rows, index),
        Kernels::Fused => fused::api::add(base, rows, index.clone()),
    }
}

/// `log softmax(logits * scale)[target]`: `[n, vocab]`, `[n]` -> `[n]`.
pub(crate) fn target_logprobs(
    kernels: Kernels,
    logits: Tensor<2>,
    targets: &Arc<Vec<u32>>,
    scale: f32,
) -> Tensor<1> {
    match kernels {
        Kernels::Plain => plain::target_logprobs(logits, targets, scale),
        Kernels::Mixed => plain::target_logprobs(full(logits), targets, scale),
        Kernels::Fused => fused::api::logprob(logits, targets.clone(), scale),
    }
}

/// Entropy of `softmax(logits * scale)` in nats: `[n, vocab]` -> `[n]`.
pub(crate) fn entropy(kernels: Kernels, logits: Tensor<2>, scale: f32) -> Tensor<1> {
    match kernels {
        Kernels::Plain => plain::entropy(logits, scale),
        Kernels::Mixed => plain::entropy(full(logits), scale),
        Kernels::Fused => fused::api::entropy(logits, scale),
    }
}
