//! What a person may do to a label, and what becomes of it.

use super::{Action, Label, LabelState, Op, PersonRef, Role, Tag};

/// Why an operation was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Made against an older version.
    #[error("somebody changed this label meanwhile (version {newer}); look again")]
    Stale {
        /// The newer version.
        newer: u64,
    },
    /// The role does not allow it.
    #[error("{needs} rights are needed for this")]
    NotAllowed {
        /// The least role that may.
        needs: Role,
    },
    /// The label's state does not allow it.
    #[error("{0}")]
    NotNow(&'static str),
}

/// The label after one more operation, or why it is refused.
pub fn apply(
    label: Option<&Label>,
    op: &Op,
    by: &PersonRef,
    role: Role,
    at: f64,
) -> Result<Label, Refusal> {
    let version = label.map_or(0, |label| label.version);
    if op.base_version != version {
        return Err(Refusal::Stale { newer: version });
    }
    let needs = match op.action {
        Action::Submit { .. } | Action::Withdraw => Role::Annotator,
        Action::Accept { .. } | Action::AskChanges { .. } | Action::Reopen => Role::Reviewer,
    };
    if role < needs {
        return Err(Refusal::NotAllowed { needs });
    }
    match &op.action {
        Action::Submit { tags, note } => submit(label, op, tags, note, by, at),
        Action::Withdraw => {
            let label = own(label, by)?;
            if label.state == LabelState::Withdrawn {
                return Err(Refusal::NotNow("this label was taken back already"));
            }
            Ok(Label { version: version + 1, state: LabelState::Withdrawn, at, ..label.clone() })
        }
        Action::Accept { comment } => review(label, LabelState::Accepted, comment, by, at),
        Action::AskChanges { comment } if comment.trim().is_empty() => {
            Err(Refusal::NotNow("say what should change"))
        }
        Action::AskChanges { comment } => review(label, LabelState::ChangesAsked, comment, by, at),
        Action::Reopen => reopen(label, by, at),
    }
}

fn submit(
    label: Option<&Label>,
    op: &Op,
    tags: &[Tag],
    note: &str,
    by: &PersonRef,
    at: f64,
) -> Result<Label, Refusal> {
    if tags.is_empty() {
        return Err(Refusal::NotNow("choose at least one tag"));
    }
    if let Some(label) = label
        && label.author.id != by.id
        && label.state != LabelState::Withdrawn
    {
        return Err(Refusal::NotNow("somebody else labelled this rollout; review theirs instead"));
    }
    Ok(Label {
        target: op.target.clone(),
        version: op.base_version + 1,
        state: LabelState::Submitted,
        tags: tags.to_vec(),
        note: note.trim().to_owned(),
        author: by.clone(),
        reviewer: None,
        comment: String::new(),
        at,
    })
}

fn own<'a>(label: Option<&'a Label>, by: &PersonRef) -> Result<&'a Label, Refusal> {
    match label {
        None => Err(Refusal::NotNow("there is no label to take back")),
        Some(label) if label.author.id != by.id => {
            Err(Refusal::NotNow("only its author can take a label back"))
        }
        Some(label) => Ok(label),
    }
}

fn review(
    label: Option<&Label>,
    state: LabelState,
    comment: &str,
    by: &PersonRef,
    at: f64,
) -> Result<Label, Refusal> {
    let label = label.ok_or(Refusal::NotNow("there is no label to review"))?;
    if label.author.id == by.id {
        return Err(Refusal::NotNow("a second person has to review this"));
    }
    if label.state == LabelState::Withdrawn {
        return Err(Refusal::NotNow("its author took this label back"));
    }
    if (label.state, state) == (LabelState::Accepted, LabelState::Accepted) {
        return Err(Refusal::NotNow("this label was accepted already"));
    }
    Ok(Label {
        version: label.version + 1,
        state,
        reviewer: Some(by.clone()),
        comment: comment.trim().to_owned(),
        at,
        ..label.clone()
    })
}

fn reopen(label: Option<&Label>, by: &PersonRef, at: f64) -> Result<Label, Refusal> {
    let label = label.ok_or(Refusal::NotNow("there is no label to review"))?;
    match label.state {
        LabelState::Withdrawn => Err(Refusal::NotNow("its author took this label back")),
        LabelState::Submitted => Err(Refusal::NotNow("nobody has decided on this label")),
        LabelState::Accepted | LabelState::ChangesAsked => {
            if label.reviewer.as_ref().is_none_or(|reviewer| reviewer.id != by.id) {
                return Err(Refusal::NotNow("only who decided can take the decision back"));
            }
            Ok(Label {
                version: label.version + 1,
                state: LabelState::Submitted,
                reviewer: None,
                comment: String::new(),
                at,
                ..label.clone()
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::RolloutRef;
    use super::*;

    fn person(id: u64) -> PersonRef {
        PersonRef { id, name: format!("P{id}") }
    }

    fn op(base_version: u64, action: Action) -> Op {
        let target = RolloutRef { run: "r".into(), step: 1, group: 0, rollout: 0 };
        Op { target, base_version, action }
    }

    fn submitted() -> Label {
        let action = Action::Submit { tags: vec![Tag::Late], note: " see 3 s ".into() };
        apply(None, &op(0, action), &person(1), Role::Annotator, 1.0).expect("first label")
    }

    #[test]
    fn a_second_person_accepts() {
        let label = submitted();
        assert_eq!((label.state, label.note.as_str()), (LabelState::Submitted, "see 3 s"));
        let accept = op(1, Action::Accept { comment: String::new() });
        let accepted =
            apply(Some(&label), &accept, &person(2), Role::Reviewer, 2.0).expect("accept");
        assert_eq!((accepted.state, accepted.version), (LabelState::Accepted, 2));
    }

    #[test]
    fn what_is_refused() {
        let label = submitted();
        let accept = || op(1, Action::Accept { comment: String::new() });
        let with = |op: &Op, who: u64, role| apply(Some(&label), op, &person(who), role, 2.0);
        assert!(matches!(with(&accept(), 1, Role::Admin), Err(Refusal::NotNow(_))));
        assert_eq!(
            with(&accept(), 2, Role::Annotator),
            Err(Refusal::NotAllowed { needs: Role::Reviewer })
        );
        let stale = op(0, Action::Withdraw);
        assert_eq!(with(&stale, 1, Role::Admin), Err(Refusal::Stale { newer: 1 }));
        let silent = op(1, Action::AskChanges { comment: "  ".into() });
        assert!(matches!(with(&silent, 2, Role::Reviewer), Err(Refusal::NotNow(_))));
        let empty = op(0, Action::Submit { tags: vec![], note: String::new() });
        assert!(apply(None, &empty, &person(1), Role::Annotator, 0.0).is_err());
    }

    #[test]
    fn what_is_done_already_is_not_done_again() {
        let label = submitted();
        let then = |label: &Label, action, who: u64| {
            apply(Some(label), &op(label.version, action), &person(who), Role::Reviewer, 2.0)
        };
        let accept = || Action::Accept { comment: String::new() };
        let accepted = then(&label, accept(), 2).expect("accept");
        assert!(matches!(then(&accepted, accept(), 3), Err(Refusal::NotNow(_))));
        let withdrawn = then(&accepted, Action::Withdraw, 1).expect("withdraw");
        assert!(matches!(then(&withdrawn, Action::Withdraw, 1), Err(Refusal::NotNow(_))));
    }

    #[test]
    fn who_decided_takes_the_decision_back_and_nobody_else() {
        let label = submitted();
        let then = |label: &Label, action, who: u64, role| {
            apply(Some(label), &op(label.version, action), &person(who), role, 2.0)
        };
        let ask = Action::AskChanges { comment: "it is early".into() };
        for decision in [Action::Accept { comment: "yes".into() }, ask] {
            let decided = then(&label, decision, 2, Role::Reviewer).expect("decided");
            for (who, role) in [(1, Role::Admin), (3, Role::Admin)] {
                let refused = then(&decided, Action::Reopen, who, role);
                assert!(matches!(refused, Err(Refusal::NotNow(_))), "{who}: {refused:?}");
            }
            let demoted = then(&decided, Action::Reopen, 2, Role::Annotator);
            assert_eq!(demoted, Err(Refusal::NotAllowed { needs: Role::Reviewer }));
            let open = then(&decided, Action::Reopen, 2, Role::Reviewer).expect("reopened");
            assert_eq!(open, Label { version: 3, at: 2.0, ..label.clone() });
            then(&open, Action::Accept { comment: String::new() }, 3, Role::Reviewer)
                .expect("another one decides");
        }
    }

    #[test]
    fn without_a_decision_there_is_none_to_take_back() {
        let label = submitted();
        let reopen = |label: Option<&Label>| {
            let base = label.map_or(0, |label| label.version);
            apply(label, &op(base, Action::Reopen), &person(2), Role::Reviewer, 3.0)
        };
        let withdraw = op(1, Action::Withdraw);
        let withdrawn = apply(Some(&label), &withdraw, &person(1), Role::Annotator, 2.0).ok();
        for label in [None, Some(&label), withdrawn.as_ref()] {
            assert!(matches!(reopen(label), Err(Refusal::NotNow(_))), "{label:?}");
        }
    }

    #[test]
    fn operations_survive_json() {
        for action in
            [Action::Submit { tags: vec![Tag::MissedIt], note: "x".into() }, Action::Reopen]
        {
            let op = op(3, action);
            let text = serde_json::to_string(&op).expect("json");
            assert_eq!(serde_json::from_str::<Op>(&text).expect("same"), op);
        }
    }
}
