//! Helpers shared by the tests of this crate.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part and may panic")]

use policy::config::PolicyConfig;
use policy::model::Model;
use policy::prompt::Prompt;
use policy::weights::WeightFiles;
use safetensors::SafeTensors;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The golden checkpoint and the reference implementation's numbers for it.
pub fn golden() -> Golden {
    let dir =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/goldens/qwen3vl-tiny"));
    let bytes = std::fs::read(dir.join("reference.safetensors"))
        .expect("tests/goldens/qwen3vl-tiny is part of the repository");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let (mut floats, mut ints) = (HashMap::new(), HashMap::new());
    for (name, view) in tensors.tensors() {
        match view.dtype() {
            safetensors::Dtype::F32 => {
                let values: Vec<f32> = view
                    .data()
                    .chunks_exact(4)
                    .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
                    .collect();
                floats.insert(name, values);
            }
            _ => {
                let values: Vec<i64> = view
                    .data()
                    .chunks_exact(8)
                    .map(|b| i64::from_le_bytes(b.try_into().unwrap()))
                    .collect();
                ints.insert(name, values);
            }
        }
    }
    Golden { config: PolicyConfig::load(&dir).unwrap(), dir, floats, ints }
}

/// The golden checkpoint's numbers.
pub struct Golden {
    pub dir: PathBuf,
    pub config: PolicyConfig,
    pub floats: HashMap<String, Vec<f32>>,
    pub ints: HashMap<String, Vec<i64>>,
}

impl Golden {
    pub fn model(&self) -> Model {
        let device = policy::pick("cpu").unwrap();
        Model::build(&self.config, &mut WeightFiles::open(&self.dir).unwrap(), &device).unwrap()
    }

    pub fn ids(&self, name: &str) -> Vec<u32> {
        self.ints[name].iter().map(|&id| id as u32).collect()
    }

    pub fn prompt(&self) -> Prompt {
        let grid = &self.ints["video_grid_thw"];
        let grid = [grid[0] as usize, grid[1] as usize, grid[2] as usize];
        let patches = Arc::new(self.floats["pixel_values_videos"].clone());
        Prompt::from_parts(&self.config, self.ids("input_ids"), patches, vec![grid]).unwrap()
    }
}

/// |a - b| / |b|.
pub fn relative(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |x: f32| f64::from(x) * f64::from(x);
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    let size: f64 = b.iter().map(|&b| square(b)).sum();
    (difference / size.max(1e-30)).sqrt()
}

pub fn close(what: &str, a: &[f32], b: &[f32], limit: f64) {
    let distance = relative(a, b);
    eprintln!("{what}: {distance:.2e}");
    assert!(distance < limit, "{what}: relative distance {distance:.2e}");
}
