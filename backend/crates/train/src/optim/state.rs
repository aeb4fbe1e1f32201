//! The optimizer's moments as a file: the same state gives the same bytes.

use super::{AdamW, Moments};
use crate::error::TrainError;
use burn::tensor::{Device, Tensor, TensorData};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// The one note in the file's header. Two would stand there in an order of chance.
const UPDATES: &str = "updates";

impl AdamW {
    /// Writes the moments to a safetensors file, exactly.
    ///
    /// # Errors
    /// An unwritable file.
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let mut blobs = Vec::new();
        for (place, moments) in self.moments.iter().enumerate() {
            let Some(moments) = moments else { continue };
            for (name, tensor) in [("first", &moments.first), ("second", &moments.second)] {
                let data = tensor.clone().into_data();
                let bytes: Vec<u8> = data.iter::<f32>().flat_map(f32::to_le_bytes).collect();
                blobs.push((format!("{place:05}.{name}"), bytes));
            }
        }
        let mut views = BTreeMap::new();
        for (name, bytes) in &blobs {
            views.insert(
                name.as_str(),
                TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes).map_err(damaged)?,
            );
        }
        let info = HashMap::from([(UPDATES.to_owned(), self.updates.to_string())]);
        let whole = safetensors::serialize(views, Some(info)).map_err(damaged)?;
        std::fs::write(path, whole).map_err(|error| TrainError::io(path, error))
    }

    /// Takes over the moments of a file written by [`AdamW::save`].
    ///
    /// # Errors
    /// A file that is missing or damaged.
    pub fn load(&mut self, path: &Path, device: &Device) -> Result<(), TrainError> {
        let bytes = std::fs::read(path).map_err(|error| TrainError::io(path, error))?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
        let info = header.metadata().as_ref().and_then(|info| info.get(UPDATES));
        let updates = info.and_then(|text| text.parse::<u64>().ok()).ok_or_else(|| {
            let path = path.display();
            TrainError::Run(format!("{path} does not say how many updates it holds"))
        })?;
        let file = SafeTensors::deserialize(&bytes).map_err(damaged)?;
        let read = |name: String| -> Option<Tensor<1>> {
            let values: Vec<f32> =
                file.tensor(&name).ok()?.data().chunks_exact(4).map(le_f32).collect();
            let length = values.len();
            Some(Tensor::from_data(TensorData::new(values, [length]), device))
        };
        let place = |name: &str| name.split('.').next().and_then(|place| place.parse().ok());
        let last: Option<usize> = file.names().into_iter().filter_map(place).max();
        self.moments = (0..last.map_or(0, |last| last + 1))
            .map(|place| {
                let (first, second) =
                    (read(format!("{place:05}.first"))?, read(format!("{place:05}.second"))?);
                Some(Moments { first, second })
            })
            .collect();
        self.updates = updates;
        Ok(())
    }
}

fn le_f32(bytes: &[u8]) -> f32 {
    f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn damaged(error: safetensors::SafeTensorError) -> TrainError {
    TrainError::Run(format!("optimizer state: {error}"))
}
