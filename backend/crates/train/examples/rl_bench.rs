//! `make bench`, its part on training: our GRPO step beside the same policy, batch and update in
//! PyTorch (`tests/reference/rl_step.py`). Sides are run in turn, each in a process of its own
//! that prints the same JSON. Nothing is asserted: machines are noisy.
//!
//! ```text
//! rl_bench dump POLICY VIDEO... --out FILE [--prompts 8] [--group 8] [--frames 48]
//! rl_bench fresh POLICY --out FOLDER          an untrained policy of 50 M parameters
//! rl_bench ours POLICY BATCH [--prompts N] [--group N] [--threads N] [--rounds 1]
//! rl_bench machine [--threads N]              bytes copied and operations made per second
//! rl_bench compare PYTHON RL_STEP POLICY VIDEO... [--only PART] [--rounds 3] [--threads N]
//! ```

#[path = "rl_bench/arguments.rs"]
mod arguments;
#[path = "rl_bench/batch.rs"]
mod batch;
#[path = "rl_bench/compare.rs"]
mod compare;
#[path = "rl_bench/dump.rs"]
mod dump;
#[path = "rl_bench/fresh.rs"]
mod fresh;
#[path = "rl_bench/machine.rs"]
mod machine;
#[path = "rl_bench/ours.rs"]
mod ours;
#[path = "rl_bench/report.rs"]
mod report;
#[path = "rl_bench/sides.rs"]
mod sides;
#[path = "rl_bench/work.rs"]
mod work;

use arguments::Arguments;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Fallible<()> {
    policy::tune_process();
    let mut arguments = Arguments::parse(std::env::args().skip(1))?;
    let mode = arguments.next("a mode")?;
    match mode.as_str() {
        "dump" => dump::write(arguments),
        "fresh" => fresh::make(arguments),
        "ours" => ours::measure(arguments),
        "machine" => machine::measure(arguments),
        "compare" => compare::all(arguments),
        other => Err(format!("`{other}` is not a mode: see the head of this example").into()),
    }
}
