//! The program from the shell's side: exit codes, one line per failure, files of an output.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::process::Command;
use support::{files_under, small_video};

/// Exit code, standard output and standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_videossr")).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn failures_are_one_line() {
    let token = "0".repeat(64);
    for args in [
        &["probe", "/no/such/file.mp4"][..],
        &["perturb", "blur", "/no/such.png", "out.png"],
        &["config", "--config", "/no/such.toml"],
        &["worker", "--server", "not an address", "--token", &token],
    ] {
        let (code, _, text) = run(args);
        assert_eq!((code, text.lines().count()), (1, 1), "{args:?}: {text}");
    }
}

#[test]
fn wrong_usage_is_told_from_failures() {
    assert_eq!(run(&["config"]).0, 0);
    assert!(run(&["config", "--set", "policy=123"]).1.contains("policy = \"123\""));
    for line in [
        "serve --listen nowhere",
        "serve --public-url studio",
        "config --preset huge",
        "config --set grpo.group_sise=4",
        "config --set steps=0",
        "config --set =5",
        "config --set grpo=5",
        "train --set reward=harsh --out unused",
        "perturb sparkle in.png out.png",
        "perturb shuffle in.png out.png",
        "perturb blur --param radius in.png out.png",
        "perturb blur --param radius=-1 in.png out.png",
        "perturb blur --param size=1 in.png out.png",
        "sample v.mp4 --task jigsaw --difficulty hard --seed 1 --out o",
        "sample v.mp4 --task counting --perturbation mirror --seed 1 --out o",
        "sample v.mp4 --task jigsaw --clips 7 --seed 1 --out o",
    ] {
        let (code, out, text) = run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!((code, out.as_str()), (2, ""), "{line}: {text}");
        assert!(!text.trim().is_empty() && !text.starts_with("videossr: :"), "{line}: {text}");
    }
}

#[test]
fn an_output_folder_holds_the_newest_call_only() {
    let dir = tempfile::tempdir().unwrap();
    let (video, out) = (dir.path().join("a.webm"), dir.path().join("out"));
    std::fs::write(&video, small_video(60)).unwrap();
    let (video, folder) = (video.to_str().unwrap(), out.to_str().unwrap());
    let done = |args: &[&str]| {
        let (code, _, text) = run(args);
        assert_eq!(code, 0, "{args:?}: {text}");
    };
    done(&["sample", video, "--task", "jigsaw", "--seed", "1", "--out", folder]);
    std::fs::write(out.join("notes.txt"), "mine").unwrap();
    done(&["frames", video, "--count", "3", "--out", folder]);
    let mut names: Vec<String> = files_under(&out)
        .iter()
        .map(|file| file.strip_prefix(&out).unwrap().display().to_string())
        .collect();
    names.sort();
    assert_eq!(names, ["000.png", "001.png", "002.png", "notes.txt", "strip.json"]);
}
