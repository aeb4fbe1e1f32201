//! The smooth rewards agree with the released VideoSSR functions on every golden case.

use serde::Deserialize;
use shared::reward::{RewardMode, score_text};
use shared::task::TaskKind;
use std::path::Path;

#[derive(Deserialize)]
struct Case {
    task: TaskKind,
    answer: String,
    truth: String,
    reward: f64,
}

#[test]
fn rewards_agree_with_the_released_functions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens/rewards.jsonl");
    let text = std::fs::read_to_string(&path).expect("the golden rewards");
    let mut checked = 0;
    for (number, line) in text.lines().enumerate() {
        let case: Case = serde_json::from_str(line).expect("a golden case");
        let got = score_text(RewardMode::Smooth, case.task, &case.truth, &case.answer);
        assert!(
            (got.total - case.reward).abs() <= 1e-9,
            "line {}: {:?} against {:?} gives {}, released {}",
            number + 1,
            case.answer,
            case.truth,
            got.total,
            case.reward
        );
        let parts: f64 = got.parts.iter().map(|part| part.value).sum();
        assert!((parts - got.total).abs() < 1e-9, "line {}: the parts do not sum up", number + 1);
        checked += 1;
    }
    assert_eq!(checked, 2998, "the golden file has changed");
}
