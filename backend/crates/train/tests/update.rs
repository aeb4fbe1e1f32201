//! One update: what groups share changes nothing, and what is not a number changes nothing.

mod common;

use burn::module::Module;
use burn::tensor::{FloatDType, Tensor};
use policy::ops::Kernels;
use policy::{Policy, SamplingOptions, generate, generate_after};
use shared::config::RunConfig;
use shared::recipe::{Aggregation, Ratio, Switch};
use shared::task::{Difficulty, Perturbation, Task};
use train::loss::Objective;
use train::optim::{AdamW, GradientSet, weights_hash};
use train::sheet::{Asked, logprobs_of};
use train::step::{Learner, Scored, ScoredGroup};

fn learner(policy: &Policy) -> Learner {
    let config = RunConfig::default();
    Learner {
        model: policy.model.clone().train(),
        reference: common::fresh(2).model,
        optim: AdamW::new(0.01),
        device: policy.device.clone(),
        objective: Objective { grpo: config.grpo, update: config.update, papo: 0.0 },
        settings: config.optim,
        temperature: 1.0,
        longest: 16,
    }
}

/// Two prompts with three sampled answers each, with made-up advantages.
fn groups(policy: &Policy) -> Vec<ScoredGroup> {
    let tasks = [
        Task::Counting { difficulty: Difficulty::Easy },
        Task::Grounding { perturbation: Perturbation::Mirror },
    ];
    let prompts: Vec<_> =
        (3..).zip(tasks).map(|(seed, task)| common::question(policy, task, seed).prompt).collect();
    let options = SamplingOptions { max_new: 6, ..SamplingOptions::default() };
    let answers =
        generate(policy, &prompts, &[vec![1, 2, 3], vec![4, 5, 6]], &options).expect("answers");
    let scored = |answers: Vec<policy::Generated>| {
        let advantages = [1.0, -0.5, 0.25];
        answers
            .into_iter()
            .zip(advantages)
            .map(|(a, advantage)| Scored {
                ids: a.ids,
                old: a.logprobs,
                advantage,
                ..Scored::default()
            })
            .collect()
    };
    prompts
        .into_iter()
        .zip(answers)
        .map(|(prompt, answers)| ScoredGroup { prompt, answers: scored(answers) })
        .collect()
}

/// Every answer in a group of its own.
fn apart(groups: &[ScoredGroup]) -> Vec<ScoredGroup> {
    let one = |group: &ScoredGroup, answer: &Scored| ScoredGroup {
        prompt: group.prompt.clone(),
        answers: vec![answer.clone()],
    };
    groups
        .iter()
        .flat_map(|group| group.answers.iter().map(move |answer| one(group, answer)))
        .collect()
}

/// Relative distance of two gradients, and the length of the first.
fn distance(a: &GradientSet, b: &GradientSet) -> (f64, f64) {
    let (a, b) = (a.values(), b.values());
    let length = a.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
    let apart = a.iter().zip(&b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
    (apart / length, length)
}

/// With every recipe's loss: a sequence's ratio, its share and its weights do not hang on what
/// stands beside it.
#[test]
fn a_shared_prompt_gives_the_gradient_of_separate_sequences() {
    let policy = common::fresh(1);
    for (aggregation, ratio) in [
        (Aggregation::TokenMean, Ratio::Token),
        (Aggregation::SeqMean, Ratio::Sequence),
        (Aggregation::SeqNorm, Ratio::Token),
    ] {
        let mut learner = learner(&policy);
        learner.objective.update.aggregation = aggregation;
        learner.objective.update.ratio = ratio;
        let shared = groups(&policy);
        let separate = apart(&shared);
        let together = learner.gradients_of(&shared, None).expect("answers");
        let summed = learner.gradients_of(&separate, None).expect("answers");
        let (apart, length) = distance(&together, &summed);
        assert!(length > 1e-3, "there is a gradient: {length}");
        assert!(apart < 1e-5, "{aggregation} {ratio}: {apart}");
    }
}

/// Parts are updates of their own: the second is made from the weights after the first.
#[test]
fn parts_are_updates_in_order() {
    let policy = common::fresh(1);
    let groups = groups(&policy);
    let mut in_parts = learner(&policy);
    in_parts.objective.update.minibatches = 2;
    let report = in_parts.update(&groups, None);
    let mut one_by_one = learner(&policy);
    for group in groups.chunks(1) {
        one_by_one.update(group, None);
    }
    assert_eq!(report.updates, 2);
    assert_eq!(weights_hash(&in_parts.model), weights_hash(&one_by_one.model));
    assert!(report.approx_kl != 0.0, "the second part's weights are not those that answered");
    assert!(report.logprob_gap < 1e-4, "the first part's are: {report:?}");
}

/// What the batch is scored by beside sampling agrees with sampling, token by token.
#[test]
fn log_probabilities_asked_for_are_those_at_sampling() {
    let policy = common::fresh(1);
    let groups = groups(&policy);
    let asked: Vec<Asked> = groups
        .iter()
        .map(|group| Asked {
            prompt: &group.prompt,
            answers: group.answers.iter().map(|answer| answer.ids.as_slice()).collect(),
        })
        .collect();
    let got = logprobs_of(&policy.model, &asked, 1.0);
    for (group, got) in groups.iter().zip(got) {
        for (answer, got) in group.answers.iter().zip(got) {
            assert_eq!(answer.old.len(), got.len());
            let near = answer.old.iter().zip(got).all(|(a, b)| (a - b).abs() < 1e-4);
            assert!(near, "{answer:?}");
        }
    }
}

#[test]
fn sampling_and_scoring_agree_on_the_log_probabilities() {
    // With the same weights every ratio is 1: the loss is minus the token mean of the
    // advantages, and nothing is clipped.
    let policy = common::fresh(1);
    let mut learner = learner(&policy);
    learner.reference = policy.model.clone();
    let groups = groups(&policy);
    let tokens: Vec<f64> = groups
        .iter()
        .flat_map(|g| &g.answers)
        .flat_map(|a| a.ids.iter().map(|_| a.advantage))
        .collect();
    let want = -tokens.iter().sum::<f64>() / tokens.len() as f64;
    let report = learner.update(&groups, None);
    assert!((report.loss - want).abs() < 1e-4, "{report:?} {want}");
    assert!(report.kl.abs() < 1e-6 && report.clip_share == 0.0 && !report.skipped, "{report:?}");
}

#[test]
fn an_update_that_is_not_a_number_or_explodes_is_skipped_whole() {
    let policy = common::fresh(1);
    let before = weights_hash(&policy.model);
    for (advantage, limit) in [(f64::NAN, 1e3), (f64::INFINITY, 1e3), (1.0, 1e-3)] {
        let mut learner = learner(&policy);
        learner.settings.skip_above = limit;
        let mut groups = groups(&policy);
        groups[0].answers[0].advantage = advantage;
        let report = learner.update(&groups, None);
        assert!(report.skipped, "{advantage} {report:?}");
        assert_eq!((weights_hash(&learner.model), learner.optim.updates()), (before, 0));
        groups[0].answers[0].advantage = 1.0;
        learner.settings.skip_above = 1e3;
        assert!(!learner.update(&groups, None).skipped);
        assert_ne!(weights_hash(&learner.model), before);
    }
}

/// Passes of one group each, and layers computed again on the way back: the same gradient.
#[test]
fn saving_memory_changes_no_gradient() {
    let policy = common::fresh(1);
    let groups = groups(&policy);
    let mut learner = learner(&policy);
    learner.objective.update.entropy_coef = 0.1;
    let whole = learner.gradients_of(&groups, None).expect("answers");
    learner.objective.update.max_tokens_per_pass = 1;
    let accumulated = learner.gradients_of(&groups, None).expect("answers");
    let (apart, length) = distance(&whole, &accumulated);
    assert!(length > 1e-3 && apart > 0.0 && apart < 1e-5, "accumulated: {apart}");
    learner.objective.update.activation_checkpointing = Switch::On;
    let again = learner.gradients_of(&groups, None).expect("answers");
    let (apart, _) = distance(&accumulated, &again);
    assert!(apart < 1e-6, "computed again: {apart}");
}

/// Steps far below what bf16 can tell apart add up, since the weights stay f32.
#[test]
fn bf16_products_move_weights_of_f32() {
    let mut policy = common::fresh(1);
    assert!(policy.clone().mixed().is_err(), "the CPU computes in f32");
    let groups = groups(&policy);
    // Plain operations stand in for a GPU's.
    policy.model = policy.model.with_kernels(Kernels::Plain);
    let policy = policy.mixed().expect("plain operations can be mixed");
    let mut learner = learner(&policy);
    learner.reference = policy.model.clone().narrowed();
    learner.settings.learning_rate = 1e-7;
    let before = policy.model.language_model.layers[0].mlp.down_proj.weight.val();
    let report = learner.update(&groups, None);
    assert!(!report.skipped && report.kl.abs() < 1e-3, "{report:?}");
    let after = learner.plain().language_model.layers[0].mlp.down_proj.weight.val();
    assert_eq!(after.dtype(), before.dtype());
    let moved = (after.clone() - before.clone()).abs().max().into_scalar::<f32>();
    assert!(moved > 5e-8 && moved < 2e-7, "a step of AdamW's size: {moved}");
    let rounded = |x: Tensor<2>| x.cast(FloatDType::BF16).cast(FloatDType::F32);
    let changed = rounded(after).not_equal(rounded(before)).float().mean().into_scalar::<f32>();
    assert!(changed < 0.1, "bf16 would have lost most of it: {changed}");
}

/// Prompts read once, for sampling and for the update: the same answers to the last bit, and the
/// gradient of reading them twice.
#[test]
fn a_step_reads_its_prompts_once() {
    let policy = common::fresh(1);
    let groups = groups(&policy);
    let prompts: Vec<_> = groups.iter().map(|group| group.prompt.clone()).collect();
    let mut learner = learner(&policy);
    for aggregation in [Aggregation::TokenMean, Aggregation::SeqNorm] {
        learner.objective.update.aggregation = aggregation;
        let read = learner.read(&prompts, 3).expect("one pass is enough");
        let options = SamplingOptions { max_new: 6, ..SamplingOptions::default() };
        let seeds = [vec![1, 2, 3], vec![4, 5, 6]];
        let twice = generate(&policy, &prompts, &seeds, &options).expect("answers");
        let once = generate_after(&policy, &read, &prompts, &seeds, &options).expect("answers");
        assert_eq!(once, twice);
        let whole = learner.gradients_of(&groups, None).expect("answers");
        let reused = learner.gradients_of(&groups, Some(&read)).expect("answers");
        let (apart, length) = distance(&whole, &reused);
        assert!(length > 1e-3 && apart < 1e-5, "{aggregation}: {apart}");
    }
    learner.objective.update.minibatches = 2;
    assert!(learner.read(&prompts, 3).is_none(), "the second part has other weights");
}
