//! Prompts that do not show all of their video: some or all patches are black. Tokens, positions
//! and grids stay, so that log-probabilities can be compared token by token.

use crate::processor::Processor;
use crate::prompt::Prompt;
use crate::rng::Rng;
use std::sync::Arc;

impl Processor {
    /// The prompt with each patch black with probability `share`, chosen by the seed; 1 for all.
    pub fn blacked_out(&self, prompt: &Prompt, share: f64, seed: u64) -> Prompt {
        let plane = self.temporal_patch_size * self.patch_size * self.patch_size;
        let black: [f32; 3] =
            std::array::from_fn(|c| (-self.image_mean[c] / self.image_std[c]) as f32);
        let mut rng = Rng::named(seed, "blackout");
        let mut patches = prompt.patches.to_vec();
        for patch in patches.chunks_exact_mut(3 * plane) {
            // Drawn for each patch: what is black at a share is black at every larger one.
            if rng.uniform() < share {
                for (channel, value) in patch.chunks_exact_mut(plane).zip(black) {
                    channel.fill(value);
                }
            }
        }
        Prompt { patches: Arc::new(patches), ..prompt.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Clip;

    #[test]
    fn patches_go_black_and_nothing_else_changes() {
        let processor = Processor::nano();
        let rgb: Vec<u8> = (0..4 * 64 * 64 * 3).map(|i| (i % 200) as u8 + 40).collect();
        let clip =
            Clip { rgb: &rgb, frames: 4, height: 64, width: 64, secs: &[0.0, 1.0, 2.0, 3.0] };
        let (patches, grid) = processor.patches(&clip).expect("a clip");
        let prompt = Prompt {
            ids: vec![1, 2, 3],
            positions: vec![[0; 3]; 3],
            next_position: 3,
            patches: Arc::new(patches),
            grids: vec![grid],
            visual: Vec::new(),
        };
        let dark = vec![0u8; rgb.len()];
        let (dark, _) = processor.patches(&Clip { rgb: &dark, ..clip }).expect("a clip");
        let all = processor.blacked_out(&prompt, 1.0, 7);
        assert_eq!(*all.patches, dark, "the black of the processor itself");
        assert_eq!((&all.ids, &all.grids), (&prompt.ids, &prompt.grids));
        assert_eq!(processor.blacked_out(&prompt, 0.0, 7).patches, prompt.patches);
        let size = dark.len() / 32;
        let is_black = |p: &Prompt| -> Vec<bool> {
            p.patches.chunks(size).zip(dark.chunks(size)).map(|(a, b)| a == b).collect()
        };
        let half = processor.blacked_out(&prompt, 0.5, 7);
        let count = is_black(&half).iter().filter(|b| **b).count();
        assert!((8..=24).contains(&count), "{count} of 32");
        assert_eq!(is_black(&half), is_black(&processor.blacked_out(&prompt, 0.5, 7)));
        assert_ne!(is_black(&half), is_black(&processor.blacked_out(&prompt, 0.5, 8)));
    }
}
