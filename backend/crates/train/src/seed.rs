//! Seeds derived from where they are used: no generator is carried from step to step, so a
//! resumed run draws what an unbroken one would have drawn.

/// What a seed is for; keeps the streams of one run apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Which video and task a prompt gets, and its sample's seed.
    Sample = 1,
    /// The tokens of a rollout.
    Rollout = 2,
    /// The fixed questions of an evaluation.
    Evaluate = 3,
    /// Everything of a warm start.
    Warmup = 4,
    /// The resampling of a bootstrap interval.
    Bootstrap = 5,
    /// Which patches of a prompt are black.
    Blackout = 6,
}

/// A seed that is a function of the run's seed, its purpose and where it is used, such as
/// (step, prompt, rollout). SplitMix64 over the parts.
pub fn derive(run_seed: u64, stream: Stream, place: &[u64]) -> u64 {
    let start = splitmix(run_seed ^ splitmix(stream as u64));
    place.iter().fold(start, |state, part| splitmix(state ^ splitmix(part.wrapping_add(1))))
}

fn splitmix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A small generator for choices made on the spot; never stored.
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// Starts at a derived seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        splitmix(self.0)
    }

    /// Uniform in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..n`; 0 for `n == 0`.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Index drawn in proportion to non-negative weights; the last where all are 0.
    pub fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            last = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_its_own_seed() {
        let mut seen = std::collections::BTreeSet::new();
        for stream in [Stream::Sample, Stream::Rollout] {
            for place in [&[0, 0][..], &[0, 1], &[1, 0], &[0], &[0, 0, 0]] {
                assert!(seen.insert(derive(7, stream, place)));
                assert!(seen.insert(derive(8, stream, place)));
            }
        }
        assert_eq!(derive(7, Stream::Sample, &[3, 4]), derive(7, Stream::Sample, &[3, 4]));
    }

    #[test]
    fn weights_are_kept() {
        let mut draws = Draws::new(1);
        let mut hits = [0usize; 3];
        for _ in 0..30_000 {
            hits[draws.weighted([1.0, 0.0, 2.0].into_iter())] += 1;
        }
        assert_eq!(hits[1], 0);
        assert!((hits[2] as f64 / 30_000.0 - 2.0 / 3.0).abs() < 0.02);
    }
}
