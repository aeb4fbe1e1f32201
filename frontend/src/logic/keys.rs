//! Keys -> commands, as plain values, so that the table can be tested and printed.

/// What a key does on the group page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Play or stop.
    Play,
    /// Frames forward, or back where negative.
    Frames(i32),
    /// About a second of the strip forward or back.
    Second(i32),
    /// Choose a rollout, from 0.
    Rollout(usize),
    /// The next rollout.
    NextRollout,
    /// The rollout before.
    PreviousRollout,
    /// Next group.
    NextGroup,
    /// Previous group.
    PreviousGroup,
    /// Loop the chosen span.
    Loop,
    /// The policy's frames larger or in its own pixels.
    View,
    /// The policy's frames, the source beside them, or the source alone.
    Source,
    /// The timeline closer (1), farther (-1) or whole (0).
    Zoom(i32),
    /// How much each token depends on the video, or back.
    Heat,
    /// A link to rollout and frame on the clipboard.
    CopyLink,
    /// The next disagreement.
    Disagreement,
    /// Set or clear a failure tag, from 0.
    Tag(usize),
    /// Submit the label and go on.
    SubmitNext,
    /// Take the own label back.
    Undo,
    /// The next reward mode of the what-if.
    WhatIf,
    /// Move to the note.
    Note,
}

/// A key press, as far as it matters.
#[derive(Clone, Copy, Debug)]
pub struct Press<'a> {
    /// As in `KeyboardEvent.key`.
    pub key: &'a str,
    /// As in `KeyboardEvent.code`, for keys whose letter depends on shift.
    pub code: &'a str,
    /// Shift was held.
    pub shift: bool,
    /// Ctrl or Cmd was held.
    pub ctrl: bool,
    /// The reader types into a field.
    pub typing: bool,
}

/// Reads keys; remembers a `g` that waits for its digit.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyReader {
    waiting: bool,
}

impl KeyReader {
    /// What a press means on the group page, if anything.
    pub fn read(&mut self, press: Press<'_>) -> Option<Command> {
        let waited = std::mem::take(&mut self.waiting);
        if press.ctrl {
            return (press.key == "Enter").then_some(Command::SubmitNext);
        }
        if press.typing {
            return None;
        }
        let digit = press.key.parse::<usize>().ok().filter(|d| (1..=9).contains(d));
        if waited && let Some(digit) = digit {
            return Some(Command::Rollout(digit - 1));
        }
        if let Some(digit) = digit {
            return Some(Command::Tag(digit - 1));
        }
        self.letter(press)
    }

    fn letter(&mut self, press: Press<'_>) -> Option<Command> {
        let steps = |sign: i32| {
            if press.shift { Command::Second(sign) } else { Command::Frames(sign) }
        };
        let command = match (press.code, press.key) {
            ("Comma", _) | (_, ",") => steps(-1),
            ("Period", _) | (_, ".") => steps(1),
            (_, "ArrowLeft") => steps(-1),
            (_, "ArrowRight") => steps(1),
            (_, "ArrowDown") => Command::NextRollout,
            (_, "ArrowUp") => Command::PreviousRollout,
            (_, " ") => Command::Play,
            (_, "g") => {
                self.waiting = true;
                return None;
            }
            (_, "j") => Command::NextGroup,
            (_, "k") => Command::PreviousGroup,
            (_, "l") => Command::Loop,
            (_, "e") => Command::View,
            (_, "s") => Command::Source,
            (_, "+" | "=") => Command::Zoom(1),
            (_, "-") => Command::Zoom(-1),
            (_, "0") => Command::Zoom(0),
            (_, "h") => Command::Heat,
            (_, "y") => Command::CopyLink,
            (_, "n") => Command::Disagreement,
            (_, "u") => Command::Undo,
            (_, "w") => Command::WhatIf,
            (_, "c") => Command::Note,
            _ => return None,
        };
        Some(command)
    }
}

/// What a key does in Task studio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StudioKey {
    /// As on the group page: play, frames, loop, view.
    Cursor(Command),
    /// The answer's span starts at the cursor.
    Start,
    /// The answer's span ends with the cursor's frame.
    End,
    /// Score the answer.
    Score,
    /// Show the truth.
    Reveal,
    /// Another seed.
    Another,
    /// Move to the answer.
    Answer,
    /// Begin or go on with the answer.
    Digit(char),
}

/// What a press means in Task studio, if anything.
pub fn studio_key(press: Press<'_>) -> Option<StudioKey> {
    if press.ctrl || press.typing {
        return None;
    }
    let digit = press.key.chars().next().filter(|c| c.is_ascii_digit() && press.key.len() == 1);
    if let Some(digit) = digit {
        return Some(StudioKey::Digit(digit));
    }
    Some(match press.key {
        "i" => StudioKey::Start,
        "o" => StudioKey::End,
        "t" => StudioKey::Reveal,
        "n" => StudioKey::Another,
        "a" => StudioKey::Answer,
        "Enter" => StudioKey::Score,
        _ => match KeyReader::default().letter(press)? {
            command @ (Command::Play
            | Command::Frames(_)
            | Command::Second(_)
            | Command::Loop
            | Command::View
            | Command::Source
            | Command::Zoom(_)) => StudioKey::Cursor(command),
            _ => return None,
        },
    })
}

/// Keys pressed together or one after the other, and what they do.
pub type KeyLine = (&'static [&'static str], &'static str);

/// The key sheet: heading, then its lines.
pub const SHEET: &[(&str, &[KeyLine])] = &[
    (
        "Everywhere",
        &[
            (&["?"], "this sheet"),
            (&["Ctrl", "K"], "go to a page or a run"),
            (&["Shift", "T"], "light or dark"),
            (&["Esc"], "close what is open"),
        ],
    ),
    (
        "Group",
        &[
            (&["Space"], "play or stop"),
            (&[",", "."], "a frame back, forward"),
            (&["Shift", ",", "."], "a second of the strip"),
            (&["G", "1–8"], "choose a rollout"),
            (&["↑", "↓"], "rollout before, after"),
            (&["K", "J"], "group before, after"),
            (&["L"], "loop the chosen span"),
            (&["S"], "the source beside or instead"),
            (&["E"], "the policy's own pixels"),
            (&["+", "−", "0"], "timeline closer, farther, whole"),
            (&["H"], "how much tokens depend on the video"),
            (&["N"], "next disagreement"),
            (&["W"], "what if the reward were another"),
            (&["Y"], "copy a link to rollout and frame"),
        ],
    ),
    (
        "Tagging",
        &[
            (&["1–9"], "set or clear a tag"),
            (&["C"], "write a note"),
            (&["Ctrl", "⏎"], "submit and next"),
            (&["U"], "take your label back"),
        ],
    ),
    (
        "Run",
        &[
            (&["Shift", "P"], "pause or resume"),
            (&["←", "→"], "a step back, forward in time"),
            (&["Esc"], "back from a large chart, follow again"),
            (&["P"], "hold the feed"),
            (&["↑", "↓", "⏎"], "in the feed: group before, after, open it"),
            (&["←", "→", "+", "−", "0"], "on a chart: move, zoom, all steps"),
            (&["⏎"], "on a chart: go to the step under the cursor"),
        ],
    ),
    (
        "Task studio",
        &[
            (&["I", "O"], "start, end of your span at the cursor"),
            (&["A"], "write your answer; a digit begins it"),
            (&["⏎"], "score it"),
            (&["T"], "show the truth"),
            (&["N"], "another seed"),
        ],
    ),
    ("New run", &[(&["Ctrl", "⏎"], "start the run"), (&["E"], "more settings")]),
    (
        "Review",
        &[(&["A"], "accept"), (&["C"], "ask for a change"), (&["K", "J"], "label before, after")],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn press(key: &str) -> Press<'_> {
        Press { key, code: "", shift: false, ctrl: false, typing: false }
    }

    #[test]
    fn g_takes_the_next_digit_only() {
        let mut keys = KeyReader::default();
        assert_eq!(keys.read(press("g")), None);
        assert_eq!(keys.read(press("7")), Some(Command::Rollout(6)));
        assert_eq!(keys.read(press("7")), Some(Command::Tag(6)));
        assert_eq!(keys.read(press("g")), None);
        assert_eq!(keys.read(press("l")), Some(Command::Loop));
        assert_eq!(keys.read(press("4")), Some(Command::Tag(3)));
    }

    #[test]
    fn typing_is_left_alone_but_ctrl_enter_submits() {
        let mut keys = KeyReader::default();
        let typing = |key| Press { typing: true, ..press(key) };
        assert_eq!(keys.read(typing("4")), None);
        assert_eq!(keys.read(typing("u")), None);
        let submit = Press { ctrl: true, ..typing("Enter") };
        assert_eq!(keys.read(submit), Some(Command::SubmitNext));
    }

    #[test]
    fn studio_takes_its_own_keys_and_those_of_the_cursor() {
        assert_eq!(studio_key(press("i")), Some(StudioKey::Start));
        assert_eq!(studio_key(press("7")), Some(StudioKey::Digit('7')));
        assert_eq!(studio_key(press("n")), Some(StudioKey::Another));
        assert_eq!(studio_key(press(" ")), Some(StudioKey::Cursor(Command::Play)));
        for key in ["w", "u", "j", "Escape", "F1"] {
            assert_eq!(studio_key(press(key)), None, "{key}");
        }
        assert_eq!(studio_key(Press { typing: true, ..press("i") }), None);
        assert_eq!(studio_key(Press { ctrl: true, ..press("i") }), None);
    }

    #[test]
    fn shift_makes_seconds_of_frames() {
        let mut keys = KeyReader::default();
        assert_eq!(keys.read(press(",")), Some(Command::Frames(-1)));
        let shifted = Press { code: "Period", shift: true, ..press(">") };
        assert_eq!(keys.read(shifted), Some(Command::Second(1)));
    }
}
