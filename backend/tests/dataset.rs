//! `videossr dataset` from the shell's side: killed builds, full disks, readers in Python.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::{files_under, small_video};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_videossr"));
    command.arg("dataset").stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    program().args(args).output().unwrap()
}

/// The one line of a command that fails.
fn failure(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), text.lines().count()), (Some(1), 1), "{text}");
    text
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Says so past the test harness, which swallows what passing tests print.
fn skipped(what: &str) {
    std::io::stderr().write_all(format!("SKIPPED: {what}\n").as_bytes()).unwrap();
}

/// The project's own clips.
fn clips() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../static/clips")
}

/// A folder of small videos, each another.
fn small_videos(dir: &Path) -> PathBuf {
    let folder = dir.join("videos");
    std::fs::create_dir(&folder).unwrap();
    for frames in 60..66 {
        std::fs::write(folder.join(format!("{frames}.webm")), small_video(frames)).unwrap();
    }
    folder
}

/// Every file below a folder by path, as the hash of what it holds.
fn tree(folder: &Path) -> BTreeMap<PathBuf, String> {
    let hash = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.strip_prefix(folder).unwrap().to_owned();
        (name, blake3::hash(&bytes).to_hex().to_string())
    };
    files_under(folder).into_iter().map(hash).collect()
}

#[test]
fn killed_at_random_it_ends_as_if_nothing_had_happened() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, broken) = (dir.path().join("whole"), dir.path().join("broken"));
    let clips = clips();
    let args = |out| vec!["build", "--preset", "smoke", "--videos", text(&clips), "--out", out];
    let begun = Instant::now();
    let output = run(&args(text(&whole)));
    let took = begun.elapsed();
    assert!(output.status.success(), "{output:?}");
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.lines().count() == 1 && line.contains("600 sample(s)"), "{line}");
    let mut kills = 0;
    while kills < 5 {
        let mut child = program().args(args(text(&broken))).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(random_below(took / 4));
        if !is_killed(&mut child) {
            // It was quicker than the first: begin again.
            std::fs::remove_dir_all(&broken).unwrap();
            continue;
        }
        kills += 1;
    }
    assert!(run(&args(text(&broken))).status.success());
    assert!(tree(&whole) == tree(&broken), "the trees differ");
    let verified = run(&["verify", text(&broken)]);
    assert!(verified.status.success(), "{verified:?}");
    read_by_python(&broken);
}

/// A time that nobody chose.
fn random_below(limit: Duration) -> Duration {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).unwrap();
    limit.mul_f64(u64::from_le_bytes(bytes) as f64 / u64::MAX as f64)
}

/// Kills a process; whether it was still at work.
fn is_killed(child: &mut Child) -> bool {
    use std::os::unix::process::ExitStatusExt;
    child.kill().unwrap();
    child.wait().unwrap().signal().is_some()
}

/// Runs the reader where Python has what it needs: `VIDEOSSR_PYTHON` or `python3`.
fn read_by_python(dataset: &Path) {
    let python = std::env::var("VIDEOSSR_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python/read_dataset.py");
    let output = Command::new(&python).arg(script).arg(dataset).arg("600").output();
    let Ok(output) = output else {
        return skipped(&format!("there is no {python} to read the dataset with"));
    };
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => std::io::stderr().write_all(told.as_bytes()).unwrap(),
        Some(77) => skipped(&format!("reading the dataset in Python: {}", told.trim())),
        _ => panic!("{told}{}", String::from_utf8_lossy(&output.stderr)),
    }
}

#[test]
fn a_full_disk_is_one_line_and_room_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, out) = (dir.path().join("whole"), dir.path().join("out"));
    let videos = small_videos(dir.path());
    let args = |out| {
        let sets = ["--preset", "smoke", "--set", "samples=120"];
        [&["build", "--videos", text(&videos), "--out", out], &sets[..]].concat()
    };
    assert!(run(&args(text(&whole))).status.success());
    std::fs::create_dir(&out).unwrap();
    let small = SmallDisk::mount(&out);
    let told = match &small {
        Some(_) => failure(&run(&args(text(&out)))),
        None => {
            skipped("no file system can be mounted here; files are limited in size instead");
            failure(&limited(&args(text(&out))))
        }
    };
    assert!(
        told.contains("no room is left") && told.contains("goes on where it stopped"),
        "{told}"
    );
    assert!(!out.join("manifest.json").exists());
    if let Some(disk) = &small {
        disk.enlarge();
    }
    let output = run(&args(text(&out)));
    assert!(output.status.success(), "{output:?}");
    assert!(tree(&whole) == tree(&out), "the trees differ");
}

/// A file system of 1 MB of its own.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        let done = mount(&["-t", "tmpfs", "-o", "size=1m,nr_inodes=100000", "tmpfs", text(at)]);
        done.then(|| Self(at.to_owned()))
    }

    fn enlarge(&self) {
        assert!(mount(&["-o", "remount,size=200m", text(&self.0)]));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Should it stay, the temporary folder does as well.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(args: &[&str]) -> bool {
    let outcome = Command::new("mount").args(args).stderr(Stdio::null()).status();
    outcome.is_ok_and(|status| status.success())
}

/// Runs the program with files of at most some kilobytes.
fn limited(args: &[&str]) -> Output {
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" dataset \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_videossr")]).args(args);
    shell.output().unwrap()
}

#[test]
fn wrong_usage_and_refusals_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (videos, out) = (small_videos(dir.path()), dir.path().join("out"));
    let (videos, folder) = (text(&videos), text(&out));
    let build =
        |more: &[&str]| run(&[&["build", "--videos", videos, "--out", folder], more].concat());
    for (more, word) in [
        (&["--preset", "huge"][..], "use one of videossr-30k, viubench, smoke"),
        (&["--set", "sample=5"], "did you mean `samples`"),
        (&["--set", "samples=0"], "below 1"),
        (&["--set", "frames=50", "--set", "mixture=[{task='jigsaw'}]"], "does not divide"),
        (&["--jobs", "0"], "jobs"),
    ] {
        let output = build(more);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && told.contains(word), "{more:?}: {told}");
    }
    assert!(!out.exists());
    let spec = dir.path().join("spec.toml");
    let toml =
        "samples = 30\nshort_side = 48\nmixture = [{ task = 'counting' }, { task = 'jigsaw' }]\n";
    std::fs::write(&spec, toml).unwrap();
    let output = build(&["--spec", text(&spec), "--set", "seed=9", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let facts: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(facts["manifest"]["samples"], 30);
    assert_eq!(facts["manifest"]["spec"]["seed"], 9);
    assert_eq!(facts["manifest"]["cells"]["jigsaw 6"], 15);
    let told = failure(&build(&["--spec", text(&spec)]));
    assert!(told.contains("seed is 9 there and 1 here"), "{told}");
    std::fs::write(&spec, "sampels = 3\n").unwrap();
    assert!(failure(&build(&["--spec", text(&spec)])).contains("did you mean `samples`"));
}

#[test]
fn rows_are_imported_by_name_and_checked() {
    let dir = tempfile::tempdir().unwrap();
    let (videos, data) = (small_videos(dir.path()), dir.path().join("data"));
    let file = dir.path().join("questions.jsonl");
    let row = |video: &str| serde_json::json!({ "video": format!("videos/{video}"), "question": "Who?", "answer": "A cat" });
    std::fs::write(&file, format!("{}\n{}\n", row("60.webm"), row("gone.webm"))).unwrap();
    let output = run(&["import", text(&file), "--data", text(&data)]);
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.contains("1 sample(s) (plain 1); 1 row(s) left out"), "{line}");
    let made = data.join("datasets/questions");
    let problems = std::fs::read_to_string(made.join("problems.jsonl")).unwrap();
    assert!(problems.contains("videos/gone.webm` is not there"), "{problems}");
    assert!(run(&["verify", text(&made)]).status.success());
    assert!(
        failure(&run(&["import", text(&file), "--data", text(&data)])).contains("is there already")
    );
    std::fs::write(made.join("rows.parquet"), b"PAR1").unwrap();
    failure(&run(&["verify", text(&made)]));
    assert_eq!(tree(&videos).len(), 6, "sources stay as they are");
}
