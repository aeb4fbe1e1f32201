//! Two runs beside each other: which fields differ, who answers better and by how much, and why
//! two evaluations cannot be paired.

use crate::logic::{format, words};
use serde_json::Value;
use shared::config::{FIELDS, Field, FieldKind, MixtureItem, RunConfig};
use shared::paired::{Pair, Pairing, SetResults, Tally};
use shared::task::Task;

/// Fields that decide which questions an evaluation asks.
const ASKING: [&str; 6] =
    ["evaluate.questions", "evaluate.samples", "mixture", "seed", "videos", "held_out"];

/// A field of both configs, as shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it is.
    pub field: &'static Field,
    /// Its value on either side.
    pub values: [String; 2],
    /// Whether they differ.
    pub differs: bool,
}

/// Every field with both values, in the order of the form.
pub fn rows(a: &RunConfig, b: &RunConfig) -> Vec<Row> {
    let json = [a, b].map(|config| serde_json::to_value(config).unwrap_or_default());
    let row = |field: &'static Field| {
        let pointer = format!("/{}", field.key.replace('.', "/"));
        let found = [0, 1].map(|side| json[side].pointer(&pointer));
        let values = found.map(|value| value.map(|v| shown(field, v)).unwrap_or_default());
        Row { field, differs: found[0] != found[1], values }
    };
    FIELDS.iter().map(row).collect()
}

/// Rows by the heading they stand under, in the order of the form.
pub fn grouped(rows: Vec<Row>) -> Vec<(&'static str, Vec<Row>)> {
    let mut groups: Vec<(&'static str, Vec<Row>)> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|(name, _)| *name == row.field.group) {
            Some((_, list)) => list.push(row),
            None => groups.push((row.field.group, vec![row])),
        }
    }
    groups
}

fn shown(field: &Field, value: &Value) -> String {
    let empty = |text: String| if text.is_empty() { "–".to_owned() } else { text };
    match (field.kind, value) {
        (FieldKind::Mixture, Value::Array(items)) => {
            items.iter().map(item).collect::<Vec<_>>().join(", ")
        }
        (_, Value::Array(items)) => {
            let texts: Vec<String> =
                items.iter().filter_map(Value::as_str).map(without_tail).collect();
            empty(texts.join(", "))
        }
        (_, Value::String(text)) => empty(without_tail(text)),
        (FieldKind::Real(..), Value::Number(n)) => n.as_f64().map_or_else(|| n.to_string(), exact),
        (_, Value::Number(n)) => n.as_u64().map_or_else(|| n.to_string(), format::whole),
        (_, other) => other.to_string(),
    }
}

/// The hash of a video as far as anybody tells it from another; other texts whole.
fn without_tail(text: &str) -> String {
    let digits = text.strip_prefix("blake3:").and_then(|hash| hash.get(..8));
    digits.map_or_else(|| text.to_owned(), |digits| format!("blake3:{digits}…"))
}

/// A real number as short as it can be without looking like another one.
fn exact(x: f64) -> String {
    let short = format::short(x);
    let plain = short.replace('\u{2212}', "-").replace('\u{202f}', "");
    if plain.parse() == Ok(x) { short } else { x.to_string() }
}

/// One task of a mixture: `Mirror × 2`.
fn item(value: &Value) -> String {
    let Ok(item) = serde_json::from_value::<MixtureItem>(value.clone()) else {
        return value.to_string();
    };
    let cells: Vec<String> = item.tasks().iter().map(Task::cell).collect();
    let dials = crate::logic::dials::Typed::of(&item.dials).words();
    let dials = if dials.is_empty() { dials } else { format!(" ({dials})") };
    format!("{}{dials} × {}", cells.join(" or "), format::short(item.weight))
}

/// Who answers better, in a sentence; the second side is what is looked at.
pub fn verdict(tally: &Tally) -> String {
    let n = format::plural(tally.pairs() as u64, "question", "questions");
    let by = format::fixed(tally.change.abs(), 3);
    let Some(half) = tally.interval else {
        return format!(
            "One question says nothing about chance: B earned {} on it.",
            against(tally)
        );
    };
    let half = format::fixed(half, 3);
    match (tally.is_clear(), tally.change > 0.0) {
        (true, true) => {
            format!("B answers better: {by} ± {half} more reward on {n} both were asked.")
        }
        (true, false) => {
            format!("A answers better: B earns {by} ± {half} less on {n} both were asked.")
        }
        (false, _) if tally.ties == tally.pairs() => {
            format!("Both earn the same on each of {n}.")
        }
        (false, _) => format!(
            "No clear winner: B differs by {} ± {half} on {n} both were asked, which chance can \
                explains.",
            format::signed(tally.change, 3)
        ),
    }
}

fn against(tally: &Tally) -> String {
    match tally.change {
        change if change > 0.0 => format!("{} more", format::fixed(change, 3)),
        change if change < 0.0 => format!("{} less", format::fixed(-change, 3)),
        _ => "the same".into(),
    }
}

/// Why two evaluations share no question, and what would help; `None` where they can be paired.
pub fn obstacle(
    sides: [Option<&SetResults>; 2],
    pairing: Option<&Pairing>,
    configs: Option<[&RunConfig; 2]>,
) -> Option<String> {
    for (name, side) in ["A", "B"].into_iter().zip(sides) {
        match side {
            None => {
                return Some(format!(
                    "{name} has no evaluation to compare. Set “Evaluate every” to more than 0 in \
                        its config."
                ));
            }
            Some(set) if set.samples.is_empty() && set.asked > 0 => {
                return Some(format!(
                    "{name} was evaluated by an older version, which wrote down rewards but not \
                        the questions, so its answers cannot be paired. Its mean is on its own page."
                ));
            }
            Some(_) => {}
        }
    }
    if pairing.is_some_and(|pairing| !pairing.pairs.is_empty()) {
        return None;
    }
    let differ: Vec<String> = configs.map_or_else(Vec::new, |[a, b]| {
        let asks = |row: &Row| row.differs && ASKING.contains(&row.field.key);
        rows(a, b).into_iter().filter(asks).map(|row| row.field.label.to_lowercase()).collect()
    });
    let why = match differ.as_slice() {
        [] => String::new(),
        names => {
            format!(" They are drawn from the config, and here these differ: {}.", names.join(", "))
        }
    };
    Some(format!(
        "A and B were asked different questions, so no answer stands against another.{why} Runs \
            with “Evaluation questions” set to viubench on the same videos are asked the same."
    ))
}

/// The pairs of a cell, or all: the largest gains first, then the largest losses; ties left out.
pub fn extremes(pairing: &Pairing, cells: &[String], wanted: Option<&str>) -> [Vec<Pair>; 2] {
    let here = |pair: &&Pair| wanted.is_none_or(|cell| cells[pair.places[0]] == cell);
    let mut pairs: Vec<Pair> = pairing.pairs.iter().filter(here).copied().collect();
    pairs.sort_by(|x, y| y.change().total_cmp(&x.change()));
    let gains = pairs.iter().filter(|pair| pair.change() > 0.0).copied().collect();
    let losses = pairs.iter().rev().filter(|pair| pair.change() < 0.0).copied().collect();
    [gains, losses]
}

/// How far a forest plot reaches to either side: past every interval, to a round number.
pub fn reach(tallies: &[&Tally]) -> f64 {
    let far = |tally: &&Tally| tally.change.abs() + tally.interval.unwrap_or(0.0);
    let most = tallies.iter().map(far).fold(0.0, f64::max);
    [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0].into_iter().find(|r| *r >= most).unwrap_or(1.0)
}

/// Where a difference lies on a forest plot, 0 to 100.
pub fn place(change: f64, reach: f64) -> f64 {
    (50.0 + change / reach * 50.0).clamp(0.0, 100.0)
}

/// Names of a cell and its tally for the rows of a forest plot, all questions first.
pub fn forest(pairing: &Pairing) -> Vec<(Option<String>, String, Tally)> {
    let all = (None, "All questions".to_owned(), pairing.all);
    let cell =
        |(name, tally): &(String, Tally)| (Some(name.clone()), words::cell_title(name), *tally);
    std::iter::once(all).chain(pairing.cells.iter().map(cell)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::config::Settings;
    use shared::paired::{SampleResult, Score, pair};
    use shared::reward::RewardMode;
    use shared::task::{SampleSpec, Truth};
    use shared::video::VideoId;

    fn set(rewards: &[(u64, f64)]) -> SetResults {
        let video = VideoId::try_from("ab".repeat(32)).expect("an id");
        let sample = |(seed, reward): &(u64, f64)| SampleResult {
            spec: SampleSpec::new(video.clone(), Task::Spatial { grid: 2 }, *seed),
            truth: Truth::Spatial { tiles: "2143".into() },
            said: String::new(),
            reward: *reward,
        };
        SetResults {
            step: 5,
            set: "train clips".into(),
            asked: rewards.len() as u64,
            score: Some(Score::Reward(RewardMode::Smooth)),
            samples: rewards.iter().map(sample).collect(),
        }
    }

    #[test]
    fn only_what_differs_differs() {
        let a = RunConfig::default();
        assert!(rows(&a, &a).iter().all(|row| !row.differs));
        let b =
            a.with("grpo.group_size", "64").and_then(|c| c.with("optim.learning_rate", "0.000002"));
        let b = b.and_then(|c| c.with("mixture", r#"[{"task":"jigsaw","clips":8,"weight":2}]"#));
        let rows = rows(&a, &b.expect("in range"));
        let differing: Vec<&Row> = rows.iter().filter(|row| row.differs).collect();
        let keys: Vec<&str> = differing.iter().map(|row| row.field.key).collect();
        assert_eq!(keys, ["mixture", "grpo.group_size", "optim.learning_rate"]);
        assert_eq!(differing[0].values[1], "jigsaw 8 × 2");
        assert_eq!(differing[1].values[1], "64");
        assert_eq!(differing[2].values[1], "2e\u{2212}6");
        let groups = grouped(rows);
        let mut names: Vec<&str> = groups.iter().map(|(name, _)| *name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "each heading once");
    }

    #[test]
    fn a_hash_is_cut_and_a_path_is_not() {
        let hash = format!("blake3:{}", "0123456789abcdef".repeat(4));
        assert_eq!(without_tail(&hash), "blake3:01234567…");
        assert_eq!(without_tail("clips/a-name-that-is-long.mp4"), "clips/a-name-that-is-long.mp4");
    }

    #[test]
    fn two_numbers_that_differ_never_read_the_same() {
        assert_eq!(exact(0.2), "0.2");
        assert_ne!(exact(0.12345), exact(0.12346));
        assert_eq!(exact(0.12345), "0.12345");
    }

    #[test]
    fn the_sentence_follows_the_interval() {
        let verdict = |a: &[(u64, f64)], b: &[(u64, f64)]| {
            verdict(&pair(&set(a), &set(b)).expect("questions").all)
        };
        let low = [(1, 0.1), (2, 0.2), (3, 0.1), (4, 0.2)];
        let high = [(1, 0.6), (2, 0.6), (3, 0.6), (4, 0.6)];
        assert!(
            verdict(&low, &high).starts_with("B answers better: 0.450"),
            "{}",
            verdict(&low, &high)
        );
        assert!(verdict(&high, &low).starts_with("A answers better"));
        assert_eq!(verdict(&low, &low), "Both earn the same on each of 4 questions.");
        let mixed = [(1, 0.6), (2, 0.0), (3, 0.1), (4, 0.1)];
        assert!(verdict(&low, &mixed).starts_with("No clear winner"));
        assert!(verdict(&low[..1], &high[..1]).contains("0.500 more"));
    }

    #[test]
    fn what_cannot_be_paired_says_why() {
        let a = RunConfig::default();
        let b = a.with("seed", "77").expect("a seed");
        let (x, y) = (set(&[(1, 0.5)]), set(&[(2, 0.5)]));
        let nothing = obstacle([None, Some(&y)], None, None).expect("no evaluation");
        assert!(nothing.starts_with("A has no evaluation"));
        let old = SetResults { score: None, samples: vec![], ..y.clone() };
        assert!(obstacle([Some(&x), Some(&old)], None, None).expect("old").starts_with("B was"));
        let pairing = pair(&x, &y).expect("questions");
        let why = obstacle([Some(&x), Some(&y)], Some(&pairing), Some([&a, &b])).expect("none");
        assert!(why.contains("here these differ: seed."), "{why}");
        let same = pair(&x, &x).expect("questions");
        assert_eq!(obstacle([Some(&x), Some(&x)], Some(&same), None), None);
    }

    #[test]
    fn gains_and_losses_are_the_largest_first_and_ties_are_neither() {
        let a = set(&[(1, 0.5), (2, 0.5), (3, 0.5), (4, 0.5)]);
        let b = set(&[(1, 0.6), (2, 0.9), (3, 0.5), (4, 0.1)]);
        let pairing = pair(&a, &b).expect("questions");
        let cells: Vec<String> = a.samples.iter().map(|s| s.spec.task.cell()).collect();
        let [gains, losses] = extremes(&pairing, &cells, None);
        let at = |pairs: &[Pair]| pairs.iter().map(|pair| pair.places[0]).collect::<Vec<_>>();
        assert_eq!((at(&gains), at(&losses)), (vec![1, 0], vec![3]));
        assert_eq!(extremes(&pairing, &cells, Some("mirror")), [vec![], vec![]]);
    }

    #[test]
    fn a_forest_plot_holds_every_interval() {
        let tally = |change, interval| Tally { change, interval, ..Tally::default() };
        let (wide, narrow) = (tally(-0.2, Some(0.25)), tally(0.01, None));
        let reach = reach(&[&wide, &narrow]);
        assert_eq!(reach, 0.5);
        assert_eq!((place(0.0, reach), place(-0.5, reach), place(0.25, reach)), (50.0, 0.0, 75.0));
        assert_eq!(place(3.0, reach), 100.0);
    }
}
