//! The policy's size and token ids, in the words of a Hugging Face `config.json`.
//! It never holds run settings: those are the trainer's.

use crate::error::PolicyError;
use crate::ops::Heads;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::Path;

mod checks;

/// Fields that this program does not read but writes back as it found them.
pub type Extra = Map<String, Value>;

/// A whole `config.json` of `Qwen3VLForConditionalGeneration`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PolicyConfig {
    /// Decoder sizes.
    pub text_config: TextConfig,
    /// Vision tower sizes.
    pub vision_config: VisionConfig,
    /// Id of `<|image_pad|>`.
    pub image_token_id: u32,
    /// Id of `<|video_pad|>`; every visual token of a clip has it.
    pub video_token_id: u32,
    /// Id of `<|vision_start|>`.
    pub vision_start_token_id: u32,
    /// Id of `<|vision_end|>`.
    pub vision_end_token_id: u32,
    /// Whether the head is the embedding, transposed. Wins over the one in `text_config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie_word_embeddings: Option<bool>,
    /// Ids that end a generation; read from `generation_config.json`, not from `config.json`.
    #[serde(skip)]
    pub eos_token_ids: Vec<u32>,
    /// Everything else, kept for saving.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Sizes of the text decoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TextConfig {
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Inner width of SwiGLU.
    pub intermediate_size: usize,
    /// Decoder layers.
    pub num_hidden_layers: usize,
    /// Query heads.
    pub num_attention_heads: usize,
    /// Key and value heads; divides the query heads.
    pub num_key_value_heads: usize,
    /// Width of one head; `hidden_size / num_attention_heads` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_dim: Option<usize>,
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// Positions that prompt and answer may take together; any number where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_position_embeddings: Option<usize>,
    /// Epsilon of every RMSNorm.
    #[serde(default = "default_eps")]
    pub rms_norm_eps: f64,
    /// Standard deviation of freshly drawn weights.
    #[serde(default = "default_std")]
    pub initializer_range: f64,
    /// Rotary settings as newer files write them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rope_parameters: Option<RopeConfig>,
    /// Rotary settings as older files write them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rope_scaling: Option<RopeConfig>,
    /// Rotary base of older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rope_theta: Option<f64>,
    /// Whether the head is tied, where the outer config does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie_word_embeddings: Option<bool>,
    /// End-of-text id, one or several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eos_token_id: Option<OneOrMany>,
    /// Everything else, kept for saving.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Multimodal rotary settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RopeConfig {
    /// Frequencies for time, height and width; they sum to half the head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mrope_section: Option<[usize; 3]>,
    /// Rotary base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rope_theta: Option<f64>,
    /// Everything else, kept for saving.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Sizes of the vision tower.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VisionConfig {
    /// Blocks.
    pub depth: usize,
    /// Width of a patch's features.
    pub hidden_size: usize,
    /// Inner width of the MLP.
    pub intermediate_size: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Colour channels.
    #[serde(default = "default_channels")]
    pub in_channels: usize,
    /// Side of a patch in pixels.
    pub patch_size: usize,
    /// Frames in a patch.
    pub temporal_patch_size: usize,
    /// Patches a side that one visual token covers.
    pub spatial_merge_size: usize,
    /// Width of a visual token: the decoder's width.
    pub out_hidden_size: usize,
    /// Learned positions: a square grid.
    pub num_position_embeddings: usize,
    /// Blocks after which a DeepStack feature is taken.
    #[serde(default)]
    pub deepstack_visual_indexes: Vec<usize>,
    /// Everything else, kept for saving.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A JSON field that is a number or a list of numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One id.
    One(u32),
    /// Several ids.
    Many(Vec<u32>),
}

impl OneOrMany {
    fn to_vec(&self) -> Vec<u32> {
        match self {
            Self::One(id) => vec![*id],
            Self::Many(ids) => ids.clone(),
        }
    }
}

#[derive(Deserialize)]
struct GenerationFile {
    eos_token_id: Option<OneOrMany>,
}

fn default_eps() -> f64 {
    1e-6
}
fn default_std() -> f64 {
    0.02
}
fn default_channels() -> usize {
    3
}

impl PolicyConfig {
    /// Reads `config.json`, and the ids that end a generation from `generation_config.json`.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, or sizes that contradict each other.
    pub fn load(dir: &Path) -> Result<Self, PolicyError> {
        let mut config: Self = read_json(&dir.join("config.json"))?;
        let generation = dir.join("generation_config.json");
        let ids = if generation.exists() {
            read_json::<GenerationFile>(&generation)?.eos_token_id
        } else {
            None
        };
        config.eos_token_ids = ids
            .or_else(|| config.text_config.eos_token_id.clone())
            .map_or_else(Vec::new, |ids| ids.to_vec());
        config.validate()?;
        Ok(config)
    }

    /// The stand-alone policy that trains on two CPU cores: about 1.6 million parameters.
    /// Its special tokens are the first seven ids, in the order of
    /// [`crate::tokenizer::SPECIAL_TOKENS`].
    pub fn nano(vocab_size: usize) -> Self {
        let text = json!({
            "model_type": "qwen3_vl_text",
            "hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 4,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
            "vocab_size": vocab_size, "rms_norm_eps": 1e-6, "initializer_range": 0.05,
            "hidden_act": "silu", "attention_bias": false, "attention_dropout": 0.0,
            "max_position_embeddings": 4096, "tie_word_embeddings": true,
            "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 0,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0,
                "mrope_interleaved": true, "mrope_section": [8, 4, 4]},
        });
        let vision = json!({
            "model_type": "qwen3_vl_vision", "depth": 2, "hidden_size": 96,
            "intermediate_size": 384, "num_heads": 3, "in_channels": 3, "patch_size": 16,
            "temporal_patch_size": 2, "spatial_merge_size": 2, "out_hidden_size": 128,
            "num_position_embeddings": 16, "deepstack_visual_indexes": [0],
            "hidden_act": "gelu_pytorch_tanh", "initializer_range": 0.05,
        });
        let whole = json!({
            "architectures": ["Qwen3VLForConditionalGeneration"], "model_type": "qwen3_vl",
            "dtype": "float32", "text_config": text, "vision_config": vision,
            "vision_start_token_id": 3, "vision_end_token_id": 4,
            "image_token_id": 5, "video_token_id": 6, "tie_word_embeddings": true,
        });
        let mut config: Self = serde_json::from_value(whole).expect("the fields above are whole");
        config.eos_token_ids = vec![2];
        config
    }

    /// Whether the head shares the embedding's weights.
    pub fn tied(&self) -> bool {
        self.tie_word_embeddings.or(self.text_config.tie_word_embeddings).unwrap_or(false)
    }
}

impl TextConfig {
    /// Width of one head.
    pub fn head_dim(&self) -> usize {
        self.head_dim.unwrap_or(self.hidden_size / self.num_attention_heads.max(1))
    }

    /// Layout of packed heads.
    pub fn heads(&self) -> Heads {
        Heads {
            queries: self.num_attention_heads,
            keys: self.num_key_value_heads,
            dim: self.head_dim(),
        }
    }

    /// Rotary base; the published models' 5,000,000 where the file says nothing.
    pub fn theta(&self) -> f64 {
        let nested = |rope: &Option<RopeConfig>| rope.as_ref().and_then(|rope| rope.rope_theta);
        nested(&self.rope_parameters)
            .or(self.rope_theta)
            .or_else(|| nested(&self.rope_scaling))
            .unwrap_or(5_000_000.0)
    }

    /// Rotary frequencies for time, height, width.
    pub fn mrope_section(&self) -> [usize; 3] {
        let nested = |rope: &Option<RopeConfig>| rope.as_ref().and_then(|rope| rope.mrope_section);
        nested(&self.rope_parameters).or_else(|| nested(&self.rope_scaling)).unwrap_or([24, 20, 20])
    }
}

impl VisionConfig {
    /// Side of the square grid of learned positions.
    pub fn grid_side(&self) -> usize {
        self.num_position_embeddings.isqrt()
    }

    /// Numbers in one patch: channels x frames x pixels.
    pub fn patch_dim(&self) -> usize {
        self.in_channels * self.temporal_patch_size * self.patch_size * self.patch_size
    }

    /// Patches that one visual token covers.
    pub fn merge_area(&self) -> usize {
        self.spatial_merge_size * self.spatial_merge_size
    }
}

pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, PolicyError> {
    let text = fs::read_to_string(path).map_err(|source| PolicyError::io(path, source))?;
    serde_json::from_str(&text)
        .map_err(|error| PolicyError::Config(format!("{}: {error}", path.display())))
}
