//! A small untrained policy and prompts for it.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part and may panic")]

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use policy::{Clip, Model, Part, Policy, PolicyConfig, PolicyTokenizer, Processor, Prompt};

pub const QUESTION: &str = "When is the video mirrored? Answer with start-end.";

pub fn tokenizer() -> PolicyTokenizer {
    let corpus: Vec<String> =
        (0..60).map(|i| format!("{QUESTION} {i}.{}-{}.5", i % 10, i + 7)).collect();
    PolicyTokenizer::train(&corpus, 320).unwrap()
}

pub fn policy(config: PolicyConfig, seed: u64) -> Policy {
    Policy::fresh(config, tokenizer(), Processor::nano(), seed, &policy::pick("cpu").unwrap())
}

pub fn pixels(seed: u64, count: usize) -> Vec<u8> {
    let mut rng = policy::rng::Rng::new(seed);
    (0..count).map(|_| (rng.next_u64() & 255) as u8).collect()
}

pub fn prompt(policy: &Policy, seed: u64, frames: usize) -> Prompt {
    let rgb = pixels(seed, frames * 64 * 64 * 3);
    let secs: Vec<f64> = (0..frames).map(|i| i as f64 * 0.5).collect();
    let clip = Clip { rgb: &rgb, frames, height: 64, width: 64, secs: &secs };
    policy.prompt(&[Part::Video(clip), Part::Text(QUESTION)]).unwrap()
}

pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The gradient of every parameter, in the module's order.
pub fn all_grads(model: &Model, grads: &Gradients) -> Vec<(String, Vec<f32>)> {
    struct Walk<'a> {
        grads: &'a Gradients,
        path: Vec<String>,
        out: Vec<(String, Vec<f32>)>,
    }
    impl ModuleVisitor for Walk<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let grad = param.val().grad(self.grads).map(numbers).unwrap_or_default();
            self.out.push((self.path.join("."), grad));
        }
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
    }
    let mut walk = Walk { grads, path: vec![], out: vec![] };
    model.visit(&mut walk);
    walk.out
}
