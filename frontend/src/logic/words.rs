//! Names shown to people for what the wire types name in code.

use crate::logic::format::{self, fixed, secs};
use shared::api::Run;
use shared::event::Control;
use shared::fold::RunState;
use shared::task::{Perturbation, Task, TaskKind, Truth};

/// The tag over a question: `Mirror`, `Counting, easy`, `Jigsaw, 6 clips`.
pub fn task_title(task: &Task) -> String {
    match task {
        Task::Grounding { perturbation } => cell_title(perturbation.name()),
        Task::Counting { difficulty } => format!("Counting, {difficulty}"),
        Task::Jigsaw { clips } => format!("Jigsaw, {clips} clips"),
        Task::Spatial { grid } => format!("Spatial jigsaw, {grid} × {grid}"),
        Task::Spotting => "Spotting".into(),
        Task::Progress => "Progress".into(),
    }
}

/// A (task, dial) cell as shown: `channel-swap` -> `Channel swap`.
pub fn cell_title(cell: &str) -> String {
    capital(&cell.replace('-', " ").replace("rotate", "rotate "))
}

/// What a planted change does to the frame one looks at.
pub fn planted(perturbation: Perturbation) -> &'static str {
    match perturbation {
        Perturbation::ChannelSwap => "red and blue swapped here",
        Perturbation::Mirror => "mirrored here",
        Perturbation::Rotate180 => "upside down here",
        Perturbation::ZoomOut => "zoomed out here",
        Perturbation::ZoomIn => "zoomed in here",
        Perturbation::Grayscale => "without colour here",
        Perturbation::Invert => "inverted here",
        Perturbation::Rotate90 => "turned clockwise here",
        Perturbation::Rotate270 => "turned counter-clockwise here",
        Perturbation::Noise => "noisy here",
        Perturbation::Blur => "blurred here",
        Perturbation::Saturation => "oversaturated here",
        Perturbation::Shuffle => "out of order here",
        Perturbation::Swap => "from another video",
        Perturbation::StutterHold => "stuttering here",
        Perturbation::Slow => "half as fast here",
        Perturbation::Fast => "twice as fast here",
    }
}

/// What is true, in a few words.
pub fn truth(truth: &Truth) -> String {
    let span = |[a, b]: [f64; 2]| format!("{} to {}", fixed(a, 1), secs(b, 1));
    match truth {
        Truth::Grounding { span_secs, .. } => span(*span_secs),
        Truth::Spotting { number, span_secs, .. } => format!("{number}, {}", span(*span_secs)),
        Truth::Progress { percent } => format::percent(f64::from(*percent) / 100.0),
        other => other.answer(),
    }
}

/// The unit of a change's strength.
pub fn strength_unit(perturbation: Perturbation) -> &'static str {
    match perturbation {
        Perturbation::ZoomIn | Perturbation::ZoomOut | Perturbation::Saturation => "×",
        Perturbation::Noise => "of 255",
        Perturbation::Blur => "px",
        Perturbation::StutterHold => "frames",
        _ => "",
    }
}

/// First letter large.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// CSS class that carries the family's hue.
pub fn task_class(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Grounding => "hue-grounding",
        TaskKind::Counting => "hue-counting",
        TaskKind::Jigsaw => "hue-jigsaw",
        TaskKind::Spatial => "hue-spatial",
        TaskKind::Spotting => "hue-spotting",
        TaskKind::Progress => "hue-progress",
    }
}

/// A run's state as a pill says it.
pub fn run_state(run: &Run, step: u64) -> String {
    let step = crate::logic::format::whole(step);
    match run.state {
        RunState::Running => format!("Running · step {step}"),
        RunState::Pausing => format!("Pausing after step {step}"),
        RunState::Paused => format!("Paused after step {step}"),
        RunState::Stopping => format!("Stopping after step {step}"),
        RunState::Stopped => format!("Stopped after step {step}"),
        RunState::Finished => format!("Finished, {step} steps"),
        RunState::Failed => format!("Failed after step {step}"),
        other => capital(other.name()),
    }
}

/// CSS class of a run's state: its meaning, not its hue.
pub fn run_state_class(state: RunState) -> &'static str {
    match state {
        RunState::Running => "pill live is-good",
        RunState::Starting | RunState::Queued | RunState::Pausing | RunState::Stopping => {
            "pill live is-warn"
        }
        RunState::Paused => "pill is-warn",
        RunState::Failed => "pill is-bad",
        RunState::Finished => "pill is-accent",
        RunState::Draft | RunState::Stopped => "pill",
    }
}

/// What may be asked of a run in a state, in the order of the buttons.
pub fn controls(state: RunState) -> &'static [Control] {
    match state {
        RunState::Running => &[Control::Checkpoint, Control::Pause, Control::Stop],
        RunState::Pausing | RunState::Paused => &[Control::Resume, Control::Stop],
        RunState::Starting | RunState::Queued => &[Control::Stop],
        RunState::Stopped | RunState::Failed => &[Control::Resume],
        RunState::Draft | RunState::Stopping | RunState::Finished => &[],
    }
}

/// The verb on a control's button.
pub fn control_verb(control: Control) -> &'static str {
    match control {
        Control::Pause => "Pause",
        Control::Resume => "Resume",
        Control::Stop => "Stop",
        Control::Checkpoint => "Checkpoint",
    }
}

/// What a control was asked for, while it waits: `Pause requested`.
pub fn control_pending(control: Control) -> &'static str {
    match control {
        Control::Pause => "Pause requested, acts after this step",
        Control::Resume => "Resume requested",
        Control::Stop => "Stop requested, acts after this step",
        Control::Checkpoint => "Checkpoint requested, written after this step",
    }
}

/// What a control did, once the trainer has done it.
pub fn control_done(control: Control) -> &'static str {
    match control {
        Control::Pause => "Paused",
        Control::Resume => "Went on",
        Control::Stop => "Stopped",
        Control::Checkpoint => "Checkpoint written",
    }
}

/// An answer as the inspector shows it, never empty.
pub fn answer(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.is_empty() { "(nothing)".into() } else { flat }
}

/// Two letters for an avatar.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|w| w.chars().next());
    let second = match words.next_back() {
        Some(word) => word.chars().next(),
        None => name.split_whitespace().next().and_then(|w| w.chars().nth(1)),
    };
    first.into_iter().chain(second).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_readable() {
        assert_eq!(cell_title("channel-swap"), "Channel swap");
        assert_eq!(cell_title("counting easy"), "Counting easy");
        assert_eq!(cell_title("rotate180"), "Rotate 180");
        assert_eq!(task_title(&Task::Jigsaw { clips: 6 }), "Jigsaw, 6 clips");
        let spot = Truth::Spotting {
            number: 7,
            span_secs: [1.0, 2.5],
            span_slots: [1, 2],
            source_span_secs: [1.0, 2.5],
        };
        assert_eq!(truth(&spot), "7, 1.0 to 2.5\u{a0}s");
        assert_eq!(truth(&Truth::Spatial { tiles: "2143".into() }), "2143");
        assert_eq!(answer("  a\nb "), "a b");
        assert_eq!(answer(" "), "(nothing)");
        assert_eq!((initials("Ada Lovelace"), initials("Ada")), ("AL".into(), "AD".into()));
    }

    #[test]
    fn every_offered_control_is_a_legal_move() {
        use shared::fold::RunMove;
        for &state in RunState::ALL {
            for control in controls(state) {
                let legal = match control {
                    Control::Pause => state.after(RunMove::AskPause).is_ok(),
                    Control::Stop => state.after(RunMove::AskStop).is_ok(),
                    Control::Resume => {
                        state.after(RunMove::Resume).is_ok() || state.after(RunMove::Queue).is_ok()
                    }
                    Control::Checkpoint => state == RunState::Running,
                };
                assert!(legal, "{control:?} while {state}");
            }
        }
    }
}
