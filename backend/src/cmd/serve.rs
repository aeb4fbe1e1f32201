//! `videossr serve`: the server until Ctrl+C.

use crate::app::Options;
use crate::data::{DataDir, default_dir, dist_dir};
use crate::server::{Server, admin_link, public_url};
use anyhow::{Context, Result};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Serves the page and starts local workers.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where runs, videos and the database are kept; made where there is none
    #[arg(long, default_value_os_t = default_dir(), env = "VIDEOSSR_DATA")]
    pub data: PathBuf,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address that people open where a proxy stands before the server, such as
    /// https://studio.example.org; with https, cookies are sent over https only
    #[arg(long, value_name = "URL", value_parser = url)]
    pub public_url: Option<String>,
    /// Local workers; each runs one run at a time
    #[arg(long, default_value_t = 1)]
    pub workers: u32,
    /// Print a fresh sign-in link for the admin and end; the server may be running
    #[arg(long)]
    pub new_link: bool,
}

/// Runs until Ctrl+C or SIGTERM.
pub fn run(args: Args) -> Result<()> {
    if args.new_link {
        return new_link(&args);
    }
    let (workers, public_url) = (args.workers, args.public_url);
    let options = Options { workers, public_url, ..Options::new(args.data, args.listen) };
    runtime()?.block_on(async {
        let server = Server::start(options).await?;
        announce(&server).await?;
        until_asked(server).await
    })
}

fn new_link(args: &Args) -> Result<()> {
    let data = DataDir::create(&args.data)?;
    let store = store::Store::open(&data.database())?;
    let url = match (&args.public_url, std::fs::read_to_string(data.address())) {
        (None, Ok(newest)) => newest,
        (told, _) => public_url(told.as_deref(), args.listen),
    };
    println!("{}", admin_link(&store, url.trim())?);
    Ok(())
}

fn url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host.map(|host| host.trim_end_matches('/')) {
        Some(host) if !host.is_empty() && !host.contains(['/', ' ', '?', '#']) => Ok(text.into()),
        _ => Err("an address is http:// or https:// and a host".into()),
    }
}

/// The runtime of a server.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("server")
        .build()
        .context("no threads for the server")
}

/// The one line that a person needs.
pub async fn announce(server: &Server) -> Result<()> {
    if dist_dir().is_none() {
        say("The page was not built yet: run `scripts/web.sh build`.");
    }
    say(format_args!("Open {}", server.sign_in_link().await?));
    let root = server.app.data.root();
    let data = match default_dir().canonicalize() {
        Ok(usual) if usual == root => String::new(),
        _ => format!(" --data {}", root.display()),
    };
    say(format_args!(
        "The link signs in once; `videossr serve --new-link{data}` prints another. Ctrl+C ends."
    ));
    Ok(())
}

/// Serves until asked to end, then lets runs finish their step; asked again, ends at once.
pub async fn until_asked(server: Server) -> Result<()> {
    let mut signals = Signals::listen()?;
    signals.next().await;
    say("Ending: runs finish their step and write a checkpoint. Ctrl+C again ends at once.");
    tokio::select! {
        () = server.settle() => {}
        () = signals.next() => say("Ending at once."),
    }
    server.end().await;
    Ok(())
}

/// A line for whoever started the server; a closed pipe is no reason to end.
pub fn say(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
