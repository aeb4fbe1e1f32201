//! Times the nano policy: `cargo run --release -p policy --example speed [generate|groups|singles]`.
//! On a busy machine trust the processor's seconds, not the clock's.

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use policy::{
    Clip, Packed, Part, Policy, PolicyConfig, PolicyTokenizer, Processor, Prompt, SamplingOptions,
};
use std::time::Instant;

const FRAMES: usize = 48;
const SIDE: usize = 64;
const STEPS: u32 = 6;

fn main() -> Result<(), policy::PolicyError> {
    policy::tune_process();
    let device = policy::pick("cpu")?;
    let question = "When is the video mirrored? Answer with start-end in seconds.";
    let corpus: Vec<String> =
        (0..200).map(|i| format!("{question} {}.{}-{}.5", i % 60, i % 10, i)).collect();
    let tokenizer = PolicyTokenizer::train(&corpus, 512)?;
    let policy = Policy::fresh(PolicyConfig::nano(512), tokenizer, Processor::nano(), 1, &device);
    println!("{} parameters", policy.model.num_params());
    let started = Instant::now();
    let prompts = (0..32).map(|i| prompt(&policy, i, question)).collect::<Result<Vec<_>, _>>()?;
    println!("prompt: {:.2} ms each, {} tokens", ms(started) / 32.0, prompts[0].ids.len());
    let only = std::env::args().nth(1).unwrap_or_default();
    if "generate".starts_with(&only) {
        generation(&policy, &prompts[..8])?;
    }
    if "groups".starts_with(&only) {
        training(&policy, "train step, 8 prompts x 8 answers", &prompts[..8], 8);
    }
    if "singles".starts_with(&only) {
        training(&policy, "train step, 32 prompts x 1 answer", &prompts, 1);
    }
    Ok(())
}

fn ms(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}

/// Milliseconds of processor time that this process has used.
fn cpu_ms() -> f64 {
    // SAFETY: `getrusage` fills the struct it is given.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let ms = |time: libc::timeval| time.tv_sec as f64 * 1e3 + time.tv_usec as f64 * 1e-3;
    ms(usage.ru_utime) + ms(usage.ru_stime)
}

fn prompt(policy: &Policy, seed: usize, question: &str) -> Result<Prompt, policy::PolicyError> {
    let mut rng = policy::rng::Rng::new(seed as u64);
    let rgb: Vec<u8> =
        (0..FRAMES * SIDE * SIDE * 3).map(|_| (rng.next_u64() & 255) as u8).collect();
    let secs: Vec<f64> = (0..FRAMES).map(|i| i as f64 * 0.63).collect();
    let clip = Clip { rgb: &rgb, frames: FRAMES, height: SIDE, width: SIDE, secs: &secs };
    policy.prompt(&[Part::Video(clip), Part::Text(question)])
}

fn generation(policy: &Policy, prompts: &[Prompt]) -> Result<(), policy::PolicyError> {
    let mut policy = policy.clone();
    policy.config.eos_token_ids.clear();
    let seeds: Vec<Vec<u64>> =
        (0..prompts.len() as u64).map(|i| (0..8).map(|j| 100 * i + j).collect()).collect();
    let run = |max_new| {
        let options = SamplingOptions { max_new, ..SamplingOptions::default() };
        let times: Result<Vec<f64>, policy::PolicyError> = (0..5)
            .map(|_| {
                let started = Instant::now();
                policy::generate(&policy, prompts, &seeds, &options)?;
                Ok(ms(started))
            })
            .collect();
        times.map(best)
    };
    let (short, long) = (run(1)?, run(33)?);
    println!("vision, prefill and first token, {} prompts: {short:.1} ms", prompts.len());
    println!("decode step, {} rows: {:.2} ms", prompts.len() * 8, (long - short) / 32.0);
    Ok(())
}

fn training(policy: &Policy, what: &str, prompts: &[Prompt], answers: usize) {
    let mut model = policy.model.clone().train();
    let mut optimizer = AdamWConfig::new().init();
    let answer: Vec<u32> = (20..32).collect();
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    let mut cpu = cpu_ms();
    for step in 0..=STEPS {
        if step == 1 {
            cpu = cpu_ms(); // the first step also asks the system for memory
        }
        let started = Instant::now();
        let mut packed = Packed::new();
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for prompt in prompts {
            let prefix = packed.prefix(prompt);
            for _ in 0..answers {
                let suffix = packed.suffix(prefix, &answer);
                rows.extend(packed.target_rows(suffix, 0));
                targets.extend_from_slice(&answer);
            }
        }
        let logprobs = model.logprobs(model.forward_rows(&packed, &rows), &targets, 1.0);
        let loss = logprobs.mean().neg();
        times[0].push(ms(started));
        let started = Instant::now();
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        times[1].push(ms(started));
        let started = Instant::now();
        model = optimizer.step(1e-3, model, grads);
        times[2].push(ms(started));
    }
    let cpu = (cpu_ms() - cpu) / f64::from(STEPS);
    let [forward, backward, step] = times.map(best);
    println!(
        "{what}: forward {forward:.0} + backward {backward:.0} + optimiser {step:.0} ms; processor {cpu:.0} ms"
    );
}

fn best(times: Vec<f64>) -> f64 {
    times.into_iter().fold(f64::INFINITY, f64::min)
}
