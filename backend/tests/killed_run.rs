//! `videossr train` killed at random, again and again, ends as if nothing had happened.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use shared::event::{EventBody, StepMetrics};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::files_under;

const KILLS: usize = 20;
const STEPS: u64 = 40;
/// A process lives at most this long before it is killed: time for a few steps after loading.
const LIFE: Duration = Duration::from_millis(1600);

/// A run of the nano policy whose curriculum hangs on every step before.
fn train(dir: &Path, run: &Path, resume: bool) -> Command {
    let statics = Path::new(env!("CARGO_MANIFEST_DIR")).join("../static");
    let mut command = Command::new(env!("CARGO_BIN_EXE_videossr"));
    command.args(["train", "--out"]).arg(run);
    if resume {
        command.arg("--resume");
    } else {
        let clips = format!("videos={}", statics.join("clips").display());
        for setting in [
            "recipe=dump",
            &format!("steps={STEPS}"),
            "grpo.prompts_per_step=2",
            "grpo.group_size=4",
            "checkpoint.every=3",
            "checkpoint.keep=2",
            "evaluate.every=0",
            &clips,
        ] {
            command.args(["--set", setting]);
        }
    }
    command.env("XDG_CACHE_HOME", dir.join("cache")).env("VIDEOSSR_STATIC", statics);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The last figures of every step, without what was measured of the machine.
fn figures(run: &Path) -> BTreeMap<u64, StepMetrics> {
    let journal = train::journal::read(run).unwrap();
    assert!(journal.iter().map(|event| event.seq).eq(1..=journal.len() as u64));
    let steps = journal.into_iter().filter_map(|event| match event.body {
        EventBody::Step(metrics) => Some((event.step, metrics.timeless())),
        _ => None,
    });
    steps.collect()
}

/// Weights, moments, cursor and rollouts by path.
fn kept(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let of = |folder: PathBuf| files_under(&folder).into_iter();
    let all = of(run.join("rollouts")).chain(of(run.join("checkpoints")));
    all.map(|path| (path.strip_prefix(run).unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

fn random_below(limit: Duration) -> Duration {
    let random = RandomState::new().hash_one(0u8) % limit.as_micros() as u64;
    Duration::from_micros(random)
}

/// Kills a process unless it has ended by itself; whether it was killed.
fn kill(mut child: Child) -> bool {
    if let Some(status) = child.try_wait().unwrap() {
        assert!(status.success(), "it failed by itself: {status}");
        return false;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

#[test]
fn killed_at_random_it_ends_as_if_nothing_had_happened() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    assert!(train(dir.path(), &whole, false).status().unwrap().success());
    let (want, want_kept) = (figures(&whole), kept(&whole));
    assert_eq!(want.len() as u64, STEPS);
    let (mut kills, mut round) = (0, 0);
    while kills < KILLS {
        round += 1;
        let run = dir.path().join(format!("broken-{round}"));
        loop {
            // A process killed before it wrote its config left nothing to resume.
            let resume = run.join("run.toml").is_file();
            let child = train(dir.path(), &run, resume).spawn().unwrap();
            if kills >= KILLS {
                assert!(child.wait_with_output().unwrap().status.success());
                break;
            }
            std::thread::sleep(random_below(LIFE));
            if !kill(child) {
                break;
            }
            kills += 1;
        }
        assert_eq!(figures(&run), want, "round {round} after {kills} kills");
        assert!(kept(&run) == want_kept, "round {round} after {kills} kills: other files");
    }
}
