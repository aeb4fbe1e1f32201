//! What stands on the bar of training time: where things happened, few enough to be drawn.

use crate::logic::format::{short, whole};
use shared::edit::Edit;
use shared::fold::{LogLevel, RunView};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A checkpoint was written.
    Checkpoint,
    /// The policy was evaluated.
    Evaluation,
    /// Somebody asked something of the run.
    Request,
    /// Somebody changed the run.
    Edit,
    /// Something was odd or broke.
    Alert,
}

impl Kind {
    /// All of them, as they lie over each other.
    pub const ALL: [Self; 5] =
        [Self::Checkpoint, Self::Evaluation, Self::Request, Self::Edit, Self::Alert];

    /// CSS class and name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Evaluation => "evaluation",
            Self::Request => "request",
            Self::Edit => "edit",
            Self::Alert => "alert",
        }
    }
}

/// Something at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// The step.
    pub step: u64,
    /// What.
    pub kind: Kind,
    /// In words; of several the newest.
    pub text: String,
    /// How many it stands for.
    pub count: u64,
}

/// An edit in words: `Learning rate 0.001 → 0.0005`.
pub fn edit_words(before: &Edit, edit: &Edit) -> String {
    match (before, edit) {
        (Edit::LearningRate { value: old }, Edit::LearningRate { value: new }) => {
            format!("Learning rate {} → {}", short(*old), short(*new))
        }
        (Edit::Mixture { weights: old }, Edit::Mixture { weights: new }) => {
            let list = |weights: &[f64]| {
                weights.iter().map(|weight| short(*weight)).collect::<Vec<_>>().join(" : ")
            };
            format!("Mixture {} → {}", list(old), list(new))
        }
        _ => "Changed".into(),
    }
}

/// Everything that happened, at most `columns` marks of a kind.
pub fn marks(view: &RunView, newest: u64, columns: u64) -> Vec<Mark> {
    let mut all = Vec::new();
    let mut put = |step: u64, kind: Kind, text: String| {
        all.push(Mark { step, kind, text, count: 1 });
    };
    for step in &view.checkpoints {
        put(*step, Kind::Checkpoint, "Checkpoint".into());
    }
    for e in &view.evaluations {
        let reward = crate::logic::format::fixed(e.reward_mean, 3);
        put(e.step, Kind::Evaluation, format!("Evaluation on {}: {reward}", e.set));
    }
    for request in &view.requests {
        let step = request.acknowledged.map_or(newest, |(step, _)| step);
        let verb = crate::logic::words::control_verb(request.control);
        put(
            step,
            Kind::Request,
            format!("{verb}, {}", request.by.as_deref().unwrap_or("somebody")),
        );
    }
    for edit in &view.edits {
        let words = edit_words(&edit.edited.before, &edit.edited.edit);
        put(edit.edited.from_step, Kind::Edit, words);
    }
    for line in view.log.iter().filter(|line| line.level != LogLevel::Info) {
        put(line.step, Kind::Alert, line.text.clone());
    }
    thin(all, newest, columns)
}

/// Marks of a kind that would lie on each other become one.
fn thin(mut all: Vec<Mark>, newest: u64, columns: u64) -> Vec<Mark> {
    let width = newest.div_ceil(columns.max(1)).max(1);
    all.sort_by_key(|mark| (mark.kind, mark.step));
    let mut out: Vec<Mark> = Vec::new();
    for mark in all {
        match out.last_mut() {
            Some(last) if last.kind == mark.kind && last.step / width == mark.step / width => {
                *last = Mark { count: last.count + 1, ..mark };
            }
            _ => out.push(mark),
        }
    }
    out
}

/// What a mark says when one points at it.
pub fn title(mark: &Mark) -> String {
    let more =
        if mark.count > 1 { format!(" and {} more", whole(mark.count - 1)) } else { String::new() };
    format!("Step {}: {}{more}", whole(mark.step), mark.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_would_touch_become_one_and_kinds_stay_apart() {
        let mark = |step, kind| Mark { step, kind, text: format!("at {step}"), count: 1 };
        let all = (1..=1000).map(|step| mark(step, Kind::Checkpoint)).chain([mark(7, Kind::Edit)]);
        let thinned = thin(all.collect(), 1000, 100);
        assert!(thinned.len() <= 103, "{}", thinned.len());
        assert_eq!(thinned.iter().map(|mark| mark.count).sum::<u64>(), 1001);
        assert_eq!(thinned.last().map(|mark| (mark.kind, mark.step)), Some((Kind::Edit, 7)));
        assert_eq!(title(&thinned[1]), "Step 19: at 19 and 9 more");
        let few = thin(vec![mark(3, Kind::Alert), mark(1, Kind::Alert)], 4, 100);
        assert_eq!(few.iter().map(|mark| mark.step).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn edits_say_what_was_before() {
        let rate = |value| Edit::LearningRate { value };
        assert_eq!(edit_words(&rate(0.001), &rate(0.0005)), "Learning rate 0.001 → 0.0005");
        let mixture = |weights: &[f64]| Edit::Mixture { weights: weights.to_vec() };
        let words = edit_words(&mixture(&[1.0, 1.0]), &mixture(&[2.0, 0.5]));
        assert_eq!(words, "Mixture 1 : 1 → 2 : 0.5");
    }
}
