//! The program from the shell's side: exit codes, one line per failure, files of an output.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{files_under, small_video, tiny_policy};

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
        &["doctor", "--data", env!("CARGO_BIN_EXE_videossr")],
        &["doctor", "--data", "/proc/no/such/place"],
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

#[test]
fn the_doctor_looks_where_the_data_would_go() {
    let dir = tempfile::tempdir().unwrap();
    let disk = |data: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_videossr"))
            .args(["doctor", "--json", "--listen", "127.0.0.1:0", "--data", data])
            .current_dir(dir.path())
            .output()
            .unwrap();
        let findings: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
        let disk = findings.into_iter().find(|finding| finding["about"] == "disk").unwrap();
        (disk["ok"].as_bool().unwrap(), disk["text"].as_str().unwrap().to_owned())
    };
    std::fs::write(dir.path().join("file"), "").unwrap();
    let whole = dir.path().join("new/data").display().to_string();
    let (_, text) = disk("new/data");
    assert!(text.contains(&whole), "{text}");
    for data in ["file", "file/below", "/proc/data"] {
        let (ok, text) = disk(data);
        assert!(!ok && text.contains("cannot be used"), "{data}: {text}");
    }
    assert_eq!(files_under(dir.path()).len(), 1, "it leaves nothing behind");
}

#[test]
fn nothing_is_written_beside_a_source_video() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    for place in ["out", "out/clip3", "out/checkpoints/7"] {
        std::fs::create_dir_all(at(place)).unwrap();
        std::fs::write(at(&format!("{place}/v.webm")), small_video(60)).unwrap();
    }
    std::fs::create_dir(at("links")).unwrap();
    std::os::unix::fs::symlink(at("out/v.webm"), at("links/v.webm")).unwrap();
    let before = files_under(dir.path());
    let jigsaw = |video: &str| format!("sample {} --task jigsaw --seed 1", at(video));
    for (command, out) in [
        (format!("frames {}", at("out/v.webm")), "out"),
        (format!("frames {}", at("links/v.webm")), "links"),
        (format!("frames {}", at("links/v.webm")), "out"),
        (jigsaw("out/v.webm"), "out"),
        (jigsaw("out/clip3/v.webm"), "out"),
        (format!("train --set videos={}", at("out")), "out"),
        (format!("train --set videos={}", at("out/checkpoints/7/v.webm")), "out"),
        (format!("warmup {}", at("out/v.webm")), "out"),
    ] {
        let out = at(out);
        let args: Vec<&str> = command.split(' ').chain(["--out", &out]).collect();
        let (code, _, text) = run(&args);
        assert_eq!((code, text.lines().count()), (1, 1), "{command}: {text}");
        assert!(text.contains("holds the source video"), "{command}: {text}");
        assert_eq!(files_under(dir.path()), before, "{command}");
    }
}

/// A short run below a folder, without a terminal.
fn short_run(dir: &Path, out: &str) -> Command {
    let at = |name: &str| dir.join(name).display().to_string();
    if !dir.join("v.webm").is_file() {
        std::fs::write(dir.join("v.webm"), small_video(60)).unwrap();
        tiny_policy(&dir.join("policy"));
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_videossr"));
    command.env("XDG_CACHE_HOME", dir.join("cache")).args(["train", "--out", &at(out)]);
    for set in [
        &format!("policy={}", at("policy")),
        &format!("videos={}", at("v.webm")),
        "held_out=nowhere.mp4",
        "steps=2",
        "grpo.group_size=2",
        "grpo.prompts_per_step=1",
        "sampling.max_new_tokens=4",
        "evaluate.every=1",
        "evaluate.samples=1",
    ] {
        command.args(["--set", set]);
    }
    command
}

#[test]
fn a_run_without_a_terminal_still_says_what_matters() {
    let dir = tempfile::tempdir().unwrap();
    let output = short_run(dir.path(), "run").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("warning: nowhere.mp4 is held out"), "{text}");
    assert_eq!(text.matches(": train clips ").count(), 3, "{text}");
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("finished: "));
}

#[test]
fn a_reader_who_leaves_ends_no_run() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = short_run(dir.path(), "run");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert!(child.wait().unwrap().success());
    assert!(dir.path().join("run/checkpoints/2/policy").is_dir());
}

#[test]
fn a_worker_says_once_that_there_is_no_server() {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_videossr"))
        .args(["worker", "--server", "http://127.0.0.1:1", "--token", &"0".repeat(64)])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = worker.stderr.take().unwrap();
    let mut text = vec![0; 4096];
    let read = said.read(&mut text).unwrap();
    text.truncate(read);
    // Long enough for more attempts.
    std::thread::sleep(Duration::from_secs(2));
    worker.kill().unwrap();
    worker.wait().unwrap();
    said.read_to_end(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_eq!((text.matches("WARN").count(), text.lines().count()), (1, 1), "{text}");
    assert!(text.contains("http://127.0.0.1:1"), "{text}");
}
