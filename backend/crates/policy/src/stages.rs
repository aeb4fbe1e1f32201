//! The network as a chain of stages of which only the inputs are kept: each is computed once more
//! on the way back (activation checkpointing; Chen et al., arXiv 1604.06174). What a pass needs to
//! remember is then one state per layer and the inside of a single layer, for one more forward.

use crate::model::{Model, index_of};
use crate::packed::Packed;
use crate::text::Pass;
use crate::vision::Layout;
use burn::module::Module;
use burn::tensor::{Gradients, Tensor};
use std::sync::Arc;

/// What goes from stage to stage: what is summed over layers, then DeepStack levels not yet added.
type State = Vec<Tensor<2>>;

#[derive(Clone, Copy)]
enum Stage {
    /// Patches to features.
    Enter,
    /// A block of the vision tower.
    Block(usize),
    /// Features to visual tokens among those of the text.
    Join,
    /// A decoder layer.
    Layer(usize),
}

/// A forward pass without gradients that can be gone through backwards.
pub struct Staged<'a> {
    model: &'a Model,
    packed: &'a Packed,
    rows: Arc<Vec<u32>>,
    /// Each stage with what entered it, on the plain device.
    entered: Vec<(Stage, State)>,
    end: Tensor<2>,
}

/// What all stages of a pass share.
struct Scene<'a> {
    model: &'a Model,
    packed: &'a Packed,
    rows: &'a Arc<Vec<u32>>,
    pass: Pass,
    layout: Option<Layout>,
}

impl<'a> Staged<'a> {
    /// Passes `packed` through a model that records gradients, for some rows.
    pub fn new(model: &'a Model, packed: &'a Packed, rows: &[usize]) -> Self {
        let (plain, rows) = (model.clone().valid(), index_of(rows));
        let scene = Scene::new(&plain, packed, &rows);
        let mut entered = Vec::new();
        let mut state = State::new();
        for stage in stages(model, packed) {
            let next = scene.run(stage, state.clone());
            entered.push((stage, state));
            state = next;
        }
        let end = state.swap_remove(0);
        Self { model, packed, rows, entered, end }
    }

    /// Where the chain ends: the rows before the final norm `[rows, hidden]`, as the beginning of
    /// a graph of its own.
    pub fn end(&self) -> Tensor<2> {
        leaf(self.end.clone())
    }

    /// Hidden states after the final norm, from [`Self::end`]: `[rows, hidden]`.
    pub fn hidden(&self, end: Tensor<2>) -> Tensor<2> {
        self.model.finish(end)
    }

    /// Goes back from the gradient at the end; `collect` gets the gradients of each stage in turn,
    /// those of its parameters among them.
    pub fn backward(self, gradient: Tensor<2>, mut collect: impl FnMut(&mut Gradients)) {
        let scene = Scene::new(self.model, self.packed, &self.rows);
        let mut above = vec![Some(gradient)];
        for (stage, state) in self.entered.into_iter().rev() {
            let inputs: State = state.into_iter().map(leaf).collect();
            let outputs = scene.run(stage, inputs.clone());
            // The gradient of this product is that of the outputs, carried back.
            let carried = outputs.into_iter().zip(above).filter_map(|(out, gradient)| {
                gradient.map(|gradient| (out * Tensor::from_inner(gradient)).sum())
            });
            let Some(carried) = carried.reduce(|a, b| a + b) else { return };
            let mut gradients = carried.backward();
            collect(&mut gradients);
            above = inputs.iter().map(|input| input.grad_remove(&mut gradients)).collect();
        }
    }
}

/// The stages of a pass in order.
fn stages(model: &Model, packed: &Packed) -> Vec<Stage> {
    let mut all = Vec::new();
    if !packed.grids.is_empty() {
        all.push(Stage::Enter);
        all.extend((0..model.visual.blocks.len()).map(Stage::Block));
    }
    all.push(Stage::Join);
    all.extend((0..model.language_model.layers.len()).map(Stage::Layer));
    all
}

/// A plain tensor as the beginning of a graph.
fn leaf(x: Tensor<2>) -> Tensor<2> {
    Tensor::from_inner(x).require_grad()
}

impl<'a> Scene<'a> {
    fn new(model: &'a Model, packed: &'a Packed, rows: &'a Arc<Vec<u32>>) -> Self {
        let layout = (!packed.grids.is_empty()).then(|| model.visual.layout(&packed.grids));
        Self { model, packed, rows, pass: model.pass(packed), layout }
    }

    fn run(&self, stage: Stage, mut state: State) -> State {
        let (model, kernels) = (self.model, self.model.kernels());
        match (stage, &self.layout) {
            (Stage::Enter, Some(layout)) => {
                vec![model.visual.enter(kernels, &self.packed.patches, layout)]
            }
            (Stage::Block(i), Some(layout)) => {
                let (out, level) = model.visual.block(kernels, i, state.remove(0), layout);
                state.insert(0, out);
                state.extend(level);
                state
            }
            (Stage::Enter | Stage::Block(_), None) => state,
            (Stage::Join, layout) => {
                let seen = layout.is_some().then(|| state.remove(0));
                let visual = seen.map(|x| model.visual.merger.forward(kernels, x));
                state.insert(0, model.embed_with(self.packed, visual));
                state
            }
            (Stage::Layer(i), _) => {
                let mut state = state.into_iter();
                let (x, level) = (state.next(), state.next());
                let x = x.expect("every stage leaves what is summed over layers");
                let rows = Some(self.rows);
                let (out, _) = model.layer(&self.pass, i, x, level, self.packed, rows);
                std::iter::once(out).chain(state).collect()
            }
        }
    }
}
