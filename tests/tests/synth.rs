//! Folders written without training: the same for the same plan, of the size asked for, and whole.

use shared::event::{EventBody, RunEvent};
use shared::paired::pair;
use store::RolloutFilter;
use tests::synth::{Bodies, End, Folder, Plan};

fn journal(plan: &Plan) -> Vec<RunEvent> {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = Folder::with_clips(dir.path()).expect("clips");
    let id = folder.add_run(plan.clone()).expect("a run");
    let run = folder.store.run(&id).expect("stored").run;
    assert_eq!((run.step, run.steps), (plan.made(), plan.config.steps));
    let filter = RolloutFilter { limit: 10_000, ..RolloutFilter::default() };
    let rows = folder.store.rollouts(&id, &filter).expect("rows").len() as u64;
    let grpo = &plan.config.grpo;
    let written = plan.made() / plan.groups_every;
    assert_eq!(rows, written * u64::from(grpo.prompts_per_step * grpo.group_size));
    train::journal::read(&dir.path().join("runs").join(&id)).expect("a journal")
}

#[test]
fn the_same_plan_gives_the_same_journal_and_learns() {
    let plan = Plan::new("twice", 40, 4, 8);
    let events = journal(&plan);
    assert_eq!(events, journal(&plan), "nothing depends on the hour or the folder");
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "no gap");
    let rewards: Vec<f64> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Step(figures) => Some(figures.reward_mean),
            _ => None,
        })
        .collect();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    assert!(mean(&rewards[30..]) > mean(&rewards[..10]) + 0.1, "{rewards:?}");
}

#[test]
fn bare_groups_of_some_steps_leave_the_figures_as_they_are() {
    let whole = Plan { end: End::Stopped(6), ..Plan::new("thin", 9, 2, 3) };
    let bare = Plan { bodies: Bodies::Bare, groups_every: 2, ..whole.clone() };
    let figures = |plan: &Plan| {
        let mut events = journal(plan);
        events.retain(|event| event.body.kind() == "step");
        events.into_iter().map(|event| event.body).collect::<Vec<_>>()
    };
    assert_eq!(figures(&whole), figures(&bare));
}

#[test]
fn groups_without_spread_are_as_many_as_asked_for() {
    let all = Plan { alike: 1.0, ..Plan::new("dead", 3, 2, 64) };
    let groups = journal(&all).into_iter().filter_map(|event| match event.body {
        EventBody::RolloutGroup(group) => Some(group),
        _ => None,
    });
    let groups: Vec<_> = groups.collect();
    assert_eq!(groups.len(), 6);
    assert!(groups.iter().all(|group| group.degenerate && group.rollouts.len() == 64));
}

#[test]
fn a_lower_rate_learns_less_of_the_same_questions_and_answers_otherwise() {
    let usual = Plan::new("usual", 24, 1, 4);
    let mut lower = Plan { name: "lower".into(), ..usual.clone() };
    lower.config.optim.learning_rate /= 4.0;
    let dir = tempfile::tempdir().expect("a folder");
    let folder = Folder::with_clips(dir.path()).expect("clips");
    let last = |plan: Plan| {
        let step = plan.config.steps;
        let run = dir.path().join("runs").join(folder.add_run(plan).expect("a run"));
        train::eval::results(&run, step).expect("results").remove(0)
    };
    let pairing = pair(&last(lower), &last(usual)).expect("the same questions");
    assert_eq!(pairing.alone, [0, 0]);
    let tally = &pairing.all;
    assert!(tally.losses > 0 && tally.wins > tally.losses, "{tally:?}");
}

#[test]
fn a_run_is_copied_with_its_curve() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = Folder::with_clips(dir.path()).expect("clips");
    let run = folder.add_run(Plan::new("one", 6, 1, 2)).expect("a run");
    folder.copy_run(&run, 50).expect("copies");
    let runs = folder.store.runs().expect("runs");
    assert_eq!(runs.len(), 51);
    assert_eq!((runs[0].run.name.as_str(), runs[0].run.spark.len()), ("one 50", 6));
    assert!(runs[..50].iter().all(|stored| stored.run.step == 6 && !stored.run.state.is_live()));
    assert!(runs[0].run.reward_mean != runs[1].run.reward_mean);
}
