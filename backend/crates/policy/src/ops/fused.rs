//! The fused operations as the tensor library sees them: forward passes for its CPU backend,
//! which `fused_grad` wraps for automatic differentiation.

use super::cpu::activation::{self, Gelu};
use super::cpu::rotate::Norms;
use super::cpu::{attention, linear, logprob, norm, rotate, rows};
use super::{HeadNorms, Heads, Rope};
use crate::packed::Segment;
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Bytes, DType, Shape, Tensor};
use std::sync::Arc;

/// Patches of a batch in shared pieces.
pub type Pieces = Arc<Vec<Arc<Vec<f32>>>>;
/// Row or token indices.
pub type Index = Arc<Vec<u32>>;
/// Segments of a batch.
pub type Segments = Arc<Vec<Segment>>;

/// Forward passes of the fused operations; shapes as in the parent module.
#[backend_extension(Flex, Autodiff)]
pub trait FusedOps: Backend {
    /// Linear layer without bias.
    fn policy_linear(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Linear layer with bias.
    fn policy_linear_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
    /// Linear layer over shared pieces of constant rows.
    fn policy_linear_shared(
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        pieces: Pieces,
    ) -> FloatTensor<Self>;
    /// RMS norm.
    fn policy_rms_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        eps: f32,
    ) -> FloatTensor<Self>;
    /// Layer norm.
    fn policy_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f32,
    ) -> FloatTensor<Self>;
    /// Rotation of heads.
    fn policy_rotate(x: FloatTensor<Self>, rope: Rope, heads: Heads) -> FloatTensor<Self>;
    /// Norm and rotation of heads.
    fn policy_norm_rotate(
        x: FloatTensor<Self>,
        query: FloatTensor<Self>,
        key: FloatTensor<Self>,
        rope: Rope,
        heads: Heads,
        eps: f32,
    ) -> FloatTensor<Self>;
    /// Attention in segments.
    fn policy_attend(x: FloatTensor<Self>, segments: Segments, heads: Heads) -> FloatTensor<Self>;
    /// SwiGLU.
    fn policy_swiglu(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// GELU with the error function.
    fn policy_gelu_erf(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// GELU in tanh form.
    fn policy_gelu_tanh(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Rows of a table.
    fn policy_gather(table: FloatTensor<Self>, index: Index) -> FloatTensor<Self>;
    /// Replaces rows.
    fn policy_put(
        base: FloatTensor<Self>,
        values: FloatTensor<Self>,
        index: Index,
    ) -> FloatTensor<Self>;
    /// Adds to rows.
    fn policy_add(
        base: FloatTensor<Self>,
        values: FloatTensor<Self>,
        index: Index,
    ) -> FloatTensor<Self>;
    /// Log-probabilities of targets.
    fn policy_logprob(logits: FloatTensor<Self>, targets: Index, scale: f32) -> FloatTensor<Self>;
    /// Entropies.
    fn policy_entropy(logits: FloatTensor<Self>, scale: f32) -> FloatTensor<Self>;
}

impl FusedOps for Flex {
    fn policy_linear(x: FlexTensor, weight: FlexTensor) -> FlexTensor {
        let (x, weight) = (whole(x), whole(weight));
        let [out, inner] = dims(&weight);
        tensor(linear::forward(floats(&x), floats(&weight), &[], inner), [dims(&x)[0], out])
    }
    fn policy_linear_bias(x: FlexTensor, weight: FlexTensor, bias: FlexTensor) -> FlexTensor {
        let (x, weight, bias) = (whole(x), whole(weight), whole(bias));
        let [out, inner] = dims(&weight);
        tensor(
            linear::forward(floats(&x), floats(&weight), floats(&bias), inner),
            [dims(&x)[0], out],
        )
    }
    fn policy_linear_shared(weight: FlexTensor, bias: FlexTensor, pieces: Pieces) -> FlexTensor {
        let (weight, bias) = (whole(weight), whole(bias));
        let [out, inner] = dims(&weight);
        let y = linear::forward_pieces(&slices(&pieces), floats(&weight), floats(&bias), inner);
        let rows = y.len() / out;
        tensor(y, [rows, out])
    }
    fn policy_rms_norm(x: FlexTensor, weight: FlexTensor, eps: f32) -> FlexTensor {
        let (x, weight) = (whole(x), whole(weight));
        tensor(norm::rms_forward(floats(&x), floats(&weight), eps), dims(&x))
    }
    fn policy_layer_norm(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        eps: f32,
    ) -> FlexTensor {
        let (x, weight, bias) = (whole(x), whole(weight), whole(bias));
        tensor(norm::layer_forward(floats(&x), floats(&weight), floats(&bias), eps), dims(&x))
    }
    fn policy_rotate(x: FlexTensor, rope: Rope, heads: Heads) -> FlexTensor {
        let x = whole(x);
        tensor(rotate::forward(floats(&x), None, &rope, heads), dims(&x))
    }
    fn policy_norm_rotate(
        x: FlexTensor,
        query: FlexTensor,
        key: FlexTensor,
        rope: Rope,
        heads: Heads,
        eps: f32,
    ) -> FlexTensor {
        let (x, query, key) = (whole(x), whole(query), whole(key));
        let norms = Norms { query: floats(&query), key: floats(&key), eps };
        tensor(rotate::forward(floats(&x), Some(norms), &rope, heads), dims(&x))
    }
    fn policy_attend(x: FlexTensor, segments: Segments, heads: Heads) -> FlexTensor {
        let x = whole(x);
        let (out, _) = attention::forward(floats(&x), &segments, heads);
        tensor(out, [dims(&x)[0], heads.queries * heads.dim])
    }
    fn policy_swiglu(x: FlexTensor) -> FlexTensor {
        let x = whole(x);
        let [n, width] = dims(&x);
        tensor(activation::swiglu_forward(floats(&x), width / 2), [n, width / 2])
    }
    fn policy_gelu_erf(x: FlexTensor) -> FlexTensor {
        let x = whole(x);
        tensor(activation::gelu_forward(floats(&x), Gelu::Erf), dims(&x))
    }
    fn policy_gelu_tanh(x: FlexTensor) -> FlexTensor {
        let x = whole(x);
        tensor(activation::gelu_forward(floats(&x), Gelu::Tanh), dims(&x))
    }
    fn policy_gather(table: FlexTensor, index: Index) -> FlexTensor {
        let table = whole(table);
        let width = dims(&table)[1];
        tensor(rows::gather(floats(&table), width, &index), [index.len(), width])
    }
    fn policy_put(base: FlexTensor, values: FlexTensor, index: Index) -> FlexTensor {
        changed(base, &values, |base, values, width| rows::put(base, values, width, &index))
    }
    fn policy_add(base: FlexTensor, values: FlexTensor, index: Index) -> FlexTensor {
        changed(base, &values, |base, values, width| rows::add(base, values, width, &index))
    }
    fn policy_logprob(logits: FlexTensor, targets: Index, scale: f32) -> FlexTensor {
        let logits = whole(logits);
        vector(logprob::forward(floats(&logits), &targets, scale))
    }
    fn policy_entropy(logits: FlexTensor, scale: f32) -> FlexTensor {
        let logits = whole(logits);
        vector(logprob::entropy(floats(&logits), dims(&logits)[1], scale))
    }
}

/// `base` with some rows changed; copied only if someone else holds it.
pub(super) fn changed(
    base: FlexTensor,
    values: &FlexTensor,
    change: impl FnOnce(&mut [f32], &[f32], usize),
) -> FlexTensor {
    let (mut base, values) = (whole(base), whole(values.clone()));
    let width = dims(&base)[1];
    change(base.storage_mut(), floats(&values), width);
    base
}

/// Contiguous and from the start of its storage.
pub(super) fn whole(x: FlexTensor) -> FlexTensor {
    let layout = x.layout();
    let len: usize = layout.shape().iter().product();
    if layout.is_contiguous() && layout.start_offset() == 0 && x.storage::<f32>().len() == len {
        return x;
    }
    x.to_contiguous()
}

pub(super) fn floats(x: &FlexTensor) -> &[f32] {
    x.storage()
}

pub(super) fn dims(x: &FlexTensor) -> [usize; 2] {
    let shape = x.layout().shape();
    [shape[0], shape[1]]
}

pub(super) fn tensor(values: Vec<f32>, shape: [usize; 2]) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(Shape::new(shape)), DType::F32)
}

pub(super) fn vector(values: Vec<f32>) -> FlexTensor {
    let shape = Shape::new([values.len()]);
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(shape), DType::F32)
}

pub(super) fn slices(pieces: &Pieces) -> Vec<&[f32]> {
    pieces.iter().map(|piece| piece.as_slice()).collect()
}

/// What the model calls: the same operations on tensors.
pub(super) mod api {
    use super::*;

    macro_rules! tensor_fn {
        ($name:ident = $op:ident ($($tensor:ident : $rank:literal),+ $(; $($arg:ident : $ty:ty),+)?) -> $out:literal) => {
            pub fn $name($($tensor: Tensor<$rank>),+ $(, $($arg: $ty),+)?) -> Tensor<$out> {
                Tensor::from_dispatch(<Dispatch as FusedOps>::$op($($tensor.into_dispatch()),+ $(, $($arg),+)?))
            }
        };
    }

    tensor_fn!(linear = policy_linear(x: 2, weight: 2) -> 2);
    tensor_fn!(linear_bias = policy_linear_bias(x: 2, weight: 2, bias: 1) -> 2);
    tensor_fn!(linear_shared = policy_linear_shared(weight: 2, bias: 1; pieces: Pieces) -> 2);
    tensor_fn!(rms_norm = policy_rms_norm(x: 2, weight: 1; eps: f32) -> 2);
    tensor_fn!(layer_norm = policy_layer_norm(x: 2, weight: 1, bias: 1; eps: f32) -> 2);
    tensor_fn!(rotate_only = policy_rotate(x: 2; rope: Rope, heads: Heads) -> 2);
    tensor_fn!(norm_rotate = policy_norm_rotate(x: 2, query: 1, key: 1; rope: Rope, heads: Heads, eps: f32) -> 2);
    tensor_fn!(attend = policy_attend(x: 2; segments: Segments, heads: Heads) -> 2);
    tensor_fn!(swiglu = policy_swiglu(x: 2) -> 2);
    tensor_fn!(gelu_erf = policy_gelu_erf(x: 2) -> 2);
    tensor_fn!(gelu_tanh = policy_gelu_tanh(x: 2) -> 2);
    tensor_fn!(gather = policy_gather(table: 2; index: Index) -> 2);
    tensor_fn!(put = policy_put(base: 2, values: 2; index: Index) -> 2);
    tensor_fn!(add = policy_add(base: 2, values: 2; index: Index) -> 2);
    tensor_fn!(logprob = policy_logprob(logits: 2; targets: Index, scale: f32) -> 1);
    tensor_fn!(entropy = policy_entropy(logits: 2; scale: f32) -> 1);

    pub fn rotate(x: Tensor<2>, norms: Option<HeadNorms>, rope: &Rope, heads: Heads) -> Tensor<2> {
        match norms {
            None => rotate_only(x, rope.clone(), heads),
            Some(norms) => norm_rotate(x, norms.query, norms.key, rope.clone(), heads, norms.eps),
        }
    }
}
