//! What an audit found, and the rulings that follow from it.

use crate::AuditConfig;
use serde::{Deserialize, Serialize};
use shared::task::Task;
use std::fmt::Write;

/// Chance that a whole audit of fair generators names one of them unfair: every single test
/// is held to its share of it.
const FALSE_ALARM: f64 = 1e-3;

/// An audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditReport {
    /// What was audited.
    pub config: AuditConfig,
    /// Videos that samples were made from.
    pub videos: usize,
    /// Chance below which a single test counts as failed.
    pub limit: f64,
    /// One per cell.
    pub cells: Vec<CellReport>,
}

/// One cell of an audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellReport {
    /// The cell's name, such as `mirror` or `jigsaw 6`.
    pub cell: String,
    /// Why the cell could not be audited, if so; that is no ruling.
    pub problem: Option<String>,
    /// Samples audited.
    pub samples: usize,
    /// Samples left out because their pixels do not show the answer.
    pub unanswerable: usize,
    /// Truths proved from the pixels.
    pub proofs: Proofs,
    /// Rewards of answers that look at nothing.
    pub floors: Option<Floors>,
    /// What linear probes reach.
    pub probes: Vec<Probe>,
    /// How even the classes of answers are.
    pub balance: Vec<Balance>,
    /// Samples that look the same.
    pub duplicates: Option<Duplicates>,
    /// Why the generator is unfair; empty for a fair one.
    pub rulings: Vec<Ruling>,
}

/// Truths proved from the pixels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Proofs {
    /// Samples whose truth was found again.
    pub proved: usize,
    /// What was wrong with the first of the others.
    pub first_problem: Option<String>,
}

/// Mean rewards of answers that look at nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Floors {
    /// The constant answer that does best on one half of the samples, on the other half.
    pub constant: f64,
    /// The best constant under the published law of chance.
    pub constant_by_law: f64,
    /// Chance of such a constant where the law holds.
    pub constant_chance: f64,
    /// The answer of another sample.
    pub random: f64,
    /// The same under the published law.
    pub random_by_law: f64,
    /// Chance of such a mean where the law holds.
    pub random_chance: f64,
    /// What is published or follows from the published code, where anything is: the best
    /// constant, for orders a random one.
    pub published: Option<f64>,
}

/// What a linear probe reaches on videos that it was not fitted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// What it sees of each frame: `file size` (as JPEG), `kept statistics` (those that the
    /// judged changes leave alone) or `frame statistics` (all of them).
    pub sees: String,
    /// Mean overlap or reward that it reaches.
    pub reached: f64,
    /// That of the answer it is held against.
    pub floor: f64,
    /// Whether reaching more makes the generator unfair; else it is told only.
    pub judged: bool,
    /// Chance of such a gain where there is nothing to see.
    pub chance: f64,
}

/// How often each class of answers came up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// `start`, `length`, `counts`, `first place`, `number` or `percent`.
    pub of: String,
    /// Samples of each class, drawn ones that do not show their answer among them.
    pub counts: Vec<usize>,
    /// Chance of counts this uneven under the published law (chi-square).
    pub chance: f64,
}

/// Samples that look the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Duplicates {
    /// Pairs with the same pixels and question.
    pub pairs: usize,
    /// Pairs that chance gives at most.
    pub expected: f64,
    /// Chance of this many.
    pub chance: f64,
}

/// A reason to call a generator unfair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ruling {
    /// `truth`, `constant`, `random`, `balance`, `duplicates`, or what a probe sees.
    pub what: String,
    /// One sentence.
    pub why: String,
}

impl CellReport {
    pub(crate) fn empty(task: Task) -> Self {
        Self {
            cell: task.cell(),
            problem: None,
            samples: 0,
            unanswerable: 0,
            proofs: Proofs::default(),
            floors: None,
            probes: Vec::new(),
            balance: Vec::new(),
            duplicates: None,
            rulings: Vec::new(),
        }
    }

    /// Whether nothing speaks against the generator. A cell that could not be audited is not
    /// called unfair.
    pub fn is_fair(&self) -> bool {
        self.rulings.is_empty()
    }

    /// The tests of chance: what, what was found, and its chance where nothing is wrong.
    fn tests(&self) -> Vec<(String, String, f64)> {
        let mut tests = Vec::new();
        if let Some(f) = &self.floors {
            let one = |name: &str, got: f64, law: f64| {
                (name.to_owned(), format!("a {name} answer earns {got:.3}, by law {law:.3}"))
            };
            let (what, why) = one("constant", f.constant, f.constant_by_law);
            tests.push((what, why, f.constant_chance));
            let (what, why) = one("random", f.random, f.random_by_law);
            tests.push((what, why, f.random_chance));
        }
        for probe in self.probes.iter().filter(|probe| probe.judged) {
            let why = format!(
                "a linear probe of the {} reaches {:.3} where {:.3} is the floor",
                probe.sees, probe.reached, probe.floor
            );
            tests.push((probe.sees.clone(), why, probe.chance));
        }
        for balance in &self.balance {
            let why = format!("the {} of the answers is uneven", balance.of);
            tests.push(("balance".to_owned(), why, balance.chance));
        }
        if let Some(d) = &self.duplicates {
            let why = format!("{} pairs are the same, {:.1} by chance", d.pairs, d.expected);
            tests.push(("duplicates".to_owned(), why, d.chance));
        }
        tests
    }
}

/// Rules on all cells together: the more tests there are, the rarer an outcome has to be.
pub(crate) fn rule(config: &AuditConfig, videos: usize, mut cells: Vec<CellReport>) -> AuditReport {
    let tests: usize = cells.iter().map(|cell| cell.tests().len()).sum();
    let limit = FALSE_ALARM / tests.max(1) as f64;
    for cell in &mut cells {
        let failed = cell.tests().into_iter().filter(|(_, _, chance)| *chance < limit);
        let mut rulings: Vec<Ruling> = failed
            .map(|(what, why, chance)| Ruling { what, why: format!("{why} (chance {chance:.1e})") })
            .collect();
        if let Some(problem) = &cell.proofs.first_problem {
            let why = format!(
                "{} of {} truths are not what the pixels show; {problem}",
                cell.samples - cell.proofs.proved,
                cell.samples
            );
            rulings.insert(0, Ruling { what: "truth".into(), why });
        }
        cell.rulings = rulings;
    }
    AuditReport { config: config.clone(), videos, limit, cells }
}

impl AuditReport {
    /// Whether no generator is unfair.
    pub fn is_fair(&self) -> bool {
        self.cells.iter().all(CellReport::is_fair)
    }

    /// A table for a terminal, and a sentence for every fault.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{:14} {:>7} {:>6} {:>6} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6} {:>7} {:>5}  ruling\n",
            "cell",
            "samples",
            "blank",
            "proved",
            "constant",
            "(paper)",
            "random",
            "size",
            "kept",
            "stats",
            "balance",
            "same"
        );
        for cell in &self.cells {
            cell.row(&mut text);
        }
        let notes = self.cells.iter().flat_map(|cell| {
            let faults = cell.rulings.iter().map(|ruling| &ruling.why);
            cell.problem.iter().chain(faults).map(|why| format!("{}: {why}\n", cell.cell))
        });
        text.extend(notes);
        let _ = writeln!(
            text,
            "{} videos; blank: the pixels do not show the answer; size, kept, stats: what a linear \
             probe reaches that sees file sizes, statistics the change keeps, all statistics \
             (* may not beat the constant); balance: least chance; same: pairs",
            self.videos
        );
        text
    }
}

impl CellReport {
    fn row(&self, text: &mut String) {
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.3}"));
        let probe = |name: &str| {
            let found = self.probes.iter().find(|probe| probe.sees == name);
            found.map_or("-".to_owned(), |p| {
                format!("{:.3}{}", p.reached, if p.judged { "*" } else { "" })
            })
        };
        let least = self.balance.iter().map(|b| b.chance).reduce(f64::min);
        let ruling = match (&self.problem, self.is_fair()) {
            (Some(_), _) => "not audited",
            (None, true) => "fair",
            (None, false) => "UNFAIR",
        };
        let floors = self.floors.as_ref();
        let _ = writeln!(
            text,
            "{:14} {:>7} {:>6} {:>6} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6} {:>7} {:>5}  {ruling}",
            self.cell,
            self.samples,
            self.unanswerable,
            self.proofs.proved,
            number(floors.map(|f| f.constant)),
            number(floors.and_then(|f| f.published)),
            number(floors.map(|f| f.random)),
            probe("file size"),
            probe("kept statistics"),
            probe("frame statistics"),
            number(least),
            self.duplicates.as_ref().map_or(0, |d| d.pairs),
        );
    }
}
