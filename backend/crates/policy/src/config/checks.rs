//! What must hold among the sizes of a policy for its tensors to fit together.

use super::{PolicyConfig, TextConfig, VisionConfig};
use crate::error::PolicyError;

/// Whether it holds, and the sentence to say where it does not.
type Check = (bool, String);

impl PolicyConfig {
    /// Checks that the sizes fit together.
    ///
    /// # Errors
    /// One sentence naming the first field that does not fit.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let (text, vision) = (&self.text_config, &self.vision_config);
        let checks = text_checks(text).into_iter().chain(vision_checks(vision)).chain([
            (
                vision.out_hidden_size == text.hidden_size,
                format!(
                    "vision out_hidden_size {} must equal hidden_size {}",
                    vision.out_hidden_size, text.hidden_size
                ),
            ),
            (
                vision.deepstack_visual_indexes.len() <= text.num_hidden_layers,
                "more DeepStack levels than decoder layers".into(),
            ),
        ]);
        match checks.into_iter().find(|(holds, _)| !holds) {
            Some((_, message)) => Err(PolicyError::Config(message)),
            None => Ok(()),
        }
    }
}

fn text_checks(text: &TextConfig) -> [Check; 5] {
    [
        (
            text.hidden_size > 0 && text.vocab_size > 0,
            "hidden_size and vocab_size must be positive".into(),
        ),
        (
            text.num_attention_heads > 0 && text.num_key_value_heads > 0,
            "the decoder needs heads".into(),
        ),
        (
            text.num_key_value_heads > 0
                && text.num_attention_heads.is_multiple_of(text.num_key_value_heads),
            format!(
                "num_attention_heads {} is no multiple of num_key_value_heads {}",
                text.num_attention_heads, text.num_key_value_heads
            ),
        ),
        (
            text.head_dim() > 0 && text.head_dim().is_multiple_of(2),
            format!("head_dim {} must be even", text.head_dim()),
        ),
        (
            text.mrope_section().iter().sum::<usize>() == text.head_dim() / 2,
            format!(
                "mrope_section {:?} must sum to half of head_dim {}",
                text.mrope_section(),
                text.head_dim()
            ),
        ),
    ]
}

fn vision_checks(vision: &VisionConfig) -> [Check; 5] {
    let levels = &vision.deepstack_visual_indexes;
    [
        (
            vision.num_heads > 0 && vision.hidden_size.is_multiple_of(vision.num_heads.max(1) * 4),
            format!(
                "vision hidden_size {} must be a multiple of 4 x num_heads {}",
                vision.hidden_size, vision.num_heads
            ),
        ),
        (
            vision.grid_side().pow(2) == vision.num_position_embeddings && vision.grid_side() > 0,
            format!("num_position_embeddings {} is no square", vision.num_position_embeddings),
        ),
        (
            vision.spatial_merge_size > 0
                && vision.patch_size > 0
                && vision.temporal_patch_size > 0,
            "patch sizes must be positive".into(),
        ),
        (
            levels.iter().all(|&level| level < vision.depth),
            format!("deepstack_visual_indexes {levels:?} reach past depth {}", vision.depth),
        ),
        (
            levels.windows(2).all(|pair| pair[0] < pair[1]),
            "deepstack_visual_indexes must rise".into(),
        ),
    ]
}
