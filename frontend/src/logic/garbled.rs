//! What to do about live messages that cannot be read.

/// Replays asked for before the reader is told instead.
const REPLAYS: u32 = 2;
/// Readable batches of events after which an unreadable message is forgotten.
const CALM: u32 = 20;

/// Unreadable messages, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Garbled {
    /// Since the page was opened.
    pub total: u32,
    recent: u32,
    calm: u32,
}

/// What an unreadable message calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Ask for everything after the newest event that was read.
    Replay,
    /// It goes on although replays were asked for: tell the reader.
    Tell,
    /// The reader was told already.
    Nothing,
}

impl Garbled {
    /// One more could not be read.
    pub fn bad(&mut self) -> Remedy {
        self.total += 1;
        self.recent += 1;
        self.calm = 0;
        match self.recent {
            n if n <= REPLAYS => Remedy::Replay,
            n if n == REPLAYS + 1 => Remedy::Tell,
            _ => Remedy::Nothing,
        }
    }

    /// New events were read.
    pub fn good(&mut self) {
        self.calm += 1;
        if self.calm >= CALM {
            self.recent = 0;
        }
    }

    /// Whether it goes on although replays were asked for.
    pub fn stuck(&self) -> bool {
        self.recent > REPLAYS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replays_come_first_and_the_reader_is_told_once() {
        let mut link = Garbled::default();
        let got = [link.bad(), link.bad(), link.bad(), link.bad()];
        assert_eq!(got, [Remedy::Replay, Remedy::Replay, Remedy::Tell, Remedy::Nothing]);
        assert!(link.stuck());
    }

    #[test]
    fn good_batches_between_bad_ones_do_not_hide_them() {
        let mut link = Garbled::default();
        for _ in 0..=REPLAYS {
            link.bad();
            link.good();
        }
        assert!(link.stuck());
        (0..CALM).for_each(|_| link.good());
        assert_eq!((link.stuck(), link.total), (false, REPLAYS + 1));
        assert_eq!(link.bad(), Remedy::Replay);
    }
}
