//! One function, many ways: plain and fused operations, shared and separate prefixes, all rows
//! and some.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "common/nano.rs"]
mod nano;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use common::relative;
use nano::{all_grads, numbers};
use policy::ops::Kernels;
use policy::{Model, Packed, PolicyConfig, Prompt, Staged};

/// Answers of several lengths to several prompts.
fn answers() -> Vec<Vec<Vec<u32>>> {
    vec![
        vec![vec![30, 31, 32, 2], vec![40, 2], vec![50]],
        vec![vec![60, 61, 62, 63, 64, 65, 2]],
        vec![vec![33, 34], vec![35, 2]],
    ]
}

/// Weighted log-probabilities of all answers: the numbers, and every gradient of their sum.
type Outcome = (Vec<f32>, Vec<(String, Vec<f32>)>);

fn weights(count: usize) -> Tensor<1> {
    let values: Vec<f32> = (0..count).map(|i| 0.3 + (i % 5) as f32 * 0.2).collect();
    Tensor::from_data(TensorData::new(values, [count]), &policy::pick("cpu").unwrap())
}

fn shared(model: &Model, prompts: &[Prompt]) -> Outcome {
    let model = model.clone().train();
    let (packed, rows, targets) = sequence(prompts);
    let logprobs = model.logprobs(model.forward_rows(&packed, &rows), &targets, 0.8);
    let loss = (logprobs.clone() * weights(targets.len())).sum();
    (numbers(logprobs), all_grads(&model, &loss.backward()))
}

fn separate(model: &Model, prompts: &[Prompt]) -> Outcome {
    let model = model.clone().train();
    let mut logprobs = Vec::new();
    for (prompt, answers) in prompts.iter().zip(answers()) {
        for answer in answers {
            let mut packed = Packed::new();
            let prefix = packed.prefix(prompt);
            let suffix = packed.suffix(prefix, &answer);
            let hidden = model.forward(&packed);
            logprobs.push(model.logprobs(
                model.select(hidden, &packed.target_rows(suffix, 0)),
                &answer,
                0.8,
            ));
        }
    }
    let logprobs = Tensor::cat(logprobs, 0);
    let loss = (logprobs.clone() * weights(logprobs.dims()[0])).sum();
    (numbers(logprobs), all_grads(&model, &loss.backward()))
}

fn flat(grads: &[(String, Vec<f32>)]) -> Vec<f32> {
    grads.iter().flat_map(|(_, g)| g.clone()).collect()
}

fn agree((a, a_grads): &Outcome, (b, b_grads): &Outcome, limit: f64) {
    assert!(relative(a, b) < limit, "log-probabilities: {:.2e}", relative(a, b));
    let whole = relative(&flat(a_grads), &flat(b_grads));
    eprintln!("log-probabilities {:.2e}, gradient {whole:.2e}", relative(a, b));
    assert!(whole < limit, "whole gradient: {whole:.2e}");
    for ((name, a), (_, b)) in a_grads.iter().zip(b_grads) {
        assert!(!a.is_empty(), "{name} has no gradient");
        let distance = relative(a, b);
        assert!(distance < 10.0 * limit, "{name}: {distance:.2e}");
    }
}

fn setting() -> (Model, Vec<Prompt>) {
    let policy = nano::policy(PolicyConfig::nano(320), 11);
    let prompts =
        [(1, 12), (2, 5), (3, 2)].map(|(seed, frames)| nano::prompt(&policy, seed, frames));
    (policy.model, prompts.to_vec())
}

#[test]
fn plain_and_fused_agree_in_values_and_all_gradients() {
    let (model, prompts) = setting();
    assert_eq!(model.kernels(), Kernels::Fused);
    let fused = shared(&model, &prompts);
    let plain = shared(&model.with_kernels(Kernels::Plain), &prompts);
    agree(&fused, &plain, 1e-5);
}

#[test]
fn a_shared_prefix_has_the_gradient_of_separate_sequences() {
    let (model, prompts) = setting();
    agree(&shared(&model, &prompts), &separate(&model, &prompts), 1e-5);
    let plain = model.with_kernels(Kernels::Plain);
    agree(&shared(&plain, &prompts), &separate(&plain, &prompts), 1e-5);
}

#[test]
fn gradients_repeat_to_the_last_bit_on_any_number_of_threads() {
    let (model, prompts) = setting();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| shared(&model, &prompts))
    };
    let (one, again, three) = (run(1), run(1), run(3));
    assert_eq!(one, again);
    assert_eq!(one, three);
}

#[test]
fn entropy_is_that_of_the_distribution() {
    let (model, prompts) = setting();
    for model in [model.clone(), model.with_kernels(Kernels::Plain)] {
        let mut packed = Packed::new();
        let prefix = packed.prefix(&prompts[0]);
        let last = packed.prefix_rows(prefix).end - 1;
        let hidden = model.forward_rows(&packed, &[last]);
        let (_, entropy) = model.logprobs_entropy(hidden.clone(), &[7], 0.7);
        let logits = numbers(model.logits(hidden));
        let weights: Vec<f64> = logits.iter().map(|&x| (f64::from(x) / 0.7).exp()).collect();
        let total: f64 = weights.iter().sum();
        let expected: f64 = weights.iter().map(|w| -(w / total) * (w / total).ln()).sum();
        assert!((f64::from(numbers(entropy)[0]) - expected).abs() < 1e-4);
    }
}

/// Prompts and answers as one sequence, the rows that predict the answers, and their tokens.
fn sequence(prompts: &[Prompt]) -> (Packed, Vec<usize>, Vec<u32>) {
    let mut packed = Packed::new();
    let (mut rows, mut targets) = (vec![], vec![]);
    for (prompt, answers) in prompts.iter().zip(answers()) {
        let prefix = packed.prefix(prompt);
        for answer in answers {
            let suffix = packed.suffix(prefix, &answer);
            rows.extend(packed.target_rows(suffix, 0));
            targets.extend(answer);
        }
    }
    (packed, rows, targets)
}

/// As [`shared`], keeping only what enters each layer.
fn recomputed(model: &Model, prompts: &[Prompt]) -> Outcome {
    let model = model.clone().train();
    let (packed, rows, targets) = sequence(prompts);
    let staged = Staged::new(&model, &packed, &rows);
    let end = staged.end();
    let logprobs = model.logprobs(staged.hidden(end.clone()), &targets, 0.8);
    let loss = (logprobs.clone() * weights(targets.len())).sum();
    let mut gradients = loss.backward();
    let mut total = all_grads(&model, &gradients);
    let add = |gradients: &mut burn::tensor::Gradients| {
        for ((_, sum), (_, more)) in total.iter_mut().zip(all_grads(&model, gradients)) {
            if sum.is_empty() {
                *sum = more;
            } else {
                sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            }
        }
    };
    staged.backward(end.grad_remove(&mut gradients).unwrap(), add);
    (numbers(logprobs), total)
}

#[test]
fn layers_computed_again_on_the_way_back_give_the_same_gradient() {
    let (model, mut prompts) = setting();
    agree(&shared(&model, &prompts), &recomputed(&model, &prompts), 1e-6);
    let plain = model.clone().with_kernels(Kernels::Plain);
    agree(&shared(&plain, &prompts), &recomputed(&plain, &prompts), 1e-5);
    // Without a clip the tower has no part in it.
    let policy = nano::policy(PolicyConfig::nano(320), 11);
    prompts = vec![policy.prompt(&[policy::Part::Text(nano::QUESTION)]).unwrap()];
    let ((a, whole), (b, again)) = (shared(&model, &prompts), recomputed(&model, &prompts));
    assert_eq!(a, b);
    assert!(relative(&flat(&whole), &flat(&again)) < 1e-6);
}

/// bf16 has 8 bits: what comes out is near the f32 numbers and not equal to them.
#[test]
fn products_in_bf16_stay_near_those_in_f32() {
    let (model, prompts) = setting();
    let plain = shared(&model.clone().with_kernels(Kernels::Plain), &prompts);
    let mixed_model = model.with_kernels(Kernels::Mixed);
    let mixed = shared(&mixed_model, &prompts);
    let far = relative(&plain.0, &mixed.0);
    assert!(far > 1e-6 && far < 1e-2, "log-probabilities: {far:.2e}");
    let far = relative(&flat(&plain.1), &flat(&mixed.1));
    assert!(far > 1e-6 && far < 3e-2, "gradient: {far:.2e}");
    // Parameters rounded beforehand give the same numbers as parameters rounded on the way.
    let (packed, rows, targets) = sequence(&prompts);
    let logprobs =
        |model: &Model| numbers(model.logprobs(model.forward_rows(&packed, &rows), &targets, 0.8));
    assert_eq!(logprobs(&mixed_model), logprobs(&mixed_model.clone().narrowed()));
}

#[test]
fn the_gradient_of_the_entropy_agrees_in_both_forms() {
    let (model, prompts) = setting();
    let (packed, rows, targets) = sequence(&prompts);
    let run = |kernels| {
        let model = model.clone().with_kernels(kernels).train();
        let hidden = model.forward_rows(&packed, &rows);
        let (_, entropy) = model.logprobs_entropy(hidden, &targets, 0.7);
        let loss = (entropy.clone() * weights(targets.len())).sum();
        (numbers(entropy), all_grads(&model, &loss.backward()))
    };
    agree(&run(Kernels::Fused), &run(Kernels::Plain), 1e-5);
}
