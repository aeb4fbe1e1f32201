//! Truth x answer -> reward, with the parts it is made of.
//!
//! The smooth rewards are the released VideoSSR functions (arXiv 2511.06281, section 3.3);
//! `strict` and `tolerant` are separate, named modes.

use crate::answer::{Parsed, parse_exact, parse_tolerant};
use crate::task::{ShapeKind, TaskKind, Truth, named_enum};
use crate::time::iou;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

named_enum! {
    /// Which reward is paid for an answer.
    RewardMode, "reward" {
        /// Graded, exactly as released.
        Smooth => "smooth",
        /// 1 for the exact answer, else 0.
        Strict => "strict",
        /// Graded, but the answer may stand inside prose.
        Tolerant => "tolerant",
    }
}

/// One line of the account of a reward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RewardPart {
    /// What was looked at, in words.
    pub label: String,
    /// What was found, in words.
    pub found: String,
    /// What it adds to the total; the parts sum to the total.
    pub value: f64,
}

/// A reward and how it came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RewardBreakdown {
    /// The reward, in 0..=1.
    pub total: f64,
    /// Whether the answer had the form that the task asks for.
    pub parsed: bool,
    /// What the answer said.
    pub reading: Parsed,
    /// The account, in the order the code takes.
    pub parts: Vec<RewardPart>,
}

/// Scores the text `answer` against `truth`.
pub fn score(mode: RewardMode, truth: &Truth, answer: &str) -> RewardBreakdown {
    score_text(mode, truth.kind(), &truth.answer(), answer)
}

/// Scores `answer` against the truth given as text, as the released functions take it.
/// Total: a truth that cannot be read earns 0.
pub fn score_text(mode: RewardMode, kind: TaskKind, truth: &str, answer: &str) -> RewardBreakdown {
    let reading = read(mode, kind, answer);
    let graded = grade(mode, kind, truth, &reading);
    let (total, parsed, parts) = (graded.total, graded.parsed, (graded.account)());
    RewardBreakdown { total, parsed, reading, parts }
}

/// The total of [`score_text`] alone, without the words of its account: for many answers at once.
pub fn earned(mode: RewardMode, kind: TaskKind, truth: &str, answer: &str) -> f64 {
    grade(mode, kind, truth, &read(mode, kind, answer)).total
}

fn read(mode: RewardMode, kind: TaskKind, answer: &str) -> Parsed {
    match mode {
        RewardMode::Tolerant => parse_tolerant(kind, answer),
        RewardMode::Smooth | RewardMode::Strict => parse_exact(kind, answer),
    }
}

fn grade(mode: RewardMode, kind: TaskKind, truth: &str, reading: &Parsed) -> Graded {
    let graded = match (reading, parse_exact(kind, truth)) {
        (Parsed::Span { start, end }, Parsed::Span { start: a, end: b }) => {
            grade_span([*start, *end], [a, b])
        }
        (Parsed::Counts { counts }, Parsed::Counts { counts: true_counts }) => {
            grade_counts(counts, &true_counts)
        }
        (Parsed::Order { order }, Parsed::Order { order: true_order }) => match kind {
            TaskKind::Spatial => grade_tiles(order, &true_order),
            _ => grade_order(order, &true_order),
        },
        (
            Parsed::Spot { number, start, end },
            Parsed::Spot { number: true_number, start: a, end: b },
        ) => grade_spot((*number, [*start, *end]), (true_number, [a, b])),
        (Parsed::Percent { percent }, Parsed::Percent { percent: true_percent }) => {
            grade_percent(*percent, true_percent)
        }
        (Parsed::Unreadable { why }, _) => Graded::unreadable(why.clone()),
        (_, _) => Graded::unreadable("the truth cannot be read".into()),
    };
    if mode == RewardMode::Strict { graded.strictly() } else { graded }
}

/// The figure of VIUBench (arXiv 2511.06281, section 4.1): of a count the share of shapes that
/// are exactly right, of an order whether it is, of a span the overlap; elsewhere the smooth
/// reward.
pub fn benchmark(truth: &Truth, answer: &str) -> f64 {
    let smooth = score(RewardMode::Smooth, truth, answer);
    match truth.kind() {
        TaskKind::Jigsaw => score(RewardMode::Strict, truth, answer).total,
        TaskKind::Counting => match (&smooth.reading, parse_exact(truth.kind(), &truth.answer())) {
            (Parsed::Counts { counts }, Parsed::Counts { counts: right }) if smooth.parsed => {
                let hits = counts.iter().zip(&right).filter(|(said, true_)| said == true_).count();
                hits as f64 / right.len().max(1) as f64
            }
            _ => 0.0,
        },
        _ => smooth.total,
    }
}

struct Graded {
    total: f64,
    parsed: bool,
    /// Writes the account; most of the work, and often nobody asks for it.
    account: Box<dyn FnOnce() -> Vec<RewardPart>>,
}

impl Graded {
    fn unreadable(why: String) -> Self {
        let account =
            move || vec![RewardPart { label: "Form of the answer".into(), found: why, value: 0.0 }];
        Self { total: 0.0, parsed: false, account: Box::new(account) }
    }

    /// Keeps a full reward and nothing else.
    fn strictly(self) -> Self {
        if !self.parsed {
            return self;
        }
        let total = if self.total >= 1.0 - 1e-12 { 1.0 } else { 0.0 };
        let found = if total == 1.0 { "yes" } else { "no" };
        let account = move || {
            vec![RewardPart { label: "Exactly right".into(), found: found.into(), value: total }]
        };
        Self { total, parsed: true, account: Box::new(account) }
    }
}

fn grade_span(said: [f64; 2], truth: [f64; 2]) -> Graded {
    let overlap = (said[1].min(truth[1]) - said[0].max(truth[0])).max(0.0);
    let together = (said[1] - said[0]) + (truth[1] - truth[0]) - overlap;
    let total = iou(said, truth);
    let account = move || {
        let yes = |label: String| RewardPart { label, found: "yes".into(), value: 0.0 };
        vec![
            yes("Whole answer is two numbers".into()),
            yes(format!("{} to {} s, start not after end", said[0], said[1])),
            RewardPart {
                label: format!("Overlap {overlap:.1} s of {together:.1} s together"),
                found: format!("{total:.2}"),
                value: total,
            },
        ]
    };
    Graded { total, parsed: true, account: Box::new(account) }
}

/// As many numbers as the truth has; the released function is not bound to three.
fn grade_counts(said: &[f64], truth: &[f64]) -> Graded {
    if said.len() != truth.len() || truth.is_empty() {
        return Graded::unreadable(format!(
            "{} numbers where {} are asked",
            said.len(),
            truth.len()
        ));
    }
    let n = truth.len() as f64;
    // c = 1 if equal else max(0, 1 - |p - g| / (g + 1e-9)); the mean over the shapes.
    let credit = |p: f64, g: f64| {
        if p == g { 1.0 } else { (1.0 - (p - g).abs() / (g + 1e-9)).max(0.0) }
    };
    let credits: Vec<f64> = said.iter().zip(truth).map(|(&p, &g)| credit(p, g)).collect();
    // Summed before the division, as released, so that all ones give exactly 1.
    let total = credits.iter().sum::<f64>() / n;
    let (said, truth) = (said.to_vec(), truth.to_vec());
    let account = move || {
        let part = |(k, credit): (usize, &f64)| RewardPart {
            label: match ShapeKind::ALL.get(k) {
                Some(kind) => capital(kind.plural()),
                None => format!("Number {}", k + 1),
            },
            found: format!("{} of {}", said[k], truth[k]),
            value: credit / n,
        };
        credits.iter().enumerate().map(part).collect()
    };
    Graded { total, parsed: true, account: Box::new(account) }
}

fn capital(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_uppercase() + rest
}

/// The places of an order: characters, or what stands between commas where there are any.
fn places(order: &str) -> Vec<&str> {
    if order.contains(',') {
        order.split(',').map(str::trim).collect()
    } else {
        order.split("").filter(|place| !place.is_empty()).collect()
    }
}

/// Said and true places; `None` unless one is a permutation of the other.
fn permuted<'a>(said: &'a str, truth: &'a str) -> Option<(Vec<&'a str>, Vec<&'a str>)> {
    // Only an order of ten or more is written with commas; as released, one without takes
    // every character as a place.
    let said: Vec<&str> = if truth.contains(',') {
        places(said)
    } else {
        said.split("").filter(|p| !p.is_empty()).collect()
    };
    let truth = places(truth);
    let sorted = |places: &[&'a str]| {
        let mut places = places.to_vec();
        places.sort_unstable();
        places
    };
    (!truth.is_empty() && sorted(&said) == sorted(&truth)).then_some((said, truth))
}

fn grade_order(said: &str, truth: &str) -> Graded {
    let Some((said, truth)) = permuted(said, truth) else {
        return Graded::unreadable("not an order of the same clips".into());
    };
    let place = |places: &[&str], p: &str| places.iter().position(|x| *x == p).unwrap_or(0) as f64;
    let moved: f64 = truth.iter().map(|p| (place(&said, p) - place(&truth, p)).abs()).sum();
    // The footrule is at most floor(n^2 / 2).
    let most = (truth.len() * truth.len() / 2) as f64;
    let total = if most == 0.0 { 1.0 } else { 1.0 - moved / most };
    graded(
        move || {
            ("An order of the same clips".into(), format!("Moved {moved} places of at most {most}"))
        },
        total,
    )
}

/// Share of places that are right: tiles have no distance along one line.
fn grade_tiles(said: &str, truth: &str) -> Graded {
    let Some((said, truth)) = permuted(said, truth) else {
        return Graded::unreadable("not an order of the same tiles".into());
    };
    let right = said.iter().zip(&truth).filter(|(a, b)| a == b).count();
    let total = right as f64 / truth.len() as f64;
    let all = truth.len();
    graded(
        move || {
            ("An order of the same tiles".into(), format!("{right} of {all} tiles in their place"))
        },
        total,
    )
}

/// Half for the number, half for the overlap of the spans (after STVG-R1, whose two parts
/// weigh the same).
fn grade_spot(said: (f64, [f64; 2]), truth: (f64, [f64; 2])) -> Graded {
    let right = said.0 == truth.0;
    let overlap = iou(said.1, truth.1);
    let (number, span) = (if right { 0.5 } else { 0.0 }, overlap / 2.0);
    let account = move || {
        vec![
            RewardPart {
                label: format!("Number {}", said.0),
                found: if right { "right".into() } else { format!("it is {}", truth.0) },
                value: number,
            },
            RewardPart {
                label: format!("Overlap of {} to {} s", said.1[0], said.1[1]),
                found: format!("{overlap:.2}"),
                value: span,
            },
        ]
    };
    Graded { total: number + span, parsed: true, account: Box::new(account) }
}

/// One less the error (after PRIMO).
fn grade_percent(said: f64, truth: f64) -> Graded {
    let total = 1.0 - (said - truth).abs() / 100.0;
    let off = (said - truth).abs();
    graded(move || (format!("{said} percent"), format!("Off by {off} of 100")), total)
}

/// A readable answer with one graded part; `words` says what form it has and what was measured.
fn graded(words: impl FnOnce() -> (String, String) + 'static, total: f64) -> Graded {
    let account = move || {
        let (form, measured) = words();
        vec![
            RewardPart { label: form, found: "yes".into(), value: 0.0 },
            RewardPart { label: measured, found: format!("{total:.2}"), value: total },
        ]
    };
    Graded { total, parsed: true, account: Box::new(account) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smooth(kind: TaskKind, truth: &str, answer: &str) -> f64 {
        score_text(RewardMode::Smooth, kind, truth, answer).total
    }

    #[test]
    fn known_rewards() {
        use TaskKind::*;
        for (kind, truth, answer, want) in [
            (Grounding, "15-25", "10-20", 1.0 / 3.0),
            (Grounding, "10-20", " 10 - 20 ", 1.0),
            (Grounding, "10-10", "10-10", 0.0),
            (Counting, "3,1,4", "4,1,4", 8.0 / 9.0),
            (Counting, "3,1,4", "3.0,1,4", 0.0),
            (Counting, "3,1,4", "-3,1,4", 1.0),
            (Counting, "1,1,1", "9,9,9", 0.0),
            (Counting, "9,9,9", "1,1,1", 1.0 / 9.0),
            (Jigsaw, "341562", "431562", 8.0 / 9.0),
            (Jigsaw, "341562", "361245", 4.0 / 9.0),
            (Jigsaw, "341562", "3 4 1 5 6 2", 0.0),
            (Jigsaw, "3,10,1,2,4,5,6,7,8,9", "10,3,1,2,4,5,6,7,8,9", 0.96),
            (Jigsaw, "3,10,1,2,4,5,6,7,8,9", "3101245678 9", 0.0),
            (Jigsaw, "21", "2,1", 0.0),
            (Spatial, "3142", "3142", 1.0),
            (Spatial, "3142", "3124", 0.5),
            (Spatial, "3142", "3112", 0.0),
            (Spotting, "7,10-20", "7,10-20", 1.0),
            (Spotting, "7,15-25", "6,10-20", 1.0 / 6.0),
            (Spotting, "7,10-20", "7,30-40", 0.5),
            (Progress, "40", "55", 0.85),
            (Progress, "40", "forty", 0.0),
        ] {
            assert!((smooth(kind, truth, answer) - want).abs() < 1e-6, "{truth} {answer}");
        }
    }

    #[test]
    fn parts_sum_to_the_total_in_every_mode() {
        for mode in RewardMode::ALL {
            for answer in ["3,1,4", "4,1,4", "none", "it is 3, 1 and 4"] {
                let got = score_text(*mode, TaskKind::Counting, "3,1,4", answer);
                let sum: f64 = got.parts.iter().map(|p| p.value).sum();
                assert!((sum - got.total).abs() < 1e-9, "{mode} {answer}");
                assert!((0.0..=1.0).contains(&got.total));
                assert_eq!(earned(*mode, TaskKind::Counting, "3,1,4", answer), got.total);
            }
        }
    }

    #[test]
    fn counts_are_named_after_their_shapes() {
        let got = score_text(RewardMode::Smooth, TaskKind::Counting, "1,2,3,4,5,6", "1,2,3,4,5,6");
        let labels: Vec<&str> = got.parts.iter().map(|part| part.label.as_str()).collect();
        assert_eq!(labels, ["Circles", "Squares", "Triangles", "Stars", "Crosses", "Pentagons"]);
        assert_eq!(got.total, 1.0);
    }

    #[test]
    fn modes_differ_where_they_should() {
        let with = |mode, answer| score_text(mode, TaskKind::Counting, "3,1,4", answer).total;
        assert_eq!(with(RewardMode::Strict, "4,1,4"), 0.0);
        assert_eq!(with(RewardMode::Strict, "3,1,4"), 1.0);
        assert_eq!(with(RewardMode::Smooth, "after 9 s: 3,1,4"), 0.0);
        assert_eq!(with(RewardMode::Tolerant, "after 9 s: 3,1,4"), 1.0);
    }
}
