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
        LabelState::Submitted if mine => "This label went to review again".into(),
        LabelState::Submitted => format!("{author} tagged this rollout"),
        LabelState::Accepted => format!("{reviewer} accepted this label"),
        LabelState::ChangesAsked => format!("{reviewer} asked for a change"),
        LabelState::Withdrawn => format!("{author} took the label of this rollout back"),
    };
    format!("{what} while you were writing. What you wrote is still here and not sent.")
}

/// What leads back from something the reader did to a label, where that is possible: what another
/// one has decided about it cannot be said again for them. `me` is the reader, where they decided.
pub fn way_back(done: &Action, before: Option<&Label>, me: Option<u64>) -> Option<Action> {
    let before = before.filter(|label| label.state != LabelState::Withdrawn);
    let again =
        |label: &Label| Action::Submit { tags: label.tags.clone(), note: label.note.clone() };
    let unjudged = |label: &&Label| label.state == LabelState::Submitted;
    match (done, before) {
        (Action::Submit { .. }, None) => Some(Action::Withdraw),
        (Action::Submit { .. }, Some(_)) => before.filter(unjudged).map(again),
        (Action::Withdraw, _) => before.map(again),
        // The own decision before it, or else none at all.
        (Action::Accept { .. } | Action::AskChanges { .. }, Some(before)) => {
            let mine = before.reviewer.as_ref().is_some_and(|who| Some(who.id) == me);
            let comment = before.comment.clone();
            Some(match before.state {
                LabelState::Accepted if mine => Action::Accept { comment },
                LabelState::ChangesAsked if mine => Action::AskChanges { comment },
                _ => Action::Reopen,
            })
        }
        (Action::Accept { .. } | Action::AskChanges { .. }, None) | (Action::Reopen, _) => None,
    }
}

/// Where the news of a label lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// To the rollout, under these words.
    Rollout(&'static str),
    /// To its review.
    Review,
}

/// News of a label.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// One sentence.
    pub words: String,
    /// Where they lead.
    pub lead: Lead,
}

/// What to tell `me` of a label that was made or changed: what others did, and nothing else.
/// `before` is how it was known until now.
pub fn told(before: Option<&Label>, now: &Label, me: Option<u64>) -> Option<News> {
    let mine = Some(now.author.id) == me;
    let decided = |label: &Label| label.reviewer.as_ref().map(|who| who.id);
    let by_me = me.is_some() && decided(now) == me;
    let reviewer = now.reviewer.as_ref().map_or("Somebody", |who| who.name.as_str());
    let same = |before: &&Label| before.tags == now.tags && before.note == now.note;
    // A decision is gone and the label stands as it stood: it was taken back.
    let undone = before.filter(same).and_then(decided);
    let (words, lead) = match now.state {
        LabelState::Accepted if mine && !by_me => {
            (format!("{reviewer} accepted your label."), Lead::Rollout("Look"))
        }
        LabelState::ChangesAsked if mine && !by_me => {
            let words = format!("{reviewer} asks for a change: {}", now.comment);
            (words, Lead::Rollout("Change it"))
        }
        LabelState::Submitted if undone.is_some() && undone == me => return None,
        LabelState::Submitted if undone.is_some() && mine => {
            ("Your label waits for review again.".into(), Lead::Rollout("Look"))
        }
        LabelState::Submitted if undone.is_some() => {
            (format!("{}’s label waits for review again.", now.author.name), Lead::Review)
        }
        LabelState::Submitted if !mine => {
            (format!("{} tagged a failure.", now.author.name), Lead::Review)
        }
        _ => return None,
    };
    Some(News { words, lead })
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
            assert_eq!(way_back(done, before.as_ref(), Some(1)), want, "{done:?} {before:?}");
        }
    }

    #[test]
    fn a_decision_leads_back_to_the_own_one_before_or_to_none() {
        let accept = Action::Accept { comment: "yes".into() };
        let ask = Action::AskChanges { comment: "early".into() };
        let judged = |state, who: u64, comment: &str| {
            let reviewer = Some(PersonRef { id: who, name: "Bob".into() });
            Label { state, reviewer, comment: comment.into(), ..label(0, 1, 2) }
        };
        let cases = [
            (&accept, label(0, 1, 1), Action::Reopen),
            (&ask, label(0, 1, 1), Action::Reopen),
            (&ask, judged(LabelState::Accepted, 2, "yes"), accept.clone()),
            (&accept, judged(LabelState::ChangesAsked, 2, "early"), ask.clone()),
            (&accept, judged(LabelState::ChangesAsked, 3, "early"), Action::Reopen),
        ];
        for (done, before, want) in cases {
            assert_eq!(way_back(done, Some(&before), Some(2)), Some(want), "{done:?} {before:?}");
        }
        assert_eq!(way_back(&accept, None, Some(2)), None);
    }

    #[test]
    fn news_say_what_became_of_a_label() {
        let bob = Some(PersonRef { id: 2, name: "Bob".into() });
        let open = label(0, 1, 1);
        let accepted = Label { state: LabelState::Accepted, reviewer: bob, ..label(0, 1, 2) };
        let reopened = label(0, 1, 3);
        let mended = Label { tags: vec![Tag::Early], ..label(0, 1, 3) };
        let said = |before: Option<&Label>, now: &Label, me| {
            told(before, now, Some(me)).map(|news| news.words)
        };
        let cases = [
            (None, &open, 3, Some("Ada tagged a failure.")),
            (None, &open, 1, None),
            (Some(&open), &accepted, 1, Some("Bob accepted your label.")),
            (Some(&open), &accepted, 3, None),
            (Some(&accepted), &reopened, 1, Some("Your label waits for review again.")),
            (Some(&accepted), &reopened, 2, None),
            (Some(&accepted), &reopened, 3, Some("Ada’s label waits for review again.")),
            (Some(&accepted), &mended, 2, Some("Ada tagged a failure.")),
        ];
        for (before, now, me, want) in cases {
            assert_eq!(said(before, now, me).as_deref(), want, "{now:?} to {me}");
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
