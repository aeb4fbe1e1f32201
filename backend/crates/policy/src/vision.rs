//! The vision tower: patches to visual tokens and DeepStack features.

use crate::config::VisionConfig;
use crate::error::PolicyError;
use crate::layers::{Builder, Init, LayerNorm, Linear};
use crate::ops::{self, Heads, Kernels, Rope};
use crate::packed::{Mask, Segment};
use crate::rope;
use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use std::collections::HashMap;
use std::sync::Arc;

/// The tower's parameters, named as in the published files.
#[derive(Module, Debug)]
pub struct Vision {
    /// Patches to features.
    pub patch_embed: PatchEmbed,
    /// Learned positions `[side * side, hidden]`.
    pub pos_embed: Table,
    /// Transformer blocks.
    pub blocks: Vec<Block>,
    /// Features to visual tokens.
    pub merger: Merger,
    /// One merger per DeepStack level.
    pub deepstack_merger_list: Vec<Merger>,
    #[module(skip)]
    config: VisionConfig,
}

/// A convolution whose stride is its size, hence a linear layer over whole patches.
#[derive(Module, Debug)]
pub struct PatchEmbed {
    /// `[hidden, patch_dim]`; five axes in the file.
    pub proj: Linear,
}

/// A lookup table.
#[derive(Module, Debug)]
pub struct Table {
    /// `[rows, width]`.
    pub weight: Param<Tensor<2>>,
}

/// Attention and MLP with layer norms before them.
#[derive(Module, Debug)]
pub struct Block {
    /// Before attention.
    pub norm1: LayerNorm,
    /// Before the MLP.
    pub norm2: LayerNorm,
    /// Attention.
    pub attn: Attention,
    /// MLP.
    pub mlp: Mlp,
}

/// Attention inside a frame pair.
#[derive(Module, Debug)]
pub struct Attention {
    /// `[3 * hidden, hidden]`.
    pub qkv: Linear,
    /// `[hidden, hidden]`.
    pub proj: Linear,
}

/// Two linear layers with a tanh GELU.
#[derive(Module, Debug)]
pub struct Mlp {
    /// `[intermediate, hidden]`.
    pub linear_fc1: Linear,
    /// `[hidden, intermediate]`.
    pub linear_fc2: Linear,
}

/// Joins merge x merge neighbours to one token of the decoder's width.
#[derive(Module, Debug)]
pub struct Merger {
    /// Over single patches, or over joined ones in DeepStack mergers.
    pub norm: LayerNorm,
    /// `[joined, joined]`.
    pub linear_fc1: Linear,
    /// `[out, joined]`.
    pub linear_fc2: Linear,
}

/// What the decoder gets from the tower.
pub struct VisionOutput {
    /// Visual tokens `[tokens, out]`.
    pub merged: Tensor<2>,
    /// One `[tokens, out]` per DeepStack level, for the first decoder layers.
    pub deepstack: Vec<Tensor<2>>,
}

/// What the tower needs to know about the grids of a batch.
pub(crate) struct Layout {
    segments: Arc<Vec<Segment>>,
    rope: Rope,
    /// Interpolation weights `[places, side * side]` of the distinct places.
    weights: Tensor<2>,
    /// Which place each patch has.
    places: Arc<Vec<u32>>,
}

impl Vision {
    /// Asks for every parameter of the tower.
    ///
    /// # Errors
    /// What the source reports.
    pub fn build(mut at: Builder, config: &VisionConfig) -> Result<Self, PolicyError> {
        let hidden = config.hidden_size;
        let std = at.std;
        let file_shape = [
            hidden,
            config.in_channels,
            config.temporal_patch_size,
            config.patch_size,
            config.patch_size,
        ];
        let mut embed = at.at("patch_embed.proj");
        let weight =
            embed.param("weight", [hidden, config.patch_dim()], &file_shape, Init::Normal(std))?;
        let bias = Some(embed.param("bias", [hidden], &[hidden], Init::Constant(0.0))?);
        let shape = [config.num_position_embeddings, hidden];
        let pos = at.at("pos_embed").param("weight", shape, &shape, Init::Normal(std))?;
        let blocks = (0..config.depth).map(|i| Block::build(at.at(&format!("blocks.{i}")), config));
        let blocks = blocks.collect::<Result<_, _>>()?;
        let joined = hidden * config.merge_area();
        let merger = Merger::build(at.at("merger"), config, hidden)?;
        let levels = (0..config.deepstack_visual_indexes.len())
            .map(|i| Merger::build(at.at(&format!("deepstack_merger_list.{i}")), config, joined));
        Ok(Self {
            patch_embed: PatchEmbed { proj: Linear { weight, bias } },
            pos_embed: Table { weight: pos },
            blocks,
            merger,
            deepstack_merger_list: levels.collect::<Result<_, _>>()?,
            config: config.clone(),
        })
    }

    /// Patches in shared pieces `[n, patch_dim]` and their grids `[t, h, w]` to visual tokens.
    pub(crate) fn forward(
        &self,
        kernels: Kernels,
        pieces: &[Arc<Vec<f32>>],
        grids: &[[usize; 3]],
    ) -> VisionOutput {
        let layout = self.layout(grids);
        let mut x = self.enter(kernels, pieces, &layout);
        let mut deepstack = Vec::new();
        for i in 0..self.blocks.len() {
            let (out, level) = self.block(kernels, i, x, &layout);
            deepstack.extend(level);
            x = out;
        }
        VisionOutput { merged: self.merger.forward(kernels, x), deepstack }
    }

    /// Patches with their positions: `[n, hidden]`.
    pub(crate) fn enter(
        &self,
        kernels: Kernels,
        pieces: &[Arc<Vec<f32>>],
        layout: &Layout,
    ) -> Tensor<2> {
        let proj = &self.patch_embed.proj;
        let bias = proj.bias.as_ref().expect("the patch embedding is built with a bias").val();
        let patches = ops::linear_shared(kernels, pieces, proj.weight.val(), bias);
        let places = ops::linear(
            kernels,
            layout.weights.clone(),
            self.pos_embed.weight.val().transpose(),
            None,
        );
        ops::widened(kernels, patches + ops::gather_rows(kernels, places, &layout.places))
    }

    /// A block's output, and the DeepStack level that is made of it, if one is.
    pub(crate) fn block(
        &self,
        kernels: Kernels,
        index: usize,
        x: Tensor<2>,
        layout: &Layout,
    ) -> (Tensor<2>, Option<Tensor<2>>) {
        let x = self.blocks[index].forward(kernels, x, layout, self.heads());
        let level = self.config.deepstack_visual_indexes.iter().position(|&at| at == index);
        let level = level.map(|at| self.deepstack_merger_list[at].forward(kernels, x.clone()));
        (x, level)
    }

    fn heads(&self) -> Heads {
        let count = self.config.num_heads;
        Heads { queries: count, keys: count, dim: self.config.hidden_size / count }
    }

    /// What grids `[t, h, w]` mean, on the tower's device.
    pub(crate) fn layout(&self, grids: &[[usize; 3]]) -> Layout {
        let merge = self.config.spatial_merge_size;
        let (mut segments, mut places) = (Vec::new(), Vec::new());
        let mut rows_cols = Vec::new();
        let mut weights = Vec::new();
        let mut known: HashMap<[usize; 2], u32> = HashMap::new();
        let mut start = 0;
        for &[t, h, w] in grids {
            let base = *known.entry([h, w]).or_insert_with(|| {
                let base = weights.len() / self.config.num_position_embeddings;
                weights.extend(interpolation(self.config.grid_side(), h, w, merge));
                base as u32
            });
            for _ in 0..t {
                segments.push(Segment {
                    rows: start..start + h * w,
                    context: 0..0,
                    mask: Mask::Full,
                });
                start += h * w;
                places.extend(base..base + (h * w) as u32);
                rows_cols.extend(merge_order(h, w, merge));
            }
        }
        let side = grids.iter().map(|grid| grid[1].max(grid[2])).max().unwrap_or(1);
        let count = weights.len() / self.config.num_position_embeddings;
        let shape = [count, self.config.num_position_embeddings];
        let device = self.pos_embed.weight.val().device();
        Layout {
            segments: Arc::new(segments),
            rope: rope::vision(self.heads().dim, rows_cols.into_iter(), side),
            weights: Tensor::from_data(TensorData::new(weights, shape), &device),
            places: Arc::new(places),
        }
    }
}

/// Rows and columns of a frame's patches in the processor's order: merged neighbours together.
fn merge_order(h: usize, w: usize, merge: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..h * w).map(move |i| {
        let (block, inner) = (i / (merge * merge), i % (merge * merge));
        (block / (w / merge) * merge + inner / merge, block % (w / merge) * merge + inner % merge)
    })
}

/// Bilinear weights that stretch the learned grid over `h` x `w` patches
/// (`fast_pos_embed_interpolate`): `[h * w, side * side]`, in merge order.
fn interpolation(side: usize, h: usize, w: usize, merge: usize) -> Vec<f32> {
    let place = |i: usize, n: usize| {
        let at = if n > 1 { i as f32 * ((side - 1) as f32 / (n - 1) as f32) } else { 0.0 };
        let low = (at as usize).min(side - 1);
        (low, (low + 1).min(side - 1), at - low as f32)
    };
    let mut out = vec![0.0; h * w * side * side];
    for ((row, col), cells) in merge_order(h, w, merge).zip(out.chunks_exact_mut(side * side)) {
        let (top, bottom, down) = place(row, h);
        let (left, right, along) = place(col, w);
        cells[top * side + left] += (1.0 - down) * (1.0 - along);
        cells[top * side + right] += (1.0 - down) * along;
        cells[bottom * side + left] += down * (1.0 - along);
        cells[bottom * side + right] += down * along;
    }
    out
}

impl Block {
    fn build(mut at: Builder, config: &VisionConfig) -> Result<Self, PolicyError> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        Ok(Self {
            norm1: at.layer_norm("norm1", hidden)?,
            norm2: at.layer_norm("norm2", hidden)?,
            attn: Attention {
                qkv: at.linear_bias("attn.qkv", 3 * hidden, hidden)?,
                proj: at.linear_bias("attn.proj", hidden, hidden)?,
            },
            mlp: Mlp {
                linear_fc1: at.linear_bias("mlp.linear_fc1", inner, hidden)?,
                linear_fc2: at.linear_bias("mlp.linear_fc2", hidden, inner)?,
            },
        })
    }

    fn forward(&self, kernels: Kernels, x: Tensor<2>, layout: &Layout, heads: Heads) -> Tensor<2> {
        let packed = self.attn.qkv.forward(kernels, self.norm1.forward(kernels, x.clone()));
        let turned = ops::rotate(kernels, packed, None, &layout.rope, heads);
        let seen = ops::attend(kernels, turned, &layout.segments, heads);
        let x = x + ops::widened(kernels, self.attn.proj.forward(kernels, seen));
        let inner = self.mlp.linear_fc1.forward(kernels, self.norm2.forward(kernels, x.clone()));
        let out = self.mlp.linear_fc2.forward(kernels, ops::gelu_tanh(kernels, inner));
        x + ops::widened(kernels, out)
    }
}

impl Merger {
    fn build(
        mut at: Builder,
        config: &VisionConfig,
        norm_width: usize,
    ) -> Result<Self, PolicyError> {
        let joined = config.hidden_size * config.merge_area();
        Ok(Self {
            norm: at.layer_norm("norm", norm_width)?,
            linear_fc1: at.linear_bias("linear_fc1", joined, joined)?,
            linear_fc2: at.linear_bias("linear_fc2", config.out_hidden_size, joined)?,
        })
    }

    /// `[patches, hidden]` -> `[patches / merge_area, out]`. Whether the norm sees single or
    /// joined patches follows from its width.
    pub(crate) fn forward(&self, kernels: Kernels, x: Tensor<2>) -> Tensor<2> {
        let [patches, hidden] = x.dims();
        let joined = self.linear_fc1.weight.dims()[1];
        let tokens = patches * hidden / joined;
        let width = self.norm.weight.dims()[0];
        let normed = self.norm.forward(kernels, x.reshape([patches * hidden / width, width]));
        let inner = self.linear_fc1.forward(kernels, normed.reshape([tokens, joined]));
        self.linear_fc2.forward(kernels, ops::gelu_erf(kernels, inner))
    }
}
