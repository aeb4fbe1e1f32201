//! What the tagging form starts from, and what a change from elsewhere does to it.

use shared::annotation::{Action, Label, LabelState, Op, RolloutRef, Tag};

/// Tags and note as the form holds them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typed {
    /// Chosen tags, in the order chosen.
    pub tags: Vec<Tag>,
    /// The note.
    pub note: String,
}

/// What stands behind the form: the chosen rollout's own label and nothing of any other.
#[derive(Clone, Debug, PartialEq)]
pub struct Base {
    /// Which rollout, from 0.
    pub rollout: u32,
    /// Version of its label, 0 without one.
    pub version: u64,
    /// What the reader said about it so far, sent or waiting to be sent.
    pub typed: Typed,
    /// What to tell a reader who was writing when it came to this.
    news: String,
}

impl Base {
    /// The base of a rollout among the labels of its group and what `me` has waiting.
    pub fn of(labels: &[Label], waiting: &[Op], target: &RolloutRef, me: Option<u64>) -> Self {
        let label = labels.iter().find(|label| label.target == *target);
        let own = label.filter(|l| Some(l.author.id) == me && l.state != LabelState::Withdrawn);
        let sent = own.map(|l| Typed { tags: l.tags.clone(), note: l.note.clone() });
        let unsent = waiting.iter().find_map(|op| match &op.action {
            Action::Submit { tags, note } if op.target == *target => {
                Some(Typed { tags: tags.clone(), note: note.clone() })
            }
            _ => None,
        });
        Self {
            rollout: target.rollout,
            version: label.map_or(0, |label| label.version),
            typed: unsent.or(sent).unwrap_or_default(),
            news: label.map(|label| news(label, me)).unwrap_or_default(),
        }
    }
}

fn news(label: &Label, me: Option<u64>) -> String {
    let mine = Some(label.author.id) == me;
    let author = &label.author.name;
    let reviewer = label.reviewer.as_ref().map_or("Somebody", |r| r.name.as_str());
    let what = match label.state {
        LabelState::Submitted if mine => "This label was changed on another page of yours".into(),
        LabelState::Submitted => format!("{author} tagged this rollout"),
        LabelState::Accepted => format!("{reviewer} accepted this label"),
        LabelState::ChangesAsked => format!("{reviewer} asked for a change"),
        LabelState::Withdrawn => format!("{author} took the label of this rollout back"),
    };
    format!("{what} while you were writing. What you wrote is still here and not sent.")
}

/// What leads back from something the reader did to an own label, where that is possible: what a
/// second person said about it cannot be said again for them.
pub fn way_back(done: &Action, before: Option<&Label>) -> Option<Action> {
    let before = before.filter(|label| label.state != LabelState::Withdrawn);
    let again =
        |label: &Label| Action::Submit { tags: label.tags.clone(), note: label.note.clone() };
    let unjudged = |label: &&Label| label.state == LabelState::Submitted;
    match (done, before) {
        (Action::Submit { .. }, None) => Some(Action::Withdraw),
        (Action::Submit { .. }, Some(_)) => before.filter(unjudged).map(again),
        (Action::Withdraw, _) => before.map(again),
        (Action::Accept { .. } | Action::AskChanges { .. }, _) => None,
    }
}

/// What the form does when its base moves.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// Shows the base's own words.
    Seed(Typed),
    /// Keeps what is written and says why the base is another.
    Keep(String),
    /// Shows what was left unsent on the rollout one comes back to.
    Restore(Typed),
}

/// Decides it. `unsent` is what was written and not sent about the new base's rollout.
pub fn turn(before: Option<&Base>, now: &Base, unsent: Option<Typed>) -> Turn {
    let stayed = before.is_some_and(|before| before.rollout == now.rollout);
    match unsent {
        Some(_) if stayed => Turn::Keep(now.news.clone()),
        Some(unsent) => Turn::Restore(unsent),
        None => Turn::Seed(now.typed.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::annotation::PersonRef;

    fn target(rollout: u32) -> RolloutRef {
        RolloutRef { run: "r".into(), step: 1, group: 0, rollout }
    }

    fn label(rollout: u32, author: u64, version: u64) -> Label {
        Label {
            target: target(rollout),
            version,
            state: LabelState::Submitted,
            tags: vec![Tag::Late],
            note: "sent".into(),
            author: PersonRef { id: author, name: "Ada".into() },
            reviewer: None,
            comment: String::new(),
            at: 0.0,
        }
    }

    fn typed(note: &str) -> Typed {
        Typed { tags: vec![Tag::Early], note: note.into() }
    }

    #[test]
    fn what_was_done_leads_back_to_what_was() {
        let submit = Action::Submit { tags: vec![Tag::TooWide], note: "new".into() };
        let was = Action::Submit { tags: vec![Tag::Late], note: "sent".into() };
        let of = |state| Some(Label { state, ..label(0, 1, 2) });
        let cases = [
            (&submit, None, Some(Action::Withdraw)),
            (&submit, of(LabelState::Withdrawn), Some(Action::Withdraw)),
            (&submit, of(LabelState::Submitted), Some(was.clone())),
            (&submit, of(LabelState::Accepted), None),
            (&Action::Withdraw, of(LabelState::Accepted), Some(was)),
            (&Action::Withdraw, None, None),
        ];
        for (done, before, want) in cases {
            assert_eq!(way_back(done, before.as_ref()), want, "{done:?} {before:?}");
        }
    }

    #[test]
    fn labels_of_other_rollouts_do_not_move_the_base() {
        let alone = Base::of(&[], &[], &target(0), Some(1));
        let beside = Base::of(&[label(1, 2, 4)], &[], &target(0), Some(1));
        assert_eq!(alone, beside);
    }

    #[test]
    fn a_change_of_the_same_label_keeps_what_is_written() {
        let before = Base::of(&[], &[], &target(0), Some(1));
        let now = Base::of(&[label(0, 2, 1)], &[], &target(0), Some(1));
        let Turn::Keep(news) = turn(Some(&before), &now, Some(typed("half a sen"))) else {
            panic!("the text was dropped");
        };
        assert!(news.starts_with("Ada tagged this rollout"), "{news}");
        assert_eq!(turn(Some(&before), &now, None), Turn::Seed(Typed::default()));
    }

    #[test]
    fn one_comes_back_to_what_was_left_unsent() {
        let before = Base::of(&[], &[], &target(0), Some(1));
        let now = Base::of(&[label(1, 1, 1)], &[], &target(1), Some(1));
        assert_eq!(turn(Some(&before), &now, None), Turn::Seed(now.typed.clone()));
        assert_eq!(now.typed.note, "sent");
        let back = turn(Some(&now), &before, Some(typed("left")));
        assert_eq!(back, Turn::Restore(typed("left")));
    }

    #[test]
    fn what_waits_to_be_sent_comes_before_what_was_sent() {
        let Typed { tags, note } = typed("waits");
        let op = Op { target: target(0), base_version: 1, action: Action::Submit { tags, note } };
        let base = Base::of(&[label(0, 1, 1)], &[op], &target(0), Some(1));
        assert_eq!(base.typed, typed("waits"));
    }
}
