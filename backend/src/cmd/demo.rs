//! `videossr demo`: a server with sample videos and a run that has already begun.

use super::serve::{announce, runtime, say, until_asked};
use crate::api::make_run;
use crate::app::{Options, blocking};
use crate::data::static_dir;
use crate::library::{self, Keep};
use crate::server::Server;
use anyhow::{Context, Result, anyhow, bail};
use shared::config::{PRESETS, RunConfig};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Ports tried after the wanted one.
const PORTS: u16 = 20;

/// Shows everything at work: sample videos, the nano policy, a run in progress.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where the demo's data are kept; a fresh directory for temporary files unless given
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Address to listen on; the next free port is taken where this one is in use
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

/// Runs until Ctrl+C or SIGTERM.
pub fn run(args: Args) -> Result<()> {
    let shipped = static_dir()
        .context("the sample videos were not found beside the program; set VIDEOSSR_STATIC")?;
    let data = match args.data {
        Some(data) => data,
        None => fresh_dir()?,
    };
    let listen = free_address(args.listen)?;
    runtime()?.block_on(async {
        let server = Server::start(Options::new(data, listen)).await?;
        fill(&server, &shipped).await?;
        announce(&server).await?;
        until_asked(server).await
    })
}

fn fresh_dir() -> Result<PathBuf> {
    let name = format!("videossr-demo-{}", crate::secret::new_id()?);
    let dir = std::env::temp_dir().join(name);
    say(format_args!("The demo's data are kept in {}", dir.display()));
    Ok(dir)
}

fn free_address(wanted: SocketAddr) -> Result<SocketAddr> {
    for port in wanted.port()..=wanted.port().saturating_add(PORTS) {
        let address = SocketAddr::new(wanted.ip(), port);
        match std::net::TcpListener::bind(address) {
            Ok(_) if address == wanted => return Ok(address),
            Ok(_) => {
                say(format_args!("Port {} is in use; taking {port}.", wanted.port()));
                return Ok(address);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error).context(format!("cannot listen on {address}")),
        }
    }
    bail!(
        "ports {} to {} are all in use; name another with --listen",
        wanted.port(),
        wanted.port().saturating_add(PORTS)
    )
}

/// The sample videos into the library, and a first run into the queue.
async fn fill(server: &Server, shipped: &Path) -> Result<()> {
    let (app, clips) = (server.app.clone(), shipped.join("clips"));
    let admin = server.app.store.first_admin(store::now())?;
    let by = admin.id;
    blocking(move || -> Result<()> {
        for file in train::library::video_files(&[clips])? {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if let Err(error) = library::add(&app, &file, &name, Keep::InPlace, by) {
                say(format_args!("A sample video was left out: {error}"));
            }
        }
        Ok(())
    })
    .await
    .map_err(|_| anyhow!("the sample videos could not be added"))??;
    if server.app.store.runs()?.is_empty() {
        let made = make_run(&server.app, "Demo".into(), demo_config(), by).await;
        made.map_err(|fail| anyhow!("the demo run cannot start: {fail}"))?;
    }
    Ok(())
}

fn demo_config() -> RunConfig {
    let demo = PRESETS.iter().find(|preset| preset.name == "demo");
    demo.map(|preset| (preset.config)()).unwrap_or_default()
}
