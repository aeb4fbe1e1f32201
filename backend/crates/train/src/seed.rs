//! Seeds derived from where they are used: no generator is carried from step to step, so a
//! resumed run draws what an unbroken one would have drawn.

pub use shared::chance::Draws;
use shared::chance::splitmix;

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
    /// Which patches of a prompt are black.
    Blackout = 6,
}

/// A seed that is a function of the run's seed, its purpose and where it is used, such as
/// (step, prompt, rollout). SplitMix64 over the parts.
pub fn derive(run_seed: u64, stream: Stream, place: &[u64]) -> u64 {
    let start = splitmix(run_seed ^ splitmix(stream as u64));
    place.iter().fold(start, |state, part| splitmix(state ^ splitmix(part.wrapping_add(1))))
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
}
