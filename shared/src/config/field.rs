//! One field of the run config: what it takes and what it means.

use super::Problem;
use serde_json::Value;

/// What values a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldKind {
    /// Whole number, both ends included.
    Whole(u64, u64),
    /// Real number, both ends included.
    Real(f64, f64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Text.
    Text,
    /// Several texts.
    Texts,
    /// The task mixture.
    Mixture,
}

impl FieldKind {
    /// The range in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Whole(low, high) => format!("a whole number from {low} to {high}"),
            Self::Real(low, high) => format!("a number from {low} to {high}"),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Text => "a text".into(),
            Self::Texts => "a list of texts".into(),
            Self::Mixture => "a list of tasks with weights".into(),
        }
    }
}

/// One field of the run config.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Dotted key.
    pub key: &'static str,
    /// Heading it stands under.
    pub group: &'static str,
    /// Name for people.
    pub label: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Unit, empty for none.
    pub unit: &'static str,
    /// What values it takes.
    pub kind: FieldKind,
    /// Folded away unless asked for.
    pub advanced: bool,
}

impl Field {
    /// The problem with a value of this field, if there is one.
    pub fn problem(&self, value: &Value) -> Option<Problem> {
        let message = match (self.kind, value) {
            (FieldKind::Whole(low, high), Value::Number(n)) => match n.as_u64() {
                Some(n) if n < low => format!("{n} is below {low}; {}", self.kind.describe()),
                Some(n) if n > high => format!("{n} is above {high}; {}", self.kind.describe()),
                Some(_) => return None,
                None => format!("{n} is not {}", self.kind.describe()),
            },
            (FieldKind::Real(low, high), Value::Number(n)) => match n.as_f64() {
                Some(n) if n < low => format!("{n} is below {low}; {}", self.kind.describe()),
                Some(n) if n > high => format!("{n} is above {high}; {}", self.kind.describe()),
                Some(_) => return None,
                None => format!("{n} is not {}", self.kind.describe()),
            },
            (FieldKind::Choice(words), Value::String(word)) if words.contains(&word.as_str()) => {
                return None;
            }
            (FieldKind::Text, Value::String(_)) | (FieldKind::Mixture, Value::Array(_)) => {
                return None;
            }
            (FieldKind::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => {
                return None;
            }
            (_, other) => format!("{other} is not {}", self.kind.describe()),
        };
        Some(Problem { field: self.key.to_owned(), message })
    }

    /// A value of this field from text, see [`Settings::with`](super::Settings::with).
    pub(super) fn read(&self, text: &str) -> Value {
        let value = json_or_text(text);
        match (self.kind, value) {
            (FieldKind::Text | FieldKind::Choice(_), Value::String(inner)) => Value::String(inner),
            (FieldKind::Text | FieldKind::Choice(_), _) => Value::String(text.to_owned()),
            (FieldKind::Texts, list @ Value::Array(_)) => list,
            (FieldKind::Texts, Value::String(inner)) => Value::Array(vec![Value::String(inner)]),
            (FieldKind::Texts, _) => Value::Array(vec![Value::String(text.to_owned())]),
            (_, value) => value,
        }
    }
}

/// The text as JSON where it is JSON, else as a text.
pub(super) fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
