//! Hand-written gradients of the fused operations, first order.

use super::cpu::activation::{self, Gelu};
use super::cpu::rotate::Norms;
use super::cpu::{attention, linear, logprob, norm, rotate, rows};
use super::fused::{
    FusedOps, Index, Pieces, Segments, changed, dims, floats, slices, tensor, vector, whole,
};
use super::{Heads, Rope};
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use std::fmt;
use std::sync::Arc;

type Float<C> = FloatTensor<Autodiff<Flex, C>>;

/// The gradients of `N` inputs from the output's.
#[derive(Clone)]
struct Rule<const N: usize>(Arc<dyn Fn(FlexTensor) -> [FlexTensor; N] + Send + Sync>);

impl<const N: usize> fmt::Debug for Rule<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule<{N}>")
    }
}

/// A step of the backward pass whose state is its rule.
#[derive(Debug)]
struct Step;

impl<const N: usize> Backward<Flex, N> for Step {
    type State = Rule<N>;

    fn backward(
        self,
        ops: Ops<Rule<N>, N>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<Flex>(&ops.node);
        let inputs = (ops.state.0)(whole(grad));
        for (parent, grad) in ops.parents.into_iter().zip(inputs) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, grad);
            }
        }
    }
}

/// Runs `forward` on the inputs, which gives the output and the rule of its gradient, and notes
/// the rule if any input needs it.
fn record<C: CheckpointStrategy, const N: usize, R>(
    inputs: [Float<C>; N],
    forward: impl FnOnce([FlexTensor; N]) -> (FlexTensor, R),
) -> Float<C>
where
    R: Fn(FlexTensor) -> [FlexTensor; N] + Send + Sync + 'static,
{
    let mut values = Vec::with_capacity(N);
    let nodes = inputs.map(|input| {
        let (value, node) = input.into_parts();
        values.push(whole(value));
        node
    });
    let values = <[FlexTensor; N]>::try_from(values).expect("one value per input");
    let (out, rule) = forward(values);
    match Step.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(Rule(Arc::new(rule)), out),
        OpsKind::UnTracked(prep) => prep.finish(out),
    }
}

impl<C: CheckpointStrategy> FusedOps for Autodiff<Flex, C> {
    fn policy_linear(x: Float<C>, weight: Float<C>) -> Float<C> {
        record::<C, 2, _>([x, weight], |[x, weight]| {
            let y = Flex::policy_linear(x.clone(), weight.clone());
            (y, move |g| {
                let [out, inner] = dims(&weight);
                let dx = linear::input_grad(floats(&g), floats(&weight), inner);
                let (dw, _) = linear::weight_grad(&[floats(&x)], floats(&g), inner, out);
                [tensor(dx, dims(&x)), tensor(dw, [out, inner])]
            })
        })
    }

    fn policy_linear_bias(x: Float<C>, weight: Float<C>, bias: Float<C>) -> Float<C> {
        record::<C, 3, _>([x, weight, bias], |[x, weight, bias]| {
            let y = Flex::policy_linear_bias(x.clone(), weight.clone(), bias);
            (y, move |g| {
                let [out, inner] = dims(&weight);
                let dx = linear::input_grad(floats(&g), floats(&weight), inner);
                let (dw, db) = linear::weight_grad(&[floats(&x)], floats(&g), inner, out);
                [tensor(dx, dims(&x)), tensor(dw, [out, inner]), vector(db)]
            })
        })
    }

    fn policy_linear_shared(weight: Float<C>, bias: Float<C>, pieces: Pieces) -> Float<C> {
        record::<C, 2, _>([weight, bias], |[weight, bias]| {
            let y = Flex::policy_linear_shared(weight.clone(), bias, pieces.clone());
            (y, move |g| {
                let [out, inner] = dims(&weight);
                let (dw, db) = linear::weight_grad(&slices(&pieces), floats(&g), inner, out);
                [tensor(dw, [out, inner]), vector(db)]
            })
        })
    }

    fn policy_rms_norm(x: Float<C>, weight: Float<C>, eps: f32) -> Float<C> {
        record::<C, 2, _>([x, weight], |[x, weight]| {
            let y = Flex::policy_rms_norm(x.clone(), weight.clone(), eps);
            (y, move |g| {
                let (dx, dw) = norm::rms_backward(floats(&x), floats(&weight), floats(&g), eps);
                [tensor(dx, dims(&x)), vector(dw)]
            })
        })
    }

    fn policy_layer_norm(x: Float<C>, weight: Float<C>, bias: Float<C>, eps: f32) -> Float<C> {
        record::<C, 3, _>([x, weight, bias], |[x, weight, bias]| {
            let y = Flex::policy_layer_norm(x.clone(), weight.clone(), bias, eps);
            (y, move |g| {
                let (dx, dw, db) =
                    norm::layer_backward(floats(&x), floats(&weight), floats(&g), eps);
                [tensor(dx, dims(&x)), vector(dw), vector(db)]
            })
        })
    }

    fn policy_rotate(x: Float<C>, rope: Rope, heads: Heads) -> Float<C> {
        record::<C, 1, _>([x], |[x]| {
            let shape = dims(&x);
            let y = Flex::policy_rotate(x, rope.clone(), heads);
            (y, move |g| {
                let (dx, _, _) = rotate::backward(floats(&g), None, floats(&g), &rope, heads);
                [tensor(dx, shape)]
            })
        })
    }

    fn policy_norm_rotate(
        x: Float<C>,
        query: Float<C>,
        key: Float<C>,
        rope: Rope,
        heads: Heads,
        eps: f32,
    ) -> Float<C> {
        record::<C, 3, _>([x, query, key], |[x, query, key]| {
            let y = Flex::policy_norm_rotate(
                x.clone(),
                query.clone(),
                key.clone(),
                rope.clone(),
                heads,
                eps,
            );
            (y, move |g| {
                let norms = Norms { query: floats(&query), key: floats(&key), eps };
                let (dx, dq, dk) =
                    rotate::backward(floats(&x), Some(norms), floats(&g), &rope, heads);
                [tensor(dx, dims(&x)), vector(dq), vector(dk)]
            })
        })
    }

    fn policy_attend(x: Float<C>, segments: Segments, heads: Heads) -> Float<C> {
        record::<C, 1, _>([x], |[x]| {
            let (out, norms) = attention::forward(floats(&x), &segments, heads);
            let out = tensor(out, [dims(&x)[0], heads.queries * heads.dim]);
            let kept = out.clone();
            (out, move |g| {
                let saved =
                    attention::Saved { packed: floats(&x), out: floats(&kept), norms: &norms };
                [tensor(attention::backward(&saved, floats(&g), &segments, heads), dims(&x))]
            })
        })
    }

    fn policy_swiglu(x: Float<C>) -> Float<C> {
        record::<C, 1, _>([x], |[x]| {
            let y = Flex::policy_swiglu(x.clone());
            (y, move |g| {
                let [n, width] = dims(&x);
                [tensor(activation::swiglu_backward(floats(&x), floats(&g), width / 2), [n, width])]
            })
        })
    }

    fn policy_gelu_erf(x: Float<C>) -> Float<C> {
        gelu::<C>(x, Gelu::Erf)
    }

    fn policy_gelu_tanh(x: Float<C>) -> Float<C> {
        gelu::<C>(x, Gelu::Tanh)
    }

    fn policy_gather(table: Float<C>, index: Index) -> Float<C> {
        record::<C, 1, _>([table], |[table]| {
            let shape = dims(&table);
            let y = Flex::policy_gather(table, index.clone());
            (y, move |g| [tensor(rows::scatter_add(floats(&g), shape[1], &index, shape[0]), shape)])
        })
    }

    fn policy_put(base: Float<C>, values: Float<C>, index: Index) -> Float<C> {
        record::<C, 2, _>([base, values], |[base, values]| {
            let y = Flex::policy_put(base, values, index.clone());
            (y, move |g| {
                let dvalues = Flex::policy_gather(g.clone(), index.clone());
                let dbase = changed(g, &dvalues, |base, _, width| rows::clear(base, width, &index));
                [dbase, dvalues]
            })
        })
    }

    fn policy_add(base: Float<C>, values: Float<C>, index: Index) -> Float<C> {
        record::<C, 2, _>([base, values], |[base, values]| {
            let y = Flex::policy_add(base, values, index.clone());
            (y, move |g| {
                let dvalues = Flex::policy_gather(g.clone(), index.clone());
                [g, dvalues]
            })
        })
    }

    fn policy_logprob(logits: Float<C>, targets: Index, scale: f32) -> Float<C> {
        record::<C, 1, _>([logits], |[logits]| {
            let y = Flex::policy_logprob(logits.clone(), targets.clone(), scale);
            (y, move |g| {
                let grad = logprob::backward(floats(&logits), &targets, scale, floats(&g));
                [tensor(grad, dims(&logits))]
            })
        })
    }

    fn policy_entropy(logits: Float<C>, scale: f32) -> Float<C> {
        record::<C, 1, _>([logits], |[logits]| {
            let y = Flex::policy_entropy(logits.clone(), scale);
            (y, move |g| {
                let shape = dims(&logits);
                let grad = logprob::entropy_backward(floats(&logits), shape[1], scale, floats(&g));
                [tensor(grad, shape)]
            })
        })
    }
}

fn gelu<C: CheckpointStrategy>(x: Float<C>, form: Gelu) -> Float<C> {
    record::<C, 1, _>([x], |[x]| {
        let y = tensor(activation::gelu_forward(floats(&x), form), dims(&x));
        (y, move |g| [tensor(activation::gelu_backward(floats(&x), floats(&g), form), dims(&x))])
    })
}
