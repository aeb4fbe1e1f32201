//! Rows of others: what is taken over, what is left out and why.

mod common;

use common::{made, spec, tree, video, videos};
use dataset::{Dataset, Row, dataset_name, import, verify};
use serde_json::{Value, json};
use std::num::NonZeroUsize;
use std::path::Path;

fn lines(dir: &Path, rows: &[Value]) -> std::path::PathBuf {
    let file = dir.join("rows.jsonl");
    let text: Vec<String> = rows.iter().map(ToString::to_string).collect();
    std::fs::write(&file, text.join("\n")).expect("a file");
    file
}

fn rows(folder: &Path) -> Vec<Row> {
    let dataset = Dataset::open(folder).expect("a dataset");
    dataset.rows().expect("rows").map(|row| row.expect("a row")).collect()
}

/// A row as the released code writes it, with frames in a folder beside the file.
fn released(source: &str, videos: Value, truth: &str) -> Value {
    let marks = "<video>".repeat(videos.as_array().map_or(1, Vec::len));
    json!({
        "data_source": source,
        "prompt": [
            { "role": "system", "content": "Answer." },
            { "role": "user", "content": format!("{marks}What now?") },
        ],
        "videos": videos,
        "ability": "video_understanding",
        "reward_model": { "style": "rule", "ground_truth": truth },
        "extra_info": { "split": "test", "index": 77, "answer": truth, "video_id": "abc/def",
            "sampling_fps": 2.5, "perturbation_type": "Mirror", "perturbed_frames_count": 9,
            "start_frame_index": 4 },
    })
}

fn frames(dir: &Path, name: &str) -> Value {
    let paths = (0..4).map(|n| {
        let path = dir.join(format!("{name}{n}.jpg"));
        std::fs::write(&path, b"a frame").expect("a file");
        format!("{name}{n}.jpg")
    });
    let paths: Vec<String> = paths.collect();
    json!({ "video": paths, "sample_fps": 2.5, "max_pixels": 65536, "min_pixels": 16384 })
}

#[test]
fn released_rows_and_plain_questions_become_one_dataset() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("cat.webm"), video(60, 1)).expect("a video");
    let (one, two) = (frames(dir.path(), "a"), frames(dir.path(), "b"));
    let file = lines(
        dir.path(),
        &[
            released("grounding", json!([one]), "1.5-3.0"),
            released("shuffled", json!([one, two]), "21"),
            json!({ "video": "cat.webm", "question": "Who is it?", "answer": "A cat" }),
            json!({ "video": "cat.webm", "question": "How many?", "answer": 3, "data_source": "vqa" }),
        ],
    );
    let out = dir.path().join("data/datasets/rows");
    let imported = import(&file, &out, &mut |_| {}).expect("rows");
    assert_eq!(imported.problems, []);
    let rows = rows(&out);
    let sources: Vec<&str> = rows.iter().map(|row| row.data_source.as_str()).collect();
    assert_eq!(sources, ["grounding", "jigsaw", "plain", "plain"]);
    let first = &rows[0];
    assert_eq!(first.prompt[1].content, "<video>What now?");
    assert_eq!(first.videos[0].video[3], dir.path().join("a3.jpg").to_string_lossy());
    let extra = &first.extra_info;
    assert_eq!(
        (extra.index, extra.split.as_str(), extra.question.as_str()),
        (0, "test", "What now?")
    );
    assert_eq!((extra.perturbed_frames_count, extra.start_frame_index), (Some(9), Some(4)));
    assert_eq!(rows[2].prompt[0].content, "<video>\nWho is it?");
    assert_eq!(rows[2].videos[0].video, [dir.path().join("cat.webm").to_string_lossy()]);
    // 60 frames at 10 a second, 48 of them on the label clock.
    assert!((rows[2].videos[0].sample_fps - 8.0).abs() < 0.1, "{:?}", rows[2].videos);
    assert_eq!((rows[3].reward_model.ground_truth.as_str(), rows[3].extra_info.index), ("3", 3));
    assert_eq!(imported.manifest.videos.len(), 1);
    assert!(imported.manifest.videos.values().all(|video| video.samples == 2));
    let names: Vec<String> = tree(&out).into_keys().collect();
    assert_eq!(names, ["README.md", "manifest.json", "problems.jsonl", "rows.parquet"]);
    let verdict = verify(&out, NonZeroUsize::MIN).expect("readable");
    assert_eq!((verdict.rows, verdict.differences), (4, 0), "{:?}", verdict.findings);
}

#[test]
fn each_bad_row_is_left_out_with_one_sentence() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("cat.webm"), video(60, 1)).expect("a video");
    std::fs::write(dir.path().join("letter.mp4"), b"no film").expect("a file");
    let one = frames(dir.path(), "a");
    let timeless = json!({ "video": ["a0.jpg"] });
    let table = [
        (released("grounding", json!([one]), "from 2 to 5"), "is no answer of grounding"),
        (released("counting", json!([one]), "three"), "is no answer of counting"),
        (released("shuffled", json!([one]), ""), "has no answer"),
        (
            released("grounding", json!([{ "video": ["gone.jpg"], "sample_fps": 1.0 }]), "1.0-2.0"),
            "`gone.jpg` is not there",
        ),
        (released("grounding", json!([timeless]), "1.0-2.0"), "without `sample_fps`"),
        (released("grounding", json!([]), "1.0-2.0"), "names no video"),
        (json!({ "video": "letter.mp4", "question": "Q?", "answer": "A" }), "not a video"),
        (json!({ "video": "cat.webm", "question": " ", "answer": "A" }), "has no question"),
        (
            json!({ "video": "cat.webm", "prompt": [{ "role": "user", "content": "Q?" }], "answer": "A" }),
            "0 `<video>` marks for 1",
        ),
        (json!([1, 2]), "is no object"),
    ];
    let mut all: Vec<Value> = table.iter().map(|(row, _)| row.clone()).collect();
    all.push(json!({ "video": "cat.webm", "question": "Q?", "answer": "A" }));
    let file = lines(dir.path(), &all);
    let text = std::fs::read_to_string(&file).expect("the file");
    std::fs::write(&file, format!("{text}\n{{half a row")).expect("a file");
    let out = dir.path().join("out");
    let imported = import(&file, &out, &mut |_| {}).expect("one row");
    assert_eq!((imported.manifest.samples, imported.problems.len()), (1, table.len() + 1));
    for (problem, (_, word)) in imported.problems.iter().zip(&table) {
        let text = &problem.problem;
        assert!(text.contains(word) && text.ends_with('.'), "row {}: {text}", problem.row);
    }
    let last = imported.problems.last().expect("the half row");
    assert!(last.row == 12 && last.problem.contains("no JSON"), "{last:?}");
    let again = import(&file, &out, &mut |_| {}).expect_err("taken").to_string();
    assert!(again.contains("is there already"), "{again}");
    std::fs::write(&file, "{}").expect("a file");
    let none =
        import(&file, &dir.path().join("none"), &mut |_| {}).expect_err("no row").to_string();
    assert!(none.contains("no row of") && none.contains("Row 1: the row has no answer"), "{none}");
    assert!(!dir.path().join("none").exists() && !dir.path().join("none.partial").exists());
}

#[test]
fn our_own_rows_come_back_as_they_were() {
    let dir = tempfile::tempdir().expect("a folder");
    let (folder, built, out) =
        (videos(dir.path(), 2), dir.path().join("built"), dir.path().join("out"));
    made(&folder, &built, &spec(12));
    let imported = import(&built.join("rows.parquet"), &out, &mut |_| {}).expect("rows");
    assert_eq!(imported.problems, []);
    assert_eq!(imported.manifest.cells, Dataset::open(&built).expect("built").manifest.cells);
    assert_eq!(imported.manifest.videos.len(), 2);
    for (mut row, other) in rows(&built).into_iter().zip(rows(&out)) {
        for path in row.videos.iter_mut().flat_map(|clip| &mut clip.video) {
            *path = built.join(&*path).to_string_lossy().into_owned();
        }
        assert_eq!(row, other);
    }
}

#[test]
fn names_of_datasets_are_names_of_folders() {
    for (file, given, wanted) in [
        ("a/rows-30k.parquet", None, Some("rows-30k")),
        ("a/rows.jsonl", Some("mine"), Some("mine")),
        ("a/rows.jsonl", Some("../up"), None),
        ("a/rows.jsonl", Some(""), None),
        ("a/two words.jsonl", None, None),
        ("..", None, None),
    ] {
        let name = dataset_name(Path::new(file), given).ok();
        assert_eq!(name.as_deref(), wanted, "{file} {given:?}");
    }
}
