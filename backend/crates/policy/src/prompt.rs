//! Clips and text to one token sequence with multimodal positions.
//! It knows no task: questions arrive as text.

use crate::config::PolicyConfig;
use crate::error::PolicyError;
use crate::processor::{Processor, PromptStyle};
use crate::tokenizer::PolicyTokenizer;
use std::sync::Arc;

/// Frames as a task shows them.
#[derive(Clone, Copy, Debug)]
pub struct Clip<'a> {
    /// Pixels `[frames, height, width, 3]`.
    pub rgb: &'a [u8],
    /// Number of frames.
    pub frames: usize,
    /// Pixels.
    pub height: usize,
    /// Pixels.
    pub width: usize,
    /// The time that stands beside each frame, in seconds.
    pub secs: &'a [f64],
}

/// A piece of a user's turn.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// Ordinary text.
    Text(&'a str),
    /// A clip.
    Video(Clip<'a>),
}

/// Where a visual token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisualSpan {
    /// Index in [`Prompt::ids`].
    pub token: usize,
    /// Which clip of the prompt.
    pub clip: usize,
    /// Which frame pair of the clip: frames `2 * pair` and `2 * pair + 1`.
    pub pair: usize,
    /// Row of the merged patch in the frame.
    pub row: usize,
    /// Column of the merged patch in the frame.
    pub col: usize,
}

/// One prompt, ready for the model.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Token ids.
    pub ids: Vec<u32>,
    /// Time, height and width position of each token.
    pub positions: Vec<[i32; 3]>,
    /// Position of the first token after the prompt.
    pub next_position: i32,
    /// Normalised patches `[n_patches, patch_dim]`, all clips one after the other. Shared, so
    /// that a batch of prompts never copies pixels.
    pub patches: Arc<Vec<f32>>,
    /// Grid `[t, h, w]` of each clip, in patches.
    pub grids: Vec<[usize; 3]>,
    /// Origin of each visual token, in token order.
    pub visual: Vec<VisualSpan>,
}

impl Prompt {
    /// Builds positions and origins from ids, patches and grids made elsewhere.
    ///
    /// # Errors
    /// Ids whose runs of video tokens do not match the grids, or patches of another number.
    pub fn from_parts(
        config: &PolicyConfig,
        ids: Vec<u32>,
        patches: Arc<Vec<f32>>,
        grids: Vec<[usize; 3]>,
    ) -> Result<Self, PolicyError> {
        let count: usize = grids.iter().map(|grid| grid.iter().product::<usize>()).sum();
        let width = config.vision_config.patch_dim();
        if patches.len() != count * width {
            return Err(PolicyError::Prompt(format!(
                "the grids need {count} patches of {width} numbers, but there are {} numbers",
                patches.len()
            )));
        }
        if let Some(id) = ids.iter().find(|&&id| id as usize >= config.text_config.vocab_size) {
            return Err(PolicyError::Prompt(format!("token {id} is outside the vocabulary")));
        }
        let merge = config.vision_config.spatial_merge_size;
        if let Some(grid) = grids.iter().find(|grid| grid[1] % merge + grid[2] % merge != 0) {
            return Err(PolicyError::Prompt(format!("grid {grid:?} cannot be merged by {merge}")));
        }
        let walk = walk(&ids, &grids, config.video_token_id, merge)?;
        Ok(Self {
            ids,
            positions: walk.positions,
            next_position: walk.next,
            patches,
            grids,
            visual: walk.visual,
        })
    }
}

struct Walk {
    positions: Vec<[i32; 3]>,
    visual: Vec<VisualSpan>,
    next: i32,
}

/// `get_rope_index` of the published model: text counts up on all three axes; each frame pair
/// is a picture of its own at one time, its rows and columns counted from there; what follows
/// goes on after the larger side.
fn walk(ids: &[u32], grids: &[[usize; 3]], video: u32, merge: usize) -> Result<Walk, PolicyError> {
    let mut pairs = grids
        .iter()
        .enumerate()
        .flat_map(|(clip, &[t, h, w])| (0..t).map(move |pair| (clip, pair, h / merge, w / merge)));
    let mut out = Walk { positions: Vec::with_capacity(ids.len()), visual: Vec::new(), next: 0 };
    let mut at = 0;
    while at < ids.len() {
        if ids[at] != video {
            out.positions.push([out.next; 3]);
            out.next += 1;
            at += 1;
            continue;
        }
        let (clip, pair, rows, cols) = pairs
            .next()
            .ok_or_else(|| PolicyError::Prompt("more visual tokens than the clips have".into()))?;
        let run = ids.get(at..at + rows * cols).filter(|run| run.iter().all(|&id| id == video));
        if run.is_none() {
            return Err(PolicyError::Prompt(format!(
                "frame pair {pair} of clip {clip} lacks visual tokens"
            )));
        }
        for (row, col) in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
            out.visual.push(VisualSpan { token: out.positions.len(), clip, pair, row, col });
            out.positions.push([out.next, out.next + row as i32, out.next + col as i32]);
        }
        out.next += rows.max(cols) as i32;
        at += rows * cols;
    }
    match pairs.next() {
        Some(_) => Err(PolicyError::Prompt("fewer visual tokens than the clips have".into())),
        None => Ok(out),
    }
}

/// Text waiting to be encoded in one piece, since merges cross the borders of parts.
struct Writer<'a> {
    tokenizer: &'a PolicyTokenizer,
    ids: Vec<u32>,
    text: String,
}

impl Writer<'_> {
    fn special(&mut self, ids: impl IntoIterator<Item = u32>) -> Result<(), PolicyError> {
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() {
            self.ids.extend(self.tokenizer.encode(&text)?);
        }
        self.ids.extend(ids);
        Ok(())
    }
}

/// Builds a prompt in the style the processor asks for, up to the first answer token.
///
/// # Errors
/// A clip that does not fit its sizes or times.
pub fn build(
    config: &PolicyConfig,
    tokenizer: &PolicyTokenizer,
    processor: &Processor,
    parts: &[Part],
) -> Result<Prompt, PolicyError> {
    let mut out = Writer { tokenizer, ids: Vec::new(), text: String::new() };
    let (mut patches, mut grids) = (Vec::new(), Vec::new());
    if processor.prompt_style == PromptStyle::Chat {
        out.special([tokenizer.im_start])?;
        out.text.push_str("user\n");
    }
    for part in parts {
        match part {
            Part::Text(text) => out.text.push_str(text),
            Part::Video(clip) => {
                let (numbers, grid) = processor.patches(clip)?;
                write_clip(&mut out, processor, clip, grid)?;
                patches.extend_from_slice(&numbers);
                grids.push(grid);
            }
        }
    }
    match processor.prompt_style {
        PromptStyle::Chat => {
            out.special([tokenizer.im_end])?;
            out.text.push('\n');
            out.special([tokenizer.im_start])?;
            out.text.push_str("assistant\n");
            out.special([])?;
        }
        PromptStyle::Compact => out.special([tokenizer.im_start])?,
    }
    Prompt::from_parts(config, out.ids, Arc::new(patches), grids)
}

fn write_clip(
    out: &mut Writer,
    processor: &Processor,
    clip: &Clip,
    [pairs, rows, cols]: [usize; 3],
) -> Result<(), PolicyError> {
    if clip.secs.len() != clip.frames {
        return Err(PolicyError::Prompt(format!(
            "{} times for {} frames",
            clip.secs.len(),
            clip.frames
        )));
    }
    let tokens = rows * cols / (processor.merge_size * processor.merge_size);
    let tokenizer = out.tokenizer;
    let pads = std::iter::repeat_n(tokenizer.video_pad, tokens);
    for pair in 0..pairs {
        let first = pair * processor.temporal_patch_size;
        let last = (first + processor.temporal_patch_size - 1).min(clip.frames - 1);
        let secs = (clip.secs[first] + clip.secs[last]) / 2.0;
        match processor.prompt_style {
            PromptStyle::Chat => {
                out.text.push_str(&format!("<{secs:.1} seconds>"));
                out.special([tokenizer.vision_start])?;
                out.special(pads.clone())?;
                out.special([tokenizer.vision_end])?;
            }
            PromptStyle::Compact => {
                out.text.push_str(&format!("{secs:.1}"));
                out.special(pads.clone())?;
            }
        }
    }
    Ok(())
}
