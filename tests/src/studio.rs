//! A running `videossr serve` with its own data directory, and a plain HTTP client for it.

use crate::{PATIENCE, built, root};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;

/// A server process; killed when dropped.
pub struct Studio {
    /// None while it is halted.
    child: Option<Child>,
    start: Start,
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    /// The first admin's one-time link.
    pub sign_in: String,
    /// Everything it keeps.
    pub data: tempfile::TempDir,
}

/// How the program is started.
struct Start {
    /// The built page.
    dist: PathBuf,
    workers: u32,
}

impl Studio {
    /// Starts the built program and waits for the line with the sign-in link.
    pub fn start() -> Result<Self> {
        Self::with_page(&page())
    }

    /// The same with the built page in this folder.
    pub fn with_page(dist: &Path) -> Result<Self> {
        Self::begin(tempfile::tempdir()?, Start { dist: dist.into(), workers: 1 })
    }

    /// On a data folder that was written before, without a worker: nothing in it goes on.
    pub fn on(data: tempfile::TempDir) -> Result<Self> {
        Self::begin(data, Start { dist: page(), workers: 0 })
    }

    fn begin(data: tempfile::TempDir, start: Start) -> Result<Self> {
        let (child, sign_in) = start.spawn(data.path(), "127.0.0.1:0")?;
        let base = sign_in.split("/sign-in").next().unwrap_or_default().to_owned();
        Ok(Self { child: Some(child), start, base, sign_in, data })
    }

    /// Kills the server as a power cut does.
    pub fn halt(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Starts a halted server again, on the same port.
    pub fn revive(&mut self) -> Result<()> {
        let listen = self.base.trim_start_matches("http://");
        let (child, sign_in) = self.start.spawn(self.data.path(), listen)?;
        (self.child, self.sign_in) = (Some(child), sign_in);
        Ok(())
    }

    /// Process id of the server.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// The token of a sign-in or invitation link.
    pub fn token(link: &str) -> &str {
        link.split("token=").nth(1).unwrap_or_default()
    }

    /// A one-time link for somebody new; `role` is `admin`, `annotator` or `viewer`.
    pub fn invite(&self, api: &mut Client, role: &str, name: &str) -> Result<String> {
        let body = serde_json::json!({ "role": role, "name": name });
        let invited = api.post("/api/v1/invitations", &body)?;
        let link = invited["link"].as_str().context("a link")?;
        Ok(if link.starts_with('/') { format!("{}{link}", self.base) } else { link.to_owned() })
    }

    /// Trades a one-time token for a session cookie.
    pub fn session(&self, token: &str, name: &str) -> Result<Client> {
        let mut client =
            Client { host: self.base.trim_start_matches("http://").into(), cookie: None };
        let body = serde_json::json!({ "token": token, "name": name });
        client.send("POST", "/api/v1/session", body.to_string().as_bytes())?;
        Ok(client)
    }
}

impl Start {
    /// The process, and the first admin's link once it is printed.
    fn spawn(&self, data: &Path, listen: &str) -> Result<(Child, String)> {
        let program = built().join("videossr");
        let mut child = Command::new(&program)
            .args(["serve", "--listen", listen, "--workers", &self.workers.to_string(), "--data"])
            .arg(data)
            .env("VIDEOSSR_DIST", &self.dist)
            .env("VIDEOSSR_STATIC", folder("VIDEOSSR_STATIC", "static"))
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}; build it first", program.display()))?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let (found, link) = mpsc::sync_channel(8);
        std::thread::Builder::new().name("studio-stdout".into()).spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(at) = line.find("http://").filter(|_| line.contains("/sign-in?token="))
                {
                    // The receiver is gone once the link was taken.
                    let _ = found
                        .try_send(line[at..].split_whitespace().next().unwrap_or("").to_owned());
                }
            }
        })?;
        let Ok(sign_in) = link.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            bail!("the server printed no sign-in link");
        };
        Ok((child, sign_in))
    }
}

/// The built page.
pub fn page() -> PathBuf {
    folder("VIDEOSSR_DIST", "dist").into()
}

/// The folder that a variable names, else one of the repository.
fn folder(variable: &str, name: &str) -> std::ffi::OsString {
    std::env::var_os(variable).unwrap_or_else(|| root().join(name).into())
}

impl Drop for Studio {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // SIGTERM first, so that the worker ends too and its folder can go.
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        let until = Instant::now() + std::time::Duration::from_secs(20);
        while Instant::now() < until {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A signed-in HTTP client: one connection per request, JSON in and out.
pub struct Client {
    host: String,
    cookie: Option<String>,
}

impl Client {
    /// Name and value of the session's cookie.
    pub fn cookie(&self) -> Option<(&str, &str)> {
        self.cookie.as_deref()?.split_once('=')
    }

    /// `GET path` as JSON.
    pub fn get(&mut self, path: &str) -> Result<Value> {
        self.send("GET", path, b"")
    }

    /// A run's whole journal as the server has it, page by page.
    pub fn events(&mut self, run: &str) -> Result<Vec<Value>> {
        let (mut events, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let page = self.get(&format!("/api/v1/runs/{run}/events?after={after}"))?;
            events.extend(page["events"].as_array().context("events")?.iter().cloned());
            match page["meta"]["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => return Ok(events),
            }
        }
    }

    /// `POST path` with a JSON body.
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        self.send("POST", path, body.to_string().as_bytes())
    }

    /// `POST path` with raw bytes.
    pub fn upload(&mut self, path: &str, bytes: &[u8]) -> Result<Value> {
        self.send("POST", path, bytes)
    }

    fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Value> {
        let mut stream = TcpStream::connect(&self.host)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let cookie = self.cookie.as_ref().map(|c| format!("cookie: {c}\r\n")).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n{cookie}\r\n",
            body.len(),
            host = self.host,
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let split = answer.windows(4).position(|w| w == b"\r\n\r\n").context("an HTTP answer")?;
        let head = String::from_utf8_lossy(&answer[..split]).into_owned();
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        let body =
            if chunked { unchunk(&answer[split + 4..]) } else { answer[split + 4..].to_vec() };
        for line in head.lines() {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("set-cookie")
            {
                self.cookie = value.trim().split(';').next().map(str::to_owned);
            }
        }
        let status = head.split_whitespace().nth(1).unwrap_or("");
        if !status.starts_with('2') {
            bail!("{method} {path}: {status} {}", String::from_utf8_lossy(&body));
        }
        Ok(if body.is_empty() { Value::Null } else { serde_json::from_slice(&body)? })
    }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]);
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        if size == 0 || rest.len() < end + 2 + size {
            break;
        }
        whole.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = rest.get(end + 4 + size..).unwrap_or(&[]);
    }
    whole
}
