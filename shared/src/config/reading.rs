//! What can be wrong with a config as it is read: unknown keys, groups that are none, values
//! of another type.

use super::{Field, MixtureItem, Problem, Settings};
use serde_json::Value;

/// What a problem is about that no single key has.
const WHOLE: &str = "config";

/// Every key that no field has, and every group that is given a value instead of keys.
pub(super) fn unknown_keys(
    fields: &'static [Field],
    value: &Value,
    prefix: &str,
    problems: &mut Vec<Problem>,
) {
    let Value::Object(map) = value else {
        problems.push(no_keys(fields, prefix));
        return;
    };
    for (name, inner) in map {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if name.is_empty() {
            let field = if prefix.is_empty() { WHOLE } else { prefix }.to_owned();
            problems.push(Problem { field, message: "holds a key without a name".into() });
        } else if keys_of(fields, &key).next().is_some() {
            unknown_keys(fields, inner, &key, problems);
        } else if key == "mixture" {
            unknown_mixture_keys(inner, problems);
        } else if !fields.iter().any(|f| f.key == key) {
            problems.push(stranger(&key, fields.iter().map(|f| f.key)));
        }
    }
}

/// The keys of a group.
fn keys_of(fields: &'static [Field], group: &str) -> impl Iterator<Item = &'static str> {
    let inside =
        move |key: &&str| key.strip_prefix(group).is_some_and(|rest| rest.starts_with('.'));
    fields.iter().map(|field| field.key).filter(inside)
}

fn no_keys(fields: &'static [Field], group: &str) -> Problem {
    if group.is_empty() {
        return Problem { field: WHOLE.into(), message: "is not a table of keys".into() };
    }
    let keys: Vec<_> = keys_of(fields, group).collect();
    let message = format!("is a group of keys; set one of {}", keys.join(", "));
    Problem { field: group.to_owned(), message }
}

fn unknown_mixture_keys(value: &Value, problems: &mut Vec<Problem>) {
    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
        unknown_item_keys(item, &format!("mixture[{i}]"), problems);
    }
}

/// Keys that an item of a mixture has and should not; `field` names the item.
pub(super) fn unknown_item_keys(item: &Value, field: &str, problems: &mut Vec<Problem>) {
    for name in item.as_object().into_iter().flat_map(|map| map.keys()) {
        if !MixtureItem::keys().any(|key| key == name) {
            let mut problem = stranger(name, MixtureItem::keys());
            problem.field = format!("{field}.{name}");
            problems.push(problem);
        }
    }
}

fn stranger<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Problem {
    let nearest =
        known.max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b)));
    let hint = nearest.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
    Problem { field: key.to_owned(), message: format!("is not a known key{hint}") }
}

/// Every key whose value alone does not fit its type.
pub(super) fn wrong_types<C: Settings>(
    value: &Value,
    base: &C,
    whole: &serde_json::Error,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in C::FIELDS {
        let given = field.key.split('.').try_fold(value, |at, part| at.get(part));
        let Some(given) = given else { continue };
        let mut probe = serde_json::to_value(base).unwrap_or(Value::Null);
        merge(&mut probe, &nested(field.key, given.clone()));
        if serde_json::from_value::<C>(probe).is_err() {
            let message = format!("{given} does not fit; {}", field.kind.describe());
            problems.push(Problem { field: field.key.to_owned(), message });
        }
    }
    if problems.is_empty() {
        problems.push(Problem { field: WHOLE.into(), message: whole.to_string() });
    }
    problems
}

/// The config that holds one value at a dotted key.
pub(super) fn nested(key: &str, leaf: Value) -> Value {
    key.rsplit('.')
        .fold(leaf, |inner, part| Value::Object([(part.to_owned(), inner)].into_iter().collect()))
}

pub(super) fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}
