//! Makes a batch: real questions on real clips, answers that the policy samples.

use crate::Fallible;
use crate::arguments::Arguments;
use crate::batch::{Batch, Settings};
use media::StripCache;
use policy::{Generated, Policy, Prompt, generate};
use shared::config::RunConfig;
use std::path::{Path, PathBuf};
use tasks::{ClipFrames, Mixture, Sample};
use train::library::Library;
use train::prompts::{PromptMaker, plan_of};
use train::rollout::{self, Drawn, Question};
use train::seed::{Stream, derive};
use train::step::{Scored, ScoredGroup};

/// Frames that tasks are made of; see `shared::video::SamplePlan`.
const FRAMES: usize = 48;

/// POLICY VIDEO... --out FILE [--prompts] [--group] [--frames]
pub fn write(mut arguments: Arguments) -> Fallible<()> {
    let policy = PathBuf::from(arguments.next("the folder of a policy")?);
    let videos: Vec<PathBuf> = arguments.rest().into_iter().map(PathBuf::from).collect();
    let out: PathBuf = arguments.option("out")?.ok_or("--out FILE is missing")?;
    let size = [
        arguments.option("prompts")?.unwrap_or(8),
        arguments.option("group")?.unwrap_or(8),
        arguments.option("frames")?.unwrap_or(FRAMES),
    ];
    arguments.done()?;
    file(&policy, &videos, size, &out)
}

/// Writes a batch of `[prompts, answers to each, frames of each sample]`.
pub fn file(
    policy: &Path,
    videos: &[PathBuf],
    [prompts, group, frames]: [usize; 3],
    out: &Path,
) -> Fallible<()> {
    let config = RunConfig::default();
    let policy = Policy::load(policy, &policy::pick("cpu")?)?;
    let questions = questions(&config, &policy, videos, [prompts, frames])?;
    let settings = Settings {
        sampling: config.sampling.clone(),
        grpo: config.grpo.clone(),
        optim: config.optim.clone(),
        eos_token_ids: policy.config.eos_token_ids.clone(),
    };
    let groups = answered(&config, &policy, questions, group)?;
    Batch { settings, groups }.write(out)
}

/// The first questions of the default mixture.
fn questions(
    config: &RunConfig,
    policy: &Policy,
    videos: &[PathBuf],
    [count, frames]: [usize; 2],
) -> Fallible<Vec<Question>> {
    let (maker, plan) = (PromptMaker::of(policy), plan_of(&policy.processor));
    let mut library = Library::load(videos, &plan, &StripCache::disabled(), |_| ())?.not_empty()?;
    library.densify(&config.mixture, &plan, &StripCache::disabled());
    let (mixture, shelf) = (Mixture::from_config(&config.mixture)?, library.shelf());
    let seed = derive(config.seed, Stream::Sample, &[]);
    let question = |index| {
        let sample = tasks::sample_at(&shelf, &mixture, seed, index)?;
        Ok(Question::of(&reframed(sample, frames), &maker)?)
    };
    (0..count as u64).map(question).collect()
}

/// The sample with `frames` frames instead of [`FRAMES`]: some left out, or some shown again.
/// The question stays, so its answer may not: only time is measured with these.
fn reframed(mut sample: Sample, frames: usize) -> Sample {
    let size = (sample.width * sample.height * 3) as usize;
    for clip in sample.clips.iter_mut().filter(|_| frames != FRAMES) {
        let old = clip.label_secs.len();
        // Frames go in pairs.
        let new = (old * frames / FRAMES / 2 * 2).max(2);
        let places: Vec<usize> = (0..new).map(|i| i * old / new).collect();
        *clip = ClipFrames {
            rgb: places.iter().flat_map(|&i| clip.rgb[i * size..][..size].to_vec()).collect(),
            frames: places.iter().map(|&i| clip.frames[i]).collect(),
            label_secs: places.iter().map(|&i| clip.label_secs[i]).collect(),
        };
    }
    sample
}

/// Questions with sampled answers and what they are worth.
fn answered(
    config: &RunConfig,
    policy: &Policy,
    questions: Vec<Question>,
    group: usize,
) -> Fallible<Vec<ScoredGroup>> {
    let prompts: Vec<Prompt> = questions.iter().map(|question| question.prompt.clone()).collect();
    let answers = answers(config, policy, &prompts, group)?;
    let score = |(question, answers)| {
        Drawn::score(config.reward, question, vec![0; group], answers, &policy.tokenizer)
    };
    let drawn: Vec<Drawn> = questions.into_iter().zip(answers).map(score).collect();
    let compared = rollout::compare(config, &drawn);
    Ok(drawn.into_iter().zip(compared.advantages).map(|(d, a)| lesson(d, &a.values)).collect())
}

/// The first answers without a token that stands for pixels: an untrained policy draws some, and
/// transformers refuses a sequence with more of them than its clips have.
fn answers(
    config: &RunConfig,
    policy: &Policy,
    prompts: &[Prompt],
    group: usize,
) -> Fallible<Vec<Vec<Generated>>> {
    let marks = [policy.config.image_token_id, policy.config.video_token_id];
    let mut kept = vec![Vec::new(); prompts.len()];
    for round in 0.. {
        let seeds = seeds(prompts.len(), group, round);
        let drawn = generate(policy, prompts, &seeds, &rollout::options(&config.sampling))?;
        for (kept, drawn) in kept.iter_mut().zip(drawn) {
            kept.extend(drawn.into_iter().filter(|a| !a.ids.iter().any(|id| marks.contains(id))));
            kept.truncate(group);
        }
        if kept.iter().all(|kept| kept.len() == group) {
            break;
        }
    }
    Ok(kept)
}

/// One seed for each answer of a round: `[prompts][answers]`.
pub fn seeds(prompts: usize, group: usize, round: u64) -> Vec<Vec<u64>> {
    let of = |p| (0..group as u32).map(|r| rollout::rollout_seed(1, round, p, r)).collect();
    (0..prompts as u32).map(of).collect()
}

/// Where all answers earn the same, as those of an untrained policy do, nothing could be compared
/// with other programs: then they are worth 1 and -1 in turn.
fn lesson(drawn: Drawn, advantages: &[f64]) -> ScoredGroup {
    let dead = advantages.iter().all(|advantage| *advantage == 0.0);
    let worth = |i: usize| match (dead, i % 2) {
        (false, _) => advantages[i],
        (true, 0) => 1.0,
        (true, _) => -1.0,
    };
    let scored = |(i, answer): (usize, Generated)| Scored {
        ids: answer.ids,
        old: answer.logprobs,
        advantage: worth(i),
        ..Scored::default()
    };
    ScoredGroup {
        prompt: drawn.question.prompt,
        answers: drawn.answers.into_iter().enumerate().map(scored).collect(),
    }
}
