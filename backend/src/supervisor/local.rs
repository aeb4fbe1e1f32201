//! Local workers: processes of this program on this machine, started again when they die.
//! They outlive a server that is killed, and look for the next one.

use super::Supervisor;
use crate::app::Ending;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use store::Secret;
use tokio::process::{Child, Command};

/// How workers get the token; not an argument, which every user of the machine could read.
pub const TOKEN_VARIABLE: &str = "VIDEOSSR_WORKER_TOKEN";

/// From the death of a worker to the next one.
const PAUSE: Duration = Duration::from_secs(1);
/// A worker that was asked to end is given this long.
const END_LIMIT: Duration = Duration::from_secs(5);

/// How local workers are started.
#[derive(Clone)]
pub struct LocalWorkers {
    /// The program.
    pub program: PathBuf,
    /// The server's address, `ws://host:port`.
    pub server: String,
    /// What they sign in with.
    pub token: Secret,
    /// Where they write what they have to say.
    pub logs: PathBuf,
}

impl LocalWorkers {
    /// Keeps one worker alive until `ending` begins.
    pub async fn keep(self, number: u32, supervisor: Supervisor, mut ending: Ending) {
        let name = format!("local-{number}");
        while !ending.has_begun() {
            match supervisor.vacant(name.clone()).await {
                Ok(true) => self.run_one(&name, ending.clone()).await,
                // One from before is there or expected.
                Ok(false) => {}
                Err(_) => return,
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = ending.begun() => {}
            }
        }
    }

    async fn run_one(&self, name: &str, mut ending: Ending) {
        let mut child = match self.spawn(name) {
            Ok(child) => child,
            Err(error) => {
                tracing::error!("the worker {name} cannot be started: {error}");
                return;
            }
        };
        tokio::select! {
            status = child.wait() => match status {
                Ok(status) => tracing::warn!("the worker {name} ended: {status}"),
                Err(error) => tracing::warn!("the worker {name} is lost: {error}"),
            },
            () = ending.begun() => end(&mut child).await,
        }
    }

    fn spawn(&self, name: &str) -> std::io::Result<Child> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.logs.join(format!("{name}.log")))?;
        Command::new(&self.program)
            .args(["worker", "--local", "--name", name, "--server", &self.server])
            .env(TOKEN_VARIABLE, &self.token.0)
            .stdin(Stdio::null())
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log))
            // Ctrl+C in the server's terminal is for the server, which asks its workers.
            .process_group(0)
            .spawn()
    }
}

async fn end(child: &mut Child) {
    if let Some(id) = child.id() {
        // SAFETY: the child was not waited for, so its id is still its own.
        unsafe { libc::kill(id as libc::pid_t, libc::SIGTERM) };
    }
    if tokio::time::timeout(END_LIMIT, child.wait()).await.is_err() {
        // It is gone already or goes now.
        let _ = child.kill().await;
    }
}
