//! What people ask of a run. A request is kept until the run's journal says that the trainer
//! has got it, and is sent again to a worker that comes back: a lost connection loses none.

use super::desk::{Asked, Desk};
use crate::api::error::Fail;
use crate::library;
use shared::api::Person;
use shared::edit::Edit;
use shared::event::{Control, Order};
use shared::fold::{IllegalMove, RunMove, RunState};
use shared::link::ToWorker;
use store::{Act, StoreError, StoredRun};

impl Desk {
    pub fn steer(&mut self, run: &str, order: Order, by: &Person) -> Result<StoredRun, Fail> {
        let stored = self.setup.store.run(run)?;
        let (made, act) = match &order {
            Order::Control(control) => (self.control(stored, *control)?, Act::ControlledRun),
            Order::Edit(edit) => (editable(stored, edit)?, Act::EditedRun),
        };
        self.setup.store.audit(by.id, act, &subject(run, &order))?;
        self.show(&made);
        if made.run.state.is_live() {
            self.ask(run, order, &by.name);
        }
        self.look_at_queue();
        Ok(self.setup.store.run(run)?)
    }

    fn control(&self, stored: StoredRun, control: Control) -> Result<StoredRun, Fail> {
        let (run, state) = (&stored.run.id, stored.run.state);
        Ok(match control {
            Control::Pause => self.setup.store.move_run(run, &[RunMove::AskPause])?,
            Control::Stop => self.setup.store.move_run(run, &[RunMove::AskStop])?,
            Control::Resume if matches!(state, RunState::Stopped | RunState::Failed) => {
                library::files_of(&self.setup.store, &stored.videos)?;
                self.setup.store.move_run(run, &[RunMove::Queue])?
            }
            Control::Resume => {
                state.after(RunMove::Resume).map_err(StoreError::from)?;
                stored
            }
            Control::Checkpoint if state.is_live() => stored,
            Control::Checkpoint => {
                let verb = "write a checkpoint";
                return Err(StoreError::from(IllegalMove { from: state, verb }).into());
            }
        })
    }

    /// Keeps a request, and sends it where the run's worker is connected.
    pub(super) fn ask(&mut self, run: &str, order: Order, by: &str) {
        let asked = Asked { order, by: by.to_owned(), at: store::now() };
        self.send_order(run, &asked);
        let kept = self.asked.entry(run.to_owned()).or_default();
        // The same again says nothing new.
        if kept.last().is_none_or(|last| last.order != asked.order) {
            kept.push(asked);
        }
    }

    /// The trainer has got a request: its journal says so.
    pub fn heard(&mut self, run: &str, order: &Order) {
        let Some(kept) = self.asked.get_mut(run) else { return };
        // Requests reach the trainer in order, so the ones before are gone as well.
        if let Some(at) = kept.iter().position(|asked| asked.order == *order) {
            kept.drain(..=at);
        }
        if kept.is_empty() {
            self.asked.remove(run);
        }
    }

    /// What a worker that comes back with a run may not have heard. After a restart of the
    /// server the run's state alone tells.
    pub(super) fn orders(&self, stored: &StoredRun) -> Vec<Asked> {
        let mut orders = self.asked.get(&stored.run.id).cloned().unwrap_or_default();
        let waits_for = match stored.run.state {
            RunState::Pausing => Some(Order::Control(Control::Pause)),
            RunState::Stopping => Some(Order::Control(Control::Stop)),
            _ => None,
        };
        if let Some(order) = waits_for
            && !orders.iter().any(|asked| asked.order == order)
        {
            orders.insert(0, Asked { order, by: "the server".into(), at: store::now() });
        }
        orders
    }

    pub(super) fn send_order(&self, run: &str, asked: &Asked) {
        if let Some(worker) = self.holder(run) {
            let Asked { order, by, at } = asked.clone();
            worker.send(ToWorker::Order { run: run.into(), order, by, at });
        }
    }
}

/// The run, where it goes on and takes this edit.
fn editable(stored: StoredRun, edit: &Edit) -> Result<StoredRun, Fail> {
    let from = stored.run.state;
    if !from.is_live() || from == RunState::Stopping {
        return Err(StoreError::from(IllegalMove { from, verb: "be changed" }).into());
    }
    match edit.problems(&stored.config) {
        problems if problems.is_empty() => Ok(stored),
        problems => Err(Fail::problems(problems)),
    }
}

/// What the audit log says of a request.
fn subject(run: &str, order: &Order) -> String {
    match order {
        Order::Control(control) => format!("{run} {control:?}"),
        Order::Edit(Edit::LearningRate { value }) => format!("{run} learning rate {value}"),
        Order::Edit(Edit::Mixture { weights }) => format!("{run} mixture {weights:?}"),
    }
}
