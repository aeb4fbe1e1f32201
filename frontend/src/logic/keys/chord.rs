//! A key as it is pressed, written down, shown and told to screen readers.

use super::Press;

/// Keys with a name: as a browser calls them, as they are written down, on a key cap, for ARIA.
const NAMED: &[(&str, &str, &str, &str)] = &[
    (" ", "space", "Space", "Space"),
    ("Enter", "enter", "⏎", "Enter"),
    ("Escape", "escape", "Esc", "Escape"),
    ("Tab", "tab", "Tab", "Tab"),
    ("ArrowLeft", "left", "←", "ArrowLeft"),
    ("ArrowRight", "right", "→", "ArrowRight"),
    ("ArrowUp", "up", "↑", "ArrowUp"),
    ("ArrowDown", "down", "↓", "ArrowDown"),
    ("Home", "home", "Home", "Home"),
    ("End", "end", "End", "End"),
    ("PageUp", "pageup", "Page up", "PageUp"),
    ("PageDown", "pagedown", "Page down", "PageDown"),
    ("Delete", "delete", "Del", "Delete"),
    ("Backspace", "backspace", "⌫", "Backspace"),
];

/// A key with what is held beside it. Shift counts where it does not merely choose the sign:
/// `shift+p`, but `?`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chord {
    ctrl: bool,
    shift: bool,
    /// A small letter, another sign, or a name of `NAMED`.
    key: String,
}

impl Chord {
    /// What was pressed; none for shift alone, dead keys and keys no command may have.
    pub fn of(press: Press<'_>) -> Option<Self> {
        let Press { shift, ctrl, .. } = press;
        if let Some((_, name, ..)) = NAMED.iter().find(|named| named.0 == press.key) {
            return Some(Self { ctrl, shift, key: (*name).to_owned() });
        }
        let sign = only(press.key).filter(|sign| !sign.is_control())?;
        // Where letters are not Latin ones, the key that would be one counts.
        let latin = press.code.strip_prefix("Key").and_then(only);
        let letter = match latin {
            Some(latin) if sign.is_alphabetic() && !sign.is_ascii() => latin,
            _ => sign,
        };
        if letter.is_alphabetic() {
            return Some(Self { ctrl, shift, key: letter.to_lowercase().collect() });
        }
        // With shift these two become another sign on most keyboards.
        let (shift, sign) = match (shift, press.code, sign) {
            (true, "Comma", '<' | ';') | (true, _, ',') => (true, ','),
            (true, "Period", '>' | ':') | (true, _, '.') => (true, '.'),
            _ => (false, sign),
        };
        Some(Self { ctrl, shift, key: sign.to_string() })
    }

    /// Reads `ctrl+enter`, `shift+p`, `?`.
    pub fn parse(text: &str) -> Option<Self> {
        let (ctrl, rest) = text.strip_prefix("ctrl+").map_or((false, text), |rest| (true, rest));
        let (shift, key) = rest.strip_prefix("shift+").map_or((false, rest), |rest| (true, rest));
        let named = NAMED.iter().any(|named| named.1 == key);
        let fits = match only(key) {
            Some(sign) if sign.is_alphabetic() => !sign.is_uppercase(),
            Some(sign) => {
                !sign.is_control() && sign != ' ' && (!shift || matches!(sign, ',' | '.'))
            }
            None => named,
        };
        fits.then(|| Self { ctrl, shift, key: key.to_owned() })
    }

    /// As it is written down.
    pub fn name(&self) -> String {
        self.with(|key| key.to_owned(), ["ctrl+", "shift+"])
    }

    /// As it stands on a key cap.
    pub fn cap(&self) -> String {
        let cap = |key: &str| match (named(key), key) {
            (Some(named), _) => named.2.to_owned(),
            (None, "-") => "−".to_owned(),
            (None, key) => key.to_uppercase(),
        };
        self.with(cap, ["Ctrl ", "Shift "])
    }

    /// As `aria-keyshortcuts` wants it.
    pub fn aria(&self) -> String {
        let aria = |key: &str| match (named(key), key) {
            (Some(named), _) => named.3.to_owned(),
            (None, "+") => "Plus".to_owned(),
            (None, key) if self.shift => key.to_uppercase(),
            (None, key) => key.to_owned(),
        };
        self.with(aria, ["Control+", "Shift+"])
    }

    /// Whether it acts while somebody types.
    pub fn beside_typing(&self) -> bool {
        self.ctrl
    }

    /// Whether it would press a focused button.
    pub fn presses(&self) -> bool {
        !self.ctrl && matches!(self.key.as_str(), "space" | "enter")
    }

    /// The digit, where it is nothing but one.
    pub fn digit(&self) -> Option<char> {
        only(&self.key).filter(|sign| sign.is_ascii_digit() && !self.ctrl && !self.shift)
    }

    /// Why no command may have it, if so.
    pub fn stays(&self) -> Option<&'static str> {
        match self.key.as_str() {
            "escape" => Some("Esc stays: it closes what is open and leaves a field."),
            "tab" => Some("Tab stays: it moves from one control to the next."),
            "enter" if !self.ctrl => Some("Enter stays: it presses what is focused."),
            "k" if self.ctrl => Some("Ctrl K stays: it finds actions, pages and runs."),
            key if self.ctrl && only(key).is_some_and(browser_needs) => {
                Some("The browser needs this one itself.")
            }
            _ => None,
        }
    }

    fn with(&self, key: impl Fn(&str) -> String, held: [&str; 2]) -> String {
        let [ctrl, shift] = held;
        let ctrl = if self.ctrl { ctrl } else { "" };
        let shift = if self.shift { shift } else { "" };
        format!("{ctrl}{shift}{}", key(&self.key))
    }
}

fn named(key: &str) -> Option<&'static (&'static str, &'static str, &'static str, &'static str)> {
    NAMED.iter().find(|named| named.1 == key)
}

/// Whether browsers do something with ctrl and this sign.
fn browser_needs(sign: char) -> bool {
    sign.is_ascii_digit() || "acvxzyrtwnlfpsqjdho-+=".contains(sign)
}

/// The one sign a text consists of.
fn only(text: &str) -> Option<char> {
    let mut signs = text.chars();
    signs.next().filter(|_| signs.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: &str, code: &str, shift: bool) -> Option<String> {
        let press = Press { shift, code, ..Press::plain(key) };
        Chord::of(press).map(|chord| chord.name())
    }

    #[test]
    fn shift_counts_where_it_does_not_choose_the_sign() {
        let cases = [
            ("p", "KeyP", false, Some("p")),
            ("P", "KeyP", true, Some("shift+p")),
            ("P", "KeyP", false, Some("p")), // caps lock
            ("?", "Slash", true, Some("?")),
            ("1", "Digit1", true, Some("1")), // digits that need shift
            ("<", "Comma", true, Some("shift+,")),
            (">", "Period", true, Some("shift+.")),
            (":", "Period", true, Some("shift+.")),
            ("/", "Period", true, Some("/")),
            ("п", "KeyG", false, Some("g")),
            ("П", "KeyG", true, Some("shift+g")),
            ("ö", "Semicolon", false, Some("ö")),
            (" ", "Space", false, Some("space")),
            ("Shift", "ShiftLeft", true, None),
            ("F5", "F5", false, None),
            ("Dead", "Quote", false, None),
        ];
        for (key, code, shift, want) in cases {
            assert_eq!(of(key, code, shift).as_deref(), want, "{key} {code} {shift}");
        }
    }

    #[test]
    fn what_is_written_down_reads_back() {
        for text in ["a", "shift+p", "ctrl+enter", "?", "+", "ctrl++", "space", "shift+,", "ö"] {
            let chord = Chord::parse(text);
            assert_eq!(chord.map(|chord| chord.name()).as_deref(), Some(text));
        }
        for text in ["", "P", "shift+?", "alt+p", "enterr", " ", "ctrl+", "\n"] {
            assert_eq!(Chord::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn caps_are_for_eyes_and_aria_for_screen_readers() {
        let both = |text: &str| Chord::parse(text).map(|chord| (chord.cap(), chord.aria()));
        let pair = |cap: &str, aria: &str| Some((cap.to_owned(), aria.to_owned()));
        assert_eq!(both("ctrl+enter"), pair("Ctrl ⏎", "Control+Enter"));
        assert_eq!(both("shift+p"), pair("Shift P", "Shift+P"));
        assert_eq!(both("g"), pair("G", "g"));
        assert_eq!(both("+"), pair("+", "Plus"));
        assert_eq!(both("-"), pair("−", "-"));
    }

    #[test]
    fn some_keys_stay_what_they_are() {
        for text in
            ["escape", "tab", "shift+tab", "enter", "shift+enter", "ctrl+k", "ctrl+c", "ctrl+1"]
        {
            assert!(Chord::parse(text).is_some_and(|chord| chord.stays().is_some()), "{text}");
        }
        for text in ["ctrl+enter", "k", "shift+k", "left", "1", "space"] {
            assert!(Chord::parse(text).is_some_and(|chord| chord.stays().is_none()), "{text}");
        }
    }
}
