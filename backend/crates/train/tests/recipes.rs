//! Every recipe runs, and those that carry something from step to step resume bit for bit.

mod common;

use shared::config::RunConfig;
use shared::event::{EventBody, RunEvent, StepMetrics};
use shared::recipe::{Recipe, Switch};
use shared::rollout::Group;
use std::path::Path;
use train::{NoControl, Outcome};

/// A short run of four questions a step under a recipe.
fn config(recipe: Recipe, steps: u64) -> RunConfig {
    let mut config = recipe.applied(&common::config(steps));
    config.grpo.prompts_per_step = 4;
    config
}

fn steps(events: &[RunEvent]) -> Vec<StepMetrics> {
    let step = |event: &RunEvent| match &event.body {
        EventBody::Step(metrics) => Some(metrics.clone()),
        _ => None,
    };
    events.iter().filter_map(step).collect()
}

fn groups(events: &[RunEvent]) -> Vec<Group> {
    let group = |event: &RunEvent| match &event.body {
        EventBody::RolloutGroup(group) => Some((**group).clone()),
        _ => None,
    };
    events.iter().filter_map(group).collect()
}

fn run(dir: &Path, name: &str, config: RunConfig) -> Vec<RunEvent> {
    let (outcome, events) = common::run(common::inputs(dir, name, config), false, &mut NoControl);
    assert_eq!(outcome.expect(name), Outcome::Finished);
    events
}

#[test]
fn every_recipe_makes_its_steps() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 2);
    for recipe in Recipe::ALL {
        let events = run(dir.path(), recipe.name(), config(*recipe, 2));
        let steps = steps(&events);
        assert_eq!(steps.len(), 2, "{recipe}");
        for step in &steps {
            assert!(!step.skipped && step.loss.is_finite(), "{recipe}: {step:?}");
            assert!(step.grad_norm > 0.0 && step.grad_norm < 1e3, "{recipe}: {step:?}");
            assert!(step.logprob_gap < 1e-3, "{recipe}: {step:?}");
        }
        let measured = groups(&events).iter().filter(|g| !g.rollouts[0].visual.is_empty()).count();
        assert_eq!(measured, 2, "{recipe}: an eighth of four groups, rounded up, in each step");
        if *recipe == Recipe::Dump {
            assert_eq!(steps[1].curriculum.len(), 2);
            assert!((steps[1].curriculum.values().sum::<f64>() - 1.0).abs() < 1e-9);
        }
        if *recipe == Recipe::TGrpo {
            let bonus = |g: &Group| g.rollouts.iter().any(|r| r.bonus == 0.3);
            assert!(groups(&events).iter().any(bonus), "some answer is good");
        }
    }
}

/// With a spread that no group reaches, every round is asked and all but a step's worth replaced.
#[test]
fn refill_asks_until_its_rounds_are_over() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 1);
    let mut config = config(Recipe::Grpo, 1);
    config.select.refill = 2;
    config.select.min_std = 1.0;
    let events = run(dir.path(), "run", config);
    let step = &steps(&events)[0];
    assert_eq!((groups(&events).len(), step.replaced_groups), (4, 8));
    assert_eq!(step.dead_group_share, 1.0);
}

#[test]
fn a_blank_video_is_a_run_of_its_own() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 1);
    let mut config = config(Recipe::Grpo, 1);
    config.vision.blank = Switch::On;
    let events = run(dir.path(), "run", config);
    let seen = groups(&events).into_iter().flat_map(|g| g.rollouts).flat_map(|r| r.visual);
    let most = seen.map(f32::abs).fold(0.0, f32::max);
    assert!(most < 1e-3, "nothing is left to see: {most}");
}

/// Answers drawn ahead of their step, and what the curriculum knows, are part of a checkpoint.
#[test]
fn what_is_carried_between_steps_resumes() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 2);
    let mut overlapping = config(Recipe::Grpo, 6);
    overlapping.update.overlap = Switch::On;
    overlapping.update.tis_cap = 2.0;
    for (name, config) in [("dump", config(Recipe::Dump, 6)), ("overlap", overlapping)] {
        let whole = run(dir.path(), &format!("{name}-whole"), config.clone());
        let broken = || common::inputs(dir.path(), &format!("{name}-broken"), config.clone());
        let mut stop = common::Script::new(3, &[shared::event::Control::Stop]);
        let (outcome, first) = common::run(broken(), false, &mut stop);
        assert_eq!(outcome.expect("ran"), Outcome::Stopped);
        let (outcome, second) = common::run(broken(), true, &mut NoControl);
        assert_eq!(outcome.expect("ran"), Outcome::Finished);
        assert_eq!([groups(&first), groups(&second)].concat(), groups(&whole), "{name}");
        if name == "overlap" {
            let behind: Vec<u64> = steps(&whole).iter().map(|s| s.weights_behind).collect();
            assert_eq!(behind, [0, 1, 1, 1, 1, 1]);
        }
        let weights = |run: &str| {
            let file = format!("{name}-{run}/checkpoints/6/policy/model.safetensors");
            std::fs::read(dir.path().join(file)).expect("a checkpoint")
        };
        assert!(weights("whole") == weights("broken"), "{name}");
    }
}
