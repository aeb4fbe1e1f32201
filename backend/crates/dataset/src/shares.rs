//! Who asks what of whom: exact shares of a mixture, and videos used evenly. Pure in the spec,
//! the number of videos and what earlier rounds found out.

use shared::config::DatasetSpec;
use shared::task::{Dials, Task};
use tasks::Rng;

/// One kind of question, with the number of rows that ask it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ask {
    pub task: Task,
    pub dials: Dials,
    pub samples: u64,
}

/// Position in the list of asks.
pub(crate) type AskAt = u16;
/// Position in the list of candidates.
pub(crate) type VideoAt = u32;

/// Rows that could not be given to any video.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NoVideo {
    pub ask: AskAt,
    pub samples: usize,
}

/// Every kind of question of a mixture. Items get their shares by largest remainder; an item
/// with several changes splits its share evenly.
pub(crate) fn asks(spec: &DatasetSpec) -> Vec<Ask> {
    let weights: Vec<f64> = spec.mixture.iter().map(|item| item.weight).collect();
    let mut asks = Vec::new();
    for (item, samples) in spec.mixture.iter().zip(largest_remainder(&weights, spec.samples)) {
        let tasks = item.tasks();
        let even = vec![1.0; tasks.len()];
        for (task, samples) in tasks.into_iter().zip(largest_remainder(&even, samples)) {
            asks.push(Ask { task, dials: item.dials, samples });
        }
    }
    asks
}

/// Whole numbers in the proportion of `weights` that add up to `total`; what rounding leaves
/// goes to the largest remainders, the first of equals.
fn largest_remainder(weights: &[f64], total: u64) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    let exact: Vec<f64> = weights.iter().map(|weight| total as f64 * weight / sum).collect();
    let mut counts: Vec<u64> = exact.iter().map(|share| share.floor() as u64).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let rest = |at: usize| exact[at] - exact[at].floor();
    order.sort_by(|a, b| rest(*b).total_cmp(&rest(*a)));
    let left = total.saturating_sub(counts.iter().sum());
    for at in order.into_iter().cycle().take(left as usize) {
        counts[at] += 1;
    }
    counts
}

/// Which question each row asks: every ask as often as it should, in a seeded order.
pub(crate) fn order(asks: &[Ask], seed: u64) -> Vec<AskAt> {
    let of = |(at, ask): (usize, &Ask)| std::iter::repeat_n(at as AskAt, ask.samples as usize);
    let mut order: Vec<AskAt> = asks.iter().enumerate().flat_map(of).collect();
    Rng::keyed(&[b"dataset-order-1", &seed.to_le_bytes()]).shuffle(&mut order);
    order
}

/// Gives open rows (their indices, ascending) to videos: each ask walks seeded permutations of
/// the videos that it may use, so that no video is used a second time before all were used
/// once.
pub(crate) fn assign(
    seed: u64,
    round: u32,
    open: &[u64],
    order: &[AskAt],
    videos_for: impl Fn(AskAt) -> Vec<VideoAt>,
) -> Result<Vec<(u64, VideoAt)>, NoVideo> {
    let mut walks: Vec<Option<Walk>> = Vec::new();
    let mut given = Vec::with_capacity(open.len());
    for index in open {
        let ask = order[*index as usize];
        let at = usize::from(ask);
        if walks.len() <= at {
            walks.resize_with(at + 1, || None);
        }
        let walk = walks[at].get_or_insert_with(|| Walk {
            key: [seed, u64::from(round), u64::from(ask)],
            videos: videos_for(ask),
            lap: 0,
            left: Vec::new(),
        });
        let Some(video) = walk.next() else {
            let samples = open.iter().filter(|index| order[**index as usize] == ask).count();
            return Err(NoVideo { ask, samples });
        };
        given.push((*index, video));
    }
    Ok(given)
}

/// Lap after lap over the same videos, each in its own order.
struct Walk {
    key: [u64; 3],
    videos: Vec<VideoAt>,
    lap: u64,
    left: Vec<VideoAt>,
}

impl Walk {
    fn next(&mut self) -> Option<VideoAt> {
        if self.left.is_empty() {
            let [seed, round, ask] = self.key.map(u64::to_le_bytes);
            let parts: [&[u8]; 5] =
                [b"dataset-walk-1", &seed, &round, &ask, &self.lap.to_le_bytes()];
            self.left.clone_from(&self.videos);
            Rng::keyed(&parts).shuffle(&mut self.left);
            self.lap += 1;
        }
        self.left.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::config::Settings;

    #[test]
    fn shares_are_exact() {
        for (weights, total, wanted) in [
            (
                &[3.0, 3.0, 3.0, 3.0, 6.0, 12.0][..],
                30_000,
                &[3000, 3000, 3000, 3000, 6000, 12000][..],
            ),
            (&[1.0, 1.0, 1.0], 10, &[4, 3, 3]),
            (&[1.0, 2.0], 2, &[1, 1]),
            (&[0.1, 0.2, 0.7], 10, &[1, 2, 7]),
            (&[5.0], 7, &[7]),
            (&[1e-9, 1.0], 3, &[0, 3]),
        ] {
            assert_eq!(largest_remainder(weights, total), wanted, "{weights:?} of {total}");
        }
    }

    #[test]
    fn presets_hold_what_they_say() {
        let counts = |name: &str| -> Vec<(String, u64)> {
            let preset = DatasetSpec::PRESETS.iter().find(|p| p.name == name).expect(name);
            asks(&(preset.config)()).iter().map(|ask| (ask.task.cell(), ask.samples)).collect()
        };
        let all = counts("videossr-30k");
        let cells: Vec<(&str, u64)> = all.iter().map(|(cell, n)| (cell.as_str(), *n)).collect();
        let wanted = [
            ("channel-swap", 3_000),
            ("mirror", 3_000),
            ("zoom-out", 3_000),
            ("rotate180", 3_000),
            ("counting easy", 6_000),
            ("jigsaw 6", 12_000),
        ];
        assert_eq!(cells, wanted);
        assert_eq!(counts("smoke").iter().map(|(_, n)| n).sum::<u64>(), 600);
        let bench = counts("viubench");
        assert!(bench.len() == 9 && bench.iter().all(|(_, n)| *n == 300), "{bench:?}");
    }

    #[test]
    fn videos_are_used_evenly_and_never_one_that_is_barred() {
        let order: Vec<AskAt> = (0..103).map(|i| i % 2).collect();
        let open: Vec<u64> = (0..103).collect();
        let videos_for = |ask: AskAt| if ask == 0 { vec![0, 1, 2, 3, 4] } else { vec![1, 3] };
        let given = assign(7, 0, &open, &order, videos_for).expect("videos");
        for (ask, videos) in [(0, vec![0, 1, 2, 3, 4]), (1, vec![1, 3])] {
            let uses = |video: u32| {
                given.iter().filter(|(i, v)| order[*i as usize] == ask && *v == video).count()
            };
            let all: Vec<usize> = videos.iter().map(|video| uses(*video)).collect();
            let (least, most) = (all.iter().min(), all.iter().max());
            assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1), "{all:?}");
        }
        assert_ne!(given, assign(8, 0, &open, &order, videos_for).expect("videos"));
        let none = assign(7, 0, &open, &order, |ask| if ask == 0 { vec![0] } else { vec![] });
        assert_eq!(none, Err(NoVideo { ask: 1, samples: 51 }));
    }
}
