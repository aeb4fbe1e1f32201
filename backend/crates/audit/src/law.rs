//! The published laws of chance of each task, drawn here a second time: what answers that look
//! at nothing earn under them, how often each class is due, and how often two samples of one
//! video are due to be the same.

use shared::reward::{RewardMode, score};
use shared::task::{Perturbation, ShapeCounts, Task, Truth};
use tasks::Rng;

/// Draws of the law that floors are estimated from.
const DRAWS: usize = 20_000;
/// Frames of an ordinary strip.
const FRAMES: u64 = 48;
/// Changed frames, shortest and longest (code released with arXiv 2511.06281).
pub(crate) const LENGTH: [u64; 2] = [8, 16];

/// The best constant span, in slots: longer than any true one.
pub(crate) const BEST_SPAN: [u32; 2] = [12, 38];

/// What an answer that looks at nothing earns under the law.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LawFloors {
    /// The best answer that is always the same.
    pub constant: f64,
    /// An answer drawn from the same law.
    pub random: f64,
}

/// A truth drawn by chance, on a clock where a slot lasts a second.
pub(crate) fn draw(task: &Task, rng: &mut Rng) -> Truth {
    match task {
        Task::Grounding { .. } => {
            let [start, end] = span(rng);
            Truth::Grounding {
                span_secs: [start as f64, end as f64],
                span_slots: [start as u32, end as u32],
                source_span_secs: [0.0; 2],
            }
        }
        Task::Spotting => {
            let number = rng.range(1, 9) as u32;
            let [start, end] = span(rng);
            Truth::Spotting {
                number,
                span_secs: [start as f64, end as f64],
                span_slots: [start as u32, end as u32],
                source_span_secs: [0.0; 2],
            }
        }
        Task::Counting { difficulty } => {
            let most = u64::from(difficulty.limit());
            let counts = (0..3).map(|_| {
                let frames = rng.range(1, most);
                (0..frames).map(|_| rng.range(1, most) as u32).sum()
            });
            Truth::Counting(ShapeCounts::new(counts.collect()).unwrap_or_else(three_threes))
        }
        Task::Jigsaw { clips } => Truth::Jigsaw { order: order(*clips as usize, rng) },
        Task::Spatial { grid } => Truth::Spatial { tiles: order((grid * grid) as usize, rng) },
        Task::Progress => {
            let now = rng.range(4, 40);
            Truth::Progress { percent: ((100 * now + 22) / 44) as u32 }
        }
    }
}

fn three_threes() -> ShapeCounts {
    ShapeCounts::new(vec![3, 3, 3]).expect("three counts are allowed")
}

fn span(rng: &mut Rng) -> [u64; 2] {
    let length = rng.range(LENGTH[0], LENGTH[1]);
    let start = rng.range(0, FRAMES - length);
    [start, start + length]
}

/// A permutation other than the identity, as an answer.
fn order(parts: usize, rng: &mut Rng) -> String {
    let identity: Vec<usize> = (1..=parts).collect();
    let mut order = identity.clone();
    while order == identity {
        rng.shuffle(&mut order);
    }
    let between = if parts > 9 { "," } else { "" };
    order.iter().map(usize::to_string).collect::<Vec<_>>().join(between)
}

/// The best constant of each law (found once by trying all; arXiv 2511.06281 has no such row),
/// as an answer on the law's clock. Orders have none that is better than another by more than
/// the missing identity.
pub(crate) fn best_constant(task: &Task) -> Truth {
    let (span_secs, span_slots) = (BEST_SPAN.map(f64::from), BEST_SPAN);
    let source_span_secs = [0.0; 2];
    match task {
        Task::Grounding { .. } => Truth::Grounding { span_secs, span_slots, source_span_secs },
        Task::Spotting => Truth::Spotting { number: 5, span_secs, span_slots, source_span_secs },
        Task::Counting { difficulty } => {
            let each = if difficulty.limit() > 3 { 5 } else { 3 };
            Truth::Counting(ShapeCounts::new(vec![each; 3]).unwrap_or_else(three_threes))
        }
        Task::Jigsaw { clips } => Truth::Jigsaw { order: turned(*clips as usize) },
        Task::Spatial { grid } => Truth::Spatial { tiles: turned((grid * grid) as usize) },
        Task::Progress => Truth::Progress { percent: 50 },
    }
}

/// The identity but for its first two places.
fn turned(parts: usize) -> String {
    let mut order: Vec<usize> = (1..=parts).collect();
    order.swap(0, 1);
    let between = if parts > 9 { "," } else { "" };
    order.iter().map(usize::to_string).collect::<Vec<_>>().join(between)
}

pub(crate) fn floors(task: &Task) -> LawFloors {
    let mut rng = Rng::keyed(&[b"law-1", task.cell().as_bytes()]);
    let constant = best_constant(task).answer();
    let (mut of_constant, mut of_random) = (0.0, 0.0);
    for _ in 0..DRAWS {
        let truth = draw(task, &mut rng);
        of_constant += score(RewardMode::Smooth, &truth, &constant).total;
        of_random += score(RewardMode::Smooth, &truth, &draw(task, &mut rng).answer()).total;
    }
    LawFloors { constant: of_constant / DRAWS as f64, random: of_random / DRAWS as f64 }
}

/// What the paper's tables and simulations of its code say a constant or a random answer
/// earns, where they say it.
pub(crate) fn published(task: &Task) -> Option<f64> {
    match task {
        Task::Grounding { .. } => Some(0.31),
        Task::Counting { difficulty } if difficulty.limit() == 3 => Some(0.58),
        Task::Counting { .. } => Some(0.55),
        Task::Jigsaw { clips: 6 } => Some(0.35),
        Task::Jigsaw { clips: 8 } => Some(0.34),
        _ => None,
    }
}

/// The classes of a task whose balance is looked at: a name, the class of a truth, and the
/// share of each class under the law.
pub(crate) struct Classes {
    pub name: &'static str,
    pub of: fn(&Truth) -> Vec<usize>,
    pub shares: Vec<f64>,
}

pub(crate) fn classes(task: &Task) -> Vec<Classes> {
    match task {
        Task::Grounding { .. } => spans(),
        Task::Spotting => {
            let number = Classes { name: "number", of: number_class, shares: vec![1.0 / 9.0; 9] };
            spans().into_iter().chain([number]).collect()
        }
        Task::Counting { difficulty } => {
            let shares = count_shares(difficulty.limit() as usize);
            vec![Classes { name: "counts", of: count_classes, shares }]
        }
        Task::Jigsaw { clips } => vec![first_place(*clips as usize)],
        Task::Spatial { grid } => vec![first_place((grid * grid) as usize)],
        Task::Progress => vec![Classes {
            name: "percent",
            of: |truth| match truth {
                // The place from 4 to 40 that this percentage was rounded from.
                Truth::Progress { percent } => vec![((percent * 44 + 50) / 100 - 4) as usize],
                _ => Vec::new(),
            },
            shares: vec![1.0 / 37.0; 37],
        }],
    }
}

fn spans() -> Vec<Classes> {
    let lengths = LENGTH[1] - LENGTH[0] + 1;
    let start_share = |start: u64| {
        let free = |length: u64| FRAMES - length + 1;
        let each = (LENGTH[0]..=LENGTH[1]).filter(|length| start < free(*length));
        each.map(|length| 1.0 / (free(length) * lengths) as f64).sum()
    };
    vec![
        Classes {
            name: "start",
            of: |truth| truth.span_slots().map(|s| s.start() as usize).into_iter().collect(),
            shares: (0..=FRAMES - LENGTH[0]).map(start_share).collect(),
        },
        Classes {
            name: "length",
            of: |truth| {
                let length = truth.span_slots().map(|s| (s.end() - s.start()) as usize);
                length.and_then(|l| l.checked_sub(LENGTH[0] as usize)).into_iter().collect()
            },
            shares: vec![1.0 / lengths as f64; lengths as usize],
        },
    ]
}

fn number_class(truth: &Truth) -> Vec<usize> {
    match truth {
        Truth::Spotting { number, .. } => {
            number.checked_sub(1).map(|n| n as usize).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// One class per kind of shape: its count.
fn count_classes(truth: &Truth) -> Vec<usize> {
    match truth {
        Truth::Counting(counts) => counts.iter().map(|(_, count)| count as usize).collect(),
        _ => Vec::new(),
    }
}

/// Share of each count under U{1..most} frames with U{1..most} shapes each.
fn count_shares(most: usize) -> Vec<f64> {
    let mut shares = vec![0.0; most * most + 1];
    let mut sums = vec![1.0];
    for _ in 0..most {
        let mut next = vec![0.0; sums.len() + most];
        for (sum, share) in sums.iter().enumerate() {
            (1..=most).for_each(|k| next[sum + k] += share / most as f64);
        }
        next.iter().enumerate().for_each(|(sum, share)| shares[sum] += share / most as f64);
        sums = next;
    }
    shares
}

/// The first place of an order; the identity is never drawn, so 1 is a little rarer.
fn first_place(parts: usize) -> Classes {
    let arrangements = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let (all, rest) = (arrangements(parts) - 1.0, arrangements(parts - 1));
    let share = |place: usize| if place == 0 { (rest - 1.0) / all } else { rest / all };
    Classes {
        name: "first place",
        of: |truth| {
            let order = match truth {
                Truth::Jigsaw { order } => order,
                Truth::Spatial { tiles } => tiles,
                _ => return Vec::new(),
            };
            let first = if order.contains(',') {
                order.split(',').next().and_then(|text| text.parse::<usize>().ok())
            } else {
                order.chars().next().and_then(|c| c.to_digit(10)).map(|d| d as usize)
            };
            first.and_then(|place| place.checked_sub(1)).into_iter().collect()
        },
        shares: (0..parts).map(share).collect(),
    }
}

/// Chance that two samples of one video are the same, at most: what else is drawn (strengths,
/// grain, shapes) makes it smaller.
pub(crate) fn collision(task: &Task) -> f64 {
    let lengths = (LENGTH[1] - LENGTH[0] + 1) as f64;
    let spans: f64 = (LENGTH[0]..=LENGTH[1])
        .map(|length| 1.0 / (lengths * lengths * (FRAMES - length + 1) as f64))
        .sum();
    let orders = |parts: u32| 1.0 / ((1..=parts).map(f64::from).product::<f64>() - 1.0);
    match task {
        // A shuffled span has thousands of orders, shapes have places and colours.
        Task::Grounding { perturbation: Perturbation::Shuffle | Perturbation::Noise } => 0.0,
        Task::Counting { .. } | Task::Spotting => 0.0,
        Task::Grounding { .. } => spans,
        Task::Jigsaw { clips } => orders(*clips),
        Task::Spatial { grid } => orders(grid * grid) / FRAMES as f64,
        Task::Progress => 1.0 / 37.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::task::Difficulty;

    #[test]
    fn floors_are_the_published_ones() {
        for task in [
            Task::Grounding { perturbation: Perturbation::Mirror },
            Task::Counting { difficulty: Difficulty::Easy },
            Task::Counting { difficulty: Difficulty::Hard },
            Task::Jigsaw { clips: 6 },
            Task::Jigsaw { clips: 8 },
        ] {
            let (found, known) = (floors(&task), published(&task).expect("published"));
            let nearest = match task {
                Task::Jigsaw { .. } => found.random,
                _ => found.constant,
            };
            assert!((nearest - known).abs() < 0.01, "{}: {found:?}", task.cell());
        }
    }

    #[test]
    fn shares_of_all_classes_sum_to_one_and_fit_the_draws() {
        for kind in shared::task::TaskKind::ALL {
            for task in kind.cells() {
                let mut rng = Rng::from_seed(3);
                let truths: Vec<Truth> = (0..4000).map(|_| draw(&task, &mut rng)).collect();
                for classes in classes(&task) {
                    assert!((classes.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                    let (counts, total) = crate::cell::tally(&classes, truths.iter());
                    let due: Vec<f64> = classes.shares.iter().map(|s| s * total as f64).collect();
                    let p = crate::stats::chi_square_tail(&counts, &due);
                    assert!(p > 1e-4, "{} {}: {p}", task.cell(), classes.name);
                }
            }
        }
    }
}
