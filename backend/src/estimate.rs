//! What a run will take before it is started: memory counted from the sizes of policy and batch,
//! time from the newest run like it.

use crate::admission::policy_dir;
use crate::app::App;
use policy::PolicyConfig;
use policy::weights::WeightFiles;
use shared::api::{Estimate, Speed};
use shared::config::RunConfig;
use shared::event::{EventBody, RunEvent, StepMetrics};
use shared::recipe::Precision;

/// Events at the end of a journal among which its last steps are looked for.
const TAIL: u32 = 400;
/// Steps that make a speed.
const STEPS: usize = 3;

/// None where the policy cannot be read: starting the run will say why.
pub fn of(app: &App, config: &RunConfig) -> Option<Estimate> {
    let folder = policy_dir(app.policy.as_deref(), config)?;
    let sizes = PolicyConfig::load(&folder).ok()?;
    let parameters = WeightFiles::open(&folder).ok()?.parameters();
    let like = newest_like(app, config);
    let shown = like.as_ref().map(|(_, _, steps)| mean(steps, |step| step.prompt_tokens));
    Some(Estimate {
        parameters,
        memory_bytes: memory(config, &sizes, parameters, shown),
        speed: like.map(|(run, done, steps)| Speed {
            step_secs: speed(config, &done, &steps),
            run: run.id,
            run_name: run.name,
        }),
    })
}

/// The newest run with the same policy, device and precision that made some steps.
fn newest_like(
    app: &App,
    config: &RunConfig,
) -> Option<(shared::api::Run, RunConfig, Vec<StepMetrics>)> {
    let same = |done: &RunConfig| {
        (&done.policy, &done.device, done.precision)
            == (&config.policy, &config.device, config.precision)
    };
    let runs = app.store.runs().ok()?;
    runs.into_iter().rev().filter(|stored| same(&stored.config)).find_map(|stored| {
        let from = stored.run.seq.saturating_sub(u64::from(TAIL));
        let events = app.store.events_after(&stored.run.id, from, TAIL).ok()?;
        let step = |json: &str| match serde_json::from_str::<RunEvent>(json).ok()?.body {
            EventBody::Step(metrics) => Some(metrics),
            _ => None,
        };
        let steps: Vec<StepMetrics> = events.iter().filter_map(|event| step(&event.json)).collect();
        (steps.len() >= STEPS).then_some((stored.run, stored.config, steps))
    })
}

fn mean(steps: &[StepMetrics], of: impl Fn(&StepMetrics) -> f64) -> f64 {
    steps.iter().map(of).sum::<f64>() / steps.len().max(1) as f64
}

/// Seconds of a step of `config`, from those of a run, by the number of tokens read and written.
fn speed(config: &RunConfig, done: &RunConfig, steps: &[StepMetrics]) -> f64 {
    let (shown, said) = (mean(steps, |s| s.prompt_tokens), mean(steps, |s| s.new_tokens));
    let tokens = |config: &RunConfig| {
        let (prompts, group) = (config.grpo.prompts_per_step, config.grpo.group_size);
        f64::from(prompts) * (shown + f64::from(group) * said)
    };
    let mut secs: Vec<f64> = steps.iter().map(|step| step.step_secs).collect();
    secs.sort_by(f64::total_cmp);
    secs[secs.len() / 2] * tokens(config) / tokens(done).max(1.0)
}

/// Bytes of an update: weights, gradients, both moments and the frozen reference, and what a pass
/// keeps of each row in each layer (two inputs of norms with their outputs, the packed heads before
/// and after rotation, what attention saw, gate and up with their product).
fn memory(config: &RunConfig, sizes: &PolicyConfig, parameters: u64, shown: Option<f64>) -> u64 {
    let text = &sizes.text_config;
    let (group, longest) = (config.grpo.group_size, config.sampling.max_new_tokens);
    let answers = f64::from(group) * f64::from(longest);
    let most = f64::from(config.update.max_tokens_per_pass);
    let rows = shown.map_or(most, |shown| {
        (f64::from(config.grpo.prompts_per_step) * (shown + answers))
            .clamp(shown + answers, most.max(shown + answers))
    });
    let narrow = config.precision == Precision::Bf16;
    let (weights, number) = if narrow { (18.0, 2.0) } else { (20.0, 4.0) };
    let heads = text.heads();
    let (hidden, packed) = (text.hidden_size as f64, heads.width() as f64);
    let inside = 5.0 * hidden + 2.0 * packed + 3.0 * text.intermediate_size as f64;
    let layers = text.num_hidden_layers as f64;
    let per_row = match config.update.activation_checkpointing.is_on() {
        true => layers * hidden * 4.0 + inside * number,
        false => layers * inside * number,
    };
    let logits =
        rows.min(f64::from(config.grpo.prompts_per_step) * answers) * text.vocab_size as f64 * 8.0;
    (parameters as f64 * weights + rows * per_row + logits) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 51 million parameters took 2.57 GB with prompts of 210 tokens, measured on the CPU.
    #[test]
    fn memory_is_near_what_was_measured() {
        let mut sizes = PolicyConfig::nano(512);
        let text = &mut sizes.text_config;
        (text.hidden_size, text.intermediate_size, text.num_hidden_layers) = (640, 1792, 10);
        (text.num_attention_heads, text.num_key_value_heads, text.head_dim) = (10, 5, Some(64));
        let got = memory(&RunConfig::default(), &sizes, 51_281_856, Some(210.0)) as f64;
        assert!((got / 2.57e9 - 1.0).abs() < 0.34, "{got:.2e}");
        let mut frugal = RunConfig::default();
        frugal.update.activation_checkpointing = shared::recipe::Switch::On;
        assert!((memory(&frugal, &sizes, 51_281_856, Some(210.0)) as f64) < got * 0.7);
    }
}
