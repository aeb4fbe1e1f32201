//! Times the parts that run between training steps, on made scenes of 64 x 64 pixels; with
//! arguments FOLDER VIDEO..., also decoding and encoding, and writes contact sheets.

use media::FrameStrip;
use shared::task::{Difficulty, Perturbation, SampleSpec, Task};
use shared::video::{FrameSize, SamplePlan};
use std::path::Path;
use std::time::Instant;

fn time(name: &str, repeats: u32, mut work: impl FnMut(u32)) {
    work(0);
    let start = Instant::now();
    for i in 0..repeats {
        work(i);
    }
    println!("{name:24} {:8.3} ms", start.elapsed().as_secs_f64() * 1e3 / f64::from(repeats));
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan = SamplePlan::strip(FrameSize::Exact(64, 64));
    time("scene", 200, |i| {
        tasks::warmup::scene(u64::from(i), &plan);
    });
    let strip = tasks::warmup::scene(1, &plan);
    let mut rng = tasks::Rng::from_seed(1);
    time("augment 1.0", 200, |_| {
        tasks::warmup::augment(&strip, &mut rng, 1.0);
    });
    for task in all_tasks() {
        time(&task.cell(), 100, |i| {
            let spec = SampleSpec::new(strip.video.clone(), task, u64::from(i));
            tasks::generate(&strip, &spec).expect("a sample");
        });
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((folder, videos)) = arguments.split_first() else { return Ok(()) };
    let folder = Path::new(folder);
    for seed in 0..12u64 {
        let strip = tasks::warmup::scene(seed, &plan);
        let augmented = tasks::warmup::augment(&strip, &mut rng, 1.0);
        for (name, strip) in [("scene", &strip), ("augmented", &augmented)] {
            let sheet = media::encode_atlas(&strip.rgb, 64, 64, 24)?;
            std::fs::write(folder.join(format!("{name}{seed:02}.jpg")), sheet)?;
        }
    }
    videos.iter().try_for_each(|video| one_video(Path::new(video), folder))
}

fn all_tasks() -> Vec<Task> {
    let mut all: Vec<Task> =
        Perturbation::ALL.iter().map(|p| Task::Grounding { perturbation: *p }).collect();
    all.push(Task::Counting { difficulty: Difficulty::Easy });
    all.push(Task::Counting { difficulty: Difficulty::Hard });
    all.push(Task::Jigsaw { clips: 6 });
    all
}

/// Decodes a video for policy and viewer at once, encodes it, and draws a sheet of each task.
fn one_video(path: &Path, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plans =
        [SamplePlan::strip(FrameSize::ShortSide(256)), SamplePlan::strip(FrameSize::Exact(64, 64))];
    let start = Instant::now();
    let strips = media::strips(path, &plans, &media::StripCache::disabled())?;
    let decoded = start.elapsed().as_secs_f64() * 1e3;
    let strip = &strips[0];
    let start = Instant::now();
    let clip = media::encode_clip(&strip.rgb, strip.width, strip.height, 8)?;
    let encoded = start.elapsed().as_secs_f64() * 1e3;
    let start = Instant::now();
    let atlas = media::encode_atlas(&strip.rgb, strip.width, strip.height, 8)?;
    let drawn = start.elapsed().as_secs_f64() * 1e3;
    println!(
        "{name:28} {}x{} decode {decoded:6.0} ms, clip {encoded:5.0} ms {} KB, atlas {drawn:4.0} ms {} KB",
        strip.width,
        strip.height,
        clip.len() / 1024,
        atlas.len() / 1024
    );
    strips.iter().try_for_each(|strip| sheets(strip, &name, folder))?;
    std::fs::write(folder.join(format!("{name}.webm")), clip)?;
    std::fs::write(folder.join(format!("{name}.jpg")), atlas)?;
    Ok(())
}

/// A contact sheet of each task.
fn sheets(strip: &FrameStrip, name: &str, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let (side, columns) = if strip.width == 64 { (64, 24) } else { (256, 8) };
    for task in all_tasks() {
        let spec = SampleSpec::new(strip.video.clone(), task, 7);
        let rgb = tasks::generate(strip, &spec)?.rgb();
        let sheet = media::encode_atlas(&rgb, strip.width, strip.height, columns)?;
        let cell = task.cell().replace(' ', "-");
        std::fs::write(folder.join(format!("{name}.{cell}.{side}.jpg")), sheet)?;
    }
    Ok(())
}
