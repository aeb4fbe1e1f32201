//! This program's side: what is timed, and nothing around it.

use crate::Fallible;
use media::{FrameStrip, StripCache};
use serde_json::{Map, Value, json};
use shared::task::{Difficulty, SampleSpec, Task};
use shared::video::{FrameSize, SamplePlan};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tasks::Sources;

/// Of the frames' JPEG files, as datasets have it and as the reference is told.
const QUALITY: u8 = 82;

fn plan() -> SamplePlan {
    SamplePlan::strip(FrameSize::ShortSide(256))
}

/// Seconds of each video decoded alone: wall and processor.
pub fn frames(videos: &[String]) -> Fallible<()> {
    let mut seconds = Map::new();
    for video in videos {
        let (wall, cpu) = (Instant::now(), cpu_secs());
        match media::strip(Path::new(video), &plan(), &StripCache::disabled()) {
            Ok(_) => {
                let took = [wall.elapsed().as_secs_f64(), cpu_secs() - cpu];
                seconds.insert(video.clone(), json!(took));
            }
            Err(problem) => eprintln!("{problem}"),
        }
    }
    print(seconds)
}

/// Seconds for all videos with one on each core.
pub fn together(videos: &[String]) -> Fallible<()> {
    let (wall, cpu) = (Instant::now(), cpu_secs());
    over_cores(videos.len(), |i| {
        media::strip(Path::new(&videos[i]), &plan(), &StripCache::disabled()).map(drop)
    })?;
    let took = [wall.elapsed().as_secs_f64(), cpu_secs() - cpu];
    print(Map::from_iter([("all".to_owned(), json!(took))]))
}

/// Seconds to read each video's strip back from the cache folder: both files are known to the
/// system, the strip is not in memory. The median of nine.
pub fn cached(videos: &[String]) -> Fallible<()> {
    let folder = tempfile::tempdir()?;
    let mut seconds = Map::new();
    for video in videos {
        let path = Path::new(video);
        let cache = StripCache::open(folder.path())?;
        // Kept by the cache alone, so it is in the folder only.
        drop(media::strip(path, &plan(), &cache)?);
        let mut times: Vec<f64> = (0..9)
            .map(|_| {
                let start = Instant::now();
                media::strip(path, &plan(), &cache)?;
                Ok(start.elapsed().as_secs_f64())
            })
            .collect::<Result<_, media::MediaError>>()?;
        times.sort_by(f64::total_cmp);
        seconds.insert(video.clone(), json!([times[4]]));
    }
    print(seconds)
}

/// Seconds for `frames` (decoding every video into the cache) and `samples` (reading strips
/// back, and writing every changed frame as a JPEG).
pub fn samples(arguments: &[String]) -> Fallible<()> {
    let [task, count, folder, videos @ ..] = arguments else {
        return Err("samples TASK COUNT FOLDER VIDEO...".into());
    };
    let (task, count, folder) = (task_named(task)?, count.parse::<usize>()?, Path::new(folder));
    let cache = StripCache::open(folder.join("cache"))?;
    let start = Instant::now();
    over_cores(videos.len(), |i| media::strip(Path::new(&videos[i]), &plan(), &cache).map(drop))?;
    let decoded = start.elapsed().as_secs_f64();
    let start = Instant::now();
    over_cores(videos.len(), |i| -> Fallible<()> {
        let strip = media::strip(Path::new(&videos[i]), &plan(), &cache)?;
        // A folder for each video, as the reference has it.
        let folder = folder.join(i.to_string());
        std::fs::create_dir_all(&folder)?;
        (i..count).step_by(videos.len()).try_for_each(|k| one_sample(&strip, task, k, &folder))
    })?;
    let made = start.elapsed().as_secs_f64();
    print(Map::from_iter([("frames".into(), json!([decoded])), ("samples".into(), json!([made]))]))
}

fn task_named(name: &str) -> Fallible<Task> {
    Ok(match name {
        "counting" => Task::Counting { difficulty: Difficulty::Easy },
        "jigsaw" => Task::Jigsaw { clips: 6 },
        perturbation => Task::Grounding { perturbation: perturbation.parse()? },
    })
}

/// Plans one sample and writes the frames that are not the strip's own.
fn one_sample(strip: &FrameStrip, task: Task, k: usize, folder: &Path) -> Fallible<()> {
    let sources = Sources::from(strip);
    let plan = tasks::plan(&sources, &SampleSpec::new(strip.video.clone(), task, k as u64))?;
    for frame in tasks::paint(&sources, &plan)?.frames {
        let jpeg = media::encode_jpeg_frame(&frame.rgb, strip.width, strip.height, QUALITY)?;
        std::fs::write(folder.join(format!("{k}-{}.jpg", frame.place)), jpeg)?;
    }
    Ok(())
}

/// Runs pieces of work in order on all cores; the first problem ends it.
fn over_cores<E: ToString>(
    pieces: usize,
    work: impl Fn(usize) -> Result<(), E> + Sync,
) -> Fallible<()> {
    let next = AtomicUsize::new(0);
    let one_core = || loop {
        let i = next.fetch_add(1, Ordering::Relaxed);
        if i >= pieces {
            return Ok(());
        }
        work(i).map_err(|problem| problem.to_string())?;
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let cores: Vec<_> = (0..cores).map(|_| scope.spawn(one_core)).collect();
        cores.into_iter().try_for_each(|c| c.join().unwrap_or_else(|_| Err("it panicked".into())))
    })
    .map_err(String::into)
}

/// Processor seconds of this process so far, over all its threads.
fn cpu_secs() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills the structure it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Largest resident memory of this process so far, MB.
fn peak_mb() -> f64 {
    // SAFETY: a structure of plain numbers, filled by the call.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let unit = if cfg!(target_os = "macos") { 1e6 } else { 1e3 };
    usage.ru_maxrss as f64 / unit
}

fn print(seconds: Map<String, Value>) -> Fallible<()> {
    println!("{}", json!({"seconds": seconds, "peak_mb": peak_mb()}));
    Ok(())
}
