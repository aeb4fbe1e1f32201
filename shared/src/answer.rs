//! Text of a policy -> what it says. Total: it classifies and never fails.
//!
//! Two readings of the same text: [`parse_exact`] follows the released VideoSSR functions
//! to the letter; [`parse_tolerant`] finds the answer inside prose.

use crate::task::TaskKind;
use serde::{Deserialize, Serialize};

/// What a text says, for a given task. Its numbers are finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "kebab-case")]
pub enum Parsed {
    /// Two numbers, start and end in seconds, not reversed.
    Span {
        /// First number.
        start: f64,
        /// Second number.
        end: f64,
    },
    /// Whole numbers, in the order of the shapes.
    Counts {
        /// One count per shape.
        counts: Vec<f64>,
    },
    /// One symbol per original part.
    Order {
        /// Digit k is the display position of original part k.
        order: String,
    },
    /// A number and a span (spotting).
    Spot {
        /// The number said.
        number: f64,
        /// Start, seconds.
        start: f64,
        /// End, seconds.
        end: f64,
    },
    /// A share of the way (progress).
    Percent {
        /// 0 to 100.
        percent: f64,
    },
    /// None of these.
    Unreadable {
        /// One short reason, for people.
        why: String,
    },
}

impl Parsed {
    fn unreadable(why: &str) -> Self {
        Self::Unreadable { why: why.to_owned() }
    }

    fn counts(counts: &[f64]) -> Self {
        if counts.iter().all(|count| count.is_finite()) {
            Self::Counts { counts: counts.to_vec() }
        } else {
            Self::unreadable("a number has far too many digits")
        }
    }

    /// Whether the text had the form that the task asks for.
    pub fn is_readable(&self) -> bool {
        !matches!(self, Self::Unreadable { .. })
    }
}

/// Reads an answer as the reward functions released with VideoSSR (arXiv 2511.06281) do:
/// a span is the whole stripped text `number-number` of ASCII digits and dots;
/// counts are all runs of ASCII digits; an order is the whole stripped text. The further
/// tasks are read in the same spirit: `number,start-end` and `percent`, nothing beside them.
pub fn parse_exact(kind: TaskKind, text: &str) -> Parsed {
    match kind {
        TaskKind::Grounding => exact_span(text),
        TaskKind::Counting => Parsed::counts(&digit_runs(text)),
        TaskKind::Jigsaw | TaskKind::Spatial => Parsed::Order { order: strip(text).to_owned() },
        TaskKind::Spotting => exact_spot(text),
        TaskKind::Progress => exact_percent(text),
    }
}

/// Finds an answer inside prose: the last `a-b`, `a to b` or `a and b` (any dash), the
/// last three whole numbers, the last run of digits that is a permutation of 1..=n
/// (separators such as `, ` between single digits are allowed), the last span with the last
/// whole number before it, or the last number up to 100.
pub fn parse_tolerant(kind: TaskKind, text: &str) -> Parsed {
    match kind {
        TaskKind::Grounding => tolerant_span(text),
        TaskKind::Counting => {
            let runs = digit_runs(text);
            match runs.len().checked_sub(3) {
                Some(from) => Parsed::counts(&runs[from..]),
                None => Parsed::unreadable("fewer than three whole numbers"),
            }
        }
        TaskKind::Jigsaw | TaskKind::Spatial => tolerant_order(text),
        TaskKind::Spotting => tolerant_spot(text),
        TaskKind::Progress => {
            let numbers = numbers_with_places(text);
            match numbers.iter().rev().find(|place| place.value <= 100.0) {
                Some(place) => Parsed::Percent { percent: place.value },
                None => Parsed::unreadable("no number from 0 to 100"),
            }
        }
    }
}

/// Python's `str.strip` for the characters it treats as white space.
fn strip(text: &str) -> &str {
    // Python also strips the ASCII separators U+001C..U+001F, which Unicode does not list.
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

fn exact_span(text: &str) -> Parsed {
    let trimmed = strip(text);
    let numeric = |c: char| c.is_ascii_digit() || c == '.';
    let first = trimmed.find(|c| !numeric(c)).unwrap_or(trimmed.len());
    let (start, rest) = trimmed.split_at(first);
    let Some(rest) = strip(rest).strip_prefix('-') else {
        return Parsed::unreadable("the whole answer is not two numbers");
    };
    let end = strip(rest);
    if start.is_empty() || end.is_empty() || !end.chars().all(numeric) {
        return Parsed::unreadable("the whole answer is not two numbers");
    }
    match (python_float(start), python_float(end)) {
        (Some(start), Some(end)) if start > end => Parsed::unreadable("the start is after the end"),
        (Some(start), Some(end)) => Parsed::Span { start, end },
        _ => Parsed::unreadable("a number has more than one dot, or far too many digits"),
    }
}

fn exact_spot(text: &str) -> Parsed {
    let trimmed = strip(text);
    let Some((number, span)) = trimmed.split_once(',') else {
        return Parsed::unreadable("the whole answer is not a number, a comma and a span");
    };
    let digits = strip(number);
    let number = python_float(digits).filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
    match (number, exact_span(span)) {
        (Some(number), Parsed::Span { start, end }) => Parsed::Spot { number, start, end },
        (Some(_), unreadable) => unreadable,
        (None, _) => Parsed::unreadable("what stands before the comma is not a whole number"),
    }
}

fn exact_percent(text: &str) -> Parsed {
    let trimmed = strip(text);
    let number = strip(trimmed.strip_suffix('%').unwrap_or(trimmed));
    let numeric = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match python_float(number).filter(|percent| numeric && *percent <= 100.0) {
        Some(percent) => Parsed::Percent { percent },
        None => Parsed::unreadable("the whole answer is not a number from 0 to 100"),
    }
}

/// A run of digits and dots as Python's `float` reads it: `1.`, `.5` and `1.5` are
/// numbers, `.` and `1.2.3` are not. Neither is what has hundreds of digits, which would be
/// infinite: JSON has no such number.
fn python_float(text: &str) -> Option<f64> {
    let number = if text.bytes().any(|b| b.is_ascii_digit()) { text.parse().ok() } else { None };
    number.filter(|number: &f64| number.is_finite())
}

fn digit_runs(text: &str) -> Vec<f64> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        // A run of digits always parses; beyond 2^53 it rounds, beyond 1e308 it is infinite.
        .filter_map(|run| run.parse().ok())
        .collect()
}

fn tolerant_span(text: &str) -> Parsed {
    match last_span(text, &numbers_with_places(text)) {
        Ok((_, start, end)) => Parsed::Span { start, end },
        Err(why) => Parsed::unreadable(why),
    }
}

fn tolerant_spot(text: &str) -> Parsed {
    let numbers = numbers_with_places(text);
    match last_span(text, &numbers) {
        Ok((0, ..)) => Parsed::unreadable("no number before the span"),
        Ok((at, start, end)) => Parsed::Spot { number: numbers[at - 1].value, start, end },
        Err(why) => Parsed::unreadable(why),
    }
}

/// The last two numbers joined as a span: the first one's index, start and end.
fn last_span(text: &str, numbers: &[Place]) -> Result<(usize, f64, f64), &'static str> {
    let joined = |a: &Place, b: &Place| {
        let between = text[a.end..b.start]
            .trim()
            .trim_start_matches(['s', 'S'])
            .trim_start_matches("econds")
            .trim();
        matches!(between, "-" | "–" | "—" | "~" | "to" | "and" | "until" | "through")
    };
    let at = numbers
        .windows(2)
        .rposition(|pair| joined(&pair[0], &pair[1]))
        .ok_or("no two numbers joined by a dash, `to` or `and`")?;
    let (start, end) = (numbers[at].value, numbers[at + 1].value);
    if start <= end { Ok((at, start, end)) } else { Err("the start is after the end") }
}

struct Place {
    start: usize,
    end: usize,
    value: f64,
}

fn numbers_with_places(text: &str) -> Vec<Place> {
    let bytes = text.as_bytes();
    let mut places = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        if at + 1 < bytes.len() && bytes[at] == b'.' && bytes[at + 1].is_ascii_digit() {
            at += 1;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
        }
        if let Some(value) = python_float(&text[start..at]) {
            places.push(Place { start, end: at, value });
        }
    }
    places
}

fn tolerant_order(text: &str) -> Parsed {
    let is_permutation = |digits: &str| {
        let n = digits.len();
        (2..=9).contains(&n) && (1..=n).all(|k| digits.contains(char::from(b'0' + k as u8)))
    };
    let mut runs = text.split(|c: char| !c.is_ascii_digit()).filter(|r| !r.is_empty());
    if let Some(order) = runs.rfind(|run| is_permutation(run)) {
        return Parsed::Order { order: order.to_owned() };
    }
    let listed = text.split(|c: char| !(c.is_ascii_digit() || " ,;>-[]".contains(c)));
    let mut joined =
        listed.map(|part| part.chars().filter(char::is_ascii_digit).collect::<String>());
    match joined.rfind(|digits| is_permutation(digits)) {
        Some(order) => Parsed::Order { order },
        None => Parsed::unreadable("no order of the clips"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_spans() {
        let read = |text| parse_exact(TaskKind::Grounding, text);
        assert_eq!(read(" 10 - 20 "), Parsed::Span { start: 10.0, end: 20.0 });
        assert_eq!(read("10.-.5e"), Parsed::unreadable("the whole answer is not two numbers"));
        for bad in
            ["20-10", "10-20 s", "<a>1-2</a>", "10–20", "10.5.1-20", "", "-", "1-", ".-1", "１-２"]
        {
            assert!(!read(bad).is_readable(), "{bad}");
        }
    }

    #[test]
    fn numbers_beyond_all_bounds_are_unreadable() {
        let huge = "9".repeat(400);
        for (kind, text) in [
            (TaskKind::Grounding, format!("1-{huge}")),
            (TaskKind::Grounding, format!("{huge}-{huge}.5")),
            (TaskKind::Counting, format!("{huge},1,4")),
            (TaskKind::Spotting, format!("{huge},1-{huge}")),
            (TaskKind::Progress, huge.clone()),
        ] {
            for parsed in [parse_exact(kind, &text), parse_tolerant(kind, &text)] {
                assert!(!parsed.is_readable(), "{parsed:?}");
            }
        }
        assert!(!parse_exact(TaskKind::Spotting, &format!("{huge},1-2")).is_readable());
        let early = parse_tolerant(TaskKind::Counting, &format!("{huge} or 3, 1, 4"));
        assert_eq!(early, Parsed::Counts { counts: vec![3.0, 1.0, 4.0] });
        // The largest that is read survives JSON, as the journal needs.
        let most = parse_exact(TaskKind::Grounding, &format!("0-{}", "9".repeat(308)));
        let text = serde_json::to_string(&most).expect("json");
        assert!(most.is_readable() && serde_json::from_str::<Parsed>(&text).is_ok(), "{text}");
    }

    #[test]
    fn spots_and_percents() {
        let spot = |text| parse_exact(TaskKind::Spotting, text);
        assert_eq!(spot(" 7, 1.5 - 2 "), Parsed::Spot { number: 7.0, start: 1.5, end: 2.0 });
        for bad in ["1.5-2", "7 1.5-2", "7,2-1.5", "-7,1-2", "7,1-2 s", "", ",1-2", "7.0,1-2"] {
            assert!(!spot(bad).is_readable(), "{bad}");
        }
        let percent = |text| parse_exact(TaskKind::Progress, text);
        assert_eq!(percent(" 40 % "), Parsed::Percent { percent: 40.0 });
        for bad in ["101", "-1", "half", "1e1", "", "%", "4 0", "inf"] {
            assert!(!percent(bad).is_readable(), "{bad}");
        }
        let prose = parse_tolerant(TaskKind::Spotting, "Number 7, shown from 1.5 s to 2 s.");
        assert_eq!(prose, Parsed::Spot { number: 7.0, start: 1.5, end: 2.0 });
        assert!(!parse_tolerant(TaskKind::Spotting, "from 1 to 2").is_readable());
        let prose = parse_tolerant(TaskKind::Progress, "about 30 of 480 percent");
        assert_eq!(prose, Parsed::Percent { percent: 30.0 });
    }

    #[test]
    fn tolerant_readings_find_answers_in_prose() {
        let span = parse_tolerant(TaskKind::Grounding, "I think it is from 3.5 s to 7 s.");
        assert_eq!(span, Parsed::Span { start: 3.5, end: 7.0 });
        let order = parse_tolerant(TaskKind::Jigsaw, "The order is 3, 4, 1, 5, 6, 2.");
        assert_eq!(order, Parsed::Order { order: "341562".into() });
        let counts =
            parse_tolerant(TaskKind::Counting, "In 48 frames: 3 circles, 1 square, 4 triangles");
        assert_eq!(counts, Parsed::Counts { counts: vec![3.0, 1.0, 4.0] });
    }
}
