//! The form as a run.toml.

use crate::logic::form::{Change, Draft, Row};
use serde_json::Value;

/// The difference from what the form began with, which `origin` names (`preset: nano`), as the lines
/// of a run.toml: keys first, then the mixture's tables, as TOML wants them.
pub fn run_toml(origin: &str, draft: &Draft, changes: &[Change]) -> String {
    let value = draft.value();
    let line = |change: &Change| {
        let leaf = change.key.split('.').try_fold(&value, |at, part| at.get(part));
        format!("{} = {}", change.key, leaf.map(Value::to_string).unwrap_or_default())
    };
    let mut lines = vec![format!("# {origin}")];
    lines.extend(changes.iter().filter(|c| c.key != "mixture").map(line));
    if changes.iter().any(|c| c.key == "mixture") {
        lines.extend(draft.mixture.iter().flat_map(table));
    }
    lines.join("\n")
}

fn table(row: &Row) -> Vec<String> {
    let item = row.value();
    let keys = item.as_object().into_iter().flatten().filter(|(name, _)| *name != "weight");
    let mut lines = vec!["\n[[mixture]]".to_owned()];
    lines.extend(keys.map(|(name, value)| format!("{name} = {value}")));
    lines.push(format!("weight = {}", row.weight.trim()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::form::changes;
    use shared::config::RunConfig;

    #[test]
    fn the_file_has_keys_before_tables() {
        let base = RunConfig::default();
        let mut draft = Draft::of(&base);
        draft.mixture.truncate(1);
        let task = draft.mixture[0].item.task();
        draft.mixture[0].dials.put(&task, "length", 0, "4");
        draft.texts.insert("steps", "12".into());
        let text = run_toml("preset: demo", &draft, &changes(&draft, &base));
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part} in {text}"));
        assert!(at("# preset: demo") < at("steps = 12") && at("steps = 12") < at("[[mixture]]"));
        assert_eq!(text.matches("weight = ").count(), 1);
        assert!(at("[[mixture]]") < at("length = [4,16]"));
    }
}
