//! What every typed config has in common: a table of fields, presets, and one way in that names
//! all problems at once. It knows no file and no file format.

use super::reading::{merge, nested, unknown_keys, wrong_types};
use super::{Field, Preset, Problem, field};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A typed config whose fields are described by a table.
pub trait Settings: Serialize + DeserializeOwned + 'static {
    /// Sentence, unit and range of every field.
    const FIELDS: &'static [Field];
    /// Named configs, the default first.
    const PRESETS: &'static [Preset<Self>];

    /// Adds the problems that no single field shows.
    fn more_problems(&self, problems: &mut Vec<Problem>);

    /// The base that a value is laid over, where something in the value chooses another one.
    fn based(&self, value: &Value) -> Option<Self> {
        let _ = value;
        None
    }

    /// Reads a config from JSON (or TOML turned into it). Left-out keys take the value in
    /// `base`. All problems are named at once: unknown keys, wrong types, values out of range.
    fn from_value(base: &Self, value: &Value) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        unknown_keys(Self::FIELDS, value, "", &mut problems);
        let chosen = base.based(value);
        let base = chosen.as_ref().unwrap_or(base);
        let mut merged = serde_json::to_value(base).unwrap_or(Value::Null);
        merge(&mut merged, value);
        if problems.is_empty() {
            match serde_json::from_value::<Self>(merged) {
                Ok(config) => {
                    problems = config.problems();
                    if problems.is_empty() {
                        return Ok(config);
                    }
                }
                Err(error) => problems = wrong_types(value, base, &error),
            }
        }
        Err(problems)
    }

    /// This config with one dotted key set from text, read as the field takes it: a text is
    /// taken as it is (or without its JSON quotes), a single text makes a list of one,
    /// everything else is JSON. Errors: those of [`Settings::from_value`].
    fn with(&self, key: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let field = Self::FIELDS.iter().find(|field| field.key == key);
        let leaf = field.map_or_else(|| field::json_or_text(text), |field| field.read(text));
        Self::from_value(self, &nested(key, leaf))
    }

    /// This config with several keys set from text and not checked: what does not fit its type
    /// at all changes nothing.
    fn with_unchecked<'a>(&self, values: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let mut whole = serde_json::to_value(self).ok()?;
        for (key, text) in values {
            let field = Self::FIELDS.iter().find(|field| field.key == key)?;
            merge(&mut whole, &nested(key, field.read(text)));
        }
        serde_json::from_value(whole).ok()
    }

    /// The value at a dotted key, `Null` if there is none.
    fn value_at(&self, key: &str) -> Value {
        let whole = serde_json::to_value(self).unwrap_or(Value::Null);
        key.split('.').try_fold(&whole, |at, part| at.get(part)).cloned().unwrap_or(Value::Null)
    }

    /// Every value that is out of its range.
    fn problems(&self) -> Vec<Problem> {
        let of = |field: &Field| field.problem(&self.value_at(field.key));
        let mut problems: Vec<Problem> = Self::FIELDS.iter().filter_map(of).collect();
        self.more_problems(&mut problems);
        problems
    }
}
