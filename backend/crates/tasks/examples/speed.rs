//! Times the parts that run between training steps, on made scenes of 64 x 64 pixels, and
//! writes contact sheets to a folder given as the argument.

use shared::task::{Difficulty, Perturbation, SampleSpec, Task};
use shared::video::{FrameSize, SamplePlan};
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
    let mut all: Vec<Task> = Perturbation::ALL.iter().map(|p| Task::Grounding { perturbation: *p }).collect();
    all.push(Task::Counting { difficulty: Difficulty::Easy });
    all.push(Task::Counting { difficulty: Difficulty::Hard });
    all.push(Task::Jigsaw { clips: 6 });
    for task in all {
        time(&task.cell(), 100, |i| {
            let spec = SampleSpec { video: strip.video.clone(), task, seed: u64::from(i) };
            tasks::generate(&strip, &spec).expect("a sample");
        });
    }
    let Some(folder) = std::env::args().nth(1) else { return Ok(()) };
    for seed in 0..12u64 {
        let strip = tasks::warmup::scene(seed, &plan);
        let augmented = tasks::warmup::augment(&strip, &mut rng, 1.0);
        for (name, strip) in [("scene", &strip), ("augmented", &augmented)] {
            let sheet = media::encode_atlas(&strip.rgb, 64, 64, 24)?;
            std::fs::write(format!("{folder}/{name}{seed:02}.jpg"), sheet)?;
        }
    }
    Ok(())
}
