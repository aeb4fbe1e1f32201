//! What people ask of a run. A request is kept until the run's journal says that the trainer
//! has got it, and is sent again to a worker that comes back: a lost connection loses none.

use super::desk::{Asked, Desk};
use crate::api::error::Fail;
use crate::library;
use shared::api::Person;
use shared::event::Control;
use shared::fold::{IllegalMove, RunMove, RunState};
use shared::link::ToWorker;
use store::{Act, StoreError, StoredRun};

impl Desk {
    pub fn control(&mut self, run: &str, control: Control, by: &Person) -> Result<StoredRun, Fail> {
        let stored = self.setup.store.run(run)?;
        let state = stored.run.state;
        let made = match control {
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
        };
        self.setup.store.audit(by.id, Act::ControlledRun, &format!("{run} {control:?}"))?;
        self.show(&made);
        if made.run.state.is_live() {
            self.ask(run, control, &by.name);
        }
        self.look_at_queue();
        Ok(self.setup.store.run(run)?)
    }

    /// Keeps a request, and sends it where the run's worker is connected.
    pub(super) fn ask(&mut self, run: &str, control: Control, by: &str) {
        let asked = Asked { control, by: by.to_owned() };
        self.send_control(run, &asked);
        let kept = self.asked.entry(run.to_owned()).or_default();
        // The same again says nothing new.
        if kept.last().is_none_or(|last| last.control != control) {
            kept.push(asked);
        }
    }

    /// The trainer has got a request: its journal says so.
    pub fn heard(&mut self, run: &str, control: Control) {
        let Some(kept) = self.asked.get_mut(run) else { return };
        // Requests reach the trainer in order, so the ones before are gone as well.
        if let Some(at) = kept.iter().position(|asked| asked.control == control) {
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
            RunState::Pausing => Some(Control::Pause),
            RunState::Stopping => Some(Control::Stop),
            _ => None,
        };
        if let Some(control) = waits_for
            && !orders.iter().any(|asked| asked.control == control)
        {
            orders.insert(0, Asked { control, by: "the server".into() });
        }
        orders
    }

    pub(super) fn send_control(&self, run: &str, asked: &Asked) {
        if let Some(worker) = self.holder(run) {
            let Asked { control, by } = asked.clone();
            worker.send(ToWorker::Control { run: run.into(), control, by });
        }
    }
}
