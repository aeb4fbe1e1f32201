//! The rewards against the released functions: 2,998 cases computed with them.

use shared::reward::{RewardMode, score_text};
use shared::task::TaskKind;
use std::path::Path;

#[test]
fn rewards_agree_with_the_released_functions() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/goldens/rewards.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: {} is not there", path.display());
        return;
    };
    let mut cases = 0;
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
        let field = |name: &str| case[name].as_str().expect("a text");
        let kind: TaskKind = field("task").parse().expect("a task");
        let got = score_text(RewardMode::Smooth, kind, field("truth"), field("answer")).total;
        let want = case["reward"].as_f64().expect("a number");
        assert!((got - want).abs() <= 1e-9, "{line}: {got}");
        cases += 1;
    }
    assert_eq!(cases, 2998);
}
