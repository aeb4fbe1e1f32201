//! Generation: equal to the reference, to itself without a cache, and alone or in a batch.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::golden;
use policy::ops::Kernels;
use policy::{
    Clip, Finish, Generated, Packed, Part, Policy, PolicyConfig, PolicyTokenizer, Processor,
    Prompt, SamplingOptions, generate,
};

fn nano(seed: u64) -> Policy {
    let corpus: Vec<String> =
        (0..50).map(|i| format!("When is it mirrored? {i}.{}-{}.0", i % 10, i + 7)).collect();
    let tokenizer = PolicyTokenizer::train(&corpus, 320).unwrap();
    let device = policy::pick("cpu").unwrap();
    let mut policy =
        Policy::fresh(PolicyConfig::nano(320), tokenizer, Processor::nano(), seed, &device);
    policy.config.eos_token_ids = vec![2, 60, 61, 62, 63, 64, 65];
    policy
}

fn prompt(policy: &Policy, seed: u64, frames: usize) -> Prompt {
    let mut rng = policy::rng::Rng::new(seed);
    let rgb: Vec<u8> = (0..frames * 64 * 64 * 3).map(|_| (rng.next_u64() & 255) as u8).collect();
    let secs: Vec<f64> = (0..frames).map(|i| i as f64 * 0.5).collect();
    let clip = Clip { rgb: &rgb, frames, height: 64, width: 64, secs: &secs };
    policy.prompt(&[Part::Video(clip), Part::Text("When is it mirrored?")]).unwrap()
}

fn options() -> SamplingOptions {
    SamplingOptions { max_new: 14, temperature: 0.9, ..SamplingOptions::default() }
}

#[test]
fn greedy_tokens_are_the_references() {
    let golden = golden();
    let input = golden.dir.join("reference.safetensors");
    let device = policy::pick("cpu").unwrap();
    let ids = policy::generate_file(&golden.dir, &input, 12, true, &device).unwrap();
    assert_eq!(ids, golden.ids("generated"));
}

#[test]
fn a_rollout_does_not_depend_on_its_batch() {
    let policy = nano(3);
    let prompts = [prompt(&policy, 1, 12), prompt(&policy, 2, 7), prompt(&policy, 3, 4)];
    let seeds: Vec<Vec<u64>> = (0..3).map(|i| (0..9).map(|j| 10 * i + j).collect()).collect();
    let together = generate(&policy, &prompts, &seeds, &options()).unwrap();
    let lengths: Vec<usize> = together.iter().flatten().map(|rollout| rollout.ids.len()).collect();
    assert!(lengths.iter().any(|&n| n < 14), "no rollout ended early: {lengths:?}");
    for (i, prompt) in prompts.iter().enumerate() {
        for (j, &seed) in seeds[i].iter().enumerate() {
            let alone =
                generate(&policy, std::slice::from_ref(prompt), &[vec![seed]], &options()).unwrap();
            assert_eq!(alone[0][0], together[i][j], "prompt {i}, seed {seed}");
        }
    }
}

/// The cached answer's log-probabilities and entropies against one pass over the whole sequence.
fn check_cache(policy: &Policy) {
    let prompts = [prompt(policy, 4, 6), prompt(policy, 5, 9)];
    let seeds = vec![vec![1, 2, 3], vec![4]];
    let groups = generate(policy, &prompts, &seeds, &options()).unwrap();
    for (prompt, group) in prompts.iter().zip(&groups) {
        for Generated { ids, logprobs, entropies, .. } in group {
            let mut packed = Packed::new();
            let prefix = packed.prefix(prompt);
            let suffix = packed.suffix(prefix, ids);
            let rows = policy.model.forward_rows(&packed, &packed.target_rows(suffix, 0));
            let (whole, entropy) = policy.model.logprobs_entropy(rows, ids, 0.9);
            for (ours, theirs) in [(logprobs, whole), (entropies, entropy)] {
                for (a, b) in ours.iter().zip(theirs.into_data().iter::<f32>()) {
                    assert!((a - b).abs() < 2e-5, "{a} {b}");
                }
            }
        }
    }
}

#[test]
fn cached_decoding_equals_one_whole_pass() {
    check_cache(&nano(5));
}

#[test]
fn cached_decoding_in_plain_operations_equals_one_whole_pass() {
    let mut policy = nano(5);
    policy.model = policy.model.with_kernels(Kernels::Plain);
    check_cache(&policy);
}

#[test]
fn both_forms_generate_the_same_tokens() {
    let mut fused = nano(6);
    fused.config.eos_token_ids = Vec::new();
    // More than the plain form makes room for at a time.
    let long = SamplingOptions { max_new: 70, ..options() };
    let mut plain = fused.clone();
    plain.model = plain.model.with_kernels(Kernels::Plain);
    let prompts = [prompt(&fused, 1, 4), prompt(&fused, 2, 5)];
    let seeds = vec![vec![1, 2], vec![3, 4]];
    let ids = |policy: &Policy| -> Vec<Vec<u32>> {
        generate(policy, &prompts, &seeds, &long)
            .unwrap()
            .into_iter()
            .flatten()
            .map(|r| r.ids)
            .collect()
    };
    assert_eq!(ids(&fused), ids(&plain));
}

#[test]
fn a_seed_repeats_and_bad_options_are_refused() {
    let policy = nano(7);
    let prompts = [prompt(&policy, 1, 4)];
    let once = generate(&policy, &prompts, &[vec![9, 9, 8]], &options()).unwrap();
    assert_eq!(once[0][0], once[0][1]);
    assert_ne!(once[0][0].ids, once[0][2].ids);
    let cold = SamplingOptions { temperature: 0.0, ..options() };
    assert!(generate(&policy, &prompts, &[vec![1]], &cold).is_err());
    assert!(generate(&policy, &prompts, &[], &options()).is_err());
    let narrow = SamplingOptions { top_k: 1, ..options() };
    let greedy = SamplingOptions { greedy: true, ..options() };
    let ids =
        |o: &SamplingOptions| generate(&policy, &prompts, &[vec![1]], o).unwrap()[0][0].ids.clone();
    assert_eq!(ids(&narrow), ids(&greedy));
}

#[test]
fn an_answer_ends_at_the_last_position_however_many_tokens_are_asked_for() {
    let mut policy = nano(8);
    policy.config.eos_token_ids = Vec::new();
    let prompts = [prompt(&policy, 1, 4), prompt(&policy, 2, 6)];
    let last = prompts.iter().map(|prompt| prompt.next_position).max().unwrap() as usize + 3;
    policy.config.text_config.max_position_embeddings = Some(last);
    let endless = SamplingOptions { max_new: usize::MAX, ..options() };
    let mut plain = policy.clone();
    plain.model = plain.model.with_kernels(Kernels::Plain);
    for policy in [&policy, &plain] {
        let groups = generate(policy, &prompts, &[vec![1, 2], vec![3]], &endless).unwrap();
        for (prompt, group) in prompts.iter().zip(&groups) {
            for answer in group {
                assert_eq!(answer.ids.len(), last - prompt.next_position as usize);
                assert_eq!(answer.finish, Finish::Length);
            }
        }
    }
    policy.config.text_config.max_position_embeddings = Some(last - 3);
    let error = generate(&policy, &prompts, &[vec![1], vec![2]], &endless).unwrap_err();
    assert!(error.to_string().contains("no room for an answer"), "{error}");
}
