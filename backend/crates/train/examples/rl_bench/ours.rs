//! This program's side: the rollout and the update of a batch, as a run makes them.

use crate::Fallible;
use crate::arguments::Arguments;
use crate::batch::{Batch, Settings};
use crate::dump::seeds;
use crate::report::{Report, peak_mb};
use burn::module::Module;
use policy::{
    Generated, Policy, PolicyError, Prefix, Prompt, SamplingOptions, generate, generate_after,
};
use shared::config::RunConfig;
use std::path::{Path, PathBuf};
use std::time::Instant;
use train::loss::Objective;
use train::optim::AdamW;
use train::rollout;
use train::step::Learner;

/// POLICY BATCH [--prompts] [--group] [--threads] [--rounds]
pub fn measure(mut arguments: Arguments) -> Fallible<()> {
    let policy = PathBuf::from(arguments.next("the folder of a policy")?);
    let batch = PathBuf::from(arguments.next("a batch")?);
    let (prompts, group) = (arguments.option("prompts")?, arguments.option("group")?);
    let (threads, rounds) = (arguments.threads()?, arguments.option("rounds")?.unwrap_or(1));
    arguments.done()?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let mut policy = Policy::load(&policy, &policy::pick("cpu")?)?;
    let batch = Batch::read(Path::new(&batch), &policy.config, prompts, group)?;
    let report = rounds_of(&mut policy, &batch, threads, rounds)?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}

fn rounds_of(policy: &mut Policy, batch: &Batch, threads: usize, rounds: u64) -> Fallible<Report> {
    let prompts: Vec<Prompt> = batch.groups.iter().map(|group| group.prompt.clone()).collect();
    let group = batch.groups.first().map_or(0, |group| group.answers.len());
    let options = rollout::options(&batch.settings.sampling);
    let mut learner = learner(policy, &batch.settings);
    let parameters = policy.model.num_params();
    let mut report = Report { threads, parameters, base_mb: peak_mb(), ..Report::default() };
    for round in 0..rounds {
        let seeds = seeds(prompts.len(), group, round);
        let one = SamplingOptions { max_new: 1, ..options };
        let first = timed(&mut report.seconds.first, || generate(policy, &prompts, &seeds, &one));
        first?;
        let took = &mut report.seconds.rollout;
        let (read, answers) = timed(took, || answer(policy, &learner, &prompts, &seeds, &options));
        let answers = answers?;
        let lengths = answers.iter().flatten().map(|answer| answer.ids.len());
        report.tokens.push(lengths.clone().sum());
        report.longest.push(lengths.max().unwrap_or(0));
        let done = timed(&mut report.seconds.update, || {
            let done = learner.update(&batch.groups, read);
            policy.model = learner.plain();
            done
        });
        report.loss.push(done.loss);
        report.grad_norm.push(done.grad_norm);
    }
    report.peak_mb = peak_mb();
    Ok(report)
}

/// As a run answers its questions.
fn answer(
    policy: &Policy,
    learner: &Learner,
    prompts: &[Prompt],
    seeds: &[Vec<u64>],
    options: &SamplingOptions,
) -> (Option<Prefix>, Result<Vec<Vec<Generated>>, PolicyError>) {
    let read = learner.read(prompts, seeds.first().map_or(0, Vec::len));
    let answers = match &read {
        Some(read) => generate_after(policy, read, prompts, seeds, options),
        None => generate(policy, prompts, seeds, options),
    };
    (read, answers)
}

fn timed<T>(seconds: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    seconds.push(start.elapsed().as_secs_f64());
    result
}

/// As a run of the default recipe has it.
fn learner(policy: &Policy, settings: &Settings) -> Learner {
    Learner {
        model: policy.model.clone().train(),
        reference: policy.model.clone(),
        optim: AdamW::new(settings.optim.weight_decay),
        device: policy.device.clone(),
        objective: Objective {
            grpo: settings.grpo.clone(),
            update: RunConfig::default().update,
            papo: 0.0,
        },
        settings: settings.optim.clone(),
        temperature: settings.sampling.temperature as f32,
        longest: settings.sampling.max_new_tokens as usize,
    }
}
