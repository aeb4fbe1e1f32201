//! The two kinds of layer everything is made of, and how parameters come into being: each is
//! asked for by its Hugging Face name, be it from a file or from a generator.

use crate::error::PolicyError;
use crate::ops::{self, Kernels};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

/// How a fresh parameter is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Normal with this standard deviation.
    Normal(f32),
    /// One value everywhere.
    Constant(f32),
}

/// Where parameters come from.
pub trait Source {
    /// The numbers of one parameter, row-major in the file's layout.
    ///
    /// # Errors
    /// A missing, misshapen or truncated tensor.
    fn fetch(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Vec<f32>, PolicyError>;
}

/// Builds modules from a source, keeping track of the name so far.
pub struct Builder<'a> {
    /// Where parameters come from.
    pub source: &'a mut dyn Source,
    /// Where they go.
    pub device: &'a Device,
    /// Standard deviation of fresh weights.
    pub std: f32,
    /// Name so far, ending in a dot where not empty.
    pub prefix: String,
}

impl Builder<'_> {
    /// A builder for a part of this one's module.
    pub fn at(&mut self, name: &str) -> Builder<'_> {
        Builder {
            source: &mut *self.source,
            device: self.device,
            std: self.std,
            prefix: format!("{}{name}.", self.prefix),
        }
    }

    /// One parameter whose shape in the file may have more axes than here.
    pub fn param<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
        file_shape: &[usize],
        init: Init,
    ) -> Result<Param<Tensor<D>>, PolicyError> {
        let values = self.source.fetch(&format!("{}{name}", self.prefix), file_shape, init)?;
        Ok(Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), self.device)))
    }

    /// A linear layer without bias.
    pub fn linear(&mut self, name: &str, out: usize, inner: usize) -> Result<Linear, PolicyError> {
        let std = self.std;
        let mut at = self.at(name);
        let weight = at.param("weight", [out, inner], &[out, inner], Init::Normal(std))?;
        Ok(Linear { weight, bias: None })
    }

    /// A linear layer with bias.
    pub fn linear_bias(
        &mut self,
        name: &str,
        out: usize,
        inner: usize,
    ) -> Result<Linear, PolicyError> {
        let mut linear = self.linear(name, out, inner)?;
        linear.bias = Some(self.at(name).param("bias", [out], &[out], Init::Constant(0.0))?);
        Ok(linear)
    }

    /// A root mean square norm.
    pub fn rms_norm(&mut self, name: &str, width: usize, eps: f64) -> Result<RmsNorm, PolicyError> {
        let weight = self.at(name).param("weight", [width], &[width], Init::Constant(1.0))?;
        Ok(RmsNorm { weight, eps })
    }

    /// A layer norm.
    pub fn layer_norm(&mut self, name: &str, width: usize) -> Result<LayerNorm, PolicyError> {
        let mut at = self.at(name);
        let weight = at.param("weight", [width], &[width], Init::Constant(1.0))?;
        let bias = at.param("bias", [width], &[width], Init::Constant(0.0))?;
        Ok(LayerNorm { weight, bias })
    }
}

/// `x @ weight^T + bias`; the weight is `[out, in]` as in the file.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[out, in]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    /// `[n, in]` -> `[n, out]`.
    pub(crate) fn forward(&self, kernels: Kernels, x: Tensor<2>) -> Tensor<2> {
        ops::linear(kernels, x, self.weight.val(), self.bias.as_ref().map(|bias| bias.val()))
    }
}

/// Root mean square norm over the last axis.
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// `[width]`.
    pub weight: Param<Tensor<1>>,
    pub(crate) eps: f64,
}

impl RmsNorm {
    /// `[n, width]` -> the same.
    pub(crate) fn forward(&self, kernels: Kernels, x: Tensor<2>) -> Tensor<2> {
        ops::rms_norm(kernels, x, self.weight.val(), self.eps as f32)
    }
}

/// Layer norm over the last axis, epsilon 1e-6.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[width]`.
    pub weight: Param<Tensor<1>>,
    /// `[width]`.
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    /// `[n, width]` -> the same.
    pub(crate) fn forward(&self, kernels: Kernels, x: Tensor<2>) -> Tensor<2> {
        ops::layer_norm(kernels, x, self.weight.val(), self.bias.val(), 1e-6)
    }
}
