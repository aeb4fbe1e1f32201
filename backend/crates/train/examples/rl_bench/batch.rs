//! The batch that both sides learn from, as a file: see `tests/reference/rl_batch.py`.

use crate::Fallible;
use policy::{PolicyConfig, Prompt};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use shared::config::{GrpoConfig, OptimConfig, SamplingConfig};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use train::step::{Scored, ScoredGroup};

/// Key of the file's metadata that holds all but the numbers of prompts.
const KEY: &str = "batch";

/// What both sides are told beside the batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// How answers are drawn.
    #[serde(flatten)]
    pub sampling: SamplingConfig,
    /// Clip ranges and the divergence's weight.
    #[serde(flatten)]
    pub grpo: GrpoConfig,
    /// Step size and norm bounds.
    #[serde(flatten)]
    pub optim: OptimConfig,
    /// Ids that end an answer.
    pub eos_token_ids: Vec<u32>,
}

/// Prompts with answers, and settings.
pub struct Batch {
    /// What both sides are told.
    pub settings: Settings,
    /// Prompts with their answers.
    pub groups: Vec<ScoredGroup>,
}

#[derive(Serialize, Deserialize)]
struct About {
    #[serde(flatten)]
    settings: Settings,
    prompts: Vec<AboutPrompt>,
}

#[derive(Serialize, Deserialize)]
struct AboutPrompt {
    next_position: i32,
    answers: Vec<Answer>,
}

#[derive(Serialize, Deserialize)]
struct Answer {
    ids: Vec<u32>,
    old: Vec<f32>,
    advantage: f64,
}

impl Batch {
    /// Writes the file.
    pub fn write(&self, path: &Path) -> Fallible<()> {
        let about = About {
            settings: self.settings.clone(),
            prompts: self.groups.iter().map(about).collect(),
        };
        let metadata = HashMap::from([(KEY.to_owned(), serde_json::to_string(&about)?)]);
        let mut parts = Vec::new();
        for (i, group) in self.groups.iter().enumerate() {
            parts.extend(tensors(i, &group.prompt));
        }
        let views = parts
            .iter()
            .map(|(name, dtype, shape, bytes)| {
                Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?))
            })
            .collect::<Fallible<Vec<_>>>()?;
        std::fs::write(path, safetensors::serialize(views, Some(metadata))?)?;
        Ok(())
    }

    /// Reads the first prompts and the first answers of each; `None` for all.
    pub fn read(
        path: &Path,
        config: &PolicyConfig,
        prompts: Option<usize>,
        answers: Option<usize>,
    ) -> Fallible<Self> {
        let file = std::fs::read(path)?;
        let (_, header) = SafeTensors::read_metadata(&file)?;
        let text = header.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
        let text = text.ok_or_else(|| format!("{} holds no batch", path.display()))?;
        let about: About = serde_json::from_str(text)?;
        let tensors = SafeTensors::deserialize(&file)?;
        let chosen = about.prompts.into_iter().take(prompts.unwrap_or(usize::MAX)).enumerate();
        let groups = chosen
            .map(|(i, about)| {
                let kept = about.answers.into_iter().take(answers.unwrap_or(usize::MAX));
                Ok(ScoredGroup {
                    prompt: prompt(config, &tensors, i)?,
                    answers: kept.map(scored).collect(),
                })
            })
            .collect::<Fallible<_>>()?;
        Ok(Self { settings: about.settings, groups })
    }
}

fn about(group: &ScoredGroup) -> AboutPrompt {
    let answer = |answer: &Scored| Answer {
        ids: answer.ids.clone(),
        old: answer.old.clone(),
        advantage: answer.advantage,
    };
    AboutPrompt {
        next_position: group.prompt.next_position,
        answers: group.answers.iter().map(answer).collect(),
    }
}

fn scored(answer: Answer) -> Scored {
    Scored { ids: answer.ids, old: answer.old, advantage: answer.advantage, ..Scored::default() }
}

type Part = (String, Dtype, Vec<usize>, Vec<u8>);

/// Everything of prompt `i` that is an array.
fn tensors(i: usize, prompt: &Prompt) -> [Part; 4] {
    let whole = |values: &mut dyn Iterator<Item = i64>| values.flat_map(i64::to_le_bytes).collect();
    let tokens = prompt.ids.len();
    let count: usize = prompt.grids.iter().map(|grid| grid.iter().product::<usize>()).sum();
    let positions = prompt.positions.iter().flatten();
    let grids = prompt.grids.iter().flatten();
    let patches = prompt.patches.iter().flat_map(|x| x.to_le_bytes()).collect();
    [
        (
            format!("ids.{i}"),
            Dtype::I64,
            vec![tokens],
            whole(&mut prompt.ids.iter().map(|&id| i64::from(id))),
        ),
        (
            format!("positions.{i}"),
            Dtype::I64,
            vec![tokens, 3],
            whole(&mut positions.map(|&p| i64::from(p))),
        ),
        (
            format!("patches.{i}"),
            Dtype::F32,
            vec![count, prompt.patches.len() / count.max(1)],
            patches,
        ),
        (
            format!("grids.{i}"),
            Dtype::I64,
            vec![prompt.grids.len(), 3],
            whole(&mut grids.map(|&side| side as i64)),
        ),
    ]
}

/// Prompt `i`; its positions are made again, as for every prompt.
fn prompt(config: &PolicyConfig, tensors: &SafeTensors, i: usize) -> Fallible<Prompt> {
    let numbers = |name: &str| -> Fallible<Vec<i64>> {
        let (places, _) = tensors.tensor(&format!("{name}.{i}"))?.data().as_chunks::<8>();
        Ok(places.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
    };
    let ids = numbers("ids")?.into_iter().map(u32::try_from).collect::<Result<_, _>>()?;
    let grids: Vec<usize> =
        numbers("grids")?.into_iter().map(usize::try_from).collect::<Result<_, _>>()?;
    let view = tensors.tensor(&format!("patches.{i}"))?;
    let patches = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    let grids = grids.as_chunks::<3>().0.to_vec();
    Ok(Prompt::from_parts(config, ids, Arc::new(patches.collect()), grids)?)
}
