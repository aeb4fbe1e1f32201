//! Both sides in turn, and what their medians say.

use crate::Fallible;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs of each side; medians are printed.
const ROUNDS: usize = 5;
const LONG_ROUNDS: usize = 3;
/// Samples of one task, and of a whole dataset.
const SAMPLES: &str = "300";
const DATASET: &str = "600";
/// As this side writes them.
const QUALITY: &str = "82";
/// What a long video lasts at least, seconds.
const LONG_SECS: f64 = 63.0;

/// What either side prints.
#[derive(Deserialize)]
struct Report {
    /// Wall and, where it is told, processor seconds.
    seconds: BTreeMap<String, Vec<f64>>,
    peak_mb: f64,
}

/// The two programs.
struct Sides {
    python: PathBuf,
    pipeline: PathBuf,
    work: tempfile::TempDir,
}

/// PYTHON PIPELINE LONG_FOLDER [PROGRAM] -- VIDEO...
pub fn all(arguments: &[String]) -> Fallible<()> {
    let split = arguments.iter().position(|a| a == "--").ok_or("`--` and videos are missing")?;
    let (head, videos) = (&arguments[..split], &arguments[split + 1..]);
    let [python, pipeline, long, program @ ..] = head else {
        return Err("compare PYTHON PIPELINE LONG_FOLDER [PROGRAM] -- VIDEO...".into());
    };
    let sides =
        Sides { python: python.into(), pipeline: pipeline.into(), work: tempfile::tempdir()? };
    let longer = make_long(videos, Path::new(long));
    frames(&sides, "short videos", videos, ROUNDS)?;
    if longer.is_empty() {
        println!("long videos: not measured, no ffmpeg program here to make them");
    } else {
        frames(&sides, "videos of a minute and more", &longer, LONG_ROUNDS)?;
    }
    cached(&sides, videos)?;
    samples(&sides, videos)?;
    match program {
        [program, ..] => dataset(&sides, Path::new(program), videos),
        [] => Ok(()),
    }
}

impl Sides {
    fn ours(&self, arguments: &[&str], videos: &[String]) -> Fallible<Report> {
        report(Command::new(std::env::current_exe()?).args(arguments).args(videos))
    }

    fn reference(&self, arguments: &[&str], videos: &[String]) -> Fallible<Report> {
        let mut command = Command::new(&self.python);
        // A folder of its own: building begins by emptying it.
        let out = self.work.path().join("reference");
        std::fs::create_dir_all(&out)?;
        command.arg(&self.pipeline).args(arguments).arg("--out").arg(out);
        report(command.arg("--").args(videos))
    }
}

fn report(command: &mut Command) -> Fallible<Report> {
    let output = command.stderr(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?} ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Loops each video without decoding it, once; what cannot be looped is left out.
fn make_long(videos: &[String], folder: &Path) -> Vec<String> {
    let one = |video: &String| {
        let target = folder.join(Path::new(video).file_name()?);
        if !target.exists() {
            let mut command = Command::new("ffmpeg");
            command.args(["-v", "quiet", "-nostdin", "-y", "-stream_loop", "-1", "-i", video]);
            command.args(["-map", "0:v:0", "-c", "copy", "-t", &LONG_SECS.to_string()]);
            let made = command.arg(&target).status().is_ok_and(|status| status.success());
            if !made {
                // Half a file would be taken for a whole one next time.
                let _ = std::fs::remove_file(&target);
                return None;
            }
        }
        Some(target.to_string_lossy().into_owned())
    };
    if std::fs::create_dir_all(folder).is_err() {
        return Vec::new();
    }
    videos.iter().filter_map(one).collect()
}

/// Every video alone, then all of them with one on each core.
fn frames(sides: &Sides, title: &str, videos: &[String], rounds: usize) -> Fallible<()> {
    println!(
        "\n48 frames, short side 256, nothing cached: {title}, one at a time; ms (processor ms)"
    );
    println!("{:28} {:>15} {:>15} {:>15}  ratio  ratio", "", "ours", "decord+cv2", "decord's own");
    let mut runs: [Vec<Report>; 3] = Default::default();
    let mut all: [Vec<Report>; 3] = Default::default();
    for _ in 0..rounds {
        runs[0].push(sides.ours(&["frames"], videos)?);
        runs[1].push(sides.reference(&["frames"], videos)?);
        runs[2].push(sides.reference(&["frames", "--own-resize"], videos)?);
        all[0].push(sides.ours(&["together"], videos)?);
        all[1].push(sides.reference(&["together"], videos)?);
        all[2].push(sides.reference(&["together", "--own-resize"], videos)?);
    }
    let mut ratios: [Vec<f64>; 2] = Default::default();
    for video in videos {
        let [ours, reference, own] = runs.each_ref().map(|side| median(side, video));
        let name = Path::new(video).file_name().unwrap_or_default().to_string_lossy();
        let ratio = |other: Option<[f64; 2]>| Some(other?[0] / ours?[0]);
        ratios[0].extend(ratio(reference));
        ratios[1].extend(ratio(own));
        println!(
            "{name:28} {:>15} {:>15} {:>15} {} {}",
            ms(ours),
            ms(reference),
            ms(own),
            times(ratio(reference)),
            times(ratio(own))
        );
    }
    for (name, ratios) in ["decord+cv2", "decord's own resize"].iter().zip(&mut ratios) {
        ratios.sort_by(f64::total_cmp);
        if let (Some(least), Some(most)) = (ratios.first(), ratios.last()) {
            let middle = ratios[ratios.len() / 2];
            println!("against {name}: median {middle:.2}x, from {least:.2}x to {most:.2}x");
        }
    }
    let walls = all.each_ref().map(|side| median(side, "all").map_or(f64::NAN, |m| m[0]));
    let count = videos.len() as f64;
    println!(
        "one on each core: {:.1} videos/s; decord+cv2 {:.1} ({:.2}x), its own resize {:.1} ({:.2}x)",
        count / walls[0],
        count / walls[1],
        walls[1] / walls[0],
        count / walls[2],
        walls[2] / walls[0]
    );
    let peaks = all.each_ref().map(|side| side.iter().map(|r| r.peak_mb).fold(0.0, f64::max));
    println!(
        "peak memory: {:.0} MB; largest process {:.0} MB, {:.0} MB",
        peaks[0], peaks[1], peaks[2]
    );
    Ok(())
}

fn cached(sides: &Sides, videos: &[String]) -> Fallible<()> {
    let report = sides.ours(&["cached"], videos)?;
    let mut times: Vec<f64> = report.seconds.values().map(|t| t[0] * 1e3).collect();
    times.sort_by(f64::total_cmp);
    println!(
        "\ncached strip read: median {:.1} ms, slowest {:.1} ms over {} videos (goal 5 ms)",
        times[times.len() / 2],
        times[times.len() - 1],
        times.len()
    );
    Ok(())
}

fn samples(sides: &Sides, videos: &[String]) -> Fallible<()> {
    println!("\nsamples/s from sampled frames, changed frames written as JPEG, all cores");
    for task in ["mirror", "zoom-out", "rotate180", "channel-swap", "counting", "jigsaw"] {
        let mut runs: [Vec<Report>; 2] = Default::default();
        for _ in 0..LONG_ROUNDS {
            let folder = tempfile::tempdir_in(sides.work.path())?;
            let folder = folder.path().to_string_lossy().into_owned();
            runs[0].push(sides.ours(&["samples", task, SAMPLES, &folder], videos)?);
            let arguments = ["samples", "--task", task, "--count", SAMPLES, "--quality", QUALITY];
            runs[1].push(sides.reference(&arguments, videos)?);
        }
        let walls = runs.each_ref().map(|r| median(r, "samples").map_or(f64::NAN, |m| m[0]));
        let rates = walls.map(|wall| SAMPLES.parse().unwrap_or(f64::NAN) / wall);
        println!(
            "{task:14} {:9.0} beside {:9.0}  {:.2}x; peak memory {:.0} MB",
            rates[0],
            rates[1],
            rates[0] / rates[1],
            runs[0].iter().map(|r| r.peak_mb).fold(0.0, f64::max)
        );
    }
    Ok(())
}

/// `videossr dataset build` with the smallest preset, beside the same work in Python.
fn dataset(sides: &Sides, program: &Path, videos: &[String]) -> Fallible<()> {
    let folder = sides.work.path().join("videos");
    std::fs::create_dir_all(&folder)?;
    for video in videos {
        let name = Path::new(video).file_name().ok_or("a video without a name")?;
        std::fs::copy(video, folder.join(name))?;
    }
    let (mut ours, mut reference) = (Vec::new(), Vec::new());
    for round in 0..LONG_ROUNDS {
        let out = sides.work.path().join(format!("ours-{round}"));
        let mut command = Command::new(program);
        command.args(["dataset", "build", "--preset", "smoke"]);
        for setting in [format!("samples={DATASET}"), format!("quality={QUALITY}")] {
            command.arg("--set").arg(setting);
        }
        command.arg("--videos").arg(&folder).arg("--out").arg(&out);
        let start = std::time::Instant::now();
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        ours.push(start.elapsed().as_secs_f64());
        if !status.success() {
            return Err(format!("{command:?} ended with {status}").into());
        }
        std::fs::remove_dir_all(out)?;
        let arguments = ["build", "--count", DATASET, "--quality", QUALITY];
        let start = std::time::Instant::now();
        sides.reference(&arguments, videos)?;
        reference.push(start.elapsed().as_secs_f64());
    }
    let [ours, reference] = [ours, reference].map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!(
        "\ndataset of {DATASET} samples from {} videos: {ours:.1} s beside {reference:.1} s, {:.2}x",
        videos.len(),
        reference / ours
    );
    Ok(())
}

/// Medians over the runs that have this entry: wall, processor (or wall again).
fn median(runs: &[Report], key: &str) -> Option<[f64; 2]> {
    let of = |which: fn(&Vec<f64>) -> Option<&f64>| {
        let mut all: Vec<f64> =
            runs.iter().filter_map(|r| which(r.seconds.get(key)?).copied()).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    };
    Some([of(|t| t.first())?, of(|t| t.last())?])
}

fn ms(seconds: Option<[f64; 2]>) -> String {
    seconds.map_or("fails".into(), |[wall, cpu]| format!("{:.0} ({:.0})", wall * 1e3, cpu * 1e3))
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or("     -".into(), |r| format!("{r:5.2}x"))
}
