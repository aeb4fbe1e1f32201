//! Policy folders: what is written is what was there, and what is broken is said in a sentence.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "common/nano.rs"]
mod nano;

use nano::numbers;
use policy::config::PolicyConfig;
use policy::weights::WeightFiles;
use policy::{Model, Packed, Policy};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("policy-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn logits(policy: &Policy) -> Vec<f32> {
    let mut packed = Packed::new();
    packed.prefix(&nano::prompt(policy, 5, 4));
    let hidden = policy.model.forward(&packed);
    numbers(policy.model.logits(hidden))
}

fn load_error(dir: &Path) -> String {
    match Policy::load(dir, &policy::pick("cpu").unwrap()) {
        Ok(_) => panic!("the broken folder loaded"),
        Err(error) => error.to_string(),
    }
}

/// Replaces one tensor of a folder's weights.
fn rewrite(
    dir: &Path,
    change: impl Fn(&str, Dtype, Vec<usize>, Vec<u8>) -> Option<(Dtype, Vec<usize>, Vec<u8>)>,
) {
    let path = dir.join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let mut changed = Vec::new();
    for (name, view) in SafeTensors::deserialize(&bytes).unwrap().tensors() {
        if let Some(tensor) =
            change(&name, view.dtype(), view.shape().to_vec(), view.data().to_vec())
        {
            changed.push((name, tensor));
        }
    }
    let views = changed.iter().map(|(name, (dtype, shape, data))| {
        (name.as_str(), TensorView::new(*dtype, shape.clone(), data).unwrap())
    });
    fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn a_saved_folder_loads_to_the_same_bytes_and_logits() {
    let scratch = Scratch::new("roundtrip");
    let policy = nano::policy(PolicyConfig::nano(320), 1);
    policy.save(&scratch.at("a")).unwrap();
    let loaded = Policy::load(&scratch.at("a"), &policy.device).unwrap();
    assert_eq!(logits(&policy), logits(&loaded));
    loaded.save(&scratch.at("b")).unwrap();
    loaded.save(&scratch.at("b")).unwrap();
    let mut names: Vec<_> =
        fs::read_dir(scratch.at("a")).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    let expected = [
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    assert_eq!(names, expected);
    for name in names {
        let read = |folder: &str| fs::read(scratch.at(folder).join(&name)).unwrap();
        assert!(read("a") == read("b"), "{name:?} differs");
    }
    assert_eq!(
        fs::read_dir(&scratch.0).unwrap().count(),
        2,
        "something was left beside the folders"
    );
}

#[test]
fn the_reference_checkpoint_is_written_back_with_its_names_and_shapes() {
    let golden = common::golden();
    let scratch = Scratch::new("golden");
    let out = scratch.at("model.safetensors");
    policy::weights::save(&golden.model(), &golden.config, &out).unwrap();
    let (ours, theirs) =
        (fs::read(&out).unwrap(), fs::read(golden.dir.join("model.safetensors")).unwrap());
    let (ours, theirs) =
        (SafeTensors::deserialize(&ours).unwrap(), SafeTensors::deserialize(&theirs).unwrap());
    let mut names = [ours.names(), theirs.names()];
    names.iter_mut().for_each(|names| names.sort());
    assert_eq!(names[0], names[1]);
    for name in ours.names() {
        let (a, b) = (ours.tensor(name).unwrap(), theirs.tensor(name).unwrap());
        assert!(a.shape() == b.shape() && a.data() == b.data(), "{name} differs");
    }
}

#[test]
fn a_seed_gives_the_same_weights_and_another_seed_others() {
    let logits = |seed| logits(&nano::policy(PolicyConfig::nano(320), seed));
    assert_eq!(logits(4), logits(4));
    assert_ne!(logits(4), logits(5));
}

#[test]
fn other_sizes_heads_and_levels_round_trip() {
    let base = PolicyConfig::nano(320);
    let mut untied = base.clone();
    untied.tie_word_embeddings = Some(false);
    let mut flat = base.clone();
    flat.vision_config.deepstack_visual_indexes = vec![];
    let mut deep = base.clone();
    deep.vision_config.deepstack_visual_indexes = vec![0, 1];
    deep.text_config.num_hidden_layers = 2;
    let mut wide: serde_json::Value = serde_json::to_value(&base).unwrap();
    wide["text_config"]["hidden_size"] = json!(48);
    wide["text_config"]["num_attention_heads"] = json!(6);
    wide["text_config"]["num_key_value_heads"] = json!(1);
    wide["text_config"]["head_dim"] = json!(20);
    wide["text_config"]["rope_parameters"]["mrope_section"] = json!([4, 3, 3]);
    wide["text_config"]["intermediate_size"] = json!(72);
    wide["vision_config"]["hidden_size"] = json!(40);
    wide["vision_config"]["num_heads"] = json!(2);
    wide["vision_config"]["out_hidden_size"] = json!(48);
    wide["vision_config"]["num_position_embeddings"] = json!(49);
    let mut wide: PolicyConfig = serde_json::from_value(wide).unwrap();
    wide.eos_token_ids = vec![2];
    for (name, config) in [("untied", untied), ("flat", flat), ("deep", deep), ("wide", wide)] {
        let scratch = Scratch::new(name);
        let policy = nano::policy(config, 9);
        policy.save(&scratch.at("p")).unwrap();
        let loaded = Policy::load(&scratch.at("p"), &policy.device).unwrap();
        assert_eq!(logits(&policy), logits(&loaded), "{name}");
        let mut plain = policy.clone();
        plain.model = plain.model.with_kernels(policy::ops::Kernels::Plain);
        let distance = common::relative(&logits(&policy), &logits(&plain));
        assert!(distance < 1e-5, "{name}: plain and fused differ by {distance:.1e}");
    }
}

#[test]
fn older_configs_are_understood() {
    let mut value = serde_json::to_value(PolicyConfig::nano(320)).unwrap();
    let text = value["text_config"].as_object_mut().unwrap();
    let rope = text.remove("rope_parameters").unwrap();
    text.insert("rope_theta".into(), rope["rope_theta"].clone());
    text.insert(
        "rope_scaling".into(),
        json!({"mrope_section": [8, 4, 4], "rope_type": "default", "mrope_interleaved": true}),
    );
    let config: PolicyConfig = serde_json::from_value(value).unwrap();
    assert_eq!(
        (config.text_config.theta(), config.text_config.mrope_section()),
        (10_000.0, [8, 4, 4])
    );
    config.validate().unwrap();
}

#[test]
fn half_precision_and_sharded_weights_load() {
    let scratch = Scratch::new("half");
    let policy = nano::policy(PolicyConfig::nano(320), 2);
    policy.save(&scratch.at("p")).unwrap();
    rewrite(&scratch.at("p"), |_, _, shape, data| {
        let cut = data.chunks_exact(4).flat_map(|b| [b[2], b[3]]).collect();
        Some((Dtype::BF16, shape, cut))
    });
    let loaded = Policy::load(&scratch.at("p"), &policy.device).unwrap();
    let distance = common::relative(&logits(&loaded), &logits(&policy));
    assert!(distance > 1e-6 && distance < 0.1, "{distance}");

    let whole = fs::read(scratch.at("p/model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&whole).unwrap();
    let mut map = serde_json::Map::new();
    for (shard, half) in [("one.safetensors", true), ("two.safetensors", false)] {
        let part: Vec<_> = tensors
            .tensors()
            .into_iter()
            .filter(|(name, _)| name.contains("visual") == half)
            .collect();
        part.iter().for_each(|(name, _)| drop(map.insert(name.clone(), json!(shard))));
        fs::write(scratch.at("p").join(shard), safetensors::serialize(part, None).unwrap())
            .unwrap();
    }
    fs::remove_file(scratch.at("p/model.safetensors")).unwrap();
    fs::write(scratch.at("p/model.safetensors.index.json"), json!({"weight_map": map}).to_string())
        .unwrap();
    let sharded = Policy::load(&scratch.at("p"), &policy.device).unwrap();
    assert_eq!(logits(&sharded), logits(&loaded));
    fs::remove_file(scratch.at("p/two.safetensors")).unwrap();
    assert!(load_error(&scratch.at("p")).contains("two.safetensors"));
}

#[test]
fn broken_weights_are_named() {
    let scratch = Scratch::new("broken");
    let policy = nano::policy(PolicyConfig::nano(320), 2);
    let fresh = |name: &str| {
        let dir = scratch.at(name);
        policy.save(&dir).unwrap();
        dir
    };
    let gone = "model.language_model.layers.1.mlp.up_proj.weight";
    let dir = fresh("missing");
    rewrite(&dir, |name, dtype, shape, data| (name != gone).then_some((dtype, shape, data)));
    assert_eq!(load_error(&dir), format!("weights: tensor {gone} is missing"));
    let dir = fresh("misshapen");
    rewrite(&dir, |name, dtype, shape, data| {
        let shape = if name == gone { vec![shape[1], shape[0]] } else { shape };
        Some((dtype, shape, data))
    });
    let error = load_error(&dir);
    assert!(
        error.contains(gone) && error.contains("[128, 384]") && error.contains("[384, 128]"),
        "{error}"
    );
    let dir = fresh("integers");
    rewrite(&dir, |name, dtype, shape, data| {
        Some((if name == gone { Dtype::I32 } else { dtype }, shape, data))
    });
    assert!(load_error(&dir).contains("I32"));
    let dir = fresh("truncated");
    let bytes = fs::read(dir.join("model.safetensors")).unwrap();
    fs::write(dir.join("model.safetensors"), &bytes[..bytes.len() / 2]).unwrap();
    assert!(load_error(&dir).contains("no whole safetensors file"));
    fs::remove_file(dir.join("model.safetensors")).unwrap();
    assert!(load_error(&dir).contains("model.safetensors"));
}

#[test]
fn broken_configs_are_named() {
    let scratch = Scratch::new("config");
    let policy = nano::policy(PolicyConfig::nano(320), 2);
    let dir = scratch.at("p");
    policy.save(&dir).unwrap();
    let original: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(dir.join("config.json")).unwrap()).unwrap();
    let cases: [(&str, &str, serde_json::Value, &str); 5] = [
        ("text_config", "num_key_value_heads", json!(3), "num_key_value_heads"),
        ("text_config", "head_dim", json!(33), "head_dim"),
        ("vision_config", "out_hidden_size", json!(64), "out_hidden_size"),
        ("vision_config", "num_position_embeddings", json!(15), "no square"),
        ("vision_config", "patch_size", json!(8), "patch"),
    ];
    for (part, field, value, expected) in cases {
        let mut config = original.clone();
        config[part][field] = value;
        fs::write(dir.join("config.json"), config.to_string()).unwrap();
        let error = load_error(&dir);
        assert!(error.contains(expected), "{error}");
    }
    let mut config = original.clone();
    config["text_config"]["hidden_size"] = json!(120);
    config["vision_config"]["out_hidden_size"] = json!(120);
    fs::write(dir.join("config.json"), config.to_string()).unwrap();
    assert!(load_error(&dir).contains("shape"));
    fs::write(dir.join("config.json"), "{").unwrap();
    assert!(load_error(&dir).contains("config.json"));
}

#[test]
fn the_file_commands_answer_as_the_reference() {
    let golden = common::golden();
    let scratch = Scratch::new("files");
    let (input, out) = (golden.dir.join("reference.safetensors"), scratch.at("out.safetensors"));
    let device = policy::pick("cpu").unwrap();
    policy::logits_file(&golden.dir, &input, &out, &device).unwrap();
    let bytes = fs::read(&out).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    for (name, shape) in [
        ("logits", vec![1, 49, 600]),
        ("vision_merged", vec![18, 64]),
        ("continuation_logprobs", vec![1, 6]),
    ] {
        let view = tensors.tensor(name).unwrap();
        assert_eq!(view.shape(), shape);
        let ours: Vec<f32> = view
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect();
        common::close(name, &ours, &golden.floats[name], 1e-4);
    }
    assert_eq!(tensors.tensor("position_ids").unwrap().shape(), [3, 1, 49]);
    fs::write(scratch.at("bad"), b"nothing").unwrap();
    assert!(policy::logits_file(&golden.dir, &scratch.at("bad"), &out, &device).is_err());
    let model = Model::build(&golden.config, &mut WeightFiles::open(&golden.dir).unwrap(), &device);
    assert!(model.is_ok());
}

/// The golden input with one tensor replaced.
fn golden_input(path: &Path, name: &str, dtype: Dtype, shape: Vec<usize>, data: &[u8]) {
    let bytes = fs::read(common::golden().dir.join("reference.safetensors")).unwrap();
    let whole = SafeTensors::deserialize(&bytes).unwrap();
    let wanted = ["input_ids", "pixel_values_videos", "video_grid_thw", "continuation"];
    let mut views: Vec<_> = whole
        .tensors()
        .into_iter()
        .filter(|(other, _)| wanted.contains(&other.as_str()) && other != name)
        .collect();
    views.push((name.to_string(), TensorView::new(dtype, shape, data).unwrap()));
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn int_input(path: &Path, name: &str, values: &[i64]) {
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    golden_input(path, name, Dtype::I64, vec![1, values.len()], &data);
}

#[test]
fn ids_outside_the_vocabulary_and_impossible_grids_are_refused() {
    let golden = common::golden();
    let scratch = Scratch::new("strangers");
    let (input, out) = (scratch.at("in.safetensors"), scratch.at("out.safetensors"));
    let device = policy::pick("cpu").unwrap();
    let cases: [(&str, &[i64], &str); 9] = [
        ("continuation", &[5, 600], "continuation holds 600, but token ids go from 0 to 599"),
        ("continuation", &[-1], "continuation holds -1"),
        ("continuation", &[1 << 40], "continuation holds"),
        ("input_ids", &[600], "input_ids holds 600"),
        ("input_ids", &[], "input_ids is missing or empty"),
        ("video_grid_thw", &[-2, 6, 4], "video_grid_thw"),
        ("video_grid_thw", &[2, 0, 4], "video_grid_thw"),
        ("video_grid_thw", &[1 << 62, 4, 4], "video_grid_thw"),
        ("video_grid_thw", &[2, 6], "video_grid_thw"),
    ];
    for (name, values, expected) in cases {
        int_input(&input, name, values);
        let logits = policy::logits_file(&golden.dir, &input, &out, &device);
        let generated = policy::generate_file(&golden.dir, &input, 4, true, &device);
        for error in [logits.unwrap_err(), generated.unwrap_err()] {
            assert!(error.to_string().contains(expected), "{name} {values:?}: {error}");
        }
    }
}

#[test]
fn an_empty_continuation_gives_an_empty_tensor() {
    let golden = common::golden();
    let scratch = Scratch::new("empty");
    let (input, out) = (scratch.at("in.safetensors"), scratch.at("out.safetensors"));
    int_input(&input, "continuation", &[]);
    let device = policy::pick("cpu").unwrap();
    policy::logits_file(&golden.dir, &input, &out, &device).unwrap();
    let bytes = fs::read(&out).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("continuation_logprobs").unwrap().shape(), [1, 0]);
}
