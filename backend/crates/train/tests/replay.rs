//! Rollouts of any step come out again, whichever checkpoints are left.

mod common;

use shared::config::RunConfig;
use train::NoControl;
use train::replay::{Place, replay};

fn quiet(_: &shared::event::RunEvent) {}

#[test]
fn a_hundred_rollouts_come_out_again() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 2);
    let mut config: RunConfig = common::config(13);
    config.checkpoint.every = 4;
    config.checkpoint.keep = 2;
    let inputs = || common::inputs(dir.path(), "run", config.clone());
    common::run(inputs(), false, &mut NoControl).0.expect("ran");
    let before = common::files(&dir.path().join("run"));
    // Of every step: those before the oldest checkpoint follow from the start.
    let all: Vec<Place> = (1..=13)
        .flat_map(|step| (0..2).map(move |group| (step, group)))
        .flat_map(|(step, group)| (0..4).map(move |rollout| Place { step, group, rollout }))
        .collect();
    assert_eq!(all.len(), 104);
    let replayed = replay(&inputs(), &all, &mut quiet).expect("made again");
    for (one, place) in replayed.iter().zip(&all) {
        assert_eq!((one.place, one.first_difference()), (*place, None));
        assert_eq!(one.stored.logprobs, one.again.logprobs, "{place}");
        assert_eq!(one.again.visual.len(), one.again.ids.len(), "{place}");
    }
    assert!(common::files(&dir.path().join("run")) == before, "the run is as it was");

    let nowhere = [Place { step: 13, group: 2, rollout: 0 }];
    let error = replay(&inputs(), &nowhere, &mut quiet).expect_err("no such rollout").to_string();
    assert!(error.ends_with("holds no rollout 13.2.0"), "{error}");
    // Another policy than the run's own does not pass for it.
    let mut other = inputs();
    other.policy_dir = dir.path().join("run/checkpoints/13/policy");
    let error = replay(&other, &all[100..], &mut quiet).expect_err("another policy").to_string();
    assert!(error.contains("start policy has changed"), "{error}");
}
