//! What the machine can do: the floor that generation is measured against.

use crate::Fallible;
use crate::arguments::Arguments;
use burn::tensor::{Distribution, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Numbers that are copied: far more than any cache holds.
const COPIED: usize = 64 << 20;
/// Side of the square matrices that are multiplied.
const SIDE: usize = 2048;
/// Tries; the best counts.
const TRIES: usize = 7;

/// Speeds of all threads together.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Bytes read and written per second by a large copy.
    pub bytes_per_sec: f64,
    /// Floating-point operations per second of a large f32 matrix product.
    pub flops_per_sec: f64,
}

/// [--threads]
pub fn measure(mut arguments: Arguments) -> Fallible<()> {
    let threads = arguments.threads()?;
    arguments.done()?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let machine = Machine { bytes_per_sec: copy(threads), flops_per_sec: multiply()? };
    println!("{}", serde_json::to_string(&machine)?);
    Ok(())
}

fn best(mut work: impl FnMut()) -> f64 {
    let one = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..TRIES).map(one).fold(f64::INFINITY, f64::min)
}

fn copy(threads: usize) -> f64 {
    let (from, mut to) = (vec![1f32; COPIED], vec![0f32; COPIED]);
    let chunk = COPIED.div_ceil(threads);
    let secs = best(|| {
        to.par_chunks_mut(chunk).zip(from.par_chunks(chunk)).for_each(|(to, from)| {
            to.copy_from_slice(from);
        });
    });
    std::hint::black_box(&to);
    (2 * COPIED * size_of::<f32>()) as f64 / secs
}

fn multiply() -> Fallible<f64> {
    let device = policy::pick("cpu")?;
    let matrix = || Tensor::<2>::random([SIDE, SIDE], Distribution::Default, &device);
    let (a, b) = (matrix(), matrix());
    // Random numbers are drawn at first use.
    std::hint::black_box((a.clone().into_data(), b.clone().into_data()));
    let secs = best(|| {
        std::hint::black_box(a.clone().matmul(b.clone()).into_data());
    });
    Ok(2.0 * (SIDE as f64).powi(3) / secs)
}
