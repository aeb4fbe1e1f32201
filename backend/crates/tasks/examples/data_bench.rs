//! `make bench`, its part on data: frames, samples and whole datasets, beside the Python
//! reference in `tests/reference`. Both sides are run in turn, each in a process of its own
//! that prints the same JSON. Nothing is asserted: machines are noisy.
//!
//! ```text
//! data_bench frames VIDEO...                     decode each video, nothing written
//! data_bench together VIDEO...                   the same, one video per core at a time
//! data_bench cached VIDEO...                     read strips back from the cache
//! data_bench samples TASK COUNT FOLDER VIDEO...  COUNT samples, changed frames as JPEG
//! data_bench compare PYTHON PIPELINE LONG_FOLDER [PROGRAM] -- VIDEO...
//! ```

#[path = "data_bench/compare.rs"]
mod compare;
#[path = "data_bench/ours.rs"]
mod ours;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Fallible<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mode, rest) =
        arguments.split_first().ok_or("a mode is missing: see the head of this file")?;
    match mode.as_str() {
        "frames" => ours::frames(rest),
        "together" => ours::together(rest),
        "cached" => ours::cached(rest),
        "samples" => ours::samples(rest),
        "compare" => compare::all(rest),
        other => Err(format!("`{other}` is not a mode").into()),
    }
}
