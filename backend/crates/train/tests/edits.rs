//! A run that is changed while it goes on: told, obeyed from the next step, and the same to the
//! last bit after a resume.

mod common;

use common::files;
use shared::config::RunConfig;
use shared::edit::{Edit, Edited};
use shared::event::{Control as Steer, EventBody, Order, RunEvent};
use shared::recipe::Switch;
use std::path::Path;
use std::time::Duration;
use train::{Control, NoControl, Outcome, Request};

/// Asks for things after so many steps of its own life.
struct Wishes {
    list: Vec<(u64, Order)>,
    made: u64,
}

impl Wishes {
    fn new(list: &[(u64, Order)]) -> Self {
        Self { list: list.to_vec(), made: 0 }
    }
}

impl Control for Wishes {
    fn poll(&mut self) -> Option<Request> {
        if self.list.first().is_some_and(|(after, _)| *after <= self.made) {
            let (_, order) = self.list.remove(0);
            return Some(Request { order, by: Some("Ada".into()), at: Some(1.5) });
        }
        self.made += 1;
        None
    }

    fn wait(&mut self, _timeout: Duration) -> Option<Request> {
        None
    }
}

fn rate(value: f64) -> Order {
    Order::Edit(Edit::LearningRate { value })
}

fn mixture(weights: &[f64]) -> Order {
    Order::Edit(Edit::Mixture { weights: weights.to_vec() })
}

fn edits(events: &[RunEvent]) -> Vec<Edited> {
    let of = |event: &RunEvent| match &event.body {
        EventBody::Edited(edited) => Some(edited.clone()),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// Learning rate and cells asked of every step.
fn steps(events: &[RunEvent]) -> Vec<(u64, f64, Vec<String>)> {
    let of = |event: &RunEvent| match &event.body {
        EventBody::Step(m) => {
            Some((event.step, m.learning_rate, m.reward_by_cell.keys().cloned().collect()))
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

fn same_files(dir: &Path, folder: &str) {
    let at = |run: &str| files(&dir.join(run).join(folder));
    let (whole, broken) = (at("whole"), at("broken"));
    assert!(!whole.is_empty());
    assert_eq!(whole.keys().collect::<Vec<_>>(), broken.keys().collect::<Vec<_>>());
    for (name, bytes) in &whole {
        assert!(*bytes == broken[name], "{folder}/{} differs", name.display());
    }
}

#[test]
fn edits_are_told_and_hold_from_the_next_step_on() {
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 1);
    let config = common::config(6);
    let before = config.optim.learning_rate;
    let inputs = common::inputs(dir.path(), "run", config);
    // So little weight that the change is all that is seen.
    let wishes = [(2, rate(0.125)), (4, mixture(&[1e9, 1e-9])), (4, mixture(&[1.0]))];
    let (outcome, events) = common::run(inputs, false, &mut Wishes::new(&wishes));
    assert_eq!(outcome.expect("ran"), Outcome::Finished);
    let told = edits(&events);
    assert_eq!(told.iter().map(|e| e.from_step).collect::<Vec<_>>(), [3, 5]);
    assert_eq!(told[0].before, Edit::LearningRate { value: before });
    assert_eq!((told[0].by.as_deref(), told[0].asked_at), (Some("Ada"), Some(1.5)));
    assert_eq!(told[1].before, Edit::Mixture { weights: vec![1.0, 1.0] });
    let made = steps(&events);
    let rates: Vec<f64> = made.iter().map(|step| step.1).collect();
    assert_eq!(rates, [before, before, 0.125, 0.125, 0.125, 0.125]);
    assert!(made[4..].iter().all(|(_, _, cells)| cells == &["counting easy"]), "{made:?}");
    let refused = |e: &RunEvent| matches!(&e.body, EventBody::Warning { message } if message.contains("1 weights for 2 items"));
    assert!(events.iter().any(refused), "what does not fit is refused in words");
}

/// Stopped and resumed, or killed with work lost after the checkpoint: both are the unbroken run.
fn check_resume(config: &RunConfig) {
    let wishes = [(2, rate(3e-4)), (3, mixture(&[1.0, 5.0])), (5, rate(1e-4))];
    let dir = tempfile::tempdir().expect("a folder");
    common::videos(dir.path(), 2);
    let inputs = |run| common::inputs(dir.path(), run, config.clone());
    let (outcome, whole) = common::run(inputs("whole"), false, &mut Wishes::new(&wishes));
    assert_eq!(outcome.expect("ran"), Outcome::Finished);

    let mut stopped = wishes.to_vec();
    stopped.push((6, Order::Control(Steer::Stop)));
    let (outcome, first) = common::run(inputs("broken"), false, &mut Wishes::new(&stopped));
    assert_eq!(outcome.expect("ran"), Outcome::Stopped);
    // As if it had been killed before the checkpoints after step 4 were written.
    std::fs::remove_dir_all(dir.path().join("broken/checkpoints/6")).expect("removed");
    let (outcome, second) = common::run(inputs("broken"), true, &mut NoControl);
    assert_eq!(outcome.expect("ran"), Outcome::Finished);
    assert_eq!(edits(&first), edits(&whole));
    assert_eq!(edits(&second), [], "nobody asked again");
    assert_eq!(steps(&second), steps(&whole)[4..]);
    for folder in ["rollouts", "checkpoints/9"] {
        same_files(dir.path(), folder);
    }
}

#[test]
fn an_edited_run_that_is_resumed_is_the_unbroken_run_byte_for_byte() {
    let mut config = common::config(9);
    config.checkpoint.every = 2;
    config.checkpoint.keep = 9;
    check_resume(&config);
    config.update.overlap = Switch::On;
    check_resume(&config);
}
