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
use std::path::Path;
use tower_http::services::{ServeDir, ServeFile};

/// Hex digits of the hash in a file name, as Trunk writes them.
const HASH_DIGITS: usize = 16;

/// Serves the page, or one sentence where it was not built.
pub(super) fn service(dist: Option<&Path>) -> Router {
    match dist.map(|dist| (dist, dist.join("index.html"))) {
        Some((dist, index)) if index.is_file() => {
            let page = ServeFile::new(index).precompressed_br().precompressed_gzip();
            let page = Router::new()
                .fallback_service(page)
                .layer(middleware::from_fn(with_links))
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
async fn with_links(request: Request, next: Next) -> Response {
    let links = links(request.uri().path());
    let mut response = next.run(request).await;
    response.headers_mut().extend(links.map(|links| (header::LINK, links)));
    response
}

/// Links for the address of a page; a name that would have to be escaped gets none.
fn links(path: &str) -> Option<HeaderValue> {
    let parts: Vec<&str> = path.split('/').collect();
    let ["", "runs", run, "steps", step, "groups", group] = parts[..] else { return None };
    let plain = |part: &&str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if ![run, step, group].iter().all(plain) {
        return None;
    }
    let place = format!("/api/v1/runs/{run}/groups/{step}/{group}");
    let data = |path: &str| format!("<{path}>; rel=preload; as=fetch; crossorigin");
    let picture = |query: &str| format!("<{place}/atlas.jpg{query}>; rel=preload; as=image");
    let links =
        [data("/api/v1/session"), data(&place), picture("?size=view"), picture("")].join(", ");
    HeaderValue::from_str(&links).ok()
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
    fn a_group_is_asked_for_with_its_page() {
        let links = links("/runs/12ab/steps/3/groups/0").unwrap();
        let links = links.to_str().unwrap();
        assert!(links.contains("</api/v1/runs/12ab/groups/3/0>; rel=preload; as=fetch"), "{links}");
        assert_eq!(links.matches("as=image").count(), 2);
        for other in ["/runs/12ab", "/runs/a>b/steps/3/groups/0", "/runs/12ab/steps/3/groups/0/x"] {
            assert_eq!(super::links(other), None, "{other}");
        }
    }

    #[test]
    fn hashed_names_are_told_from_others() {
        assert!(is_hashed("/frontend-0123456789abcdef_bg.wasm"));
        assert!(is_hashed("/app-0123456789abcdef.css"));
        assert!(!is_hashed("/index.html"));
        assert!(!is_hashed("/api/v1/runs/0123456789"));
    }
}
