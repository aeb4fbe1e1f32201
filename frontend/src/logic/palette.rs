//! What the palette finds: which things a few typed words mean, the best ones first.

use std::cmp::Reverse;

/// What a word is worth that is a whole word of a name, begins one, lies inside of one, or begins
/// one of the further words.
const WHOLE: u32 = 40;
const BEGINS: u32 = 30;
const INSIDE: u32 = 12;
const FURTHER: u32 = 6;
/// The same where the name begins with it.
const FIRST: u32 = 5;

/// Something that can be found.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<G> {
    /// What it is called.
    pub name: String,
    /// Further words that find it, though not as well.
    pub also: String,
    /// What is said beside it.
    pub note: &'static str,
    /// What choosing it does.
    pub goal: G,
}

/// Things of one sort.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort<G> {
    /// Its heading.
    pub title: &'static str,
    /// How many of them are shown at most.
    pub most: usize,
    /// All of them, in the order in which they stand while nothing is typed.
    pub entries: Vec<Entry<G>>,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<G> {
    /// What.
    pub entry: Entry<G>,
    /// Places of the name's letters that were typed.
    pub lit: Vec<usize>,
    rank: u32,
}

/// What was found of one sort, the best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Section<G> {
    /// Its heading.
    pub title: &'static str,
    /// What is shown.
    pub found: Vec<Found<G>>,
    /// How many more fit.
    pub hidden: usize,
}

/// Everything that all typed words are found in, the sort with the best one first. Without a word
/// that is everything, as it stands.
pub fn find<G>(typed: &str, sorts: Vec<Sort<G>>) -> Vec<Section<G>> {
    let words: Vec<Vec<char>> = typed.split_whitespace().map(folded).collect();
    let look = |sort: Sort<G>| {
        let fits = |entry| matched(&words, entry);
        let mut found: Vec<Found<G>> = sort.entries.into_iter().filter_map(fits).collect();
        found.sort_by_key(|found| Reverse(found.rank));
        let hidden = found.len().saturating_sub(sort.most);
        found.truncate(sort.most);
        Section { title: sort.title, found, hidden }
    };
    let mut sections: Vec<Section<G>> = sorts.into_iter().map(look).collect();
    sections.retain(|section| !section.found.is_empty());
    sections.sort_by_key(|section| Reverse(section.found[0].rank));
    sections
}

/// The entry, where every word is in it.
fn matched<G>(words: &[Vec<char>], entry: Entry<G>) -> Option<Found<G>> {
    let (name, also) = (folded(&entry.name), folded(&entry.also));
    let (mut rank, mut lit) = (0, Vec::new());
    for word in words {
        match best(&name, word) {
            Some((at, worth)) => {
                rank += worth;
                lit.extend(at..at + word.len());
            }
            None => {
                let begins = |at| starts(&also, at) && also[at..].starts_with(word);
                (0..also.len()).find(|at| begins(*at))?;
                rank += FURTHER;
            }
        }
    }
    lit.sort_unstable();
    lit.dedup();
    Some(Found { entry, lit, rank })
}

/// Where in a name a word is found best, and what that is worth.
fn best(name: &[char], word: &[char]) -> Option<(usize, u32)> {
    let worth = |at: usize| {
        let ends = name.get(at + word.len()).is_none_or(|letter| !letter.is_alphanumeric());
        let first = if at == 0 { FIRST } else { 0 };
        match (starts(name, at), ends) {
            (true, true) => WHOLE + first,
            (true, false) => BEGINS + first,
            (false, _) => INSIDE,
        }
    };
    let places = (0..name.len()).filter(|at| name[*at..].starts_with(word));
    // Of places that are worth the same the first one.
    places.map(|at| (at, worth(at))).max_by_key(|(at, worth)| (*worth, Reverse(*at)))
}

/// Whether a word begins at a place.
fn starts(text: &[char], at: usize) -> bool {
    at == 0 || !text[at - 1].is_alphanumeric()
}

/// Small letters, one for each letter, so that places stay what they are.
fn folded(text: &str) -> Vec<char> {
    text.chars().map(|letter| letter.to_lowercase().next().unwrap_or(letter)).collect()
}

/// A name in pieces, each with whether its letters were typed.
pub fn pieces(name: &str, lit: &[usize]) -> Vec<(String, bool)> {
    let mut pieces: Vec<(String, bool)> = Vec::new();
    for (at, letter) in name.chars().enumerate() {
        let on = lit.binary_search(&at).is_ok();
        match pieces.last_mut() {
            Some((piece, same)) if *same == on => piece.push(letter),
            _ => pieces.push((letter.to_string(), on)),
        }
    }
    pieces
}

/// The step that is typed, as in `step 120`, and the group, as in `step 120 group 3`; both as
/// people count them, from 1.
pub fn typed_place(typed: &str) -> Option<(u64, Option<u32>)> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let (mut step, mut group) = (None, None);
    for pair in words.chunks(2) {
        let [name, number] = pair else { return None };
        let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
        match name.as_str() {
            name if name.len() > 1 && "step".starts_with(name) => step = Some(number),
            name if name.len() > 1 && "group".starts_with(name) => {
                group = Some(u32::try_from(number).ok()?);
            }
            _ => return None,
        }
    }
    Some((step?, group))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, also: &str) -> Entry<()> {
        Entry { name: name.into(), also: also.into(), note: "", goal: () }
    }

    /// Names found in one sort, best first.
    fn names(typed: &str, all: &[(&str, &str)]) -> Vec<String> {
        let entries = all.iter().map(|(name, also)| entry(name, also)).collect();
        let sections = find(typed, vec![Sort { title: "", most: 99, entries }]);
        sections.into_iter().flat_map(|s| s.found).map(|found| found.entry.name).collect()
    }

    #[test]
    fn words_in_any_order_and_their_beginnings_first() {
        let all = [
            ("The rest, preset", ""),
            ("Show the truth", "studio"),
            ("Set or clear", ""),
            ("Hold the feed", "run"),
        ];
        assert_eq!(names("feed ho", &all), ["Hold the feed"]);
        assert_eq!(names("set", &all), ["Set or clear", "The rest, preset"]);
        assert_eq!(names("THE", &all), ["The rest, preset", "Show the truth", "Hold the feed"]);
        assert_eq!(names("  ", &all).len(), 4, "nothing typed finds everything");
        assert_eq!(names("feed truth", &all), [""; 0]);
    }

    #[test]
    fn further_words_find_what_the_name_does_not_say() {
        let all = [("Farther", "zoom timeline"), ("Timeline, whole", "")];
        assert_eq!(names("time", &all), ["Timeline, whole", "Farther"]);
        assert_eq!(names("oom", &all), [""; 0], "only their beginnings");
        assert_eq!(names("zoom far", &all), ["Farther"]);
    }

    #[test]
    fn the_sort_with_the_best_comes_first_and_says_what_it_leaves_out() {
        let sort = |title, most, names: &[&str]| {
            let entries = names.iter().map(|name| entry(name, "")).collect();
            Sort { title, most, entries }
        };
        let sorts = || {
            vec![
                sort("Actions", 9, &["How much tokens look at the video"]),
                sort("Pages", 9, &["Team", "Videos"]),
                sort("Runs", 2, &["vid 1", "vid 2", "vid 3"]),
            ]
        };
        let titles = |typed| {
            let shown = |s: Section<()>| (s.title, s.found.len(), s.hidden);
            find(typed, sorts()).into_iter().map(shown).collect::<Vec<_>>()
        };
        assert_eq!(titles("videos"), [("Pages", 1, 0)]);
        assert_eq!(titles("vid"), [("Runs", 2, 1), ("Pages", 1, 0), ("Actions", 1, 0)]);
        assert_eq!(titles(""), [("Actions", 1, 0), ("Pages", 2, 0), ("Runs", 2, 1)]);
    }

    #[test]
    fn typed_letters_are_lit_where_they_count() {
        let lit = |typed: &str, name: &str| {
            let sorts = vec![Sort { title: "", most: 9, entries: vec![entry(name, "")] }];
            let found = find(typed, sorts).remove(0).found.remove(0);
            let text = |(piece, on): (String, bool)| if on { format!("[{piece}]") } else { piece };
            pieces(name, &found.lit).into_iter().map(text).collect::<String>()
        };
        assert_eq!(lit("feed h", "Hold the feed"), "[H]old the [feed]");
        assert_eq!(
            lit("st", "A test, a step"),
            "A test, a [st]ep",
            "the beginning, not the inside"
        );
        assert_eq!(lit("é", "Das İ-Gerät, été"), "Das İ-Gerät, [é]té");
        assert_eq!(lit("", "Hold"), "Hold");
    }

    #[test]
    fn steps_and_groups_are_read() {
        let cases = [
            ("step 120", Some((120, None))),
            ("st 7", Some((7, None))),
            ("Step 12 group 3", Some((12, Some(3)))),
            ("gr 3 ste 12", Some((12, Some(3)))),
            ("step 0", None),
            ("step", None),
            ("step x", None),
            ("s 7", None),
            ("group 3", None),
            ("steps 3", None),
            ("step 99999999999999999999", None),
            ("120", None),
        ];
        for (typed, want) in cases {
            assert_eq!(typed_place(typed), want, "{typed}");
        }
    }
}
