//! Label operations that wait to be sent: under which key they are kept, and what the server's
//! answer means for them.
//!
//! Sending one twice does no harm. An operation names the version it was made against, so the
//! server takes it once and refuses the copy with the label as it is now; where that label
//! already says what the operation says, the first one had arrived. Pages that share a browser
//! need no lock for that reason.

use crate::state::remote::{Fault, FaultKind};
use shared::annotation::{Action, Label, LabelState, Op, RolloutRef};

/// What every key begins with.
const PREFIX: &str = "label-op/";

/// Where an operation is kept: one place per person and rollout, so that neither another
/// person nor another page of the same browser overwrites it.
pub fn key(person: u64, target: &RolloutRef) -> String {
    let RolloutRef { run, step, group, rollout } = target;
    format!("{PREFIX}{person}/{run}/{step}/{group}/{rollout}")
}

/// Whose operation a key holds; `None` for keys of other things.
pub fn owner(key: &str) -> Option<u64> {
    key.strip_prefix(PREFIX)?.split('/').next()?.parse().ok()
}

/// What becomes of an operation after an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// The server has it; the label is as it answered.
    Taken(Box<Label>),
    /// It stays and is tried again.
    Waits(Fault),
    /// It can never be taken.
    Refused(Fault),
}

/// What a failed sending means: only the server's own refusal of this operation ends it.
pub fn fate(op: &Op, person: u64, fault: Fault) -> Fate {
    match (&fault.newer, fault.kind) {
        (Some(label), _) if arrived(op, person, label) => Fate::Taken(label.clone()),
        (_, FaultKind::Refused | FaultKind::Missing) => Fate::Refused(fault),
        (
            _,
            FaultKind::Offline | FaultKind::SignedOut | FaultKind::Incomplete | FaultKind::Broken,
        ) => Fate::Waits(fault),
    }
}

/// Whether a label already says what an operation of `person` says.
fn arrived(op: &Op, person: u64, label: &Label) -> bool {
    if label.target != op.target || label.version <= op.base_version {
        return false;
    }
    let reviewed = |state: LabelState, words: &str| {
        let by = label.reviewer.as_ref().is_some_and(|reviewer| reviewer.id == person);
        by && label.state == state && label.comment == words.trim()
    };
    match &op.action {
        Action::Submit { tags, note } => {
            label.author.id == person
                && label.state != LabelState::Withdrawn
                && label.tags == *tags
                && label.note == note.trim()
        }
        Action::Withdraw => label.author.id == person && label.state == LabelState::Withdrawn,
        Action::Accept { comment } => reviewed(LabelState::Accepted, comment),
        Action::AskChanges { comment } => reviewed(LabelState::ChangesAsked, comment),
        // Whoever came first: the label waits again, which is all that was wanted.
        Action::Reopen => label.state == LabelState::Submitted,
    }
}

/// What an operation did, for the line that says it was saved: `Rollout 1 saved as late`.
pub fn saved_words(op: &Op) -> String {
    let rollout = op.target.rollout + 1;
    match &op.action {
        Action::Submit { tags, .. } => {
            let tags: Vec<&str> = tags.iter().map(|tag| tag.title()).collect();
            format!("Rollout {rollout} saved as {}", tags.join(", "))
        }
        Action::Withdraw => format!("Label of rollout {rollout} taken back"),
        Action::Accept { .. } => format!("Label of rollout {rollout} accepted"),
        Action::AskChanges { .. } => format!("Change asked for rollout {rollout}"),
        Action::Reopen => format!("Decision on rollout {rollout} taken back"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::annotation::{PersonRef, Role, Tag, apply};

    fn target() -> RolloutRef {
        RolloutRef { run: "r1".into(), step: 7, group: 2, rollout: 0 }
    }

    fn submit() -> Op {
        let action = Action::Submit { tags: vec![Tag::Late], note: " see 3 s ".into() };
        Op { target: target(), base_version: 0, action }
    }

    fn label_by(id: u64) -> Label {
        let by = PersonRef { id, name: "Ada".into() };
        apply(None, &submit(), &by, Role::Annotator, 1.0).expect("first label")
    }

    fn conflict(label: Label) -> Fault {
        let newer = Some(Box::new(label));
        Fault { newer, ..Fault::new(FaultKind::Refused, "Somebody changed it.") }
    }

    #[test]
    fn keys_belong_to_one_person_and_one_rollout() {
        assert_eq!(owner(&key(31, &target())), Some(31));
        assert_ne!(key(3, &target()), key(31, &target()));
        assert_ne!(key(3, &target()), key(3, &RolloutRef { rollout: 1, ..target() }));
        assert_eq!(owner("theme"), None);
    }

    #[test]
    fn only_a_refusal_ends_an_operation() {
        for (kind, stays) in [
            (FaultKind::Offline, true),
            (FaultKind::SignedOut, true),
            (FaultKind::Broken, true),
            (FaultKind::Refused, false),
            (FaultKind::Missing, false),
        ] {
            let got = fate(&submit(), 1, Fault::new(kind, "No."));
            assert_eq!(matches!(got, Fate::Waits(_)), stays, "{kind:?}");
        }
    }

    #[test]
    fn a_second_copy_counts_as_taken_and_a_stranger_s_label_does_not() {
        let twice = fate(&submit(), 1, conflict(label_by(1)));
        assert_eq!(twice, Fate::Taken(Box::new(label_by(1))));
        let stranger = fate(&submit(), 1, conflict(label_by(2)));
        assert!(matches!(stranger, Fate::Refused(_)));
        let withdraw = Op { base_version: 1, action: Action::Withdraw, ..submit() };
        let label = Label { version: 2, ..label_by(1) };
        assert!(matches!(fate(&withdraw, 1, conflict(label)), Fate::Refused(_)));
    }

    #[test]
    fn a_decision_taken_back_twice_counts_once() {
        let reviewer = PersonRef { id: 2, name: "Bob".into() };
        let at = |base_version, action| Op { base_version, action, ..submit() };
        let by = |label: &Label, op: &Op| {
            apply(Some(label), op, &reviewer, Role::Reviewer, 2.0).expect("taken")
        };
        let accepted = by(&label_by(1), &at(1, Action::Accept { comment: String::new() }));
        let reopen = at(2, Action::Reopen);
        let open = by(&accepted, &reopen);
        assert_eq!(fate(&reopen, 2, conflict(open.clone())), Fate::Taken(Box::new(open.clone())));
        let again = by(&open, &at(3, Action::Accept { comment: String::new() }));
        assert!(matches!(fate(&reopen, 2, conflict(again)), Fate::Refused(_)));
    }

    #[test]
    fn a_saved_line_names_rollout_and_tags() {
        assert_eq!(saved_words(&submit()), "Rollout 1 saved as late");
    }
}
