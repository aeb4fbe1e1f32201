//! The program `videossr`.

use std::process::ExitCode;

fn main() -> ExitCode {
    videossr::start()
}
