//! Every command that has a key, with its sentence and the key it has at first.

use super::Command;
use crate::logic::words::capital;

/// Part of the key sheet: commands that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// On every screen.
    Everywhere,
    /// Where frames are shown: group, review, Task studio.
    Player,
    /// A group.
    Group,
    /// A label.
    Tagging,
    /// A run.
    Run,
    /// The list of runs.
    Runs,
    /// The form of a run.
    NewRun,
    /// Task studio.
    Studio,
    /// Review.
    Review,
}

impl Section {
    /// In the order of the sheet.
    pub const ALL: [Self; 9] = [
        Self::Everywhere,
        Self::Player,
        Self::Group,
        Self::Tagging,
        Self::Run,
        Self::Runs,
        Self::NewRun,
        Self::Studio,
        Self::Review,
    ];

    /// As people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::Player => "Player and timeline",
            Self::Group => "Group",
            Self::Tagging => "Tagging",
            Self::Run => "Run",
            Self::Runs => "Runs",
            Self::NewRun => "New run",
            Self::Studio => "Task studio",
            Self::Review => "Review",
        }
    }

    /// Whether a key cannot mean something in both.
    pub fn meets(self, other: Self) -> bool {
        let both = |screen: &Screen| {
            let parts = screen.sections();
            parts.contains(&self) && parts.contains(&other)
        };
        self == other || [self, other].contains(&Self::Everywhere) || Screen::ALL.iter().any(both)
    }
}

/// Who reads keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// The frame around every page.
    Frame,
    /// A group.
    Group,
    /// A run.
    Run,
    /// The list of runs.
    Runs,
    /// The form of a run.
    NewRun,
    /// Task studio.
    Studio,
    /// Review.
    Review,
}

impl Screen {
    const ALL: [Self; 7] =
        [Self::Frame, Self::Group, Self::Run, Self::Runs, Self::NewRun, Self::Studio, Self::Review];

    /// Whose commands it takes.
    pub fn sections(self) -> &'static [Section] {
        match self {
            Self::Frame => &[Section::Everywhere],
            Self::Group => &[Section::Player, Section::Group, Section::Tagging],
            Self::Run => &[Section::Run],
            Self::Runs => &[Section::Runs],
            Self::NewRun => &[Section::NewRun],
            Self::Studio => &[Section::Player, Section::Studio],
            Self::Review => &[Section::Player, Section::Review],
        }
    }
}

/// A command with its key.
#[derive(Debug, PartialEq)]
pub struct Row {
    /// Under which a reader's own key is kept; never changes.
    pub id: &'static str,
    /// Where it is.
    pub section: Section,
    /// What it does, after "it does".
    pub what: &'static str,
    /// The command.
    pub does: Command,
    /// The key at first; then further ones that work as long as nothing else has them.
    pub keys: &'static [&'static str],
    /// Whether the key stays what it is.
    pub fixed: bool,
}

impl Row {
    const fn new(
        id: &'static str,
        section: Section,
        keys: &'static [&'static str],
        does: Command,
        what: &'static str,
    ) -> Self {
        Self { id, section, what, does, keys, fixed: false }
    }

    const fn stays(self) -> Self {
        Self { fixed: true, ..self }
    }

    /// The row of a command.
    pub fn of(does: Command) -> Option<&'static Self> {
        ROWS.iter().find(|row| row.does == does)
    }

    /// What it does, where it stands by itself.
    pub fn title(&self) -> String {
        capital(self.what)
    }

    /// The commands that these screens take and that do something by themselves: what is a screen's
    /// own first, then the player's, then what is on every screen.
    pub fn taken(screens: &[Screen]) -> Vec<&'static Self> {
        let wanted = |row: &&Self| {
            let here = screens.iter().any(|screen| screen.sections().contains(&row.section));
            here && !matches!(row.does, Command::Rollouts | Command::Palette)
        };
        let mut rows: Vec<&'static Self> = ROWS.iter().filter(wanted).collect();
        rows.sort_by_key(|row| match row.section {
            Section::Everywhere => 2,
            Section::Player => 1,
            _ => 0,
        });
        rows
    }
}

/// All of them, in the order of the sheet. The palette has the same order, and Enter takes its first
/// one: what starts or stops something is not the first of its section.
pub static ROWS: &[Row] = {
    use Command as C;
    use Section as S;
    &[
        Row::new("keys", S::Everywhere, &["?"], C::Sheet, "this sheet"),
        Row::new(
            "palette",
            S::Everywhere,
            &["ctrl+k"],
            C::Palette,
            "find an action, a page or a run",
        )
        .stays(),
        Row::new(
            "undo",
            S::Everywhere,
            &["u"],
            C::Undo,
            "undo; with nothing to undo, take your label back",
        ),
        Row::new("theme", S::Everywhere, &["shift+t"], C::Theme, "light or dark"),
        Row::new("play", S::Player, &["space"], C::Play, "play or stop"),
        Row::new("frame-back", S::Player, &[",", "left"], C::Frames(-1), "a frame back"),
        Row::new("frame-forward", S::Player, &[".", "right"], C::Frames(1), "a frame forward"),
        Row::new(
            "second-back",
            S::Player,
            &["shift+,", "shift+left"],
            C::Second(-1),
            "a second of the strip back",
        ),
        Row::new(
            "second-forward",
            S::Player,
            &["shift+.", "shift+right"],
            C::Second(1),
            "a second of the strip forward",
        ),
        Row::new("loop", S::Player, &["l"], C::Loop, "loop the chosen span"),
        Row::new("source", S::Player, &["s"], C::Source, "the source beside or instead"),
        Row::new("pixels", S::Player, &["e"], C::View, "the policy's own pixels"),
        Row::new("closer", S::Player, &["+", "="], C::Zoom(1), "zoom in on the timeline"),
        Row::new("farther", S::Player, &["-"], C::Zoom(-1), "zoom out of the timeline"),
        Row::new("whole", S::Player, &["0"], C::Zoom(0), "the whole timeline"),
        Row::new(
            "rollout",
            S::Group,
            &["g"],
            C::Rollouts,
            "choose a rollout: this key, then its digit",
        ),
        Row::new("rollout-before", S::Group, &["up"], C::PreviousRollout, "rollout before"),
        Row::new("rollout-after", S::Group, &["down"], C::NextRollout, "rollout after"),
        Row::new("group-before", S::Group, &["k"], C::PreviousGroup, "group before"),
        Row::new("group-after", S::Group, &["j"], C::NextGroup, "group after"),
        Row::new("heat", S::Group, &["h"], C::Heat, "how much tokens depend on the video"),
        Row::new("disagreement", S::Group, &["n"], C::Disagreement, "next disagreement"),
        Row::new("what-if", S::Group, &["w"], C::WhatIf, "what if the reward were another"),
        Row::new("copy-link", S::Group, &["y"], C::CopyLink, "copy a link to rollout and frame"),
        Row::new("tag-1", S::Tagging, &["1"], C::Tag(0), "set or clear the 1st tag"),
        Row::new("tag-2", S::Tagging, &["2"], C::Tag(1), "set or clear the 2nd tag"),
        Row::new("tag-3", S::Tagging, &["3"], C::Tag(2), "set or clear the 3rd tag"),
        Row::new("tag-4", S::Tagging, &["4"], C::Tag(3), "set or clear the 4th tag"),
        Row::new("tag-5", S::Tagging, &["5"], C::Tag(4), "set or clear the 5th tag"),
        Row::new("tag-6", S::Tagging, &["6"], C::Tag(5), "set or clear the 6th tag"),
        Row::new("tag-7", S::Tagging, &["7"], C::Tag(6), "set or clear the 7th tag"),
        Row::new("tag-8", S::Tagging, &["8"], C::Tag(7), "set or clear the 8th tag"),
        Row::new("tag-9", S::Tagging, &["9"], C::Tag(8), "set or clear the 9th tag"),
        Row::new("note", S::Tagging, &["c"], C::Note, "write a note"),
        Row::new("submit", S::Tagging, &["ctrl+enter"], C::SubmitNext, "submit and next"),
        Row::new("step-back", S::Run, &["left"], C::Steps(-1), "a step back in time"),
        Row::new("step-forward", S::Run, &["right"], C::Steps(1), "a step forward in time"),
        Row::new("follow", S::Run, &["escape"], C::Follow, "back from a large chart, follow again")
            .stays(),
        Row::new("hold", S::Run, &["p"], C::Hold, "hold the feed"),
        Row::new("pause", S::Run, &["shift+p"], C::Pause, "pause or resume"),
        Row::new("filter", S::Runs, &["/"], C::Filter, "filter the runs"),
        Row::new("more", S::NewRun, &["e"], C::More, "more settings"),
        Row::new("start", S::NewRun, &["ctrl+enter"], C::Start, "start the run"),
        Row::new("span-start", S::Studio, &["i"], C::SpanStart, "start of your span at the cursor"),
        Row::new("span-end", S::Studio, &["o"], C::SpanEnd, "end of your span at the cursor"),
        Row::new("answer", S::Studio, &["a"], C::Answer, "write your answer; a digit begins it"),
        Row::new("score", S::Studio, &["enter"], C::Score, "score it"),
        Row::new("truth", S::Studio, &["t"], C::Reveal, "show the truth"),
        Row::new("another", S::Studio, &["n"], C::Another, "another seed"),
        Row::new("accept", S::Review, &["a"], C::Accept, "accept"),
        Row::new("ask", S::Review, &["c"], C::Ask, "ask for a change"),
        Row::new("label-before", S::Review, &["k"], C::Labels(-1), "label before"),
        Row::new("label-after", S::Review, &["j"], C::Labels(1), "label after"),
    ]
};

/// Keys that work on one focused thing and stay what they are: caps and sentence.
pub static TOLD: &[(Section, &[&str], &str)] = &[
    (Section::Everywhere, &["Esc"], "close what is open"),
    (Section::Run, &["↑", "↓", "⏎"], "in the feed: group before, after, open it"),
    (Section::Run, &["←", "→", "+", "−", "0"], "on a chart: move, zoom, all steps"),
    (Section::Run, &["⏎"], "on a chart: go to the step under the cursor"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_screen_s_own_comes_before_what_is_on_every_one() {
        let ids: Vec<&str> =
            Row::taken(&[Screen::Frame, Screen::Group]).iter().map(|row| row.id).collect();
        let at = |id: &str| ids.iter().position(|one| *one == id);
        assert!(at("heat") < at("play") && at("play") < at("theme"), "{ids:?}");
        assert!(at("heat").is_some() && at("tag-1").is_some());
        for id in ["rollout", "palette", "pause"] {
            assert_eq!(at(id), None, "{id}");
        }
    }

    #[test]
    fn two_who_listen_for_the_same_are_offered_once() {
        let rows = Row::taken(&[Screen::Run, Screen::Run]);
        assert_eq!(rows, Row::taken(&[Screen::Run]));
        assert!(rows.iter().all(|row| row.section == Section::Run));
    }
}
