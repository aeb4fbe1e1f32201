//! The library: what comes in, what is refused, what is shown.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use shared::api::{VideoBody, VideosBody};
use support::{TestServer, files_under, small_video};

#[tokio::test]
async fn what_is_no_video_is_refused_with_a_sentence_and_leaves_nothing() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let whole = small_video(60);
    let cut = whole[..whole.len() / 3].to_vec();
    for (name, bytes) in [
        ("empty.mp4", Vec::new()),
        ("notes.mp4", b"these are notes, not frames".repeat(50)),
        ("cut.webm", cut[..60].to_vec()),
        ("picture.png", b"\x89PNG\r\n\x1a\n".to_vec()),
    ] {
        let answer = admin.upload(name, bytes).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        let message = answer.message();
        assert!(message.contains(name) && !message.contains('\n'), "{message}");
    }
    let data = &test.server.app.data;
    assert_eq!(files_under(&data.uploads()), [] as [std::path::PathBuf; 0]);
    assert_eq!(files_under(&data.videos()), [] as [std::path::PathBuf; 0]);
    let videos: VideosBody = admin.get("/api/v1/videos").await.read();
    assert_eq!(videos.videos, []);
}

#[tokio::test]
async fn an_upload_over_the_limit_is_refused() {
    let test = TestServer::with(|options| options.upload_limit = 1 << 20).await;
    let admin = test.admin().await;
    let answer = admin.upload("big.mp4", vec![0; (1 << 20) + 1]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.message().contains("1 MiB"), "{}", answer.message());
    assert_eq!(files_under(&test.server.app.data.uploads()).len(), 0);
}

#[tokio::test]
async fn the_same_content_is_kept_once() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let bytes = small_video(60);
    let first = admin.upload("a.webm", bytes.clone()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.json());
    let second = admin.upload("b.webm", bytes).await;
    assert_eq!(second.status, StatusCode::OK);
    assert_eq!(first.read::<VideoBody>(), second.read::<VideoBody>());
    assert_eq!(files_under(&test.server.app.data.videos()).len(), 1);
    let short = admin.upload("short.webm", small_video(20)).await.read::<VideoBody>();
    let problem = short.video.problem.unwrap();
    assert!(problem.contains("20 frames"), "{problem}");
}

#[tokio::test]
async fn pictures_and_the_file_itself_are_served() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let bytes = small_video(60);
    let body: VideoBody = admin.upload("a.webm", bytes.clone()).await.read();
    let base = format!("/api/v1/videos/{}", body.video.meta.id.hex());
    for picture in ["thumb.jpg", "strip.jpg"] {
        let answer = admin.get(&format!("{base}/{picture}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{picture}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "image/jpeg");
        assert_eq!(&answer.bytes[..2], b"\xff\xd8", "{picture}");
        let keep = answer.headers[header::CACHE_CONTROL].to_str().unwrap();
        assert!(keep.contains("immutable"), "{keep}");
    }
    let request = admin
        .request(Method::GET, &format!("{base}/source"))
        .header(header::RANGE, "bytes=4-11")
        .body(Body::empty());
    let part = test.send(request.unwrap()).await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.bytes, bytes[4..12]);
    let unknown = format!("/api/v1/videos/{}/thumb.jpg", "0".repeat(64));
    assert_eq!(admin.get(&unknown).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_video_whose_file_vanished_says_so_and_can_be_added_again() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let bytes = small_video(60);
    let body: VideoBody = admin.upload("a.webm", bytes.clone()).await.read();
    let path = format!("/api/v1/videos/{}", body.video.meta.id.hex());
    let problem = async || {
        let listed: VideosBody = admin.get("/api/v1/videos").await.read();
        assert_eq!(listed.videos[0], admin.get(&path).await.read::<VideoBody>().video);
        listed.videos[0].problem.clone()
    };
    assert_eq!(problem().await, None);
    for file in files_under(&test.server.app.data.videos()) {
        std::fs::remove_file(file).unwrap();
    }
    assert!(problem().await.unwrap().contains("add the same video again"));
    for what in ["source", "thumb.jpg", "strip.jpg"] {
        let answer = admin.get(&format!("{path}/{what}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}");
        assert!(answer.message().contains("a.webm is gone"), "{}", answer.message());
    }
    let run = admin.post("/api/v1/runs", serde_json::json!({ "config": {} })).await;
    assert_eq!(run.json()["error"]["field"], "videos");

    let again = admin.upload("b.webm", bytes.clone()).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.read::<VideoBody>(), body);
    assert_eq!(problem().await, None);
    assert_eq!(admin.get(&format!("{path}/source")).await.bytes, bytes);
    assert_eq!(admin.get(&format!("{path}/thumb.jpg")).await.status, StatusCode::OK);
}
