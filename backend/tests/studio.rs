//! Task studio: samples made while somebody looks.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::http::StatusCode;
use serde_json::{Value, json};
use shared::annotation::Role;
use shared::api::{AuditBody, AuditState, SampleBody, VideoBody};
use shared::reward::{RewardMode, score};
use shared::task::TaskKind;
use shared::video::{FrameSize, SamplePlan};
use support::{Answer, Person, TestServer, files_under, small_video, soon};

const SAMPLE: &str = "/api/v1/studio/sample";

/// Adds a video; gives its id.
async fn add(person: &Person<'_>, frames: usize) -> String {
    let name = format!("{frames}.webm");
    let body: VideoBody = person.upload(&name, small_video(frames)).await.read();
    body.video.meta.id.as_str().to_owned()
}

async fn ask(person: &Person<'_>, video: &str, item: Value) -> Answer {
    person.post(SAMPLE, json!({ "video": video, "item": item, "seed": 7 })).await
}

fn quoted(spec: &Value) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    spec.to_string().bytes().map(escape).collect()
}

#[tokio::test]
async fn every_task_gives_a_sample_whose_truth_earns_everything_and_its_frames() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let video = add(&admin, 160).await;
    for kind in TaskKind::ALL {
        let body: SampleBody = ask(&admin, &video, json!({ "task": kind })).await.read();
        let sample = &body.sample;
        assert_eq!(sample.truth.kind(), *kind);
        assert_eq!(score(RewardMode::Strict, &sample.truth, &sample.answer).total, 1.0, "{kind}");
        let again: SampleBody = ask(&admin, &video, json!({ "task": kind })).await.read();
        assert_eq!(again, body);
        let spec = quoted(&serde_json::to_value(&sample.spec).unwrap());
        for (path, magic) in [
            (format!("clip.webm?spec={spec}"), b"\x1a\x45\xdf\xa3".as_slice()),
            (format!("clip.webm?size=policy&spec={spec}"), b"\x1a\x45\xdf\xa3"),
            (format!("atlas.jpg?spec={spec}"), b"\xff\xd8"),
            (format!("atlas.jpg?size=view&spec={spec}"), b"\xff\xd8"),
        ] {
            let answer = admin.get(&format!("/api/v1/studio/{path}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{kind} {path}: {:?}", answer.headers);
            assert!(answer.bytes.starts_with(magic), "{kind} {path}");
        }
    }
}

#[tokio::test]
async fn the_clip_shows_the_planted_frames_in_their_places() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let video = add(&admin, 100).await;
    let item = json!({ "task": "grounding", "perturbation": "mirror" });
    let body: SampleBody = ask(&admin, &video, item).await.read();
    let span = body.sample.truth.span_slots().unwrap();
    let spec = quoted(&serde_json::to_value(&body.sample.spec).unwrap());
    let file = test.dir.path().join("clip.webm");
    let clip = admin.get(&format!("/api/v1/studio/clip.webm?spec={spec}")).await;
    std::fs::write(&file, clip.bytes).unwrap();
    // All but the first and last frames of the clip, one by one.
    let plan = SamplePlan { count: 40, size: FrameSize::ShortSide(48) };
    let strip = media::strip(&file, &plan, &media::StripCache::disabled()).unwrap();
    let middle = (strip.height / 2 * strip.width) as usize;
    for (k, frame) in strip.frames.iter().enumerate() {
        // Green grows to the right in the source.
        let green = |x: usize| strip.frame(k)[(middle + x) * 3 + 1];
        let (left, right) = (green(8), green(strip.width as usize - 8));
        let inside = (span.start()..span.end()).contains(&(frame.source_index as f64));
        let expected = if inside { left > right } else { left < right };
        assert!(expected, "frame {} of {span:?}: {left} and {right}", frame.source_index);
    }
}

#[tokio::test]
async fn bad_settings_are_named() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let (video, brief) = (add(&admin, 100).await, add(&admin, 20).await);
    let zero = format!("blake3:{}", "0".repeat(64));
    for (video, item, status, field) in [
        (&video, json!({ "task": "jigsaw", "clips": 7 }), 422, "item.clips"),
        (&video, json!({ "task": "jigsaw", "trim": 4 }), 422, "item.task"),
        (&video, json!({ "task": "jigsaw", "trimm": 1 }), 422, "item.trimm"),
        (&video, json!({ "task": "counting", "kinds": 9 }), 422, "item.kinds"),
        (&video, json!({ "task": "counting", "length": [8, 9] }), 422, "item.length"),
        (&video, json!({ "task": "grounding", "length": [16, 8] }), 422, "item.length"),
        (&video, json!({ "task": "painting" }), 422, "item"),
        (&video, json!("mirror"), 422, "item"),
        // More shapes than there is room for: known only where the frame's size is.
        (&video, json!({ "task": "counting", "per_frame": 12, "size": [0.6, 0.6] }), 422, "item"),
        (&video, json!({ "task": "grounding", "perturbation": "swap" }), 422, "other"),
        // Changes of speed need more frames than this video has.
        (&video, json!({ "task": "grounding", "perturbation": "slow" }), 422, "video"),
        (&brief, json!({ "task": "counting" }), 422, "video"),
        (&zero, json!({ "task": "counting" }), 404, "video"),
    ] {
        let answer = ask(&admin, video, item.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{item}: {}", answer.json());
        assert_eq!(answer.json()["error"]["field"], field, "{item}: {}", answer.json());
        let message = answer.message();
        assert!(!message.is_empty() && !message.contains('\n'), "{item}: {message}");
    }
    for path in ["clip.webm?spec=7", "atlas.jpg?spec={}", "clip.webm", "clip.webm?spec=7&size=x"] {
        let answer = admin.get(&format!("/api/v1/studio/{path}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
    let kept = files_under(&test.server.app.data.pictures());
    assert_eq!(kept, [] as [std::path::PathBuf; 0], "nothing is kept of a refused request");
}

#[tokio::test]
async fn frames_are_borrowed_from_a_second_video() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let (video, other) = (add(&admin, 100).await, add(&admin, 60).await);
    let zero = format!("blake3:{}", "0".repeat(64));
    let item = json!({ "task": "grounding", "perturbation": "swap" });
    let with = async |other: &str| {
        let body = json!({ "video": video, "other": other, "item": item, "seed": 3 });
        admin.post(SAMPLE, body).await
    };
    for (other, status, field) in [(&zero, 404, "other"), (&video, 422, "item")] {
        let answer = with(other).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.json());
        assert_eq!(answer.json()["error"]["field"], field, "{}", answer.json());
    }
    let body: SampleBody = with(&other).await.read();
    assert_eq!(body.sample.spec.other.as_ref().map(|id| id.as_str()), Some(other.as_str()));
    let spec = quoted(&serde_json::to_value(&body.sample.spec).unwrap());
    let atlas = format!("/api/v1/studio/atlas.jpg?spec={spec}");
    assert_eq!(admin.get(&atlas).await.status, StatusCode::OK);

    // Its file vanishes: the clip, which nobody made yet, says so; the atlas is kept.
    let hex = other.trim_start_matches("blake3:");
    let files = files_under(&test.server.app.data.videos());
    std::fs::remove_file(files.iter().find(|f| f.to_string_lossy().contains(hex)).unwrap())
        .unwrap();
    assert_eq!(admin.get(&atlas).await.status, StatusCode::OK);
    let clip = admin.get(&format!("/api/v1/studio/clip.webm?spec={spec}")).await;
    assert!(clip.message().contains("second video is gone"), "{}", clip.message());
}

#[tokio::test]
async fn several_changes_take_turns_by_the_seed() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let video = add(&admin, 100).await;
    let item = json!({ "task": "grounding", "perturbations": ["mirror", "invert"] });
    let mut cells = Vec::new();
    for seed in 0..16 {
        let body = json!({ "video": video, "item": item, "seed": seed });
        let body: SampleBody = admin.post(SAMPLE, body).await.read();
        cells.push(body.sample.spec.task.cell());
    }
    cells.sort();
    cells.dedup();
    assert_eq!(cells, ["invert", "mirror"]);
}

#[tokio::test]
async fn what_cannot_be_seen_is_said() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    // Grey frames: swapped channels change nothing.
    let rgb: Vec<u8> = (0..60 * 64 * 48).flat_map(|at| [(at / 3072 * 4) as u8; 3]).collect();
    let grey = media::encode_clip(&rgb, 64, 48, 10).unwrap();
    let body: VideoBody = admin.upload("grey.webm", grey).await.read();
    let video = body.video.meta.id.as_str();
    for (perturbation, answerable) in [("channel-swap", false), ("zoom-out", true)] {
        let item = json!({ "task": "grounding", "perturbation": perturbation });
        let body: SampleBody = ask(&admin, video, item).await.read();
        assert_eq!(body.answerable, answerable, "{perturbation}");
    }
}

#[tokio::test]
async fn a_generator_is_audited_on_the_library() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let path = "/api/v1/studio/audit";
    let ask = async |item: Value, samples: u32| {
        admin.post(path, json!({ "item": item, "samples": samples })).await
    };
    let spatial = json!({ "task": "spatial" });
    assert_eq!(ask(spatial.clone(), 40).await.json()["error"]["field"], "videos");
    for frames in [80, 120] {
        add(&admin, frames).await;
    }
    for (item, samples, field) in [
        (spatial.clone(), 19, "samples"),
        (spatial.clone(), 401, "samples"),
        (json!({ "task": "spatial", "grid": 7 }), 40, "item.grid"),
        (json!({ "task": "jigsaw", "trim": 1 }), 40, "item"),
    ] {
        let answer = ask(item.clone(), samples).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{item}");
        assert_eq!(answer.json()["error"]["field"], field, "{item}");
    }
    assert_eq!(admin.get(path).await.read::<AuditBody>().audit, None);
    let begun = ask(spatial.clone(), 40).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.json());
    let cells = soon("the audit", async {
        loop {
            match admin.get(path).await.read::<AuditBody>().audit.unwrap() {
                AuditState::Running { .. } => {
                    let second = ask(spatial.clone(), 40).await.status;
                    assert!(second == StatusCode::CONFLICT || second == StatusCode::ACCEPTED);
                    tokio::task::yield_now().await;
                }
                AuditState::Done { cells, videos, .. } => break (cells, videos),
                AuditState::Failed { message } => panic!("{message}"),
            }
        }
    });
    let (cells, videos) = cells.await;
    assert_eq!((cells.len(), videos), (1, 2));
    let cell = &cells[0];
    assert_eq!((cell.cell.as_str(), &cell.problem), ("spatial 2", &None));
    assert_eq!((cell.samples, cell.proved), (40, 40));
    assert_eq!(cell.rulings, [] as [String; 0]);
    assert!(cell.tests.iter().any(|t| t.what == "a constant answer" && t.found.is_some()));
}

#[tokio::test]
async fn viewers_make_no_samples() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let video = add(&admin, 60).await;
    for (role, status) in [(Role::Viewer, StatusCode::FORBIDDEN), (Role::Annotator, StatusCode::OK)]
    {
        let person = admin.invite(role.name(), role).await;
        let answer = ask(&person, &video, json!({ "task": "progress" })).await;
        assert_eq!(answer.status, status, "{role}");
    }
}
