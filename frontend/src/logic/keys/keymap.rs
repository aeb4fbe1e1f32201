//! A reader's own keys: what differs from the table, and what a press means with it.

use super::{Chord, Command, ROWS, Row, Screen, Section};
use std::collections::BTreeMap;

/// Keys that were changed, by the row's id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keymap {
    own: BTreeMap<&'static str, Chord>,
}

/// What became of a wish for another key.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The keys as they are then.
    Taken(Keymap),
    /// Others have the key already.
    Clash {
        /// In one sentence.
        why: String,
        /// The keys after a swap, where one is possible.
        swapped: Option<Keymap>,
    },
    /// The key stays what it is.
    Refused(String),
}

impl Keymap {
    /// The command's key.
    pub fn chord(&self, row: &Row) -> Option<Chord> {
        self.own.get(row.id).cloned().or_else(|| default(row))
    }

    /// The command's key and the further ones that work.
    pub fn chords(&self, row: &'static Row) -> Vec<Chord> {
        let further = row.keys.iter().skip(1).filter_map(|text| Chord::parse(text));
        let free = |chord: &Chord| self.holders(row, chord).next().is_none();
        self.chord(row).into_iter().chain(further.filter(free)).collect()
    }

    /// Whether the reader chose the key.
    pub fn is_changed(&self, row: &Row) -> bool {
        self.own.contains_key(row.id)
    }

    /// How many keys the reader chose.
    pub fn changed(&self) -> usize {
        self.own.len()
    }

    /// What a key means on a screen.
    pub fn find(&self, screen: Screen, chord: &Chord) -> Option<Command> {
        let here = || ROWS.iter().filter(|row| screen.sections().contains(&row.section));
        let first = here().find(|row| self.chord(row).as_ref() == Some(chord));
        let further = || here().find(|row| self.chords(row).contains(chord));
        first.or_else(further).map(|row| row.does)
    }

    /// Others that have the key where `row` would.
    fn holders<'a>(
        &'a self,
        row: &'a Row,
        chord: &'a Chord,
    ) -> impl Iterator<Item = &'static Row> + 'a {
        let meets = |other: &&Row| other.id != row.id && other.section.meets(row.section);
        ROWS.iter().filter(meets).filter(move |other| self.chord(other).as_ref() == Some(chord))
    }

    /// Gives a command another key.
    pub fn change(&self, row: &'static Row, chord: Chord) -> Change {
        let own = default(row).as_ref() == Some(&chord);
        if let Some(why) = why_not(row, &chord).filter(|_| !own) {
            return Change::Refused(why.to_owned());
        }
        let others: Vec<&'static Row> = self.holders(row, &chord).collect();
        if others.is_empty() {
            return Change::Taken(self.with(row, chord));
        }
        let names: Vec<String> = others
            .iter()
            .map(|other| format!("“{}” ({})", other.what, other.section.title()))
            .collect();
        let why = format!("{} does {} already.", chord.cap(), names.join(" and "));
        Change::Clash { why, swapped: self.swap(row, chord, &others) }
    }

    /// The key at first again.
    pub fn reset(&self, row: &'static Row) -> Change {
        default(row).map_or_else(|| Change::Taken(self.clone()), |chord| self.change(row, chord))
    }

    /// Both get the other's key, where that leaves no third one without.
    fn swap(&self, row: &'static Row, chord: Chord, others: &[&'static Row]) -> Option<Self> {
        let old = self.chord(row)?;
        let mut swapped = self.with(row, chord);
        for other in others {
            if other.fixed
                || (why_not(other, &old).is_some() && default(other).as_ref() != Some(&old))
            {
                return None;
            }
            swapped = swapped.with(other, old.clone());
        }
        let alone = |row: &&Row| {
            let chord = swapped.chord(row);
            chord.is_none_or(|chord| swapped.holders(row, &chord).next().is_none())
        };
        others.iter().all(alone).then_some(swapped)
    }

    fn with(&self, row: &'static Row, chord: Chord) -> Self {
        let mut own = self.own.clone();
        if default(row).as_ref() == Some(&chord) {
            own.remove(row.id);
        } else {
            own.insert(row.id, chord);
        }
        Self { own }
    }

    /// Reads what was kept. What is unknown, refused or in the way of another key is left out.
    pub fn read(text: &str) -> Self {
        let kept: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(text).unwrap_or_default();
        let own = ROWS.iter().filter_map(|row| {
            let chord = Chord::parse(kept.get(row.id)?.as_str()?)?;
            (!row.fixed && why_not(row, &chord).is_none()).then_some((row.id, chord))
        });
        let mut keymap = Self { own: own.collect() };
        while let Some(id) = keymap.in_the_way() {
            keymap.own.remove(id);
        }
        keymap
    }

    /// A changed key that another command has too.
    fn in_the_way(&self) -> Option<&'static str> {
        let doubled = |row: &&Row| {
            let chord = self.own.get(row.id);
            chord.is_some_and(|chord| self.holders(row, chord).next().is_some())
        };
        // The last one, as it came after the others.
        ROWS.iter().rev().find(doubled).map(|row| row.id)
    }

    /// As it is kept.
    pub fn write(&self) -> String {
        let own: BTreeMap<&str, String> =
            self.own.iter().map(|(id, chord)| (*id, chord.name())).collect();
        serde_json::to_string(&own).unwrap_or_default()
    }

    /// A command's key on a cap.
    pub fn cap(&self, does: Command) -> String {
        self.of(does).map_or_else(String::new, |chord| chord.cap())
    }

    /// A command's keys for `aria-keyshortcuts`.
    pub fn aria(&self, does: Command) -> String {
        let all = Row::of(does).map(|row| self.chords(row)).unwrap_or_default();
        let all: Vec<String> = all.iter().map(Chord::aria).collect();
        all.join(" ")
    }

    /// The keys of the first `n` tags on one cap: `1–7`, or each where they are no row.
    pub fn tags(&self, n: usize) -> String {
        let caps: Vec<String> = (0..n).map(|i| self.cap(Command::Tag(i))).collect();
        let in_a_row = caps.iter().enumerate().all(|(i, cap)| *cap == (i + 1).to_string());
        if in_a_row && n > 1 { format!("1–{n}") } else { caps.join(" ") }
    }

    fn of(&self, does: Command) -> Option<Chord> {
        self.chord(Row::of(does)?)
    }
}

fn default(row: &Row) -> Option<Chord> {
    Chord::parse(row.keys.first()?)
}

/// Why this command may not have this key, whoever has it now.
fn why_not(row: &Row, chord: &Chord) -> Option<&'static str> {
    if row.fixed {
        return Some("This key stays what it is.");
    }
    let in_studio =
        Screen::Studio.sections().contains(&row.section) || row.section == Section::Everywhere;
    let digit = chord.digit().is_some() && in_studio && default(row).as_ref() != Some(chord);
    chord.stays().or(digit.then_some("In Task studio a digit begins your answer, so it stays."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str) -> &'static Row {
        ROWS.iter().find(|row| row.id == id).unwrap_or_else(|| panic!("no {id}"))
    }

    fn chord(text: &str) -> Chord {
        Chord::parse(text).unwrap_or_else(|| panic!("no key {text}"))
    }

    fn changed(keymap: &Keymap, id: &str, key: &str) -> Keymap {
        match keymap.change(row(id), chord(key)) {
            Change::Taken(keymap) => keymap,
            other => panic!("{id} -> {key}: {other:?}"),
        }
    }

    #[test]
    fn the_table_is_sound() {
        let keymap = Keymap::default();
        for row in ROWS {
            for text in row.keys {
                assert!(Chord::parse(text).is_some(), "{}: {text}", row.id);
            }
            let same = |other: &&Row| other.id == row.id || other.does == row.does;
            assert_eq!(ROWS.iter().filter(same).count(), 1, "{} is there twice", row.id);
            let others: Vec<&str> =
                keymap.holders(row, &chord(row.keys[0])).map(|other| other.id).collect();
            // Take the label back and undo are one command, so nothing is doubled.
            assert!(others.is_empty(), "{} and {others:?}", row.id);
        }
    }

    #[test]
    fn a_changed_key_acts_and_the_old_one_does_not() {
        let keymap = changed(&Keymap::default(), "loop", "x");
        assert_eq!(keymap.find(Screen::Group, &chord("x")), Some(Command::Loop));
        assert_eq!(keymap.find(Screen::Review, &chord("x")), Some(Command::Loop));
        assert_eq!(keymap.find(Screen::Group, &chord("l")), None);
        assert_eq!(keymap.find(Screen::Runs, &chord("x")), None);
        assert_eq!((keymap.cap(Command::Loop), keymap.changed()), ("X".to_owned(), 1));
        assert_eq!(changed(&keymap, "loop", "l"), Keymap::default());
    }

    #[test]
    fn a_further_key_works_until_another_command_gets_it() {
        let keymap = changed(&Keymap::default(), "frame-back", "q");
        for key in ["q", "left"] {
            assert_eq!(keymap.find(Screen::Group, &chord(key)), Some(Command::Frames(-1)), "{key}");
        }
        let keymap = changed(&keymap, "loop", "left");
        assert_eq!(keymap.find(Screen::Group, &chord("left")), Some(Command::Loop));
        assert_eq!(keymap.aria(Command::Frames(-1)), "q");
    }

    #[test]
    fn a_clash_is_named_and_can_be_swapped() {
        let Change::Clash { why, swapped } = Keymap::default().change(row("heat"), chord("w"))
        else {
            panic!("w is taken");
        };
        assert_eq!(why, "W does “what if the reward were another” (Group) already.");
        let keymap = swapped.expect("nothing else is in the way");
        assert_eq!(keymap.find(Screen::Group, &chord("w")), Some(Command::Heat));
        assert_eq!(keymap.find(Screen::Group, &chord("h")), Some(Command::WhatIf));
    }

    #[test]
    fn a_swap_that_would_clash_again_is_not_offered() {
        // Space would go to accept, and play would get A, which Task studio needs.
        let change = Keymap::default().change(row("accept"), chord("space"));
        assert!(matches!(change, Change::Clash { swapped: None, .. }), "{change:?}");
        // Pause may have what another screen has.
        changed(&Keymap::default(), "pause", "a");
    }

    #[test]
    fn keys_that_must_stay_are_refused() {
        let keymap = Keymap::default();
        let cases = [
            ("play", "escape"),
            ("play", "ctrl+k"),
            ("palette", "x"),
            ("another", "3"),
            ("loop", "7"),
        ];
        for (id, key) in cases {
            let change = keymap.change(row(id), chord(key));
            assert!(matches!(change, Change::Refused(_)), "{id} {key}: {change:?}");
        }
        let change = keymap.change(row("heat"), chord("3"));
        assert!(matches!(change, Change::Clash { .. }), "digits are tags in a group: {change:?}");
    }

    #[test]
    fn a_reset_can_clash_with_who_has_the_key_now() {
        let keymap = changed(&changed(&Keymap::default(), "loop", "x"), "heat", "l");
        assert!(matches!(keymap.reset(row("loop")), Change::Clash { swapped: Some(_), .. }));
        assert_eq!(
            keymap.reset(row("heat")),
            Change::Taken(changed(&Keymap::default(), "loop", "x"))
        );
    }

    #[test]
    fn what_is_kept_comes_back_and_its_broken_parts_do_not() {
        let keymap = changed(&changed(&Keymap::default(), "loop", "x"), "submit", "ctrl+b");
        assert_eq!(Keymap::read(&keymap.write()), keymap);
        let broken = r#"{"loop":"x","heat":"X","gone":"q","play":3,"palette":"p","note":"escape","what-if":"n"}"#;
        assert_eq!(Keymap::read(broken), changed(&Keymap::default(), "loop", "x"));
        for text in ["", "[]", "null", "{\"loop\":", "7"] {
            assert_eq!(Keymap::read(text), Keymap::default(), "{text}");
        }
    }

    #[test]
    fn swapped_keys_come_back_as_they_were() {
        let Change::Clash { swapped: Some(keymap), .. } =
            Keymap::default().change(row("group-before"), chord("j"))
        else {
            panic!("j is the group after");
        };
        assert_eq!(Keymap::read(&keymap.write()), keymap);
    }

    #[test]
    fn the_tags_share_a_cap_while_their_keys_are_in_a_row() {
        assert_eq!(Keymap::default().tags(7), "1–7");
        assert_eq!(changed(&Keymap::default(), "tag-2", "q").tags(3), "1 Q 3");
    }
}
