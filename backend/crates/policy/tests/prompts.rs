//! Prompts: tokens, positions, origins and pixels in both styles.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/nano.rs"]
mod nano;

use policy::processor::{FrameSize, PromptStyle};
use policy::{Clip, Packed, Part, PolicyConfig, Processor, VisualSpan};

#[test]
fn a_compact_prompt_is_time_tokens_text() {
    let policy = nano::policy(PolicyConfig::nano(320), 1);
    let rgb = nano::pixels(1, 3 * 64 * 64 * 3);
    let clip = Clip { rgb: &rgb, frames: 3, height: 64, width: 64, secs: &[0.0, 0.5, 12.34] };
    let prompt = policy.prompt(&[Part::Video(clip), Part::Text("When?")]).unwrap();
    let text: String = prompt.ids.iter().map(|&id| policy.tokenizer.token(id)).collect();
    let pads = "<|video_pad|>".repeat(4);
    assert_eq!(text, format!("0.2{pads}12.3{pads}When?<|im_start|>"));
    assert_eq!(prompt.grids, [[2, 4, 4]]);
    assert_eq!(prompt.patches.len(), 32 * 1536);
    assert_eq!(prompt.visual[5], VisualSpan { token: 12, clip: 0, pair: 1, row: 0, col: 1 });
    let at = |token: usize| prompt.positions[token];
    assert_eq!(
        [at(2), at(3), at(4), at(5), at(6), at(7)],
        [[2; 3], [3; 3], [3, 3, 4], [3, 4, 3], [3, 4, 4], [5; 3]]
    );
    assert_eq!(prompt.next_position, at(prompt.ids.len() - 1)[0] + 1);
}

#[test]
fn digits_and_signs_are_tokens_of_their_own() {
    let tokenizer = nano::tokenizer();
    for text in ["24.5-42.9", "3,0,12", "341562"] {
        let ids = tokenizer.encode(text).unwrap();
        assert_eq!(ids.len(), text.len());
        assert_eq!(tokenizer.decode(&ids), text);
    }
    assert_eq!(
        tokenizer.encode("24.5-42.9").unwrap(),
        nano::tokenizer().encode("24.5-42.9").unwrap()
    );
    let mixed = "Größe 日本\n\t 7";
    assert_eq!(tokenizer.decode(&tokenizer.encode(mixed).unwrap()), mixed);
    let spelled = tokenizer.encode("<|im_end|>").unwrap();
    assert!(!spelled.contains(&tokenizer.im_end), "text must not become a special token");
    assert_eq!(tokenizer.decode(&[tokenizer.im_end, spelled[0], 99_999]).len(), 1);
}

#[test]
fn a_chat_prompt_has_the_published_form() {
    let mut policy = nano::policy(PolicyConfig::nano(320), 1);
    policy.processor.prompt_style = PromptStyle::Chat;
    let rgb = nano::pixels(1, 2 * 64 * 64 * 3);
    let clip = Clip { rgb: &rgb, frames: 2, height: 64, width: 64, secs: &[1.0, 1.5] };
    let prompt = policy.prompt(&[Part::Video(clip), Part::Text("When?")]).unwrap();
    let text: String = prompt.ids.iter().map(|&id| policy.tokenizer.token(id)).collect();
    let pads = "<|video_pad|>".repeat(4);
    assert_eq!(
        text,
        format!(
            "<|im_start|>user\n<1.2 seconds><|vision_start|>{pads}<|vision_end|>When?<|im_end|>\n<|im_start|>assistant\n"
        )
    );
}

#[test]
fn pixels_are_cut_in_the_processors_order() {
    let processor = Processor::nano();
    let rgb: Vec<u8> = (0..2 * 64 * 64 * 3).map(|i| ((i * 7) % 256) as u8).collect();
    let clip = Clip { rgb: &rgb, frames: 2, height: 64, width: 64, secs: &[0.0, 1.0] };
    let (patches, grid) = processor.patches(&clip).unwrap();
    assert_eq!(grid, [1, 4, 4]);
    // Patch 6: second block of merged patches, its third member: row 1, column 2.
    for (channel, frame, y, x) in [(0, 0, 0, 0), (2, 1, 15, 3), (1, 0, 7, 15)] {
        let byte = rgb[((frame * 64 + 16 + y) * 64 + 32 + x) * 3 + channel];
        let ours = patches[6 * 1536 + ((channel * 2 + frame) * 16 + y) * 16 + x];
        assert!((ours - (f32::from(byte) / 127.5 - 1.0)).abs() < 1e-6);
    }
}

#[test]
fn frames_are_resized_as_published() {
    let mut processor = Processor::nano();
    processor.size =
        FrameSize::Volume { shortest_edge: 128 * 32 * 32, longest_edge: 768 * 32 * 32 };
    assert_eq!(processor.frame_size(4, 240, 320).unwrap(), (256, 320));
    assert_eq!(processor.frame_size(48, 720, 1280).unwrap(), (96, 160));
    assert_eq!(processor.frame_size(2, 20, 30).unwrap(), (224, 320));
    assert!(processor.frame_size(2, 2, 900).is_err());
    let fixed = Processor::nano();
    let rgb = vec![128u8; 2 * 30 * 50 * 3];
    let clip = Clip { rgb: &rgb, frames: 2, height: 30, width: 50, secs: &[0.0, 1.0] };
    let (patches, _) = fixed.patches(&clip).unwrap();
    assert!(patches.iter().all(|&x| (x - 0.003_921_6).abs() < 1e-4));
}

#[test]
fn clips_that_do_not_fit_are_refused() {
    let policy = nano::policy(PolicyConfig::nano(320), 1);
    let rgb = nano::pixels(1, 64 * 64 * 3);
    let refused = |clip| policy.prompt(&[Part::Video(clip)]).unwrap_err().to_string();
    assert!(
        refused(Clip { rgb: &rgb, frames: 2, height: 64, width: 64, secs: &[0.0, 1.0] })
            .contains("bytes")
    );
    assert!(
        refused(Clip { rgb: &rgb, frames: 1, height: 64, width: 64, secs: &[] }).contains("times")
    );
    assert!(
        refused(Clip { rgb: &[], frames: 0, height: 64, width: 64, secs: &[] })
            .contains("no frames")
    );
}

#[test]
fn target_rows_start_at_the_prefix() {
    let policy = nano::policy(PolicyConfig::nano(320), 1);
    let prompt = nano::prompt(&policy, 1, 2);
    let n = prompt.ids.len();
    let mut packed = Packed::new();
    let first = packed.prefix(&prompt);
    let one = packed.suffix(first, &[10, 11, 12]);
    let second = packed.prefix(&prompt);
    let two = packed.suffix(second, &[10]);
    let late = packed.suffix(first, &[13, 14]);
    assert_eq!(packed.prefix_rows(second), n + 3..2 * n + 3);
    assert_eq!(packed.suffix_rows(late), 2 * n + 4..2 * n + 6);
    assert_eq!(packed.target_rows(one, 0), [n - 1, n, n + 1]);
    assert_eq!(packed.target_rows(one, 2), [n + 1]);
    assert_eq!(packed.target_rows(two, 0), [2 * n + 2]);
    assert_eq!(packed.target_rows(late, 0), [n - 1, 2 * n + 4]);
}

#[test]
fn devices_say_why_they_are_missing() {
    let devices = policy::devices();
    assert!(devices[0].available && devices[0].name == "cpu");
    for device in devices.iter().filter(|device| !device.available) {
        assert!(device.why.is_some());
        assert!(policy::pick(&device.name).is_err());
    }
    assert!(policy::pick("tpu").unwrap_err().to_string().contains("tpu"));
}
