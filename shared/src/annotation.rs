//! What people say about rollouts: append-only operations and the label they fold to.
//!
//! A label is never changed in place. Each operation names the version it was made
//! against; a stale one is refused with the newer label.

use crate::task::named_enum;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

named_enum! {
    /// What went wrong with an answer.
    Tag, "failure tag" {
        /// Not in the asked form.
        Format => "format",
        /// Points somewhere else entirely.
        MissedIt => "missed-it",
        /// Starts too soon.
        Early => "early",
        /// Starts too late.
        Late => "late",
        /// Longer than the truth.
        TooWide => "too-wide",
        /// Shorter than the truth.
        TooNarrow => "too-narrow",
        /// No overlap with the truth at all.
        Disjoint => "disjoint",
        /// A count is off.
        CountOff => "count-off",
        /// Clips change places.
        OrderSwap => "order-swap",
        /// Right, but not because of the video.
        RightWithoutLooking => "right-without-looking",
        /// Pays well and means nothing.
        RewardHack => "reward-hack",
        /// The truth itself is wrong or cannot be seen.
        UnfairTruth => "unfair-truth",
        /// None of these.
        Unclear => "unclear",
    }
}

impl Tag {
    /// Name shown to people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::MissedIt => "missed it",
            Self::Early => "early",
            Self::Late => "late",
            Self::TooWide => "too wide",
            Self::TooNarrow => "too narrow",
            Self::Disjoint => "disjoint",
            Self::CountOff => "count off",
            Self::OrderSwap => "order swap",
            Self::RightWithoutLooking => "right without looking",
            Self::RewardHack => "reward hack",
            Self::UnfairTruth => "unfair truth",
            Self::Unclear => "unclear",
        }
    }

    /// The tags of the number keys 1 to 9 for a task.
    pub fn keys(kind: crate::task::TaskKind) -> [Self; 9] {
        use crate::task::TaskKind;
        match kind {
            TaskKind::Grounding => [
                Self::Format,
                Self::MissedIt,
                Self::Early,
                Self::Late,
                Self::TooWide,
                Self::TooNarrow,
                Self::Disjoint,
                Self::RewardHack,
                Self::UnfairTruth,
            ],
            TaskKind::Counting => [
                Self::Format,
                Self::MissedIt,
                Self::CountOff,
                Self::RightWithoutLooking,
                Self::RewardHack,
                Self::UnfairTruth,
                Self::Unclear,
                Self::TooWide,
                Self::TooNarrow,
            ],
            TaskKind::Jigsaw => [
                Self::Format,
                Self::MissedIt,
                Self::OrderSwap,
                Self::RightWithoutLooking,
                Self::RewardHack,
                Self::UnfairTruth,
                Self::Unclear,
                Self::Early,
                Self::Late,
            ],
        }
    }
}

/// Which rollout a label is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RolloutRef {
    /// Run.
    pub run: String,
    /// Training step, from 1.
    pub step: u64,
    /// Group of the step, from 0.
    pub group: u32,
    /// Rollout of the group, from 0.
    pub rollout: u32,
}

named_enum! {
    /// Where a label is between the people.
    LabelState, "label state" {
        /// Waits for a second person.
        Submitted => "submitted",
        /// A second person agrees.
        Accepted => "accepted",
        /// A second person wants something else.
        ChangesAsked => "changes-asked",
        /// Taken back by its author.
        Withdrawn => "withdrawn",
    }
}

impl LabelState {
    /// Name shown to people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Submitted => "waits for review",
            Self::Accepted => "accepted",
            Self::ChangesAsked => "changes asked",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What a person does to a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Says what went wrong (again), for review.
    Submit {
        /// Tags, at least one.
        tags: Vec<Tag>,
        /// A note for the reviewer; may be empty.
        note: String,
    },
    /// Takes the own label back.
    Withdraw,
    /// Agrees.
    Accept {
        /// May be empty.
        comment: String,
    },
    /// Wants something else.
    AskChanges {
        /// What; not empty.
        comment: String,
    },
}

/// One line of the annotation log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Op {
    /// Which rollout.
    pub target: RolloutRef,
    /// Version of the label it was made against; 0 where there was none.
    pub base_version: u64,
    /// What is done.
    pub action: Action,
}

/// An operation as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredOp {
    /// From 1, over all labels.
    pub seq: u64,
    /// Unix time, seconds.
    pub at: f64,
    /// Who did it.
    pub by: PersonRef,
    /// What was done.
    pub op: Op,
}

/// A person as shown beside what they did.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonRef {
    /// Stable id.
    pub id: u64,
    /// Name.
    pub name: String,
}

/// A label: the fold of the operations on one rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Which rollout.
    pub target: RolloutRef,
    /// Number of operations folded in.
    pub version: u64,
    /// Where it is.
    pub state: LabelState,
    /// What went wrong.
    pub tags: Vec<Tag>,
    /// The author's note.
    pub note: String,
    /// Who wrote it.
    pub author: PersonRef,
    /// Who reviewed it last.
    pub reviewer: Option<PersonRef>,
    /// The reviewer's words.
    pub comment: String,
    /// Unix time of the newest operation, seconds.
    pub at: f64,
}

named_enum! {
    /// What a person may do; each role may do what the ones before it may.
    Role, "role" {
        /// Looks.
        Viewer => "viewer",
        /// Tags failures.
        Annotator => "annotator",
        /// Reviews other people's tags.
        Reviewer => "reviewer",
        /// Runs, videos and people.
        Admin => "admin",
    }
}

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
        Action::Accept { .. } | Action::AskChanges { .. } => Role::Reviewer,
    };
    if role < needs {
        return Err(Refusal::NotAllowed { needs });
    }
    match &op.action {
        Action::Submit { tags, note } => submit(label, op, tags, note, by, at),
        Action::Withdraw => {
            let label = own(label, by)?;
            Ok(Label { version: version + 1, state: LabelState::Withdrawn, at, ..label.clone() })
        }
        Action::Accept { comment } => review(label, LabelState::Accepted, comment, by, at),
        Action::AskChanges { comment } if comment.trim().is_empty() => {
            Err(Refusal::NotNow("say what should change"))
        }
        Action::AskChanges { comment } => review(label, LabelState::ChangesAsked, comment, by, at),
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
    Ok(Label {
        version: label.version + 1,
        state,
        reviewer: Some(by.clone()),
        comment: comment.trim().to_owned(),
        at,
        ..label.clone()
    })
}

#[cfg(test)]
mod tests {
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
    fn operations_survive_json() {
        let op = op(3, Action::Submit { tags: vec![Tag::MissedIt], note: "x".into() });
        let text = serde_json::to_string(&op).expect("json");
        assert_eq!(serde_json::from_str::<Op>(&text).expect("same"), op);
    }
}
