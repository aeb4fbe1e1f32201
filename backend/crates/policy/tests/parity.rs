//! Every stage against the reference implementation's numbers, with both forms of the
//! operations.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use burn::module::Module;
use burn::tensor::Tensor;
use common::{Golden, close, golden};
use policy::model::Model;
use policy::ops::Kernels;
use policy::packed::Packed;

const LIMIT: f64 = 1e-4;

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn for_both(check: impl Fn(&Golden, Model)) {
    let golden = golden();
    for kernels in [Kernels::Plain, Kernels::Fused] {
        eprintln!("--- {kernels:?}");
        check(&golden, golden.model().with_kernels(kernels));
    }
}

#[test]
fn positions_are_exact() {
    let golden = golden();
    let prompt = golden.prompt();
    let ours: Vec<i64> =
        (0..3).flat_map(|axis| prompt.positions.iter().map(move |p| i64::from(p[axis]))).collect();
    assert_eq!(ours, golden.ints["position_ids"]);
}

#[test]
fn stages_agree() {
    for_both(|golden, model| {
        let mut packed = Packed::new();
        packed.prefix(&golden.prompt());
        let trace = model.trace(&packed);
        let vision = trace.vision.unwrap();
        close("vision_merged", &numbers(vision.merged), &golden.floats["vision_merged"], LIMIT);
        for (i, level) in vision.deepstack.into_iter().enumerate() {
            close("deepstack", &numbers(level), &golden.floats[&format!("deepstack_{i}")], LIMIT);
        }
        for (i, hidden) in trace.hidden.iter().enumerate() {
            close(
                "hidden",
                &numbers(hidden.clone()),
                &golden.floats[&format!("hidden_{i}")],
                LIMIT,
            );
        }
        let logits = model.logits(trace.hidden.last().unwrap().clone());
        close("logits", &numbers(logits), &golden.floats["logits"], LIMIT);
    });
}

#[test]
fn continuation_and_gradients_agree() {
    for_both(|golden, model| {
        let model = model.train();
        let ids = golden.ids("continuation");
        let mut packed = Packed::new();
        let prefix = packed.prefix(&golden.prompt());
        let suffix = packed.suffix(prefix, &ids);
        let hidden = model.forward(&packed);
        let logprobs =
            model.logprobs(model.select(hidden, &packed.target_rows(suffix, 0)), &ids, 1.0);
        close(
            "continuation_logprobs",
            &numbers(logprobs.clone()),
            &golden.floats["continuation_logprobs"],
            LIMIT,
        );
        let grads = logprobs.sum().backward();
        let text = &model.language_model.layers;
        for (name, weight) in [
            (
                "model.language_model.layers.0.self_attn.q_proj.weight",
                &text[0].self_attn.q_proj.weight,
            ),
            ("model.language_model.layers.1.mlp.down_proj.weight", &text[1].mlp.down_proj.weight),
            ("model.visual.patch_embed.proj.weight", &model.visual.patch_embed.proj.weight),
        ] {
            let grad = weight.val().grad(&grads).unwrap();
            close(name, &numbers(grad), &golden.floats[&format!("grad:{name}")], LIMIT);
        }
    });
}
