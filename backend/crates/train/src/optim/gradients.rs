//! Gradients of a whole module in its own order, and what tells its weights from others.

use super::numbers;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use policy::Staged;

/// One gradient per parameter, flattened, in the module's order; `None` where the loss does
/// not depend on the parameter.
pub struct GradientSet(pub(super) Vec<Option<Tensor<1>>>);

impl GradientSet {
    /// Gradients of a scalar loss with respect to the parameters of `module`.
    pub fn of<M: Module>(loss: Tensor<1>, module: &M) -> Self {
        Self::collect(&mut loss.backward(), module)
    }

    /// Gradients of a scalar loss of the end of a staged pass through `module`.
    pub fn of_staged<M: Module>(
        loss: Tensor<1>,
        end: Tensor<2>,
        staged: Staged,
        module: &M,
    ) -> Self {
        let mut gradients = loss.backward();
        let mut total = Self::collect(&mut gradients, module);
        if let Some(gradient) = end.grad_remove(&mut gradients) {
            staged.backward(gradient, |gradients| {
                let before = std::mem::replace(&mut total, Self(Vec::new()));
                total = before.plus(Self::collect(gradients, module));
            });
        }
        total
    }

    /// Gradients of a scalar loss with respect to two modules.
    pub fn of_both<M: Module, N: Module>(loss: Tensor<1>, module: &M, other: &N) -> (Self, Self) {
        let mut gradients = loss.backward();
        (Self::collect(&mut gradients, module), Self::collect(&mut gradients, other))
    }

    fn collect<M: Module>(gradients: &mut burn::tensor::Gradients, module: &M) -> Self {
        let mut collect = Collect { gradients, found: Vec::new() };
        module.visit(&mut collect);
        Self(collect.found)
    }

    /// The sum of both.
    pub fn plus(self, other: Self) -> Self {
        let pairs = self.0.into_iter().zip(other.0);
        let sum = |(a, b): (Option<Tensor<1>>, Option<Tensor<1>>)| match (a, b) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        Self(pairs.map(sum).collect())
    }

    /// All gradients one after the other; parameters without one are left out.
    pub fn values(&self) -> Vec<f32> {
        self.0.iter().flatten().flat_map(|g| numbers(g.clone())).collect()
    }

    /// Euclidean norm over all parameters together.
    pub fn norm(&self) -> f64 {
        let squares = self.0.iter().flatten().map(|g| g.clone().square().sum());
        let total = squares.reduce(|a, b| a + b);
        total.map_or(0.0, |sum| f64::from(sum.into_scalar::<f32>()).sqrt())
    }
}

struct Collect<'a> {
    gradients: &'a mut burn::tensor::Gradients,
    found: Vec<Option<Tensor<1>>>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad_remove(self.gradients);
        self.found.push(gradient.map(|g| g.flatten::<1>(0, D - 1)));
    }
}

/// FNV-1a over the bits of all parameters, in the module's order.
pub fn weights_hash<M: Module>(module: &M) -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    module.visit(&mut hash);
    hash.0
}

struct Hash(u64);

impl ModuleVisitor for Hash {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let tensor = if tensor.is_autodiff() { tensor.inner() } else { tensor };
        for value in tensor.into_data().iter::<f32>() {
            self.0 = (self.0 ^ u64::from(value.to_bits())).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
