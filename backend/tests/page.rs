//! The page's files and the headers around them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use support::{Answer, TestServer};

const PAGE: &str = "<!doctype html><title>x</title><script type=\"module\">hello</script>";
const WASM: &str = "/frontend-0123456789abcdef_bg.wasm";

async fn with_page() -> TestServer {
    let mut test = TestServer::start().await;
    let dist = test.dir.path().join("dist");
    std::fs::create_dir(&dist).unwrap();
    std::fs::write(dist.join("index.html"), PAGE).unwrap();
    std::fs::write(dist.join(&WASM[1..]), "plain").unwrap();
    std::fs::write(dist.join(format!("{}.br", &WASM[1..])), "brotli").unwrap();
    test.dist = Some(dist);
    test
}

async fn get(test: &TestServer, path: &str) -> Answer {
    let request = Request::get(path).header(header::ACCEPT_ENCODING, "br, gzip");
    test.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn every_address_of_the_page_gets_the_page() {
    let test = with_page().await;
    for path in ["/", "/runs/abc/groups/3/0", "/sign-in?token=x"] {
        let answer = get(&test, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.bytes, PAGE.as_bytes());
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-cache");
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("'wasm-unsafe-eval' 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
    }
}

#[tokio::test]
async fn files_are_compressed_and_kept_and_missing_ones_stay_missing() {
    let test = with_page().await;
    let answer = get(&test, WASM).await;
    assert_eq!(answer.bytes, b"brotli");
    assert_eq!(answer.headers[header::CONTENT_ENCODING], "br");
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/wasm");
    let keep = answer.headers[header::CACHE_CONTROL].to_str().unwrap();
    assert!(keep.contains("immutable"), "{keep}");
    for path in ["/frontend-fedcba9876543210_bg.wasm", "/../../etc/passwd.txt"] {
        let answer = get(&test, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-cache");
    }
    let missing = get(&test, "/api/nothing").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(missing.json()["error"]["code"], "not_found");
}
