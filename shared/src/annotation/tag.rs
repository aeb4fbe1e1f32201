//! Failure tags: what went wrong with an answer, and which number key says so.

use crate::task::{TaskKind, named_enum};
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

    /// The tags that fit a task, in the order of the number keys from 1; at most nine.
    pub fn keys(kind: TaskKind) -> &'static [Self] {
        match kind {
            TaskKind::Grounding | TaskKind::Spotting => &[
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
            TaskKind::Counting => &[
                Self::Format,
                Self::MissedIt,
                Self::CountOff,
                Self::RightWithoutLooking,
                Self::RewardHack,
                Self::UnfairTruth,
                Self::Unclear,
            ],
            TaskKind::Jigsaw | TaskKind::Spatial => &[
                Self::Format,
                Self::MissedIt,
                Self::OrderSwap,
                Self::RightWithoutLooking,
                Self::RewardHack,
                Self::UnfairTruth,
                Self::Unclear,
            ],
            TaskKind::Progress => &[
                Self::Format,
                Self::MissedIt,
                Self::Early,
                Self::Late,
                Self::RightWithoutLooking,
                Self::RewardHack,
                Self::UnfairTruth,
                Self::Unclear,
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_about_spans_are_offered_for_spans_only() {
        let spans = [Tag::TooWide, Tag::TooNarrow, Tag::Disjoint];
        for &kind in TaskKind::ALL {
            let keys = Tag::keys(kind);
            assert!(keys.len() <= 9, "{kind} has a key for each tag");
            for (at, tag) in keys.iter().enumerate() {
                assert!(!keys[..at].contains(tag), "{kind} offers {tag} twice");
                let has_span = matches!(kind, TaskKind::Grounding | TaskKind::Spotting);
                assert!(has_span || !spans.contains(tag), "{kind} has no span to be {tag}");
            }
        }
        assert!(!Tag::keys(TaskKind::Counting).contains(&Tag::OrderSwap));
        assert!(!Tag::keys(TaskKind::Jigsaw).contains(&Tag::CountOff));
    }
}
