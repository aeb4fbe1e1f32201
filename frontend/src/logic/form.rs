//! The new-run form as values: what is typed, what it means, what is wrong, what differs
//! from the preset. Every check is the shared config's own.

use crate::logic::dials::Typed;
use crate::logic::format;
use serde_json::{Map, Value};
use shared::config::{FIELDS, Field, FieldKind, MixtureItem, Problem, RunConfig, Settings};
use shared::recipe::Recipe;
use shared::task::{Dials, Task};
use std::collections::BTreeMap;

/// What is typed, by dotted key, beside the mixture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// Text of each field but the mixture.
    pub texts: BTreeMap<&'static str, String>,
    /// The mixture's rows.
    pub mixture: Vec<Row>,
}

/// One row of the mixture editor; weight and dials stay text while they are typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Task and main dial.
    pub item: MixtureItem,
    /// The further dials.
    pub dials: Typed,
    /// As typed.
    pub weight: String,
}

impl Row {
    /// The row of an item.
    pub fn of(item: &MixtureItem) -> Self {
        Self {
            weight: plain(&Value::from(item.weight)),
            dials: Typed::of(&item.dials),
            item: MixtureItem { dials: Dials::default(), ..item.clone() },
        }
    }

    /// Another task or other changes; dials that fit stay as they are.
    pub fn set_item(&mut self, item: MixtureItem) {
        self.dials.fit(&self.item.tasks(), &item.tasks());
        self.item = item;
    }

    /// The item with its dials; those that are no values are left out.
    pub fn value(&self) -> Value {
        let dials = self.dials.read(&self.item.task()).unwrap_or_default();
        let item = MixtureItem { dials, ..self.item.clone() };
        let mut value = serde_json::to_value(&item).unwrap_or(Value::Null);
        if let Some(map) = value.as_object_mut() {
            map.insert("weight".into(), number(&self.weight));
        }
        value
    }
}

impl Draft {
    /// The form filled with a config.
    pub fn of(config: &RunConfig) -> Self {
        let texts = FIELDS
            .iter()
            .filter(|field| field.kind != FieldKind::Mixture)
            .map(|field| (field.key, plain(&config.value_at(field.key))))
            .collect();
        Self { texts, mixture: config.mixture.iter().map(Row::of).collect() }
    }

    /// The text of a field.
    pub fn text(&self, key: &str) -> &str {
        self.texts.get(key).map_or("", String::as_str)
    }

    /// Takes what was typed. Choosing a recipe sets the fields behind its plug points too.
    pub fn put(&mut self, key: &'static str, text: String) {
        if let Some(recipe) = text.parse::<Recipe>().ok().filter(|_| key == "recipe") {
            let set = recipe.applied(&RunConfig::default());
            self.texts.extend(recipe.values().map(|(key, _)| (key, plain(&set.value_at(key)))));
        }
        self.texts.insert(key, text);
    }

    /// The whole draft as JSON, wrong values as they were typed.
    pub fn value(&self) -> Value {
        let mut out = Value::Object(Map::new());
        for field in FIELDS {
            let leaf = match field.kind {
                FieldKind::Mixture => self.mixture_value(),
                _ => leaf(field, self.text(field.key)),
            };
            put(&mut out, field.key, leaf);
        }
        out
    }

    fn mixture_value(&self) -> Value {
        Value::Array(self.mixture.iter().map(Row::value).collect())
    }

    /// The config, or every problem: of each field by its own rule, of the mixture by the
    /// whole config's.
    pub fn check(&self) -> Result<RunConfig, Vec<Problem>> {
        let mut problems: Vec<Problem> = FIELDS
            .iter()
            .filter(|field| field.kind != FieldKind::Mixture)
            .filter_map(|field| field.problem(&leaf(field, self.text(field.key))))
            .collect();
        for (i, row) in self.mixture.iter().enumerate() {
            problems.extend(row.problems(&format!("mixture[{i}]")));
        }
        if problems.is_empty() {
            return RunConfig::from_value(&RunConfig::default(), &self.value());
        }
        Err(problems)
    }
}

impl Row {
    fn problems(&self, field: &str) -> Vec<Problem> {
        let weight = number(&self.weight).as_f64().filter(|weight| *weight > 0.0);
        let mut problems = self.dials.item(&self.item, field).err().unwrap_or_default();
        if weight.is_none() {
            let message = format!("{} is not a number above 0", quoted(&self.weight));
            problems.push(Problem { field: format!("{field}.weight"), message });
        }
        problems
    }
}

/// A typed text as a sentence names it.
pub fn quoted(text: &str) -> String {
    if text.trim().is_empty() { "nothing".into() } else { text.trim().to_owned() }
}

fn put(whole: &mut Value, key: &str, leaf: Value) {
    let mut at = whole;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        let Some(map) = at.as_object_mut() else { return };
        if parts.peek().is_none() {
            map.insert(part.to_owned(), leaf);
            return;
        }
        at = map.entry(part.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    }
}

/// A typed number; a text where it is none.
pub fn number(text: &str) -> Value {
    let text = text.trim().replace(['\u{202f}', ' ', '_'], "").replace('\u{2212}', "-");
    serde_json::from_str::<serde_json::Number>(&text)
        .map_or_else(|_| Value::String(text), Value::Number)
}

/// What a typed text means for a field; left as text where it does not fit.
fn leaf(field: &Field, text: &str) -> Value {
    match field.kind {
        FieldKind::Whole(..) | FieldKind::Real(..) => number(text),
        FieldKind::Texts => {
            let parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(Value::from).collect())
        }
        _ => Value::String(text.trim().to_owned()),
    }
}

/// A value as one types it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Number(n) => match n.as_f64() {
            Some(x) if n.is_f64() && x != 0.0 && (x.abs() < 1e-3 || x.abs() >= 1e6) => {
                format!("{x:e}")
            }
            Some(x) if n.is_f64() => format!("{x}"),
            _ => n.to_string(),
        },
        other => other.to_string(),
    }
}

/// A row of "changed from the preset".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Dotted key.
    pub key: String,
    /// In the preset.
    pub from: String,
    /// Typed.
    pub to: String,
}

/// What differs from the preset, in the order of the form.
pub fn changes(draft: &Draft, preset: &RunConfig) -> Vec<Change> {
    let base = Draft::of(preset);
    let mut out = Vec::new();
    for field in FIELDS {
        if field.kind == FieldKind::Mixture {
            let (from, to) = (mixture_words(&base), mixture_words(draft));
            if from != to {
                out.push(Change { key: field.key.into(), from, to });
            }
            continue;
        }
        let (from, to) = (base.text(field.key), draft.text(field.key));
        if leaf(field, from) != leaf(field, to) {
            let show = |text: &str| if text.is_empty() { "empty".into() } else { text.to_owned() };
            out.push(Change { key: field.key.into(), from: show(from), to: show(to) });
        }
    }
    out
}

fn mixture_words(draft: &Draft) -> String {
    let row = |row: &Row| {
        let cells: Vec<String> = row.item.tasks().iter().map(Task::cell).collect();
        let dials = row.dials.words();
        let dials = if dials.is_empty() { dials } else { format!(" ({dials})") };
        format!("{}{dials} {}", cells.join(" or "), row.weight.trim())
    };
    draft.mixture.iter().map(row).collect::<Vec<_>>().join(", ")
}

/// Share of each row, 0 where its weight is not a number above 0.
pub fn shares(rows: &[Row]) -> Vec<f64> {
    let weight = |row: &Row| number(&row.weight).as_f64().filter(|w| *w > 0.0).unwrap_or(0.0);
    let total: f64 = rows.iter().map(weight).sum();
    rows.iter().map(|row| if total > 0.0 { weight(row) / total } else { 0.0 }).collect()
}

/// A problem as the form says it: `3 is above 1. Takes a number from 0 to 1.`
pub fn wording(message: &str) -> String {
    match message.split_once("; ") {
        Some((what, rule)) if rule.starts_with("a ") || rule.starts_with("one of") => {
            format!("{} Takes {}.", format::sentence(what), grouped(rule))
        }
        Some((what, rule)) => {
            format!("{} {}", format::sentence(what), format::sentence(&grouped(rule)))
        }
        None => format::sentence(message),
    }
}

/// Long runs of digits with thin spaces.
fn grouped(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.parse::<u64>() {
        Ok(n) if word.len() > 4 => format::whole(n),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The range beside a field: `2 to 1 024`.
pub fn range(kind: FieldKind) -> String {
    match kind {
        FieldKind::Whole(_, high) if high > 1_000_000_000 => String::new(),
        FieldKind::Whole(low, high) => format!("{} to {}", format::whole(low), format::whole(high)),
        FieldKind::Real(low, high) => {
            format!("{} to {}", plain(&Value::from(low)), plain(&Value::from(high)))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_recipe_fills_its_fields_and_what_is_typed_after_it_stays() {
        let mut draft = Draft::of(&RunConfig::default());
        draft.put("recipe", "dapo".into());
        draft.put("grpo.kl_coef", "0.5".into());
        let config = draft.check().expect("fits");
        assert_eq!((config.recipe, config.grpo.clip_high), (Recipe::Dapo, 0.28));
        assert_eq!((config.grpo.kl_coef, config.select.refill), (0.5, 10));
        let changed: Vec<String> =
            changes(&draft, &RunConfig::default()).into_iter().map(|change| change.key).collect();
        let said = ["recipe", "grpo.kl_coef", "grpo.clip_high", "select.refill"];
        assert_eq!(changed[..4], said, "fields that stay as they are, are no changes");
        assert_eq!(changed[4..], ["select.overlong_share"]);
        draft.put("recipe", "grpo".into());
        assert_eq!(draft.check().expect("fits"), RunConfig::default());
    }
    use shared::config::PRESETS;

    #[test]
    fn every_preset_survives_the_form() {
        for preset in PRESETS {
            let config = (preset.config)();
            let draft = Draft::of(&config);
            assert_eq!(draft.check(), Ok(config.clone()), "{}", preset.name);
            assert_eq!(changes(&draft, &config), []);
        }
    }

    #[test]
    fn all_problems_are_said_at_once() {
        let mut draft = Draft::of(&RunConfig::default());
        draft.texts.insert("grpo.kl_coef", "3".into());
        draft.texts.insert("steps", "many".into());
        draft.mixture[0].weight = "x".into();
        let problems = draft.check().expect_err("three mistakes");
        let fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(fields, ["steps", "grpo.kl_coef", "mixture[0].weight"]);
        assert_eq!(wording(&problems[1].message), "3 is above 1. Takes a number from 0 to 1.");
    }

    #[test]
    fn changes_name_both_values() {
        let base = RunConfig::default();
        let mut draft = Draft::of(&base);
        draft.texts.insert("optim.learning_rate", "2e-5".into());
        draft.texts.insert("grpo.group_size", "08".into());
        let got = changes(&draft, &base);
        let learning_rate = got.iter().find(|c| c.key == "optim.learning_rate").expect("changed");
        let before = plain(&base.value_at("optim.learning_rate"));
        assert_eq!((&learning_rate.from, learning_rate.to.as_str()), (&before, "2e-5"));
        assert!(draft.check().is_err(), "08 is not a JSON number");
    }

    #[test]
    fn dials_of_a_row_reach_the_config() {
        let base = RunConfig::default();
        let mut draft = Draft::of(&base);
        let jigsaw = Task::Jigsaw { clips: 6 };
        draft.mixture = vec![Row::of(&MixtureItem::of(jigsaw, 1.0))];
        draft.mixture[0].dials.put(&jigsaw, "trim", 0, "1");
        let config = draft.check().expect("good");
        assert_eq!(config.mixture[0].dials.trim, Some(1));
        assert_eq!(Draft::of(&config), draft);
        let got = changes(&draft, &base);
        assert!(got.iter().any(|c| c.to == "jigsaw 6 (trim 1) 1"), "{got:?}");
        for (text, message) in [
            ("one", "one is not a whole number"),
            ("12", "12 does not fit; a whole number from 0 to 11"),
        ] {
            draft.mixture[0].dials.put(&jigsaw, "trim", 0, text);
            let problems = draft.check().expect_err("a bad dial");
            assert_eq!(problems[0].to_string(), format!("mixture[0].trim: {message}"));
        }
    }

    #[test]
    fn shares_sum_to_one_over_the_good_rows() {
        let mut draft = Draft::of(&RunConfig::default());
        draft.mixture[0].weight = "-1".into();
        let got = shares(&draft.mixture);
        assert_eq!(got[0], 0.0);
        assert!((got.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
