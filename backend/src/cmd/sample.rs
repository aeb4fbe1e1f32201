//! `videossr sample`: one sample as the policy sees it, with its question and truth.

use super::frames::{CLIP_FOLDERS, clear_folder, make_folder, refuse_beside, write_json};
use super::progress::Shown;
use crate::cli::Usage;
use anyhow::Result;
use media::StripCache;
use serde_json::{Value, json};
use shared::config::MixtureItem;
use shared::task::{Dials, Difficulty, Perturbation, SampleSpec, Shape, Task, TaskKind};
use shared::video::{FrameSize, SamplePlan};
use std::path::PathBuf;
use tasks::{Rng, Sample, Sources};

/// Arguments of `sample`.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The video file; it is only read.
    pub video: PathBuf,
    /// grounding, counting or jigsaw.
    #[arg(long)]
    pub task: TaskKind,
    /// The change to plant (grounding); mirror if not given. Several, with commas between them:
    /// the seed picks one.
    #[arg(long, value_delimiter = ',')]
    pub perturbation: Vec<Perturbation>,
    /// easy or hard (counting); easy if not given.
    #[arg(long)]
    pub difficulty: Option<Difficulty>,
    /// Number of clips, dividing 48 (jigsaw); 6 if not given.
    #[arg(long)]
    pub clips: Option<u32>,
    /// Tiles along each side, 2 or 3 (spatial); 2 if not given.
    #[arg(long)]
    pub grid: Option<u32>,
    /// A further dial, such as trim=1, kinds=4 or strength=[1.1,1.2]; a wrong name lists all.
    #[arg(long = "dial", value_name = "NAME=VALUE")]
    pub dials: Vec<String>,
    /// The video that frames are borrowed from (swap); it is only read.
    #[arg(long)]
    pub other: Option<PathBuf>,
    /// Chooses everything that is drawn by chance.
    #[arg(long)]
    pub seed: u64,
    /// Pixels of the shorter side; smaller videos are not enlarged.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pub short_side: u32,
    /// Folder for the frames and `sample.json`; it is created.
    #[arg(long)]
    pub out: PathBuf,
}

/// Writes the frames (`000.png`...; more than one clip: `clip1/000.png`...) and `sample.json`.
/// Errors: those of decoding, of making the sample and of writing files.
pub fn run(args: Args) -> Result<()> {
    let (task, dials) = task_of(&args)?;
    let plan =
        SamplePlan { count: task.source_frames(), size: FrameSize::ShortSide(args.short_side) };
    let videos: Vec<PathBuf> = args.other.iter().chain([&args.video]).cloned().collect();
    refuse_beside(&args.out, &CLIP_FOLDERS, &videos)?;
    let shown = Shown::spinner(format_args!("decoding {}", args.video.display()));
    let cache = StripCache::disabled();
    let strip = media::strip(&args.video, &plan, &cache)?;
    let other = args.other.as_ref().map(|path| media::strip(path, &plan, &cache)).transpose()?;
    drop(shown);
    let spec = SampleSpec {
        dials,
        other: other.as_ref().map(|strip| strip.video.clone()),
        ..SampleSpec::new(strip.video.clone(), task, args.seed)
    };
    let sample = tasks::generate(Sources { strip: &strip, other: other.as_deref() }, &spec)?;
    make_folder(&args.out)?;
    clear_folder(&args.out)?;
    for (i, clip) in sample.clips.iter().enumerate() {
        let folder = args.out.join(clip_folder(&sample, i));
        std::fs::create_dir_all(&folder)?;
        media::write_frames(&folder, &clip.rgb, sample.width, sample.height)?;
    }
    if !sample.answerable {
        eprintln!("videossr: these frames do not show the answer; a data set would draw again");
    }
    write_json(&args.out.join("sample.json"), &describe(&sample))
}

/// The task with its dials; a dial of another task is a mistake worth naming.
fn task_of(args: &Args) -> Result<(Task, Dials), Usage> {
    let mut item = MixtureItem {
        perturbations: args.perturbation.clone(),
        difficulty: args.difficulty,
        clips: args.clips,
        grid: args.grid,
        ..MixtureItem::of(Task::usual(args.task), 1.0)
    };
    item.perturbation = None;
    for text in &args.dials {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| Usage::new(format!("`{text}` is not NAME=VALUE, such as trim=1")))?;
        let value = serde_json::from_str(value)
            .map_err(|_| Usage::new(format!("`{value}` is not a value for the dial {name}")))?;
        item.dials = item.dials.with(name, value).map_err(Usage::new)?;
    }
    if let Some(problem) = item.problems("sample").first() {
        let dial = problem.field.trim_start_matches("sample.");
        return Err(Usage::new(format!("--{dial}: {}", problem.message)));
    }
    let tasks = item.tasks();
    let task = tasks[Rng::from_seed(args.seed).index(tasks.len())];
    Ok((task, item.dials))
}

fn clip_folder(sample: &Sample, clip: usize) -> String {
    if sample.clips.len() > 1 { format!("clip{}", clip + 1) } else { String::new() }
}

/// The contents of `sample.json`.
pub fn describe(sample: &Sample) -> Value {
    let info = &sample.info;
    let (mut perturbation, mut difficulty, mut clips, mut grid) = (None, None, None, None);
    match info.spec.task {
        Task::Grounding { perturbation: kind } => perturbation = Some(kind),
        Task::Counting { difficulty: level } => difficulty = Some(level),
        Task::Jigsaw { clips: number } => clips = Some(number),
        Task::Spatial { grid: side } => grid = Some(side),
        Task::Spotting | Task::Progress => {}
    }
    json!({
        "video": info.spec.video,
        "task": info.spec.task.kind(),
        "perturbation": perturbation,
        "difficulty": difficulty,
        "clips": clips,
        "grid": grid,
        "dials": info.spec.dials,
        "other": info.spec.other,
        "seed": info.spec.seed,
        "params": info.params,
        "question": info.question,
        "answer": info.answer,
        "truth": info.truth,
        "shapes": shapes_on_png(sample),
        "sampling_fps": info.sampling_fps,
        "width": sample.width,
        "height": sample.height,
        "frames": frames(sample),
    })
}

/// Shapes in pixels of the pictures written, which may be smaller than the canonical frame.
fn shapes_on_png(sample: &Sample) -> Option<Vec<Shape>> {
    let scale_x = f64::from(sample.width) / f64::from(sample.info.width);
    let scale_y = f64::from(sample.height) / f64::from(sample.info.height);
    let scaled = |shape: &Shape| Shape {
        center_px: [shape.center_px[0] * scale_x, shape.center_px[1] * scale_y],
        size_px: shape.size_px * (scale_x * scale_y).sqrt(),
        ..shape.clone()
    };
    sample.info.shapes.as_ref().map(|shapes| shapes.iter().map(scaled).collect())
}

/// One entry for each picture, in display order; label times restart in every clip.
fn frames(sample: &Sample) -> Vec<Value> {
    let mut all = Vec::new();
    for (i, clip) in sample.clips.iter().enumerate() {
        let folder = clip_folder(sample, i);
        for (slot, (frame, label_secs)) in clip.frames.iter().zip(&clip.label_secs).enumerate() {
            let name = media::frame_name(slot);
            let file = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            all.push(json!({
                "file": file,
                "slot": frame.slot,
                "source_index": frame.source_index,
                "pts_secs": frame.pts_secs,
                "label_secs": label_secs,
            }));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_of(task: Task, size: FrameSize) -> Value {
        let strip = tasks::warmup::scene(3, &SamplePlan::strip(size));
        let spec = SampleSpec::new(strip.video.clone(), task, 7);
        let sample = tasks::generate(&strip, &spec).expect("a sample");
        let text = serde_json::to_string(&describe(&sample)).expect("json");
        serde_json::from_str(&text).expect("the same")
    }

    #[test]
    fn grounding_has_every_field_of_the_contract() {
        let json = json_of(
            Task::Grounding { perturbation: Perturbation::ZoomOut },
            FrameSize::ShortSide(256),
        );
        assert_eq!(
            (&json["task"], &json["perturbation"]),
            (&json!("grounding"), &json!("zoom-out"))
        );
        assert!(
            json["difficulty"].is_null() && json["clips"].is_null() && json["shapes"].is_null()
        );
        assert_eq!(json["seed"], json!(7));
        let start = json["params"]["start_slot"].as_u64().expect("a start");
        let length = json["params"]["length"].as_u64().expect("a length");
        assert_eq!(json["truth"]["span_slots"], json!([start, start + length]));
        let [from, to] = [0, 1].map(|i| json["truth"]["span_secs"][i].as_f64().expect("seconds"));
        assert_eq!(json["answer"], json!(format!("{from:.1}-{to:.1}")));
        assert_eq!(json["frames"].as_array().map(Vec::len), Some(48));
        assert_eq!(
            (&json["frames"][5]["file"], &json["frames"][5]["slot"]),
            (&json!("005.png"), &json!(5))
        );
    }

    #[test]
    fn jigsaw_names_the_folder_of_every_picture() {
        let json = json_of(Task::Jigsaw { clips: 6 }, FrameSize::Exact(64, 64));
        assert_eq!(json["frames"][8]["file"], json!("clip2/000.png"));
        assert_eq!(json["frames"][8]["label_secs"], json!(0.0));
        assert_eq!(json["truth"]["order"], json["answer"]);
        // Digit k is the clip that shows part k: its first picture is slot 8 (k - 1).
        for (part, digit) in json["answer"].as_str().expect("digits").chars().enumerate() {
            let clip = digit.to_digit(10).expect("a digit") as usize - 1;
            assert_eq!(json["frames"][clip * 8]["slot"], json!(part * 8));
        }
    }

    #[test]
    fn shapes_are_in_pixels_of_the_pictures() {
        let task = Task::Counting { difficulty: Difficulty::Easy };
        let (large, small) =
            (json_of(task, FrameSize::ShortSide(256)), json_of(task, FrameSize::ShortSide(128)));
        let center = |json: &Value| json["shapes"][0]["center_px"][1].as_f64().expect("pixels");
        assert!((center(&large) - 2.0 * center(&small)).abs() < 1e-6);
        assert_eq!(large["truth"], small["truth"]);
        assert!(
            ["circles", "squares", "triangles"]
                .iter()
                .all(|k| large["truth"][k].as_u64() >= Some(1))
        );
    }
}
