//! The program: command line, server and worker. It wires the crates together and holds no
//! rule of its own about rewards, policies or labels.

use std::io::IsTerminal;

pub mod admission;
pub mod api;
pub mod app;
pub mod auditor;
pub mod cli;
pub mod cmd;
pub mod data;
pub mod estimate;
pub mod gauge;
pub mod hub;
pub mod journal;
pub mod library;
pub mod pictures;
pub mod replayer;
pub mod secret;
pub mod server;
pub mod supervisor;
pub mod uploads;
pub mod worker;

/// The program's `main`: sets up logging and reads the command line.
pub fn start() -> std::process::ExitCode {
    let command = std::env::args().nth(1);
    match command.as_deref() {
        Some("worker" | "warmup" | "train") => policy::tune_process(),
        Some("serve" | "demo") => {}
        // `videossr config | head` should end quietly.
        // SAFETY: sets a signal's disposition before any thread exists.
        _ => unsafe {
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        },
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env("VIDEOSSR_LOG")
        .unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Said on standard error as well, which panics where nobody reads it.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    cli::main()
}
