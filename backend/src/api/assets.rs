//! The page's files: compressed copies where the browser takes them, `index.html` for every
//! address of the page, and headers that let nothing foreign in.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::any;
use base64::Engine;
use sha2::Digest;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use tower_http::services::{ServeDir, ServeFile};

/// Hex digits of the hash in a file name, as Trunk writes them.
const HASH_DIGITS: usize = 16;

/// Serves the page, or one sentence where it was not built.
pub(super) fn service(dist: Option<&Path>) -> Router {
    match dist.map(|dist| (dist, dist.join("index.html"))) {
        Some((dist, index)) if index.is_file() => {
            let links = Arc::new(Links::of(dist));
            let page = ServeFile::new(index).precompressed_br().precompressed_gzip();
            let page = Router::new()
                .fallback_service(page)
                .layer(middleware::from_fn_with_state(links, with_links))
                .layer(middleware::from_fn(no_page_for_files));
            let files = ServeDir::new(dist).precompressed_br().precompressed_gzip();
            Router::new().fallback_service(files.fallback(page))
        }
        _ => Router::new().fallback(any(async || {
            let text = "<!doctype html><title>VideoSSR Studio</title><p>The page was not built: \
                        run <code>scripts/web.sh build</code> and start the server again.";
            (StatusCode::NOT_FOUND, Html(text))
        })),
    }
}

/// A missing file stays missing, or a tab from before an update would get HTML for wasm.
async fn no_page_for_files(request: Request, next: Next) -> Response {
    let last = request.uri().path().rsplit('/').next();
    if last.is_some_and(|name| name.contains('.')) {
        return StatusCode::NOT_FOUND.into_response();
    }
    next.run(request).await
}

/// Tells with a page what it will ask for first: that is made and sent while the page's program is
/// fetched and started, not after it.
async fn with_links(State(links): State<Arc<Links>>, request: Request, next: Next) -> Response {
    let links = links.of_page(request.uri().path());
    let mut response = next.run(request).await;
    response.headers_mut().extend(links.map(|links| (header::LINK, links)));
    response
}

/// What can be announced.
#[derive(Default)]
struct Links {
    /// Files of each part of the page that is fetched when it is opened, as `parts.json` of a
    /// release build has them.
    parts: HashMap<String, Vec<String>>,
}

impl Links {
    fn of(dist: &Path) -> Self {
        let read = || serde_json::from_slice(&std::fs::read(dist.join("parts.json")).ok()?).ok();
        // A page that was built in one piece has no parts.
        Self { parts: read().unwrap_or_default() }
    }

    /// For the address of a page; a name that would have to be escaped gets none.
    fn of_page(&self, path: &str) -> Option<HeaderValue> {
        let names: Vec<&str> = path.split('/').collect();
        let (part, mut links) = match names[..] {
            ["", "runs", "new"] => return None,
            ["", "runs", run] if is_plain(run) => ("watch", Vec::new()),
            ["", "runs", run, "steps", step, "groups", group]
                if [run, step, group].into_iter().all(is_plain) =>
            {
                ("rollouts", of_group(run, step, group))
            }
            _ => return None,
        };
        // The frames last: they take the longest, and a browser opens few connections.
        let files = self.parts.get(part).into_iter().flatten().map(|file| data(file));
        links.splice(0..0, files.chain([data("/api/v1/session")]));
        HeaderValue::from_str(&links.join(", ")).ok()
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn data(path: &str) -> String {
    format!("<{path}>; rel=preload; as=fetch; crossorigin")
}

/// What the page of a group shows.
fn of_group(run: &str, step: &str, group: &str) -> Vec<String> {
    let place = format!("/api/v1/runs/{run}/groups/{step}/{group}");
    let picture = |query: &str| format!("<{place}/atlas.jpg{query}>; rel=preload; as=image");
    vec![data(&place), picture("?size=view"), picture("")]
}

/// Headers of every answer.
#[derive(Clone)]
pub(super) struct Headers {
    policy: HeaderValue,
}

impl Headers {
    /// For the page in `dist`, whose inline scripts are allowed by their hashes.
    pub fn of(dist: Option<&Path>) -> Self {
        let page = dist.and_then(|dist| std::fs::read_to_string(dist.join("index.html")).ok());
        let policy = content_security_policy(&page.unwrap_or_default());
        // Hashes are base64 and the rest is ASCII, so this never falls back.
        let strict = HeaderValue::from_static("default-src 'none'");
        let policy = HeaderValue::from_str(&policy).unwrap_or(strict);
        Self { policy }
    }
}

pub(super) async fn headers(State(own): State<Headers>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let hashed = is_hashed(path);
    let is_file = !path.starts_with("/api/");
    let mut response = next.run(request).await;
    let found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    let kind = headers.get(header::CONTENT_TYPE);
    let html = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if html {
        headers.insert(header::CONTENT_SECURITY_POLICY, own.policy);
    }
    let keep = match (is_file, hashed && found && !html) {
        (true, true) => "public, max-age=31536000, immutable",
        (true, false) => "no-cache",
        (false, _) => "no-store",
    };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(keep));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// `name-<16 hex digits>[_bg].ext`.
fn is_hashed(path: &str) -> bool {
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str());
    let hash = stem.and_then(|stem| stem.trim_end_matches("_bg").rsplit('-').next());
    hash.is_some_and(|hash| {
        hash.len() == HASH_DIGITS && hash.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// What a page may load: its own files, and of inline scripts only those in `page`.
pub fn content_security_policy(page: &str) -> String {
    let mut hashes = String::new();
    for part in page.split("<script").skip(1) {
        let Some((attributes, rest)) = part.split_once('>') else { continue };
        let Some((body, _)) = rest.split_once("</script>") else { continue };
        if !attributes.contains("src=") {
            let hash = sha2::Sha256::digest(body);
            let text = base64::engine::general_purpose::STANDARD.encode(hash);
            hashes.push_str(&format!(" 'sha256-{text}'"));
        }
    }
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; \
         img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; \
         font-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self'"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_s_own_inline_scripts_are_allowed() {
        let page = r#"<script type="module">hello</script><script src="/x.js"></script>"#;
        let policy = content_security_policy(page);
        let hash = "'sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='";
        assert!(policy.contains(&format!("'wasm-unsafe-eval' {hash};")), "{policy}");
        assert_eq!(policy.matches("sha256").count(), 1);
    }

    #[test]
    fn what_a_page_asks_for_is_announced_with_it() {
        let dist = tempfile::tempdir().unwrap();
        let parts =
            r#"{"rollouts":["/frontend-split_rollouts-1.wasm"],"watch":["/w.wasm","/c.wasm"]}"#;
        std::fs::write(dist.path().join("parts.json"), parts).unwrap();
        let links = Links::of(dist.path());
        let group = links.of_page("/runs/12ab/steps/3/groups/0").unwrap();
        let group = group.to_str().unwrap();
        assert!(group.contains("</api/v1/runs/12ab/groups/3/0>; rel=preload; as=fetch"), "{group}");
        assert!(group.contains("</frontend-split_rollouts-1.wasm>; rel=preload; as=fetch"));
        assert_eq!(group.matches("as=image").count(), 2);
        let run = links.of_page("/runs/12ab").unwrap();
        let run = run.to_str().unwrap();
        assert!(run.contains("</c.wasm>") && !run.contains("image"), "{run}");
        for other in [
            "/runs",
            "/runs/new",
            "/runs/",
            "/runs/a>b/steps/3/groups/0",
            "/runs/12ab/steps/3/groups/0/x",
        ] {
            assert_eq!(links.of_page(other), None, "{other}");
        }
        let whole = Links::of(&dist.path().join("absent")).of_page("/runs/12ab").unwrap();
        assert_eq!(whole.to_str().unwrap().matches("preload").count(), 1);
    }

    #[test]
    fn hashed_names_are_told_from_others() {
        assert!(is_hashed("/frontend-0123456789abcdef_bg.wasm"));
        assert!(is_hashed("/app-0123456789abcdef.css"));
        assert!(!is_hashed("/index.html"));
        assert!(!is_hashed("/api/v1/runs/0123456789"));
    }
}
