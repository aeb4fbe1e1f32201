//! Parameters in and out of safetensors files with Hugging Face names.
//! Half-precision files are widened to f32; what is written is f32.

use crate::error::PolicyError;
use crate::layers::{Init, Source};
use crate::model::Model;
use crate::rng::Rng;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use memmap2::Mmap;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The weights of a policy folder: one file, or the shards that an index names.
pub struct WeightFiles {
    /// File of each tensor.
    places: HashMap<String, usize>,
    files: Vec<(PathBuf, Mmap)>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl WeightFiles {
    /// Opens the folder's weights without reading them.
    ///
    /// # Errors
    /// No weights, a missing shard, or a header that is not safetensors (e.g. a truncated file).
    pub fn open(dir: &Path) -> Result<Self, PolicyError> {
        let index = dir.join("model.safetensors.index.json");
        let names = if index.exists() {
            let index: Index = crate::config::read_json(&index)?;
            let mut names: Vec<String> = index.weight_map.into_values().collect();
            names.sort();
            names.dedup();
            names
        } else {
            vec!["model.safetensors".to_string()]
        };
        let mut out = Self { places: HashMap::new(), files: Vec::new() };
        for name in names {
            out.add(dir.join(name))?;
        }
        Ok(out)
    }

    /// Numbers in all tensors together.
    pub fn parameters(&self) -> u64 {
        let of = |(path, map): &(PathBuf, Mmap)| {
            let tensors = parse(path, map).ok()?;
            let count = |view: &TensorView| view.shape().iter().product::<usize>() as u64;
            Some(tensors.tensors().iter().map(|(_, view)| count(view)).sum::<u64>())
        };
        self.files.iter().filter_map(of).sum()
    }

    fn add(&mut self, path: PathBuf) -> Result<(), PolicyError> {
        let file = File::open(&path).map_err(|source| PolicyError::io(&path, source))?;
        // SAFETY: the map is only read; a policy folder is replaced as a whole, never rewritten.
        let map = unsafe { Mmap::map(&file) }.map_err(|source| PolicyError::io(&path, source))?;
        let tensors = parse(&path, &map)?;
        for name in tensors.names() {
            self.places.insert(name.to_string(), self.files.len());
        }
        self.files.push((path, map));
        Ok(())
    }
}

impl Source for WeightFiles {
    fn fetch(&mut self, name: &str, shape: &[usize], _init: Init) -> Result<Vec<f32>, PolicyError> {
        // Older files of the same model name its parts without the outer "model.".
        let place = self
            .places
            .get_key_value(name)
            .or_else(|| self.places.get_key_value(name.strip_prefix("model.")?));
        let (found, &place) =
            place.ok_or_else(|| PolicyError::Weights(format!("tensor {name} is missing")))?;
        let (path, map) = &self.files[place];
        let tensors = parse(path, map)?;
        let view = tensors
            .tensor(found)
            .map_err(|error| PolicyError::Weights(format!("tensor {name}: {error}")))?;
        if view.shape() != shape {
            return Err(PolicyError::Weights(format!(
                "tensor {name} has shape {:?}, but the config asks for {shape:?}",
                view.shape()
            )));
        }
        floats(name, &view)
    }
}

fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>, PolicyError> {
    SafeTensors::deserialize(bytes).map_err(|error| {
        PolicyError::Weights(format!("{} is no whole safetensors file: {error}", path.display()))
    })
}

/// The numbers of a tensor as f32.
///
/// # Errors
/// A type that is not a float.
pub(crate) fn floats(name: &str, view: &TensorView) -> Result<Vec<f32>, PolicyError> {
    let data = view.data();
    let words = |bytes: &[u8]| u16::from_le_bytes([bytes[0], bytes[1]]);
    match view.dtype() {
        Dtype::F32 => {
            Ok(data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
        }
        Dtype::BF16 => {
            Ok(data.chunks_exact(2).map(|b| f32::from_bits(u32::from(words(b)) << 16)).collect())
        }
        Dtype::F16 => Ok(data.chunks_exact(2).map(|b| half_to_float(words(b))).collect()),
        other => Err(PolicyError::Weights(format!(
            "tensor {name} has type {other:?}; f32, f16 and bf16 are read"
        ))),
    }
}

fn half_to_float(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023) / 1024.0);
    match exponent {
        0 => sign * fraction * 2f32.powi(-14),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction) * 2f32.powi(exponent - 15),
    }
}

/// Fresh parameters: each is drawn from a generator seeded by the run's seed and its own name,
/// so that its numbers do not depend on what else the network has.
pub struct FreshWeights {
    /// Seed of the whole network.
    pub seed: u64,
}

impl Source for FreshWeights {
    fn fetch(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Vec<f32>, PolicyError> {
        let count = shape.iter().product();
        Ok(match init {
            Init::Constant(value) => vec![value; count],
            Init::Normal(std) => {
                let mut rng = Rng::named(self.seed, name);
                (0..count).map(|_| rng.normal() * std).collect()
            }
        })
    }
}

/// Writes every parameter under its Hugging Face name to `path`, flushed to the disk.
///
/// # Errors
/// What the file system reports.
pub fn save(model: &Model, config: &crate::PolicyConfig, path: &Path) -> Result<(), PolicyError> {
    let mut collected = Collector::default();
    model.visit(&mut collected);
    let vision = &config.vision_config;
    let patch = [
        vision.hidden_size,
        vision.in_channels,
        vision.temporal_patch_size,
        vision.patch_size,
        vision.patch_size,
    ];
    let mut views = Vec::new();
    for (name, shape, bytes) in &collected.tensors {
        let shape = if name == "model.visual.patch_embed.proj.weight" {
            patch.to_vec()
        } else {
            shape.clone()
        };
        let view = TensorView::new(Dtype::F32, shape, bytes)
            .map_err(|error| PolicyError::Weights(format!("tensor {name}: {error}")))?;
        views.push((name.as_str(), view));
    }
    let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
    let bytes = safetensors::serialize(views, Some(metadata))
        .map_err(|error| PolicyError::Weights(format!("{}: {error}", path.display())))?;
    write_synced(path, &bytes)
}

/// Writes a file and waits until the disk has it.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), PolicyError> {
    let wrong = |source| PolicyError::io(path, source);
    let mut file = fs::File::create(path).map_err(wrong)?;
    file.write_all(bytes).map_err(wrong)?;
    file.sync_all().map_err(wrong)
}

/// Name, shape and little-endian bytes of every parameter.
#[derive(Default)]
struct Collector {
    path: Vec<String>,
    tensors: Vec<(String, Vec<usize>, Vec<u8>)>,
}

impl ModuleVisitor for Collector {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.join(".");
        let name = if path.starts_with("lm_head") { path } else { format!("model.{path}") };
        let tensor = param.val();
        let tensor = if tensor.is_autodiff() { tensor.inner() } else { tensor };
        let shape = tensor.dims().to_vec();
        let bytes = tensor.into_data().iter::<f32>().flat_map(f32::to_le_bytes).collect();
        self.tensors.push((name, shape, bytes));
    }

    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
}
