//! `videossr doctor`: one line for each thing the program needs, with the mend where it is
//! missing.

use super::progress::Shown;
use crate::api::device_list;
use crate::data::{default_dir, dist_dir, free_bytes, static_dir};
use anyhow::{Result, bail};
use serde::Serialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Less free space than this is worth a word, bytes.
const LOW_SPACE: u64 = 5 << 30;

/// Checks what the program needs on this machine.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Data directory to check
    #[arg(long, default_value_os_t = default_dir(), env = "VIDEOSSR_DATA")]
    pub data: PathBuf,
    /// Address to check
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// One finding.
#[derive(Debug, Serialize)]
struct Finding {
    about: &'static str,
    ok: bool,
    text: String,
}

fn good(about: &'static str, text: String) -> Finding {
    Finding { about, ok: true, text }
}

fn bad(about: &'static str, text: String) -> Finding {
    Finding { about, ok: false, text }
}

/// Prints the findings. Errors: something has to be mended.
pub fn run(args: &Args) -> Result<()> {
    let shown = Shown::spinner("looking around");
    let data = std::path::absolute(&args.data)?;
    let mut findings = codecs();
    findings.extend(devices());
    findings.extend([disk(&data), page(), policy(), port(args.listen)]);
    drop(shown);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        for finding in &findings {
            let mark = if finding.ok { "ok  " } else { "MEND" };
            println!("{mark}  {:<8} {}", finding.about, finding.text);
        }
    }
    let bad: Vec<&str> = findings.iter().filter(|f| !f.ok).map(|f| f.about).collect();
    if !bad.is_empty() {
        bail!("to be mended: {}", bad.join(", "));
    }
    Ok(())
}

fn codecs() -> Vec<Finding> {
    let found = media::capabilities();
    let versions = format!("FFmpeg libavcodec {} ({})", found.avcodec, found.license);
    let mut findings = vec![good("codecs", versions)];
    findings.push(match found.missing_decoders.as_slice() {
        [] => good("decoders", found.decoders.join(", ")),
        missing => good(
            "decoders",
            format!("{}; without {}", found.decoders.join(", "), missing.join(", ")),
        ),
    });
    findings.push(match found.clip_encoders.first() {
        Some(best) => good("encoder", format!("{best} makes the viewer's clips")),
        None => bad(
            "encoder",
            "this FFmpeg cannot make clips; install one with libvpx (Debian: libavcodec-extra)"
                .into(),
        ),
    });
    findings
}

fn devices() -> Vec<Finding> {
    device_list()
        .into_iter()
        .map(|device| {
            let why = device.why.or(device.detail).unwrap_or_default();
            // A missing GPU is no fault of a machine that has none.
            good("device", format!("{}: {why}", device.name))
        })
        .collect()
}

/// The data directory, or where it would be made.
fn disk(data: &Path) -> Finding {
    let existing = data.ancestors().find(|path| path.exists());
    if let Some(Err(error)) = existing.map(try_to_write) {
        let text = format!(
            "{} cannot be used for data ({error}); name another with --data",
            data.display()
        );
        return bad("disk", text);
    }
    match existing.and_then(free_bytes) {
        Some(free) if free < LOW_SPACE => bad(
            "disk",
            format!(
                "{} MiB free for {}; runs write checkpoints there, free some",
                free >> 20,
                data.display()
            ),
        ),
        Some(free) => good("disk", format!("{} GiB free for {}", free >> 30, data.display())),
        None => bad("disk", format!("{} cannot be used; name another with --data", data.display())),
    }
}

/// Makes a folder in a folder and removes it.
fn try_to_write(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".videossr-doctor-{}", std::process::id()));
    std::fs::create_dir(&probe)?;
    std::fs::remove_dir(&probe)
}

fn page() -> Finding {
    match dist_dir() {
        Some(dist) => good("page", format!("built, in {}", dist.display())),
        _ => bad("page", "not built; run `scripts/web.sh build`, or set VIDEOSSR_DIST".into()),
    }
}

fn policy() -> Finding {
    match static_dir().map(|dir| dir.join("nano")) {
        Some(nano) if nano.join("config.json").is_file() => {
            good("policy", format!("nano, in {}", nano.display()))
        }
        _ => bad(
            "policy",
            "the nano policy was not found; set VIDEOSSR_STATIC to the folder `static`".into(),
        ),
    }
}

fn port(listen: SocketAddr) -> Finding {
    match std::net::TcpListener::bind(listen) {
        Ok(_) => good("port", format!("{listen} is free")),
        Err(error) => bad("port", format!("{listen}: {error}; choose another with --listen")),
    }
}
