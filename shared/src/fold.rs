//! Events -> what a screen shows. The state at step N is the fold of the events up to it.

use crate::edit::Edited;
use crate::event::{Control, ControlStage, EventBody, Phase, RunEvent, StepMetrics};
use crate::rollout::Group;
use crate::task::named_enum;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

named_enum! {
    /// Where a run is in its life.
    RunState, "run state" {
        /// Written down, not asked for.
        Draft => "draft",
        /// Waits for a worker.
        Queued => "queued",
        /// A worker is loading it.
        Starting => "starting",
        /// Steps are being made.
        Running => "running",
        /// Asked to wait; the step goes on.
        Pausing => "pausing",
        /// Waits.
        Paused => "paused",
        /// Asked to end; the step goes on.
        Stopping => "stopping",
        /// Ended by a person; can be resumed.
        Stopped => "stopped",
        /// All steps made.
        Finished => "finished",
        /// Ended by an error; can be resumed.
        Failed => "failed",
    }
}

/// What can happen to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunMove {
    /// A person wants it to run (again).
    Queue,
    /// A worker took it.
    Take,
    /// The worker has loaded it.
    Begin,
    /// A person asks it to wait.
    AskPause,
    /// The trainer waits.
    Pause,
    /// The trainer goes on.
    Resume,
    /// A person asks it to end.
    AskStop,
    /// The trainer ended early.
    Stop,
    /// The trainer made all steps.
    Finish,
    /// It broke, or its worker died.
    Fail,
}

/// A move that the state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a run that is {from} cannot {verb}")]
pub struct IllegalMove {
    /// The state it was in.
    pub from: RunState,
    /// The move, as a verb.
    pub verb: &'static str,
}

impl RunState {
    /// The state after a move, or why there is none.
    pub fn after(self, step: RunMove) -> Result<Self, IllegalMove> {
        use RunMove as M;
        use RunState as S;
        let next = match (self, step) {
            (S::Draft | S::Stopped | S::Failed, M::Queue) => S::Queued,
            (S::Queued, M::Take) => S::Starting,
            (S::Starting, M::Begin) => S::Running,
            (S::Running, M::AskPause) => S::Pausing,
            (S::Running | S::Pausing, M::Pause) => S::Paused,
            (S::Paused | S::Pausing, M::Resume) => S::Running,
            (S::Queued, M::AskStop) => S::Stopped,
            (S::Starting | S::Running | S::Pausing | S::Paused, M::AskStop) => S::Stopping,
            (S::Starting | S::Running | S::Pausing | S::Paused | S::Stopping, M::Stop) => {
                S::Stopped
            }
            (S::Starting | S::Running | S::Pausing | S::Paused | S::Stopping, M::Finish) => {
                S::Finished
            }
            (
                S::Queued | S::Starting | S::Running | S::Pausing | S::Paused | S::Stopping,
                M::Fail,
            ) => S::Failed,
            (from, _) => {
                return Err(IllegalMove { from, verb: step.verb() });
            }
        };
        Ok(next)
    }

    /// Whether a worker holds it.
    pub fn is_live(self) -> bool {
        use RunState::*;
        matches!(self, Starting | Running | Pausing | Paused | Stopping)
    }
}

impl RunMove {
    fn verb(self) -> &'static str {
        match self {
            Self::Queue => "be queued",
            Self::Take => "be taken by a worker",
            Self::Begin => "begin",
            Self::AskPause | Self::Pause => "pause",
            Self::Resume => "resume",
            Self::AskStop | Self::Stop => "stop",
            Self::Finish => "finish",
            Self::Fail => "fail",
        }
    }
}

/// One point of the curves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepPoint {
    /// Training step, from 1.
    pub step: u64,
    /// Unix time, seconds.
    pub at: f64,
    /// The figures.
    pub metrics: StepMetrics,
}

/// An evaluation as shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationPoint {
    /// Step after which it was made.
    pub step: u64,
    /// Which set.
    pub set: String,
    /// Number of samples.
    pub samples: u64,
    /// Mean reward.
    pub reward_mean: f64,
    /// Half width of the 95 % interval.
    pub reward_interval: f64,
    /// Mean reward by cell.
    pub by_cell: BTreeMap<String, f64>,
    /// Mean change since the start of the run, and the half width of its 95 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<[f64; 2]>,
}

/// A line of the run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// Sequence number of its event.
    pub seq: u64,
    /// Unix time, seconds.
    pub at: f64,
    /// Training step.
    pub step: u64,
    /// `info`, `warn` or `bad`.
    pub level: LogLevel,
    /// One sentence.
    pub text: String,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Goes as planned.
    Info,
    /// Look here.
    Warn,
    /// Broken.
    Bad,
}

/// A request and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestPoint {
    /// Sequence number of the event that tells of it.
    pub seq: u64,
    /// What was asked.
    pub control: Control,
    /// Who asked.
    pub by: Option<String>,
    /// Unix time it was asked for, seconds.
    pub asked_at: f64,
    /// The step after which the trainer did it, and when; none while it is waited for.
    pub acknowledged: Option<(u64, f64)>,
}

/// An edit as shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EditPoint {
    /// Sequence number of its event.
    pub seq: u64,
    /// Unix time the trainer took it, seconds.
    pub at: f64,
    /// What it changes.
    pub edited: Edited,
}

/// Groups kept by a view; older ones are fetched by link.
pub const GROUPS_KEPT: usize = 64;

/// Points kept by a view at most: from here on every other one of the older half goes. Every
/// step is in [`crate::curves::Curves`].
pub const POINTS_KEPT: usize = 8192;

/// A run as a screen shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    /// Sequence number of the newest event folded in.
    pub seq: u64,
    /// Steps the config asks for.
    pub steps: u64,
    /// Steps made.
    pub step: u64,
    /// Device it runs on.
    pub device: String,
    /// Parameters of the policy.
    pub parameters: u64,
    /// Phase it is in.
    pub phase: Option<Phase>,
    /// Steps in order; of a long run not every one, see [`POINTS_KEPT`].
    pub points: Vec<StepPoint>,
    /// Newest groups, oldest first, at most [`GROUPS_KEPT`].
    pub groups: Vec<Group>,
    /// Steps with a whole checkpoint.
    pub checkpoints: Vec<u64>,
    /// Evaluations.
    pub evaluations: Vec<EvaluationPoint>,
    /// Log, oldest first.
    pub log: Vec<LogLine>,
    /// Requests, oldest first.
    pub requests: Vec<RequestPoint>,
    /// Edits, in the order they were made.
    pub edits: Vec<EditPoint>,
    /// The newest request that was not acknowledged yet.
    pub pending: Option<Control>,
}

impl RunView {
    /// Takes the next event in. An event that was folded before is passed over, so that
    /// overlap after a reconnect does no harm; a resumed run's repeated steps replace the
    /// ones that its last checkpoint did not hold.
    pub fn fold(&mut self, event: &RunEvent) {
        if event.seq <= self.seq {
            return;
        }
        self.seq = event.seq;
        match &event.body {
            EventBody::RunStarted { steps, device, parameters, resumed_from } => {
                self.steps = *steps;
                self.device.clone_from(device);
                self.parameters = *parameters;
                self.forget_after(*resumed_from);
                let text = match resumed_from {
                    0 => format!("Started on {device}"),
                    step => format!("Resumed on {device} after step {step}"),
                };
                self.say(event, LogLevel::Info, text);
            }
            EventBody::Phase { phase } => self.phase = Some(*phase),
            EventBody::Step(metrics) => self.take_step(event, metrics),
            EventBody::RolloutGroup(group) => {
                self.groups.push((**group).clone());
                let surplus = self.groups.len().saturating_sub(GROUPS_KEPT);
                self.groups.drain(..surplus);
            }
            EventBody::Checkpoint { .. } => {
                if !self.checkpoints.contains(&event.step) {
                    self.checkpoints.push(event.step);
                }
                self.say(
                    event,
                    LogLevel::Info,
                    format!("Checkpoint after step {} written", event.step),
                );
            }
            EventBody::Evaluation {
                set,
                samples,
                reward_mean,
                reward_interval,
                by_cell,
                change,
                change_interval,
            } => {
                // A resumed run may make the one of its checkpoint again.
                self.evaluations.retain(|e| (e.step, &e.set) != (event.step, set));
                self.evaluations.push(EvaluationPoint {
                    step: event.step,
                    set: set.clone(),
                    samples: *samples,
                    reward_mean: *reward_mean,
                    reward_interval: *reward_interval,
                    by_cell: by_cell.clone(),
                    change: change.zip(*change_interval).map(|(mean, half)| [mean, half]),
                });
            }
            EventBody::Control { control, stage, by, asked_at } => {
                self.take_request(event, *control, *stage, by.as_ref(), *asked_at);
                self.take_control(event, *control, *stage, by);
            }
            EventBody::Edited(edited) => {
                self.edits.push(EditPoint { seq: event.seq, at: event.at, edited: edited.clone() });
            }
            EventBody::Warning { message } => self.say(event, LogLevel::Warn, message.clone()),
            EventBody::Stalled { phase, secs, what } => {
                let what = what.as_ref().map(|what| format!(" ({what})")).unwrap_or_default();
                let text = format!("No progress in {}{what} for {secs:.0} s", phase.name());
                self.say(event, LogLevel::Warn, text);
            }
            EventBody::Failed { phase, cause } => {
                self.pending = None;
                self.say(event, LogLevel::Bad, format!("Failed in {}: {cause}", phase.name()));
            }
            EventBody::Finished { stopped } => {
                self.pending = None;
                self.phase = None;
                let text = if *stopped { "Stopped" } else { "Finished" };
                self.say(event, LogLevel::Info, format!("{text} after step {}", event.step));
            }
        }
    }

    fn take_step(&mut self, event: &RunEvent, metrics: &StepMetrics) {
        self.step = event.step;
        self.points.push(StepPoint { step: event.step, at: event.at, metrics: metrics.clone() });
        if self.points.len() > POINTS_KEPT {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index > POINTS_KEPT / 2 || index % 2 == 1
            });
        }
    }

    fn take_request(
        &mut self,
        event: &RunEvent,
        control: Control,
        stage: ControlStage,
        by: Option<&String>,
        asked_at: Option<f64>,
    ) {
        let open = |r: &&mut RequestPoint| r.control == control && r.acknowledged.is_none();
        match (stage, self.requests.iter_mut().rev().find(open)) {
            (ControlStage::Acknowledged, Some(request)) => {
                request.acknowledged = Some((event.step, event.at));
            }
            (ControlStage::Acknowledged, None) => {}
            (ControlStage::Requested, _) => self.requests.push(RequestPoint {
                seq: event.seq,
                control,
                by: by.cloned(),
                asked_at: asked_at.unwrap_or(event.at),
                acknowledged: None,
            }),
        }
    }

    fn take_control(
        &mut self,
        event: &RunEvent,
        control: Control,
        stage: ControlStage,
        by: &Option<String>,
    ) {
        let who = by.as_deref().unwrap_or("Somebody");
        let text = match (control, stage) {
            (Control::Pause, ControlStage::Requested) => format!("{who} asked for a pause"),
            (Control::Resume, ControlStage::Requested) => format!("{who} asked to go on"),
            (Control::Stop, ControlStage::Requested) => format!("{who} asked to stop"),
            (Control::Checkpoint, ControlStage::Requested) => {
                format!("{who} asked for a checkpoint")
            }
            (Control::Pause, ControlStage::Acknowledged) => {
                format!("Paused after step {}", event.step)
            }
            (Control::Resume, ControlStage::Acknowledged) => {
                format!("Going on after step {}", event.step)
            }
            (Control::Stop, ControlStage::Acknowledged) => {
                format!("Stopping after step {}", event.step)
            }
            (Control::Checkpoint, ControlStage::Acknowledged) => {
                format!("Checkpoint taken after step {}", event.step)
            }
        };
        self.pending = (stage == ControlStage::Requested).then_some(control);
        self.say(event, LogLevel::Info, text);
    }

    /// Drops what the run will make again, and requests that nobody is left to obey.
    fn forget_after(&mut self, step: u64) {
        self.step = step;
        self.pending = None;
        self.checkpoints.retain(|checkpoint| *checkpoint <= step);
        self.points.retain(|point| point.step <= step);
        self.groups.retain(|group| group.step <= step);
        self.evaluations.retain(|evaluation| evaluation.step <= step);
    }

    fn say(&mut self, event: &RunEvent, level: LogLevel, text: String) {
        self.log.push(LogLine { seq: event.seq, at: event.at, step: event.step, level, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64, step: u64, body: EventBody) -> RunEvent {
        RunEvent { seq, at: seq as f64, step, body }
    }

    #[test]
    fn overlap_is_passed_over_and_resumed_steps_replace_lost_ones() {
        let started = |from| EventBody::RunStarted {
            steps: 9,
            device: "cpu".into(),
            parameters: 1,
            resumed_from: from,
        };
        let step = || EventBody::Step(StepMetrics::default());
        let mut view = RunView::default();
        for e in [
            event(1, 0, started(0)),
            event(2, 1, step()),
            event(3, 2, step()),
            event(3, 2, step()),
            event(4, 1, started(1)),
            event(5, 2, step()),
        ] {
            view.fold(&e);
        }
        assert_eq!(view.points.iter().map(|p| p.step).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((view.step, view.seq), (2, 5));
    }

    #[test]
    fn a_resumed_run_has_the_checkpoints_up_to_its_start_once_and_no_open_request() {
        let started = |from| EventBody::RunStarted {
            steps: 9,
            device: "cpu".into(),
            parameters: 1,
            resumed_from: from,
        };
        let kept = || EventBody::Checkpoint { folder: "2".into(), bytes: 1 };
        let (control, stage) = (Control::Stop, ControlStage::Requested);
        let asked = EventBody::Control { control, stage, by: None, asked_at: None };
        let mut view = RunView::default();
        for e in [
            event(1, 0, started(0)),
            event(2, 2, kept()),
            event(3, 4, kept()),
            event(4, 4, kept()),
            event(5, 6, kept()),
            event(6, 6, asked),
        ] {
            view.fold(&e);
        }
        assert_eq!(
            (view.checkpoints.as_slice(), view.pending),
            (&[2, 4, 6][..], Some(Control::Stop))
        );
        view.fold(&event(7, 4, started(4)));
        assert_eq!((view.checkpoints.as_slice(), view.pending), (&[2, 4][..], None));
        view.fold(&event(8, 4, kept()));
        view.fold(&event(9, 6, kept()));
        assert_eq!(view.checkpoints, [2, 4, 6]);
    }

    #[test]
    fn each_set_has_one_evaluation_after_a_step() {
        let evaluation = |set: &str, reward_mean| EventBody::Evaluation {
            set: set.into(),
            samples: 8,
            reward_mean,
            reward_interval: 0.1,
            by_cell: BTreeMap::new(),
            change: None,
            change_interval: None,
        };
        let mut view = RunView::default();
        view.fold(&event(1, 4, evaluation("train clips", 0.5)));
        view.fold(&event(2, 4, evaluation("held-out clips", 0.2)));
        view.fold(&event(3, 4, evaluation("train clips", 0.6)));
        let seen: Vec<_> =
            view.evaluations.iter().map(|e| (e.set.as_str(), e.reward_mean)).collect();
        assert_eq!(seen, [("held-out clips", 0.2), ("train clips", 0.6)]);
    }

    #[test]
    fn a_view_of_a_long_run_stays_small_and_keeps_its_ends() {
        let mut view = RunView::default();
        for seq in 1..=30_000 {
            view.fold(&event(seq, seq, EventBody::Step(StepMetrics::default())));
        }
        assert!(view.points.len() <= POINTS_KEPT);
        assert_eq!(view.points.first().map(|p| p.step), Some(1));
        let newest = &view.points[view.points.len() - 1000..];
        assert!(newest.iter().map(|p| p.step).eq(29_001..=30_000));
        assert!(view.points.windows(2).all(|w| w[0].step < w[1].step));
    }

    #[test]
    fn illegal_moves_are_refused() {
        use RunMove::*;
        assert_eq!(RunState::Queued.after(Take), Ok(RunState::Starting));
        assert_eq!(RunState::Failed.after(Queue), Ok(RunState::Queued));
        assert!(RunState::Finished.after(Queue).is_err());
        assert!(RunState::Draft.after(Pause).is_err());
        assert!(RunState::Stopped.after(AskPause).is_err());
    }

    #[test]
    fn a_request_is_pending_until_acknowledged() {
        let control = |stage, asked_at| EventBody::Control {
            control: Control::Pause,
            stage,
            by: Some("Ada".into()),
            asked_at,
        };
        let mut view = RunView::default();
        view.fold(&event(1, 3, control(ControlStage::Requested, Some(0.5))));
        assert_eq!(view.pending, Some(Control::Pause));
        assert_eq!(view.requests.last().map(|r| (r.asked_at, r.acknowledged)), Some((0.5, None)));
        view.fold(&event(2, 4, control(ControlStage::Acknowledged, Some(0.5))));
        assert_eq!(view.pending, None);
        let acknowledged = view.requests.iter().map(|r| r.acknowledged);
        assert_eq!(acknowledged.collect::<Vec<_>>(), [Some((4, 2.0))]);
        assert_eq!(view.log.last().map(|l| l.text.as_str()), Some("Paused after step 4"));
    }
}
