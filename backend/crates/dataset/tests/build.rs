//! Builds: exact shares, the same files whatever the circumstances, and what is refused.

mod common;

use common::{assert_same, grey_video, inputs, made, refused, spec, tree, video, videos};
use dataset::{BuildInputs, Dataset, Manifest, Row, Stage, build, plan_for, verify};
use shared::config::{DatasetSpec, ImageForm, MixtureItem, PathForm, Purpose};
use shared::reward::{RewardMode, score_text};
use shared::task::{Perturbation, Task};
use shared::video::FrameSize;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

fn rows(folder: &Path) -> Vec<Row> {
    let dataset = Dataset::open(folder).expect("a dataset");
    dataset.rows().expect("rows").map(|row| row.expect("a row")).collect()
}

fn jobs() -> NonZeroUsize {
    NonZeroUsize::new(2).expect("two")
}

#[test]
fn rows_hold_what_the_contract_names_and_earn_their_reward() {
    let dir = tempfile::tempdir().expect("a folder");
    let (videos, out) = (videos(dir.path(), 3), dir.path().join("out"));
    let spec = spec(36);
    let summary = made(&videos, &out, &spec);
    let wanted = [
        ("channel-swap", 6),
        ("counting easy", 6),
        ("jigsaw 6", 12),
        ("mirror", 6),
        ("zoom-out", 6),
    ];
    let cells: Vec<(&str, u64)> =
        summary.manifest.cells.iter().map(|(cell, n)| (cell.as_str(), *n)).collect();
    assert_eq!(cells, wanted);
    let uses: Vec<u64> = summary.manifest.videos.values().map(|video| video.samples).collect();
    assert_eq!(uses, [12, 12, 12]);
    let rows = rows(&out);
    assert_eq!(rows.len(), 36);
    for (index, row) in rows.iter().enumerate() {
        check_row(&out, index, row);
    }
    let order: Vec<&str> = rows.iter().map(|row| row.data_source.as_str()).collect();
    assert!(order.windows(2).any(|pair| pair[0] > pair[1]), "tasks are mixed: {order:?}");
    let verdict = verify(&out, jobs()).expect("readable");
    assert_eq!((verdict.rows, verdict.differences), (36, 0), "{:?}", verdict.findings);
    assert_eq!(verdict.frames, summary.manifest.frames.files);
    assert!(!out.join("work").exists());
}

fn check_row(out: &Path, index: usize, row: &Row) {
    let extra = &row.extra_info;
    let kind = row.data_source.parse().expect("a task the reward knows");
    let truth = &row.reward_model.ground_truth;
    assert_eq!(score_text(RewardMode::Smooth, kind, truth, truth).total, 1.0, "{row:?}");
    assert_eq!((extra.index, &extra.answer, extra.split.as_str()), (index as i64, truth, "train"));
    let roles: Vec<&str> = row.prompt.iter().map(|message| message.role.as_str()).collect();
    assert_eq!(roles, ["system", "user"]);
    assert_eq!(row.prompt[1].content.matches("<video>").count(), row.videos.len());
    assert!(row.prompt[1].content.ends_with(&extra.question));
    let frames: Vec<&String> = row.videos.iter().flat_map(|clip| &clip.video).collect();
    assert_eq!(frames.len(), 48);
    assert!(frames.iter().all(|path| out.join(path).is_file() && path.ends_with(".jpg")));
    for clip in &row.videos {
        assert_eq!((clip.max_pixels, clip.min_pixels), (65_536, 16_384));
        assert_eq!(clip.sample_fps, extra.sampling_fps);
    }
    let spec = row.sample_spec().expect("a spec");
    assert_eq!((spec.video.as_str(), spec.seed as i64), (extra.video_id.as_str(), extra.seed));
    match spec.task {
        Task::Grounding { perturbation } => {
            let (start, count) = (extra.start_frame_index, extra.perturbed_frames_count);
            assert_eq!(extra.perturbation_type.as_deref(), Some(perturbation.name()));
            assert!(count.is_some_and(|n| (8..=16).contains(&n)) && start.is_some());
        }
        Task::Jigsaw { clips } => assert_eq!(row.videos.len(), clips as usize),
        _ => assert_eq!((row.videos.len(), extra.start_frame_index), (1, None)),
    }
}

#[test]
fn a_row_can_be_made_again_from_its_spec_and_its_video() {
    let dir = tempfile::tempdir().expect("a folder");
    let (videos, out) = (videos(dir.path(), 2), dir.path().join("out"));
    let spec = DatasetSpec { images: ImageForm::Png, ..spec(12) };
    made(&videos, &out, &spec);
    let plan = plan_for(&spec, &Task::Jigsaw { clips: 6 });
    assert_eq!((plan.count, plan.size), (48, FrameSize::ShortSide(48)));
    let strips: Vec<_> = ["a.webm", "b.webm"]
        .map(|name| media::strip(&videos.join(name), &plan, &media::StripCache::disabled()))
        .into_iter()
        .map(|strip| strip.expect("a strip"))
        .collect();
    for row in rows(&out) {
        let sample = row.sample_spec().expect("a spec");
        let strip = strips.iter().find(|strip| strip.video == sample.video).expect("its video");
        let again = tasks::generate(&**strip, &sample).expect("the sample");
        assert_eq!(again.info.answer, row.reward_model.ground_truth);
        assert_eq!(Some(again.info.truth.clone()), row.truth());
        let frames = row.videos.iter().flat_map(|clip| &clip.video);
        let size = (again.width * again.height * 3) as usize;
        for (path, rgb) in frames.zip(again.rgb().chunks_exact(size)) {
            let kept = media::read_png(&out.join(path)).expect("a PNG");
            assert!(kept.rgb == rgb, "{path} of row {}", row.extra_info.index);
        }
    }
}

#[test]
fn frames_of_other_videos_and_denser_strips_are_found_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("videos");
    std::fs::create_dir(&folder).expect("a folder");
    for (name, kind) in [("a.webm", 1), ("b.webm", 2), ("c.webm", 3)] {
        std::fs::write(folder.join(name), video(150, kind)).expect("a video");
    }
    // Too short for changes of speed, long enough for everything else.
    std::fs::write(folder.join("short.webm"), video(60, 4)).expect("a video");
    let mut item = MixtureItem::of(Task::Grounding { perturbation: Perturbation::Swap }, 1.0);
    item.perturbation = None;
    item.perturbations = vec![Perturbation::Swap, Perturbation::Slow, Perturbation::Fast];
    let spec = DatasetSpec { mixture: vec![item], samples: 24, ..spec(24) };
    let out = dir.path().join("out");
    let summary = made(&folder, &out, &spec);
    let cells: Vec<u64> = summary.manifest.cells.values().copied().collect();
    assert_eq!(cells, [8, 8, 8], "fast, slow, swap");
    for row in rows(&out) {
        let sample = row.sample_spec().expect("a spec");
        let swap = sample.task == Task::Grounding { perturbation: Perturbation::Swap };
        assert_eq!(sample.other.is_some(), swap);
        assert_ne!(sample.other, Some(sample.video));
        assert_eq!(row.videos[0].video.len(), 48);
    }
    let short = summary.manifest.videos.values().find(|video| video.file == "short.webm");
    let short = short.expect("usable").samples;
    assert!((1..=2).contains(&short), "swap only: {short}");
}

#[test]
fn jobs_names_and_interruptions_change_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let (folder, spec) = (videos(dir.path(), 3), spec(30));
    let (one, many) = (dir.path().join("one"), dir.path().join("many"));
    made(&folder, &one, &spec);
    let four = NonZeroUsize::new(4).expect("four");
    build(&BuildInputs { jobs: four, ..inputs(&folder, &many, &spec) }, &mut |_| {}).expect("four");
    assert_same(&one, &many);
    for stage in [Stage::Scan, Stage::Make, Stage::Write] {
        let broken = dir.path().join(format!("{stage:?}"));
        let inputs = inputs(&folder, &broken, &spec);
        let mut stop = |progress: dataset::Progress| {
            assert!(progress.stage != stage || progress.done < 1, "broken off");
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| build(&inputs, &mut stop)));
        assert!(outcome.is_err() && !broken.join("manifest.json").exists());
        made(&folder, &broken, &spec);
        assert_same(&one, &broken);
        let again = made(&folder, &broken, &spec);
        assert!(again.was_there);
        assert_same(&one, &broken);
    }
    let renamed = dir.path().join("renamed");
    std::fs::create_dir_all(renamed.join("deep")).expect("a folder");
    for (from, to) in [("a.webm", "deep/z"), ("b.webm", "1.webm"), ("c.webm", "b.mp4")] {
        std::fs::copy(folder.join(from), renamed.join(to)).expect("a copy");
    }
    let other = dir.path().join("other");
    made(&renamed, &other, &spec);
    let (mut a, mut b) = (tree(&one), tree(&other));
    // The manifest names files, for people.
    assert_ne!(a.remove("manifest.json"), b.remove("manifest.json"));
    assert!(a == b);
}

#[test]
fn what_is_half_written_or_damaged_is_made_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let (folder, spec) = (videos(dir.path(), 3), spec(30));
    let (whole, out) = (dir.path().join("whole"), dir.path().join("out"));
    made(&folder, &whole, &spec);
    let inputs = inputs(&folder, &out, &spec);
    let mut stop = |progress: dataset::Progress| {
        assert!(progress.stage != Stage::Write, "broken off");
    };
    assert!(catch_unwind(AssertUnwindSafe(|| build(&inputs, &mut stop))).is_err());
    let parts: Vec<_> = std::fs::read_dir(out.join("work/parts")).expect("parts").collect();
    let part = |n: usize| parts[n].as_ref().expect("a part").path();
    let text = std::fs::read(part(0)).expect("a part");
    std::fs::write(part(0), &text[..text.len() / 2]).expect("cut short");
    let frames: Vec<String> = tree(&out.join("frames")).into_keys().collect();
    std::fs::write(out.join("frames").join(&frames[0]), b"").expect("emptied");
    std::fs::remove_file(out.join("frames").join(&frames[frames.len() / 2])).expect("removed");
    std::fs::write(out.join("work/aside/7"), b"half").expect("a rest");
    std::fs::write(out.join("work/rows.parquet"), b"PAR1").expect("a rest");
    made(&folder, &out, &spec);
    assert_same(&whole, &out);
}

#[test]
fn a_folder_that_holds_something_else_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let (folder, out, small) = (videos(dir.path(), 2), dir.path().join("out"), spec(10));
    made(&folder, &out, &small);
    let before = tree(&out);
    let refusal =
        |spec: &DatasetSpec, videos: &Path, out: &Path| refused(&inputs(videos, out, spec));
    let text = refusal(&spec(11), &folder, &out);
    assert!(text.contains("(samples is 10 there and 11 here)"), "{text}");
    let text = refusal(&small, &folder, &folder.join("out"));
    assert!(text.contains("where nothing is written"), "{text}");
    let more = dir.path().join("more");
    std::fs::create_dir(&more).expect("a folder");
    std::fs::copy(folder.join("a.webm"), more.join("a.webm")).expect("a copy");
    assert!(refusal(&small, &more, &out).contains("other videos"));
    assert!(refusal(&small, &folder, &more).contains("holds other files"));
    assert!(before == tree(&out), "a refusal changes nothing");
    let text = refusal(&small, &dir.path().join("absent"), &dir.path().join("new"));
    assert!(text.contains("cannot be read"), "{text}");
    std::fs::create_dir(dir.path().join("empty")).expect("a folder");
    let text = refusal(&small, &dir.path().join("empty"), &dir.path().join("new"));
    assert!(text.contains("none of the 0 file(s)"), "{text}");
}

#[test]
fn two_builds_do_not_write_into_one_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let (folder, out, spec) = (videos(dir.path(), 2), dir.path().join("out"), spec(10));
    let inputs = inputs(&folder, &out, &spec);
    let mut told = Vec::new();
    build(&inputs, &mut |progress| {
        if told.is_empty() && progress.stage == Stage::Make {
            told.push(refused(&inputs));
        }
    })
    .expect("the first");
    assert!(told[0].contains("another build is writing"), "{told:?}");
}

#[test]
fn a_video_that_does_not_show_the_answer_gives_its_rows_to_others() {
    let dir = tempfile::tempdir().expect("a folder");
    let folder = videos(dir.path(), 2);
    let grey = grey_video(60, 9);
    std::fs::write(folder.join("grey.webm"), &grey).expect("a video");
    let swap = Task::Grounding { perturbation: Perturbation::ChannelSwap };
    let spec = DatasetSpec { mixture: vec![MixtureItem::of(swap, 1.0)], ..spec(12) };
    let out = dir.path().join("out");
    let summary = made(&folder, &out, &spec);
    let uses: BTreeMap<&str, u64> =
        summary.manifest.videos.values().map(|v| (v.file.as_str(), v.samples)).collect();
    assert_eq!((summary.manifest.samples, uses["grey.webm"]), (12, 0));
    assert!(uses["a.webm"] >= 5 && uses["b.webm"] >= 5, "{uses:?}");
    for name in ["a.webm", "b.webm"] {
        std::fs::remove_file(folder.join(name)).expect("removed");
    }
    let text = refused(&inputs(&folder, &dir.path().join("none"), &spec));
    assert!(text.contains("no video is left for 12 sample(s) of channel-swap"), "{text}");
}

#[test]
fn one_content_counts_once_and_excluded_videos_are_refused_by_name() {
    let dir = tempfile::tempdir().expect("a folder");
    let (folder, spec) = (videos(dir.path(), 2), spec(12));
    let train = dir.path().join("train");
    made(&folder, &train, &spec);
    let fresh = dir.path().join("fresh");
    std::fs::create_dir(&fresh).expect("a folder");
    for (name, kind) in [("new.webm", 7), ("also.webm", 8)] {
        std::fs::write(fresh.join(name), video(60, kind)).expect("a video");
    }
    std::fs::copy(fresh.join("new.webm"), fresh.join("twin.webm")).expect("a copy");
    std::fs::copy(folder.join("a.webm"), fresh.join("leak.webm")).expect("a copy");
    let bench = DatasetSpec { purpose: Purpose::Bench, ..spec.clone() };
    let out = dir.path().join("bench");
    let guarded = BuildInputs { exclude: vec![train.clone()], ..inputs(&fresh, &out, &bench) };
    let summary = build(&guarded, &mut |_| {}).expect("a benchmark");
    let told: Vec<&str> = summary.problems.iter().map(|p| p.problem.as_str()).collect();
    assert!(told[0].starts_with("`leak.webm` is refused: the dataset"), "{told:?}");
    assert_eq!(told[1], "`twin.webm` has the same content as `new.webm`, which counts once.");
    assert_eq!((summary.manifest.refused, summary.manifest.videos.len()), (1, 2));
    let shared: BTreeSet<_> = Manifest::read(&train).expect("train").videos.into_keys().collect();
    assert!(summary.manifest.videos.keys().all(|id| !shared.contains(id)));
    let text = refused(&guarded);
    assert!(text.contains("a benchmark, which is frozen"), "{text}");
    let leaks = BuildInputs {
        exclude: vec![out.join("manifest.json"), train],
        ..inputs(&fresh, &dir.path().join("none"), &spec)
    };
    assert!(refused(&leaks).contains("is refused"));
    assert!(!leaks.out.exists(), "a refusal leaves nothing");
}

#[test]
fn a_benchmark_has_its_columns() {
    let dir = tempfile::tempdir().expect("a folder");
    let (folder, out) = (videos(dir.path(), 4), dir.path().join("out"));
    let preset = <DatasetSpec as shared::config::Settings>::PRESETS;
    let bench = preset.iter().find(|preset| preset.name == "viubench").expect("a preset");
    let spec = DatasetSpec { samples: 18, ..(bench.config)() };
    let summary = made(&folder, &out, &spec);
    let splits: Vec<(&str, u64)> =
        summary.manifest.splits.iter().map(|(split, n)| (split.as_str(), *n)).collect();
    assert_eq!(splits, [("easy", 12), ("hard", 4), ("transfer", 2)]);
    assert!(rows(&out).iter().all(|row| row.videos[0].max_pixels == 512 * 512));
}

#[test]
fn verify_finds_what_was_changed() {
    let dir = tempfile::tempdir().expect("a folder");
    let (folder, out) = (videos(dir.path(), 2), dir.path().join("out"));
    let spec = DatasetSpec { paths: PathForm::Absolute, ..spec(10) };
    made(&folder, &out, &spec);
    assert!(rows(&out).iter().all(|row| Path::new(&row.videos[0].video[0]).is_absolute()));
    assert_eq!(verify(&out, jobs()).expect("readable").differences, 0);
    let frames: Vec<String> = tree(&out.join("frames")).into_keys().collect();
    let path = |n: usize| out.join("frames").join(&frames[n]);
    let mut bytes = std::fs::read(path(0)).expect("a frame");
    bytes[200] ^= 1;
    std::fs::write(path(0), bytes).expect("changed");
    std::fs::remove_file(path(1)).expect("removed");
    std::fs::write(out.join("frames/00/stray.jpg"), b"stray").expect("added");
    let verdict = verify(&out, jobs()).expect("readable");
    let all = verdict.findings.join("\n");
    for name in [&frames[0], &frames[1], "00/stray.jpg", "bytes of the frame files"] {
        assert!(all.contains(name), "{name}: {all}");
    }
    std::fs::write(out.join("rows.parquet"), b"PAR1").expect("changed");
    assert!(verify(&out, jobs()).is_err());
    assert!(Dataset::open(&folder).is_err());
}
