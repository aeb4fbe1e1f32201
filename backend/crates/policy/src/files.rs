//! Tensor files in, tensor files out: what the command line's `logits` and `generate` do.

use crate::config::PolicyConfig;
use crate::error::PolicyError;
use crate::generate::{Engine, SamplingOptions};
use crate::model::{Model, Trace};
use crate::packed::Packed;
use crate::prompt::Prompt;
use crate::weights::{self, WeightFiles, write_synced};
use burn::tensor::{Device, Tensor};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// A network without tokenizer, and the tensors of an input file.
struct Loaded {
    config: PolicyConfig,
    model: Model,
    prompt: Prompt,
    continuation: Option<Vec<u32>>,
}

/// Runs the network over `input_ids` `[1, T]`, `pixel_values_videos` `[patches, dim]` and
/// `video_grid_thw` `[clips, 3]` and writes `logits` `[1, T, vocab]`, `position_ids` `[3, 1, T]`,
/// `vision_merged` `[tokens, hidden]` and, where the input has a `continuation` `[1, C]` (which
/// may be empty), `continuation_logprobs` `[1, C]`.
///
/// # Errors
/// An unusable folder or output file; an input file that holds no tokens, or ids outside the
/// vocabulary.
pub fn logits_file(
    dir: &Path,
    input: &Path,
    out: &Path,
    device: &Device,
) -> Result<(), PolicyError> {
    let Loaded { model, prompt, continuation, .. } = load(dir, input, device)?;
    let mut packed = Packed::new();
    packed.prefix(&prompt);
    let Trace { vision, hidden, .. } = model.trace(&packed);
    let last = hidden.last().cloned().ok_or_else(|| PolicyError::Input("no tokens".into()))?;
    let mut output = Output::default();
    let tokens = prompt.ids.len();
    output.floats("logits", vec![1, tokens, model.text_config().vocab_size], &model.logits(last));
    let positions =
        (0..3).flat_map(|axis| prompt.positions.iter().map(move |p| i64::from(p[axis])));
    output.push(
        "position_ids",
        Dtype::I64,
        vec![3, 1, tokens],
        positions.flat_map(i64::to_le_bytes).collect(),
    );
    if let Some(vision) = vision {
        output.floats("vision_merged", vision.merged.dims().to_vec(), &vision.merged);
    }
    if let Some(ids) = continuation {
        let logprobs = continuation_logprobs(&model, &prompt, &ids);
        output.push("continuation_logprobs", Dtype::F32, vec![1, ids.len()], logprobs);
    }
    output.write(out)
}

/// Generates from an input file as of [`logits_file`] and gives the new token ids. The ids that
/// end a generation end it here too.
///
/// # Errors
/// An unusable folder or input file.
pub fn generate_file(
    dir: &Path,
    input: &Path,
    max_new: usize,
    greedy: bool,
    device: &Device,
) -> Result<Vec<u32>, PolicyError> {
    let Loaded { config, model, prompt, .. } = load(dir, input, device)?;
    let options = SamplingOptions { greedy, max_new, ..SamplingOptions::default() };
    let engine = Engine { model: &model, config: &config };
    let prompts = [prompt];
    let groups = engine.generate(&prompts, &[vec![0]], &options, || engine.prefill(&prompts))?;
    Ok(groups.into_iter().flatten().next().map_or_else(Vec::new, |rollout| rollout.ids))
}

/// Little-endian numbers, one per id; a pass over no tokens is none.
fn continuation_logprobs(model: &Model, prompt: &Prompt, ids: &[u32]) -> Vec<u8> {
    if ids.is_empty() {
        return Vec::new();
    }
    let mut packed = Packed::new();
    let prefix = packed.prefix(prompt);
    let suffix = packed.suffix(prefix, ids);
    let hidden = model.forward_rows(&packed, &packed.target_rows(suffix, 0));
    bytes(&model.logprobs(hidden, ids, 1.0))
}

fn load(dir: &Path, input: &Path, device: &Device) -> Result<Loaded, PolicyError> {
    let config = PolicyConfig::load(dir)?;
    let model = Model::build(&config, &mut WeightFiles::open(dir)?, device)?;
    let file = fs::read(input).map_err(|source| PolicyError::io(input, source))?;
    let tensors = SafeTensors::deserialize(&file)
        .map_err(|error| PolicyError::Input(format!("{}: {error}", input.display())))?;
    let vocabulary = config.text_config.vocab_size;
    let ids = ids(&tensors, "input_ids", vocabulary)?
        .filter(|ids| !ids.is_empty())
        .ok_or_else(|| PolicyError::Input("input_ids is missing or empty".into()))?;
    let grids = grids(&tensors)?;
    let patches = match tensors.tensor("pixel_values_videos") {
        Ok(view) => weights::floats("pixel_values_videos", &view)?,
        Err(_) => Vec::new(),
    };
    let continuation = self::ids(&tensors, "continuation", vocabulary)?;
    let prompt = Prompt::from_parts(&config, ids, Arc::new(patches), grids)?;
    Ok(Loaded { config, model, prompt, continuation })
}

/// Token ids of a tensor, each below `vocabulary`.
fn ids(
    tensors: &SafeTensors,
    name: &str,
    vocabulary: usize,
) -> Result<Option<Vec<u32>>, PolicyError> {
    let Some(values) = integers(tensors, name)? else { return Ok(None) };
    let ids = values.into_iter().map(|id| {
        u32::try_from(id).ok().filter(|&id| (id as usize) < vocabulary).ok_or_else(|| {
            PolicyError::Input(format!(
                "{name} holds {id}, but token ids go from 0 to {}",
                vocabulary - 1
            ))
        })
    });
    ids.collect::<Result<_, _>>().map(Some)
}

/// Grids `[t, h, w]` in patches; none where the tensor is absent.
fn grids(tensors: &SafeTensors) -> Result<Vec<[usize; 3]>, PolicyError> {
    let values = integers(tensors, "video_grid_thw")?.unwrap_or_default();
    // Far above any clip, and no product of three overflows.
    let side = |n: i64| u16::try_from(n).ok().filter(|&n| n > 0).map(usize::from);
    let rows = values.chunks(3).map(|grid| match grid {
        &[t, h, w] => Some([side(t)?, side(h)?, side(w)?]),
        _ => None,
    });
    rows.collect::<Option<_>>().ok_or_else(|| {
        PolicyError::Input(format!(
            "video_grid_thw must hold three numbers from 1 to {} a clip",
            u16::MAX
        ))
    })
}

fn integers(tensors: &SafeTensors, name: &str) -> Result<Option<Vec<i64>>, PolicyError> {
    let Ok(view) = tensors.tensor(name) else { return Ok(None) };
    let data = view.data();
    let word = |b: &[u8]| i64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    match view.dtype() {
        Dtype::I64 => Ok(Some(
            data.chunks_exact(8)
                .map(|b| i64::from_le_bytes(b.try_into().unwrap_or_default()))
                .collect(),
        )),
        Dtype::I32 => Ok(Some(data.chunks_exact(4).map(word).collect())),
        other => {
            Err(PolicyError::Input(format!("{name} has type {other:?}; i64 and i32 are read")))
        }
    }
}

fn bytes<const D: usize>(tensor: &Tensor<D>) -> Vec<u8> {
    tensor.to_data().iter::<f32>().flat_map(f32::to_le_bytes).collect()
}

#[derive(Default)]
struct Output {
    tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
}

impl Output {
    fn floats<const D: usize>(&mut self, name: &str, shape: Vec<usize>, tensor: &Tensor<D>) {
        self.push(name, Dtype::F32, shape, bytes(tensor));
    }

    fn push(&mut self, name: &str, dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) {
        self.tensors.push((name.to_string(), dtype, shape, bytes));
    }

    fn write(&self, path: &Path) -> Result<(), PolicyError> {
        let wrong = |error: safetensors::SafeTensorError| {
            PolicyError::Input(format!("{}: {error}", path.display()))
        };
        let mut views = Vec::new();
        for (name, dtype, shape, bytes) in &self.tensors {
            views.push((
                name.as_str(),
                TensorView::new(*dtype, shape.clone(), bytes).map_err(wrong)?,
            ));
        }
        write_synced(path, &safetensors::serialize(views, None).map_err(wrong)?)
    }
}
