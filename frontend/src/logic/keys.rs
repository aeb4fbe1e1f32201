//! Keys -> commands, as plain values, so that it can be tested and printed.

mod chord;
mod keymap;
mod table;

pub use chord::Chord;
pub use keymap::{Change, Keymap};
pub use table::{ROWS, Row, Screen, Section, TOLD};

/// What a key does, on whichever screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The key sheet.
    Sheet,
    /// The palette: actions, pages and runs.
    Palette,
    /// Light or dark.
    Theme,
    /// Undo what was said last; on the group page else take the own label back.
    Undo,
    /// Play or stop.
    Play,
    /// Frames forward, or back where negative.
    Frames(i32),
    /// About a second of the strip forward or back.
    Second(i32),
    /// The next digit chooses a rollout.
    Rollouts,
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
    /// The next reward mode of the what-if.
    WhatIf,
    /// Move to the note.
    Note,
    /// Pause the run or let it go on.
    Pause,
    /// Steps of the run forward, or back where negative.
    Steps(i64),
    /// A step of the run.
    Step(u64),
    /// Out of a large chart, then to the newest step.
    Follow,
    /// Hold the feed, or let it go on.
    Hold,
    /// Move to the filter.
    Filter,
    /// Start the run.
    Start,
    /// More settings, or fewer.
    More,
    /// The answer's span starts at the cursor.
    SpanStart,
    /// The answer's span ends with the cursor's frame.
    SpanEnd,
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
    /// Accept the label.
    Accept,
    /// Ask for a change.
    Ask,
    /// Labels forward in the queue, or back where negative.
    Labels(i32),
}

/// A key press, as far as it matters.
#[derive(Clone, Copy, Debug)]
pub struct Press<'a> {
    /// As in `KeyboardEvent.key`.
    pub key: &'a str,
    /// As in `KeyboardEvent.code`, for keys whose letter depends on shift or the layout.
    pub code: &'a str,
    /// Shift was held.
    pub shift: bool,
    /// Ctrl or Cmd was held.
    pub ctrl: bool,
    /// The reader types into a field.
    pub typing: bool,
    /// Space or enter would press the focused thing.
    pub pressable: bool,
}

impl<'a> Press<'a> {
    /// A key with nothing held and nothing focused.
    pub fn plain(key: &'a str) -> Self {
        Self { key, code: "", shift: false, ctrl: false, typing: false, pressable: false }
    }
}

/// Reads keys for a screen; remembers a key that waits for its digit.
#[derive(Clone, Copy, Debug)]
pub struct KeyReader {
    screen: Screen,
    waiting: bool,
}

impl KeyReader {
    /// A reader for a screen.
    pub fn new(screen: Screen) -> Self {
        Self { screen, waiting: false }
    }

    /// What a press means, if anything.
    pub fn read(&mut self, keymap: &Keymap, press: Press<'_>) -> Option<Command> {
        let chord = Chord::of(press)?;
        let waited = std::mem::take(&mut self.waiting);
        let elsewhere = press.typing && !chord.beside_typing();
        if elsewhere || (press.pressable && chord.presses()) {
            return None;
        }
        if let Some(digit) = chord.digit().and_then(|digit| digit.to_digit(10))
            && waited
            && digit > 0
        {
            return Some(Command::Rollout(digit as usize - 1));
        }
        if let Some(digit) = chord.digit().filter(|_| self.screen == Screen::Studio) {
            return Some(Command::Digit(digit));
        }
        let found = keymap.find(self.screen, &chord);
        self.waiting = found == Some(Command::Rollouts);
        found.filter(|_| !self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What presses mean with the keys of the table.
    fn read(screen: Screen, presses: &[Press<'_>]) -> Vec<Option<Command>> {
        let mut keys = KeyReader::new(screen);
        presses.iter().map(|press| keys.read(&Keymap::default(), *press)).collect()
    }

    fn group(keys: &[&str]) -> Vec<Option<Command>> {
        let presses: Vec<Press<'_>> = keys.iter().map(|key| Press::plain(key)).collect();
        read(Screen::Group, &presses)
    }

    #[test]
    fn g_takes_the_next_digit_only() {
        let (g, seven) = (None, Some(Command::Tag(6)));
        assert_eq!(group(&["g", "7", "7"]), [g, Some(Command::Rollout(6)), seven]);
        assert_eq!(group(&["g", "l", "4"]), [g, Some(Command::Loop), Some(Command::Tag(3))]);
        assert_eq!(group(&["g", "0"]), [g, Some(Command::Zoom(0))]);
    }

    #[test]
    fn the_key_before_the_digit_can_be_another() {
        let row = Row::of(Command::Rollouts).expect("it has a row");
        let chord = Chord::parse("r").expect("a key");
        let Change::Taken(keymap) = Keymap::default().change(row, chord) else {
            panic!("r is free")
        };
        let mut keys = KeyReader::new(Screen::Group);
        let read = ["r", "2", "g", "2"].map(|key| keys.read(&keymap, Press::plain(key)));
        assert_eq!(read, [None, Some(Command::Rollout(1)), None, Some(Command::Tag(1))]);
    }

    #[test]
    fn a_modifier_on_its_way_to_the_digit_is_no_key() {
        let shift = Press { shift: true, ..Press::plain("Shift") };
        let digit = Press { shift: true, ..Press::plain("3") };
        let read = read(Screen::Group, &[Press::plain("g"), shift, digit]);
        assert_eq!(read[2], Some(Command::Rollout(2)));
    }

    #[test]
    fn typing_is_left_alone_but_ctrl_enter_submits() {
        let typing = |key| Press { typing: true, ..Press::plain(key) };
        let submit = Press { ctrl: true, ..typing("Enter") };
        let want = [None, None, Some(Command::SubmitNext)];
        assert_eq!(read(Screen::Group, &[typing("4"), typing("u"), submit]), want);
        assert_eq!(read(Screen::NewRun, &[typing("e"), submit]), [None, Some(Command::Start)]);
    }

    #[test]
    fn space_and_enter_press_what_is_focused() {
        let focused = |key| Press { pressable: true, ..Press::plain(key) };
        let keys = [focused(" "), focused("Enter"), focused("t"), Press::plain("Enter")];
        let want = [None, None, Some(Command::Reveal), Some(Command::Score)];
        assert_eq!(read(Screen::Studio, &keys), want);
    }

    #[test]
    fn studio_takes_its_own_keys_and_those_of_the_cursor() {
        let keys = ["i", "7", "n", " ", "l", "0"].map(Press::plain);
        let want = [
            Command::SpanStart,
            Command::Digit('7'),
            Command::Another,
            Command::Play,
            Command::Loop,
            Command::Digit('0'),
        ];
        assert_eq!(read(Screen::Studio, &keys), want.map(Some));
        let others = ["w", "u", "j", "Escape", "F1"].map(Press::plain);
        assert_eq!(read(Screen::Studio, &others), [None; 5]);
        assert_eq!(read(Screen::Studio, &[Press { ctrl: true, ..Press::plain("i") }]), [None]);
    }

    #[test]
    fn shift_makes_seconds_of_frames() {
        let shifted = Press { code: "Period", shift: true, ..Press::plain(">") };
        let arrow = Press { shift: true, ..Press::plain("ArrowLeft") };
        let read = read(Screen::Group, &[Press::plain(","), shifted, arrow]);
        let want = [Command::Frames(-1), Command::Second(1), Command::Second(-1)];
        assert_eq!(read, want.map(Some));
    }

    #[test]
    fn every_screen_has_the_keys_it_had() {
        let cases = [
            (Screen::Run, "p", Command::Hold),
            (Screen::Run, "ArrowLeft", Command::Steps(-1)),
            (Screen::Run, "Escape", Command::Follow),
            (Screen::Runs, "/", Command::Filter),
            (Screen::NewRun, "e", Command::More),
            (Screen::Review, "a", Command::Accept),
            (Screen::Review, "k", Command::Labels(-1)),
            (Screen::Review, "ArrowRight", Command::Frames(1)),
            (Screen::Frame, "?", Command::Sheet),
        ];
        for (screen, key, want) in cases {
            assert_eq!(read(screen, &[Press::plain(key)]), [Some(want)], "{key}");
        }
        let shift_p = Press { shift: true, ..Press::plain("P") };
        assert_eq!(read(Screen::Run, &[shift_p]), [Some(Command::Pause)]);
    }
}
