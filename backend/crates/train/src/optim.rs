//! AdamW with a state that is saved and restored bit for bit. Parameters are told apart by their
//! place in the module, never by ids drawn at random, so that a reloaded policy finds its moments
//! again.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use policy::ops::Kernels;
use rayon::prelude::*;

mod gradients;
mod state;
pub use gradients::{GradientSet, weights_hash};

/// AdamW (Loshchilov and Hutter, arXiv 1711.05101) with decoupled weight decay.
pub struct AdamW {
    beta_1: f64,
    beta_2: f64,
    epsilon: f64,
    weight_decay: f64,
    updates: u64,
    moments: Vec<Option<Moments>>,
}

#[derive(Clone)]
struct Moments {
    first: Tensor<1>,
    second: Tensor<1>,
}

impl AdamW {
    /// PyTorch's defaults with the given weight decay.
    pub fn new(weight_decay: f64) -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay,
            updates: 0,
            moments: Vec::new(),
        }
    }

    /// With another decay of the second moment.
    pub fn with_beta_2(mut self, beta_2: f64) -> Self {
        self.beta_2 = beta_2;
        self
    }

    /// Updates made.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The module after one update of step size `lr`, its gradients multiplied by `scale`.
    pub fn step<M: Module>(
        &mut self,
        module: M,
        gradients: &GradientSet,
        lr: f64,
        scale: f64,
    ) -> M {
        self.updates += 1;
        self.moments.resize(gradients.0.len(), None);
        let rates = self.rates(lr, scale);
        module.map(&mut Apply { optim: self, gradients, rates, place: 0 })
    }

    fn update(
        &mut self,
        place: usize,
        weights: Tensor<1>,
        gradient: Tensor<1>,
        rates: Rates,
    ) -> Tensor<1> {
        let moments = self.moments[place].take().unwrap_or_else(|| Moments {
            first: gradient.zeros_like(),
            second: gradient.zeros_like(),
        });
        let here = Kernels::for_device(&weights.device()) == Kernels::Fused;
        let update = if here { host_update } else { device_update };
        let (weights, moments) = update(weights, gradient, moments, rates);
        self.moments[place] = Some(moments);
        weights
    }

    /// The factors of the next update. With m' = b1 m + (1 - b1) g and v' = b2 v + (1 - b2) g^2,
    /// the step lr m' / (1 - b1^t) / (sqrt(v' / (1 - b2^t)) + eps) is written with the
    /// corrections folded into one rate and one epsilon.
    fn rates(&self, lr: f64, scale: f64) -> Rates {
        let updates = self.updates as i32;
        let root = (1.0 - self.beta_2.powi(updates)).sqrt();
        Rates {
            beta_1: self.beta_1 as f32,
            beta_2: self.beta_2 as f32,
            keep: (1.0 - lr * self.weight_decay) as f32,
            rate: (lr * root / (1.0 - self.beta_1.powi(updates))) as f32,
            epsilon: (self.epsilon * root) as f32,
            scale: scale as f32,
        }
    }
}

/// Factors of one update.
#[derive(Clone, Copy)]
struct Rates {
    beta_1: f32,
    beta_2: f32,
    /// What is left of a weight after decay.
    keep: f32,
    rate: f32,
    epsilon: f32,
    /// Multiplies the gradient.
    scale: f32,
}

fn device_update(
    weights: Tensor<1>,
    gradient: Tensor<1>,
    old: Moments,
    rates: Rates,
) -> (Tensor<1>, Moments) {
    let gradient = gradient * rates.scale;
    let first = old.first * rates.beta_1 + gradient.clone() * (1.0 - rates.beta_1);
    let second = old.second * rates.beta_2 + gradient.square() * (1.0 - rates.beta_2);
    let step = first.clone() / (second.clone().sqrt() + rates.epsilon) * rates.rate;
    (weights * rates.keep - step, Moments { first, second })
}

/// Weights per task of [`host_update`]; every weight is its own, so the cut changes no bit.
const CHUNK: usize = 16 * 1024;

/// [`device_update`] in one pass over memory.
fn host_update(
    weights: Tensor<1>,
    gradient: Tensor<1>,
    old: Moments,
    rates: Rates,
) -> (Tensor<1>, Moments) {
    let device = weights.device();
    let gradient = numbers(gradient);
    let (mut weights, mut first, mut second) =
        (numbers(weights), numbers(old.first), numbers(old.second));
    let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
    let chunks = weights.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK)).zip(moments);
    chunks.for_each(|((weights, gradient), (first, second))| {
        for (((w, g), m), v) in weights.iter_mut().zip(gradient).zip(first).zip(second) {
            let g = g * rates.scale;
            *m = *m * rates.beta_1 + g * (1.0 - rates.beta_1);
            *v = *v * rates.beta_2 + g * g * (1.0 - rates.beta_2);
            *w = *w * rates.keep - *m / (v.sqrt() + rates.epsilon) * rates.rate;
        }
    });
    let back = |values: Vec<f32>| {
        let length = values.len();
        Tensor::from_data(TensorData::new(values, [length]), &device)
    };
    (back(weights), Moments { first: back(first), second: back(second) })
}

fn numbers(tensor: Tensor<1>) -> Vec<f32> {
    tensor
        .into_data()
        .try_into_vec::<f32>()
        .expect("weights, gradients and moments are f32 on the CPU")
}

struct Apply<'a> {
    optim: &'a mut AdamW,
    gradients: &'a GradientSet,
    rates: Rates,
    place: usize,
}

impl ModuleMapper for Apply<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let place = self.place;
        self.place += 1;
        let Some(gradient) = self.gradients.0.get(place).cloned().flatten() else { return param };
        param.map(|weights| {
            let shape = weights.shape();
            let flat = weights.inner().flatten::<1>(0, D - 1);
            let moved = self.optim.update(place, flat, gradient, self.rates);
            Tensor::from_inner(moved.reshape(shape)).require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct One {
        weight: Param<Tensor<1>>,
    }

    fn one(value: f32) -> One {
        let device = Device::flex().autodiff();
        One { weight: Param::from_tensor(Tensor::from_floats([value], &device)) }
    }

    fn value(module: &One) -> f64 {
        f64::from(module.weight.val().inner().into_scalar::<f32>())
    }

    #[test]
    fn two_updates_by_hand() {
        let mut module = one(1.0);
        let mut optim = AdamW::new(0.1);
        for (gradient, want) in [
            // m = .1 g, v = .001 g^2: the first step is lr * sign(g); then decay lr * .1.
            (2.0, 1.0 - 0.01 * 0.1 - 0.01),
            // m = .9 * .2 + .1 * -1 = .08, v = .999 * .004 + .001 = .004996;
            // m / (1 - .81) = .421053, v / (1 - .998001) = 2.499250.
            (-1.0, 0.989 * (1.0 - 0.001) - 0.01 * 0.421_052_6 / 2.499_249_6f64.sqrt()),
        ] {
            let gradients = GradientSet::of(module.weight.val() * gradient, &module);
            module = optim.step(module, &gradients, 0.01, 1.0);
            assert!((value(&module) - want).abs() < 1e-6, "{} {want}", value(&module));
        }
    }

    #[test]
    fn the_pass_over_memory_agrees_with_tensor_operations() {
        let device = Device::flex();
        let line = |f: fn(f32) -> f32| {
            let values: Vec<f32> = (0..40_000).map(|i| f(i as f32)).collect();
            Tensor::<1>::from_data(TensorData::new(values, [40_000]), &device)
        };
        let moments = || Moments {
            first: line(|i| (i * 0.3).sin()),
            second: line(|i| (i * 0.7).cos().abs()),
        };
        let rates = AdamW { updates: 3, ..AdamW::new(0.01) }.rates(1e-2, 0.5);
        let (weights, gradient) = (line(f32::sin), line(f32::cos));
        let (a, _) = host_update(weights.clone(), gradient.clone(), moments(), rates);
        let (b, _) = device_update(weights, gradient, moments(), rates);
        let worst = (a - b).abs().max().into_scalar::<f32>();
        assert!(worst < 1e-6, "{worst}");
    }

    #[test]
    fn a_saved_state_goes_on_bit_for_bit() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("optimizer.safetensors");
        let (mut module, mut optim) = (one(0.3), AdamW::new(0.01));
        let step = |module: One, optim: &mut AdamW| {
            let gradients = GradientSet::of(module.weight.val().powi_scalar(2), &module);
            optim.step(module, &gradients, 0.05, 0.7)
        };
        module = step(module, &mut optim);
        optim.save(&path).expect("saved");
        let mut reloaded = AdamW::new(0.01);
        reloaded.load(&path, &Device::flex()).expect("loaded");
        assert_eq!(reloaded.updates(), 1);
        // Each map of the standard library has an order of its own: none may reach the file.
        for _ in 0..8 {
            let again = dir.path().join("again.safetensors");
            reloaded.save(&again).expect("saved");
            let read = |path| std::fs::read(path).expect("readable");
            assert!(read(&path) == read(&again), "the same state gives other bytes");
        }
        let (a, b) = (step(module.clone(), &mut optim), step(module, &mut reloaded));
        assert_eq!(weights_hash(&a), weights_hash(&b));
    }
}
