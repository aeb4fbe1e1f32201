//! One update: what groups share changes nothing, and what is not a number changes nothing.

mod common;

use burn::module::Module;
use policy::{Policy, SamplingOptions, generate};
use shared::config::RunConfig;
use shared::task::{Difficulty, Perturbation, Task};
use train::optim::{AdamW, weights_hash};
use train::step::{Learner, Scored, ScoredGroup};

fn learner(policy: &Policy) -> Learner {
    let config = RunConfig::default();
    Learner {
        model: policy.model.clone().train(),
        reference: common::fresh(2).model,
        optim: AdamW::new(0.01),
        device: policy.device.clone(),
        grpo: config.grpo,
        settings: config.optim,
        temperature: 1.0,
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
            .map(|(a, advantage)| Scored { ids: a.ids, old: a.logprobs, advantage })
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
        answers: vec![Scored {
            ids: answer.ids.clone(),
            old: answer.old.clone(),
            advantage: answer.advantage,
        }],
    };
    groups
        .iter()
        .flat_map(|group| group.answers.iter().map(move |answer| one(group, answer)))
        .collect()
}

#[test]
fn a_shared_prompt_gives_the_gradient_of_separate_sequences() {
    let policy = common::fresh(1);
    let learner = learner(&policy);
    let shared = groups(&policy);
    let separate = apart(&shared);
    let count = separate.iter().map(|group| group.answers[0].ids.len()).sum();
    let together = learner.gradients_of(&shared, count);
    let mut parts = separate.chunks(1).map(|group| learner.gradients_of(group, count));
    let first = parts.next().expect("six answers");
    let summed = parts.fold(first, |sum, part| sum.plus(part)).values();
    let together = together.values();
    let length = together.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
    let apart: f64 =
        together.iter().zip(&summed).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
    assert!(length > 1e-3, "there is a gradient: {length}");
    assert!(apart < 1e-4 * length, "{apart} of {length}");
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
    let report = learner.update(&groups);
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
        let report = learner.update(&groups);
        assert!(report.skipped, "{advantage} {report:?}");
        assert_eq!((weights_hash(&learner.model), learner.optim.updates()), (before, 0));
        groups[0].answers[0].advantage = 1.0;
        learner.settings.skip_above = 1e3;
        assert!(!learner.update(&groups).skipped);
        assert_ne!(weights_hash(&learner.model), before);
    }
}
