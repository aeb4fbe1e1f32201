//! `videossr worker`: joins a server from any machine that sees its disk at the same path.

use crate::supervisor::local::TOKEN_VARIABLE;
use crate::worker::{self, WorkerConfig};
use anyhow::Result;

/// Joins a server and takes its runs, one at a time. The server's data directory and the
/// videos have to be there at the same paths, such as on a shared disk.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The server, such as http://192.168.0.5:8080
    #[arg(long)]
    server: String,
    /// The server's worker token (the file `worker-token` in its data directory)
    #[arg(long, env = TOKEN_VARIABLE, hide_env_values = true)]
    token: String,
    /// Take only runs for this device, such as cpu or cuda:0
    #[arg(long)]
    device: Option<String>,
    /// Name for people; the machine's name unless given
    #[arg(long, default_value_t = machine_name())]
    name: String,
    /// Started by a server of this machine: end when it is gone and no run is held
    #[arg(long, hide = true)]
    local: bool,
}

/// Works until asked to end.
pub fn run(args: Args) -> Result<()> {
    if let Some(device) = &args.device {
        // A worker that can never train should say so now.
        policy::pick(device)?;
    }
    worker::run(WorkerConfig {
        server: args.server,
        token: args.token,
        name: args.name,
        device: args.device,
        local: args.local,
    })
}

fn machine_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "worker".into(),
        name => name.to_owned(),
    }
}
