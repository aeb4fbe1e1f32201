//! Runs from outside: the folder, resuming bit for bit, and obeying.

mod common;

use common::{Script, files};
use shared::event::{Control, ControlStage, EventBody, Order, RunEvent, StepMetrics};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, sync_channel};
use train::{NoControl, Outcome, Request};

/// The last figures of every step, without what was measured of the machine.
fn figures(events: &[RunEvent]) -> BTreeMap<u64, StepMetrics> {
    let steps = events.iter().filter_map(|event| match &event.body {
        EventBody::Step(metrics) => Some((event.step, metrics.clone().timeless())),
        _ => None,
    });
    steps.collect()
}

#[test]
fn a_resumed_run_is_the_unbroken_run_byte_for_byte() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 2);
    let config = common::config(13);
    let (outcome, whole) =
        common::run(common::inputs(dir.path(), "whole", config.clone()), false, &mut NoControl);
    assert_eq!(outcome.expect("ran"), Outcome::Finished);

    let broken = || common::inputs(dir.path(), "broken", config.clone());
    let mut stop = Script::new(6, &[Control::Stop]);
    let (outcome, first) = common::run(broken(), false, &mut stop);
    assert_eq!(outcome.expect("ran"), Outcome::Stopped);
    assert_eq!(first.last().map(|event| &event.body), Some(&EventBody::Finished { stopped: true }));
    let (outcome, second) = common::run(broken(), true, &mut NoControl);
    assert_eq!(outcome.expect("ran"), Outcome::Finished);

    let mut both = figures(&first);
    assert_eq!(both.len(), 6);
    both.extend(figures(&second));
    assert_eq!(both, figures(&whole));
    for folder in ["rollouts", "checkpoints/13"] {
        let (a, b) = (
            files(&dir.path().join("whole").join(folder)),
            files(&dir.path().join("broken").join(folder)),
        );
        assert!(!a.is_empty());
        assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
        for (name, bytes) in &a {
            assert!(*bytes == b[name], "{folder}/{} differs", name.display());
        }
    }
    let journal = train::journal::read(&dir.path().join("broken")).expect("a journal");
    assert!(journal.iter().map(|event| event.seq).eq(1..=journal.len() as u64));
    assert_eq!(journal, [first, second].concat());
    let resumed = journal.iter().filter_map(|event| match event.body {
        EventBody::RunStarted { resumed_from, .. } => Some(resumed_from),
        _ => None,
    });
    assert_eq!(resumed.collect::<Vec<_>>(), [0, 6]);
}

#[test]
fn work_after_the_last_checkpoint_is_made_again_and_a_torn_line_is_cut() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 1);
    let mut config = common::config(5);
    config.checkpoint.every = 2;
    let (_, whole) =
        common::run(common::inputs(dir.path(), "whole", config.clone()), false, &mut NoControl);
    // A process that died after step 5 and before its checkpoint.
    let run_dir = dir.path().join("whole");
    std::fs::remove_dir_all(run_dir.join("checkpoints/5")).expect("removed");
    std::fs::create_dir_all(run_dir.join("checkpoints/partial-5")).expect("made");
    let journal = run_dir.join("journal.jsonl");
    let mut text = std::fs::read(&journal).expect("read");
    text.extend_from_slice(b"{\"seq\":99999,\"at\":1.0,\"st");
    std::fs::write(&journal, text).expect("written");
    let rollouts = files(&run_dir.join("rollouts"));
    let (outcome, again) =
        common::run(common::inputs(dir.path(), "whole", config), true, &mut NoControl);
    assert_eq!(outcome.expect("ran"), Outcome::Finished);
    assert_eq!(figures(&again).keys().copied().collect::<Vec<_>>(), [5]);
    assert_eq!(figures(&again)[&5], figures(&whole)[&5]);
    assert!(files(&run_dir.join("rollouts")) == rollouts);
    let journal = train::journal::read(&run_dir).expect("whole lines only");
    assert!(journal.iter().map(|event| event.seq).eq(1..=journal.len() as u64));
}

#[test]
fn requests_are_obeyed_between_steps_and_told() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 1);
    let wishes = [Control::Pause, Control::Checkpoint, Control::Resume];
    let inputs = common::inputs(dir.path(), "run", common::config(4));
    let (outcome, events) = common::run(inputs, false, &mut Script::new(2, &wishes));
    assert_eq!(outcome.expect("ran"), Outcome::Finished);
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event.body {
            EventBody::Control { control, stage: ControlStage::Acknowledged, .. } => {
                Some((event.step, control))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, wishes.map(|wish| (2, wish)));
    assert!(dir.path().join("run/checkpoints/2/policy/model.safetensors").is_file());
    assert_eq!(figures(&events).len(), 4);
}

#[test]
fn a_paused_run_whose_worker_is_gone_stops_with_a_checkpoint() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 1);
    let (sender, mut receiver): (_, Receiver<Request>) = sync_channel(1);
    let order = Order::Control(Control::Pause);
    sender.send(Request { order, by: Some("Ada".into()), at: None }).expect("open");
    drop(sender);
    let (outcome, events) =
        common::run(common::inputs(dir.path(), "run", common::config(3)), false, &mut receiver);
    assert_eq!(outcome.expect("ran"), Outcome::Stopped);
    assert!(events.iter().any(
        |event| matches!(&event.body, EventBody::Control { by: Some(by), .. } if by == "Ada")
    ));
    assert!(events.iter().any(|event| matches!(event.body, EventBody::Checkpoint { .. })));
}

#[test]
fn bad_videos_are_warnings_and_none_at_all_is_an_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let videos = common::videos(dir.path(), 1);
    std::fs::write(videos.join("broken.mp4"), b"not a video").expect("written");
    let (outcome, events) =
        common::run(common::inputs(dir.path(), "run", common::config(1)), false, &mut NoControl);
    assert_eq!(outcome.expect("ran"), Outcome::Finished);
    let warned = |event: &RunEvent| matches!(&event.body, EventBody::Warning { message } if message.contains("broken.mp4"));
    assert!(events.iter().any(warned));
    std::fs::remove_file(videos.join("scene-0.webm")).expect("removed");
    let (outcome, events) =
        common::run(common::inputs(dir.path(), "empty", common::config(1)), false, &mut NoControl);
    assert!(outcome.is_err());
    assert!(matches!(events.last().map(|event| &event.body), Some(EventBody::Failed { .. })));
}

#[test]
fn rollout_files_hold_what_the_journal_tells() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 1);
    let (_, events) =
        common::run(common::inputs(dir.path(), "run", common::config(2)), false, &mut NoControl);
    let told: Vec<_> = events
        .into_iter()
        .filter_map(|event| match event.body {
            EventBody::RolloutGroup(group) => Some(*group),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 4);
    assert_eq!(train::records::read(&dir.path().join("run")).expect("readable"), told);
}

#[test]
fn a_resumed_run_keeps_the_videos_it_began_with() {
    let dir = tempfile::tempdir().expect("a folder");
    let videos = common::videos(dir.path(), 3);
    let late = |name: &str| std::fs::rename(videos.join("scene-2.webm"), dir.path().join(name));
    late("later.webm").expect("moved");
    let mut config = common::config(6);
    config.held_out = vec!["scene-1.webm".into()];
    let inputs = |run: &str| common::inputs(dir.path(), run, config.clone());
    let (_, whole) = common::run(inputs("whole"), false, &mut NoControl);
    let mut stop = Script::new(3, &[Control::Stop]);
    let (_, first) = common::run(inputs("broken"), false, &mut stop);
    // A video that comes first by name would change every draw.
    std::fs::rename(dir.path().join("later.webm"), videos.join("a-scene.webm")).expect("moved");
    let (outcome, second) = common::run(inputs("broken"), true, &mut NoControl);
    assert_eq!(outcome.expect("ran"), Outcome::Finished);
    let mut both = figures(&first);
    both.extend(figures(&second));
    assert_eq!(both, figures(&whole));

    std::fs::remove_file(videos.join("scene-0.webm")).expect("removed");
    let (outcome, events) = common::run(inputs("broken"), true, &mut NoControl);
    let told = outcome.expect_err("a video is gone").to_string();
    assert!(told.starts_with("scene-0.webm is gone or has changed since the run began"), "{told}");
    assert!(matches!(events.last().map(|e| &e.body), Some(EventBody::Failed { .. })));
}

#[test]
fn held_out_videos_are_evaluated_apart_and_never_trained_on() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 2);
    let mut config = common::config(2);
    config.held_out = vec!["scene-1.webm".into(), "nowhere.mp4".into()];
    config.evaluate.every = 2;
    config.evaluate.samples = 2;
    let inputs = common::inputs(dir.path(), "run", config.clone());
    let (outcome, events) = common::run(inputs, false, &mut NoControl);
    assert_eq!(outcome.expect("ran"), Outcome::Finished);
    let (mut sets, mut trained, mut warnings) = (Vec::new(), BTreeSet::new(), Vec::new());
    for event in events {
        match event.body {
            EventBody::Evaluation { set, samples, .. } => sets.push((event.step, set, samples)),
            EventBody::RolloutGroup(group) => drop(trained.insert(group.sample.spec.video)),
            EventBody::Warning { message } => warnings.push(message),
            _ => {}
        }
    }
    let set = |step, name: &str| (step, name.to_owned(), 4);
    let both = |step| [set(step, "train clips"), set(step, "held-out clips")];
    assert_eq!(sets, [both(0), both(2)].concat());
    assert_eq!(trained.len(), 1);
    assert_eq!(warnings, ["nowhere.mp4 is held out, but not among the videos"]);

    // By id, the one trained on; then nothing would be left.
    let id = trained.pop_first().map(|id| id.to_string()).unwrap_or_default();
    config.held_out = vec![id, "scene-1.webm".into()];
    let inputs = common::inputs(dir.path(), "none", config);
    let (outcome, _) = common::run(inputs, false, &mut NoControl);
    assert!(outcome.expect_err("nothing left").to_string().contains("every video is held out"));
}

#[test]
fn a_start_that_failed_leaves_its_folder_to_the_next_and_a_run_with_steps_does_not() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(dir.path().join("videos")).expect("made");
    let inputs = |steps| common::inputs(dir.path(), "run", common::config(steps));
    let (outcome, _) = common::run(inputs(3), false, &mut NoControl);
    assert!(outcome.expect_err("there are no videos").to_string().contains("no video"));
    common::videos(dir.path(), 1);
    let (outcome, _) = common::run(inputs(1), false, &mut NoControl);
    assert_eq!(outcome.expect("ran"), Outcome::Finished);
    let journal = train::journal::read(&dir.path().join("run")).expect("a journal");
    assert!(journal.iter().map(|event| event.seq).eq(1..=journal.len() as u64));
    let (outcome, _) = common::run(inputs(1), false, &mut NoControl);
    assert!(outcome.expect_err("a run").to_string().contains("already holds a run"));
}

#[test]
fn a_run_folder_has_one_writer() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = train::journal::Journal::open(dir.path()).expect("opened");
    let second = train::journal::Journal::open(dir.path()).map(|_| ()).expect_err("taken");
    assert!(second.to_string().contains("another process is writing"), "{second}");
    drop(first);
    assert!(train::journal::Journal::open(dir.path()).is_ok());
}

#[test]
fn strips_that_cannot_be_kept_are_a_warning() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 1);
    let inputs = |run| common::inputs(dir.path(), run, common::config(1));
    let (_, events) = common::run(inputs("first"), false, &mut NoControl);
    let warned = |events: &[RunEvent]| {
        events.iter().any(
            |e| matches!(&e.body, EventBody::Warning { message } if message.contains(".strip")),
        )
    };
    assert!(!warned(&events));
    // An entry that can be neither read nor replaced.
    for entry in std::fs::read_dir(inputs("").cache_dir).expect("a cache") {
        let path = entry.expect("an entry").path();
        std::fs::remove_file(&path).expect("removed");
        std::fs::create_dir(&path).expect("made");
    }
    let (outcome, events) = common::run(inputs("second"), false, &mut NoControl);
    assert_eq!(outcome.expect("ran"), Outcome::Finished);
    assert!(warned(&events));
}

#[test]
fn a_run_is_not_resumed_with_a_config_that_was_not_read_whole() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 1);
    let inputs = || common::inputs(dir.path(), "run", common::config(1));
    common::run(inputs(), false, &mut NoControl).0.expect("ran");
    let file = dir.path().join("run/run.toml");
    let text = std::fs::read_to_string(&file).expect("a config");
    for (line, word) in [("stepps = 3", "did you mean `steps`"), ("", "above")] {
        let text = match line {
            "" => text.replace("group_size = ", "group_size = 100000"),
            line => format!("{line}\n{text}"),
        };
        std::fs::write(&file, text).expect("written");
        let told = train::read_config(&dir.path().join("run")).expect_err("refused").to_string();
        assert!(told.contains("run.toml") && told.contains(word), "{told}");
    }
}
