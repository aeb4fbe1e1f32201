//! What is wrong with the server, in words, with what to do about it.

use crate::logic::format;
use shared::api::{DeviceInfo, HealthBody, QueuedRun, WorkerInfo};
use shared::link::ANY_DEVICE;

/// Below this much free space runs may not be able to write checkpoints, bytes.
const LOW_DISK: u64 = 5_000_000_000;
/// Below this much free space writing fails soon, bytes.
const NO_DISK: u64 = 500_000_000;
/// A worker says something every few seconds; after this silence something is wrong.
const SILENT_SECS: f64 = 15.0;
/// A live link slower than this is felt, milliseconds.
const SLOW_LINK_MS: f64 = 500.0;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something does not work.
    Bad,
    /// Something will not work soon, or works worse.
    Warn,
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// How bad it is.
    pub level: Level,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub mend: String,
}

/// What the page itself knows beside the server's answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Here {
    /// Version of the page.
    pub version: &'static str,
    /// Round trip of the live link, milliseconds; none while it is down.
    pub round_trip_ms: Option<f64>,
}

/// Everything wrong, the worst first.
pub fn problems(health: &HealthBody, here: Here) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut say = |level, what: String, mend: &str| {
        found.push(Problem { level, what, mend: mend.to_owned() });
    };
    disk(health, &mut say);
    workers(health, &mut say);
    for queued in &health.queue {
        if let Some(why) = stuck(queued, &health.workers) {
            say(
                Level::Bad,
                format!("“{}” cannot start: {why}.", queued.name),
                "Start a worker that owns that device, or stop the run and make it again with \
                    another device.",
            );
        }
    }
    if health.version != here.version {
        say(
            Level::Bad,
            format!("The page is version {}, the server {}.", here.version, health.version),
            "Reload the page; if that does not help, build the page and the program from the \
                same source.",
        );
    }
    if !health.versions.makes_clips {
        say(
            Level::Warn,
            "The FFmpeg in use has no encoder for clips.".into(),
            "Frames are shown as pictures meanwhile. Install an FFmpeg with libvpx; \
                `videossr doctor` names them.",
        );
    }
    if !health.versions.missing_decoders.is_empty() {
        let names = health.versions.missing_decoders.join(", ");
        say(
            Level::Warn,
            format!("Videos in these codecs cannot be read: {names}."),
            "Install an FFmpeg that has them, or convert such videos first.",
        );
    }
    match here.round_trip_ms {
        None => say(
            Level::Warn,
            "The live link is down; what you see may be old.".into(),
            "It is tried again by itself. A proxy in between must let WebSockets through.",
        ),
        Some(ms) if ms > SLOW_LINK_MS => say(
            Level::Warn,
            format!("The live link is slow: {} ms for a round trip.", format::fixed(ms, 0)),
            "The server or the way to it is busy; a run on the same machine can be the cause.",
        ),
        Some(_) => {}
    }
    found.sort_by_key(|problem| problem.level);
    found
}

fn disk(health: &HealthBody, say: &mut impl FnMut(Level, String, &str)) {
    let Some(free) = health.storage.free_bytes else {
        return say(
            Level::Warn,
            "The free disk space cannot be told.".into(),
            "Look at it on the server's machine.",
        );
    };
    let level = match free {
        free if free < NO_DISK => Level::Bad,
        free if free < LOW_DISK => Level::Warn,
        _ => return,
    };
    let what = format!(
        "Only {} are free where the data lies; checkpoints and uploads need room.",
        format::bytes(free)
    );
    say(
        level,
        what,
        "Delete the folders marked as spare below, or old runs' checkpoints; or move the data \
            directory to a larger disk.",
    );
}

fn workers(health: &HealthBody, say: &mut impl FnMut(Level, String, &str)) {
    let local = health.workers.iter().filter(|worker| worker.name.starts_with("local-")).count();
    let missing = (health.local_workers as usize).saturating_sub(local);
    // Workers take a moment to come up.
    if missing > 0 && health.uptime_secs > SILENT_SECS {
        let what =
            format!("{} of {} local workers are not connected.", missing, health.local_workers);
        say(
            Level::Bad,
            what,
            "They are started again by themselves; `logs/local-N.log` in the data directory says \
                why one ended.",
        );
    } else if health.workers.is_empty() && missing == 0 {
        say(
            Level::Bad,
            "No worker is connected, so no run can start.".into(),
            "Start one with `videossr worker --server URL --token T`, or the server with \
                `--workers 1`.",
        );
    }
    for worker in &health.workers {
        let silence = health.now - worker.heard_at;
        if silence > SILENT_SECS {
            say(
                Level::Warn,
                format!(
                    "Worker {} has said nothing for {}.",
                    worker.name,
                    format::span_of_time(silence)
                ),
                "It is dropped after 30 s of silence, and its run is taken up when it comes back.",
            );
        }
    }
    for away in &health.away {
        say(
            Level::Warn,
            format!("Run {} lost its worker {}.", away.run, away.worker),
            "It is waited for; if it does not come back, the run is marked failed and resumes \
                from its newest checkpoint.",
        );
    }
}

/// Why no connected worker will ever take a queued run; none where one may.
pub fn stuck(queued: &QueuedRun, workers: &[WorkerInfo]) -> Option<String> {
    let takes = |worker: &WorkerInfo| worker.device == ANY_DEVICE || worker.device == queued.device;
    let owned: Vec<&str> = workers.iter().map(|worker| worker.device.as_str()).collect();
    (!workers.is_empty() && !workers.iter().any(takes))
        .then(|| format!("it asks for {}, and workers own {}", queued.device, owned.join(", ")))
}

/// A worker's state in a word, and the class of its pill.
pub fn state(worker: &WorkerInfo, now: f64) -> (&'static str, &'static str) {
    match (now - worker.heard_at > SILENT_SECS, worker.run.is_some()) {
        (true, _) => ("Silent", "pill is-warn"),
        (false, true) => ("Busy", "pill live is-good"),
        (false, false) => ("Idle", "pill is-good"),
    }
}

/// Name of a worker's device for people.
pub fn device(name: &str) -> &str {
    if name == ANY_DEVICE { "any device" } else { name }
}

/// Why a device is missing, or what it is.
pub fn about(device: &DeviceInfo) -> String {
    let text = if device.available { device.detail.as_ref() } else { device.why.as_ref() };
    text.map_or_else(
        || "–".to_owned(),
        |text| if device.available { text.clone() } else { format::sentence(text) },
    )
}

/// What a part of the data directory is for.
pub fn purpose(part: &str) -> &'static str {
    match part {
        "studio.db" => "People, runs, journals, answers and labels",
        "videos" => "Uploaded videos",
        "uploads" => "Videos on their way in",
        "runs" => "Journals, rollouts, checkpoints, evaluations",
        "strips" => "Decoded frames, decoded again when needed",
        "pictures" => "Clips and stills for the page, made again when needed",
        "logs" => "What local workers say",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::api::{AwayInfo, Storage, Versions};

    fn worker(name: &str, device: &str, heard_at: f64) -> WorkerInfo {
        WorkerInfo { name: name.into(), device: device.into(), run: None, joined_at: 0.0, heard_at }
    }

    fn sound() -> HealthBody {
        HealthBody {
            version: "1".into(),
            workers: vec![worker("local-1", ANY_DEVICE, 99.0)],
            queued: 0,
            disk_free_bytes: None,
            now: 100.0,
            uptime_secs: 60.0,
            local_workers: 1,
            away: vec![],
            queue: vec![],
            storage: Storage { free_bytes: Some(90_000_000_000), ..Storage::default() },
            versions: Versions { makes_clips: true, ..Versions::default() },
        }
    }

    const HERE: Here = Here { version: "1", round_trip_ms: Some(3.0) };

    #[test]
    fn a_sound_server_has_no_problem() {
        assert_eq!(problems(&sound(), HERE), []);
    }

    #[test]
    fn each_fault_is_one_sentence_with_a_mend_and_the_worst_comes_first() {
        let mut sick = sound();
        sick.storage.free_bytes = Some(2_000_000_000);
        sick.local_workers = 2;
        sick.workers[0].heard_at = 60.0;
        sick.away = vec![AwayInfo { run: "r".into(), worker: "far".into() }];
        sick.versions.missing_decoders = vec!["hevc".into()];
        let found = problems(&sick, Here { version: "2", round_trip_ms: None });
        assert_eq!(found.len(), 7, "{found:#?}");
        assert_eq!(found[0].level, Level::Bad);
        assert!(found.is_sorted_by_key(|problem| problem.level));
        assert!(found.iter().all(|p| p.what.ends_with('.') && p.mend.ends_with('.')), "{found:#?}");
    }

    #[test]
    fn a_server_that_just_began_is_given_time() {
        let mut young = sound();
        young.workers.clear();
        young.uptime_secs = 2.0;
        assert_eq!(problems(&young, HERE), []);
        young.uptime_secs = 60.0;
        assert_eq!(problems(&young, HERE).len(), 1);
        young.local_workers = 0;
        assert!(problems(&young, HERE)[0].what.starts_with("No worker is connected"));
    }

    #[test]
    fn a_run_that_nobody_can_take_is_named() {
        let queued = QueuedRun {
            run: "r".into(),
            name: "big".into(),
            device: "cuda:0".into(),
            created_at: 1.0,
        };
        assert_eq!(stuck(&queued, &[worker("w", "cuda:0", 0.0)]), None);
        assert_eq!(stuck(&queued, &[worker("w", ANY_DEVICE, 0.0)]), None);
        assert_eq!(stuck(&queued, &[]), None, "that no worker is there is said once");
        let why = stuck(&queued, &[worker("w", "cpu", 0.0)]);
        assert_eq!(why.as_deref(), Some("it asks for cuda:0, and workers own cpu"));
        let busy = WorkerInfo { run: Some("r".into()), ..worker("w", "cpu", 95.0) };
        assert_eq!(state(&busy, 100.0).0, "Busy");
        assert_eq!(state(&busy, 200.0).0, "Silent");
    }
}
