//! A task's dials as they are typed: a dial that says its published value is left out, so
//! that its sample is the published one.

use crate::logic::form::{number, plain, quoted};
use crate::logic::{format, words};
use serde_json::Value;
use shared::config::{MixtureItem, Problem};
use shared::task::{DIALS, DialField, DialKind, Dials, Perturbation, Task};
use std::collections::BTreeMap;

/// What is typed, by dial: one text, or two for a range.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typed(BTreeMap<&'static str, Vec<String>>);

impl Typed {
    /// The texts of dials that are set.
    pub fn of(dials: &Dials) -> Self {
        let set = |field: &DialField| Some((field.key, texts(&dials.get(field.key)?)));
        Self(DIALS.iter().filter_map(set).collect())
    }

    /// The dials that differ from the published values, with their texts.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        self.0.iter().map(|(key, texts)| (*key, texts.as_slice()))
    }

    /// Whether every dial has its published value.
    pub fn is_published(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands in the boxes of a dial: what was typed, else the published value.
    pub fn texts(&self, task: &Task, key: &str) -> Vec<String> {
        match self.0.get(key) {
            Some(texts) => texts.clone(),
            None => published(task, key),
        }
    }

    /// Whether a dial differs from its published value.
    pub fn is_set(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Types into one box of a dial.
    pub fn put(&mut self, task: &Task, key: &'static str, at: usize, text: &str) {
        let mut texts = self.texts(task, key);
        if let Some(place) = texts.get_mut(at) {
            text.clone_into(place);
        }
        let same = |texts: &[String]| texts.iter().map(|text| number(text)).collect::<Vec<_>>();
        if same(&texts) == same(&published(task, key)) {
            self.0.remove(key);
        } else {
            self.0.insert(key, texts);
        }
    }

    /// Takes all boxes of a dial from a text such as `8-16`, as links hold it.
    pub fn put_text(&mut self, task: &Task, key: &'static str, text: &str) {
        let parts: Vec<&str> = match task.dial(key) {
            Some((DialKind::WholeRange(..) | DialKind::RealRange(..), _)) => {
                text.splitn(2, '-').collect()
            }
            _ => vec![text],
        };
        parts.iter().enumerate().for_each(|(at, part)| self.put(task, key, at, part));
    }

    /// Back to the published value.
    pub fn reset(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Back to the published value of every dial.
    pub fn reset_all(&mut self) {
        self.0.clear();
    }

    /// Leaves out what other tasks do not have, or have in another unit.
    pub fn fit(&mut self, before: &[Task], now: &[Task]) {
        let range = |task: &Task| task.dial("strength").map(|(_, published)| published);
        let same_unit = before.first().map(range) == now.first().map(range);
        let keys: Vec<&str> = common(now).map(|field| field.key).collect();
        self.0.retain(|key, _| keys.contains(key) && (*key != "strength" || same_unit));
    }

    /// The dials. Errors: what is no value at all, by dial; ranges are checked by the task.
    pub fn read(&self, task: &Task) -> Result<Dials, Vec<(&'static str, String)>> {
        let mut dials = Dials::default();
        let mut problems = Vec::new();
        for (key, texts) in &self.0 {
            match self.value(task, key, texts).and_then(|value| dials.with(key, value)) {
                Ok(with) => dials = with,
                Err(message) => problems.push((*key, message)),
            }
        }
        if problems.is_empty() { Ok(dials) } else { Err(problems) }
    }

    fn value(&self, task: &Task, key: &str, texts: &[String]) -> Result<Value, String> {
        let whole = |text: &String| match number(text) {
            Value::Number(n) if n.is_u64() => Ok(Value::Number(n)),
            _ => Err(format!("{} is not a whole number", quoted(text))),
        };
        let real = |text: &String| match number(text) {
            Value::Number(n) => Ok(Value::Number(n)),
            _ => Err(format!("{} is not a number", quoted(text))),
        };
        let one = texts.first().cloned().unwrap_or_default();
        match task.dial(key).map(|(kind, _)| kind) {
            Some(DialKind::Whole(..)) => whole(&one),
            Some(DialKind::WholeRange(..)) => texts.iter().map(whole).collect(),
            Some(DialKind::RealRange(..)) => texts.iter().map(real).collect(),
            Some(DialKind::Switch) => Ok(Value::Bool(one == "true")),
            None => Err(format!("is not a dial of {}", task.cell())),
        }
    }

    /// An item with these dials. Errors: every problem of the item, `field` names it.
    pub fn item(&self, item: &MixtureItem, field: &str) -> Result<MixtureItem, Vec<Problem>> {
        let of = |(key, message)| Problem { field: format!("{field}.{key}"), message };
        let read = self.read(&item.task());
        let dials = read.map_err(|problems| problems.into_iter().map(of).collect::<Vec<_>>())?;
        let item = MixtureItem { dials, ..item.clone() };
        match item.problems(field) {
            problems if problems.is_empty() => Ok(item),
            problems => Err(problems),
        }
    }

    /// `length 4 to 8, trim 1`; empty where every dial has its published value.
    pub fn words(&self) -> String {
        let one = |(key, texts): (&'static str, &[String])| {
            let field = DIALS.iter().find(|field| field.key == key);
            let name = field.map_or(key, |field| field.label).to_lowercase();
            match texts {
                [on] if on == "true" => name,
                texts => format!("{name} {}", texts.join(" to ")),
            }
        };
        self.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(plain).collect(),
        one => vec![plain(one)],
    }
}

fn published(task: &Task, key: &str) -> Vec<String> {
    task.dial(key).map(|(_, value)| texts(&value)).unwrap_or_default()
}

/// The published value of a dial in words: `8 to 16`, `off`.
pub fn published_words(task: &Task, key: &str) -> String {
    match published(task, key).as_slice() {
        [one] if one == "true" => "on".into(),
        [one] if one == "false" => "off".into(),
        [low, high] if low == high => low.clone(),
        texts => texts.join(" to "),
    }
}

/// Dials that all of these tasks have in the same unit, in the order shown to people.
pub fn common(tasks: &[Task]) -> impl Iterator<Item = &'static DialField> {
    let tasks = tasks.to_vec();
    DIALS.iter().filter(move |field| {
        let range = |task: &Task| task.dial(field.key);
        let first = tasks.first().and_then(range);
        first.is_some() && tasks.iter().all(|task| range(task) == first)
    })
}

/// Unit and range beside a dial's boxes.
pub fn unit(task: &Task, field: &DialField) -> String {
    let unit = match (field.key, task) {
        ("strength", Task::Grounding { perturbation }) => words::strength_unit(*perturbation),
        _ => field.unit,
    };
    let to = |low: Value, high: Value| format!("{} to {}", plain(&low), plain(&high));
    let range = match task.dial(field.key).map(|(kind, _)| kind) {
        Some(DialKind::Whole(low, high) | DialKind::WholeRange(low, high)) => {
            to(low.into(), high.into())
        }
        Some(DialKind::RealRange(low, high)) => to(low.into(), high.into()),
        Some(DialKind::Switch) | None => String::new(),
    };
    match (unit, range) {
        ("", range) => range,
        (unit, range) if range.is_empty() => unit.to_owned(),
        (unit, range) => format!("{range} {unit}"),
    }
}

/// What an arrow key makes of a text: a step up or down within the range. `None` where the
/// text is no number.
pub fn stepped(kind: DialKind, text: &str, up: bool) -> Option<String> {
    let now = number(text).as_f64()?;
    let sign = if up { 1.0 } else { -1.0 };
    let (low, high, step) = match kind {
        DialKind::Whole(low, high) | DialKind::WholeRange(low, high) => {
            (f64::from(low), f64::from(high), 1.0)
        }
        // Wide ranges take wide steps.
        DialKind::RealRange(low, high) if high > 20.0 => (low, high, 1.0),
        DialKind::RealRange(low, high) if high > 1.0 => (low, high, 0.1),
        DialKind::RealRange(low, high) => (low, high, 0.01),
        DialKind::Switch => return None,
    };
    let next = ((now + sign * step) / step).round() * step;
    let next = (next.clamp(low, high) * 1000.0).round() / 1000.0;
    Some(plain(&Value::from(next)))
}

/// The task after its main dial was set to a text; `None` where that is none of its values.
pub fn with_main(task: Task, text: &str) -> Option<Task> {
    match task {
        Task::Grounding { .. } => {
            text.parse().ok().map(|perturbation| Task::Grounding { perturbation })
        }
        Task::Counting { .. } => text.parse().ok().map(|difficulty| Task::Counting { difficulty }),
        Task::Jigsaw { .. } => text.parse().ok().map(|clips| Task::Jigsaw { clips }),
        Task::Spatial { .. } => text.parse().ok().map(|grid| Task::Spatial { grid }),
        Task::Spotting | Task::Progress => None,
    }
}

/// The main dial: its name in files, its name for people, its value. `None` without one.
pub fn main_dial(task: &Task) -> Option<(&'static str, &'static str, String)> {
    match task {
        Task::Grounding { perturbation } => {
            Some(("perturbation", "Change", perturbation.name().into()))
        }
        Task::Counting { difficulty } => {
            Some(("difficulty", "Difficulty", difficulty.name().into()))
        }
        Task::Jigsaw { clips } => Some(("clips", "Clips", clips.to_string())),
        Task::Spatial { grid } => Some(("grid", "Tiles", grid.to_string())),
        Task::Spotting | Task::Progress => None,
    }
}

/// Numbers of clips that divide a strip of 48 frames.
const CLIPS: [u32; 9] = [2, 3, 4, 6, 8, 12, 16, 24, 48];

/// Value and title of every choice of the main dial.
pub fn main_choices(task: &Task) -> Vec<(String, String)> {
    let cell = |cell: &Task| match main_dial(cell) {
        Some((_, _, value)) => (value.clone(), words::capital(&words::cell_title(&value))),
        None => (String::new(), String::new()),
    };
    match task {
        Task::Jigsaw { .. } => {
            CLIPS.iter().map(|n| (n.to_string(), format!("{n} clips of {}", 48 / n))).collect()
        }
        Task::Spatial { .. } => [2, 3].map(|n| (n.to_string(), format!("{n} × {n} tiles"))).into(),
        Task::Spotting | Task::Progress => Vec::new(),
        task => task.kind().cells().iter().map(cell).collect(),
    }
}

/// A mixture's item after a change was added to or taken from those it chooses from; the last
/// one stays.
pub fn toggled(item: &MixtureItem, perturbation: Perturbation) -> MixtureItem {
    let mut chosen: Vec<Perturbation> = item
        .tasks()
        .iter()
        .filter_map(|task| match task {
            Task::Grounding { perturbation } => Some(*perturbation),
            _ => None,
        })
        .collect();
    if !chosen.contains(&perturbation) {
        chosen.push(perturbation);
    } else if chosen.len() > 1 {
        chosen.retain(|one| *one != perturbation);
    }
    let mut item = item.clone();
    (item.perturbation, item.perturbations) = match chosen.as_slice() {
        [one] => (Some(*one), Vec::new()),
        _ => (None, chosen),
    };
    item
}

/// An item's tasks in words: `Mirror`, `3 changes`, `Jigsaw, 6 clips`.
pub fn item_title(item: &MixtureItem) -> String {
    match item.tasks().as_slice() {
        [one] => words::task_title(one),
        several => format::plural(several.len() as u64, "change", "changes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::task::TaskKind;

    fn zoom() -> Task {
        Task::Grounding { perturbation: Perturbation::ZoomIn }
    }

    #[test]
    fn a_dial_at_its_published_value_is_left_out() {
        for task in TaskKind::ALL.iter().flat_map(|kind| kind.cells()) {
            let mut typed = Typed::default();
            for field in task.dials() {
                for (at, text) in typed.texts(&task, field.key).iter().enumerate() {
                    typed.put(&task, field.key, at, text);
                }
            }
            assert!(typed.is_published(), "{}: {typed:?}", task.cell());
            assert_eq!(typed.read(&task), Ok(Dials::default()));
        }
    }

    #[test]
    fn typed_dials_are_read_and_mistakes_named() {
        let mut typed = Typed::default();
        typed.put(&zoom(), "length", 1, "12");
        typed.put(&zoom(), "strength", 0, "1.25");
        typed.put(&zoom(), "paper_exact", 0, "true");
        let dials = typed.read(&zoom()).expect("good");
        let json =
            serde_json::json!({"length": [8, 12], "strength": [1.25, 1.5], "paper_exact": true});
        assert_eq!(serde_json::to_value(dials).expect("json"), json);
        assert_eq!(Typed::of(&dials), typed);
        assert_eq!(typed.words(), "length 8 to 12, per-frame draws, strength 1.25 to 1.5");

        typed.put(&zoom(), "length", 0, "many");
        typed.put(&zoom(), "strength", 0, "");
        let wrong = typed.read(&zoom()).expect_err("two mistakes");
        assert_eq!(wrong[0], ("length", "many is not a whole number".to_owned()));
        assert_eq!(wrong[1], ("strength", "nothing is not a number".to_owned()));
        typed.reset("strength");
        typed.put(&zoom(), "length", 0, "14");
        let item = MixtureItem::of(zoom(), 1.0);
        let problems = typed.item(&item, "item").expect_err("14 is above 12");
        assert_eq!(problems[0].field, "item.length");
    }

    #[test]
    fn links_hold_ranges_in_one_text() {
        let mut typed = Typed::default();
        typed.put_text(&zoom(), "length", "4-6");
        typed.put_text(&zoom(), "paper_exact", "true");
        assert_eq!(typed.words(), "length 4 to 6, per-frame draws");
        typed.put_text(&zoom(), "length", "8-16");
        assert!(!typed.is_set("length"));
    }

    #[test]
    fn dials_leave_with_their_task_or_unit() {
        let mut typed = Typed::default();
        typed.put(&zoom(), "length", 0, "4");
        typed.put(&zoom(), "strength", 0, "1.1");
        let blur = Task::Grounding { perturbation: Perturbation::Blur };
        typed.fit(&[zoom()], &[blur]);
        assert_eq!(typed.words(), "length 4 to 16");
        typed.fit(&[blur], &[Task::usual(TaskKind::Jigsaw)]);
        assert!(typed.is_published());
        let keys: Vec<_> = common(&[zoom(), blur]).map(|field| field.key).collect();
        assert_eq!(keys, ["length"]);
    }

    #[test]
    fn arrows_step_within_the_range() {
        for (kind, text, up, want) in [
            (DialKind::Whole(1, 6), "3", true, Some("4")),
            (DialKind::Whole(1, 6), "6", true, Some("6")),
            (DialKind::RealRange(1.01, 8.0), "1.3", false, Some("1.2")),
            (DialKind::RealRange(0.03, 0.6), "0.2", true, Some("0.21")),
            (DialKind::Whole(1, 6), "x", true, None),
        ] {
            assert_eq!(stepped(kind, text, up).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn every_choice_of_a_main_dial_is_a_task() {
        for kind in TaskKind::ALL {
            let usual = Task::usual(*kind);
            for (value, title) in main_choices(&usual) {
                let task = with_main(usual, &value).expect("a task");
                assert_eq!(main_dial(&task).map(|(_, _, value)| value), Some(value));
                assert!(task.main_problem().is_none() && !title.is_empty());
            }
        }
        assert_eq!(with_main(Task::usual(TaskKind::Jigsaw), "many"), None);
    }

    #[test]
    fn the_last_change_stays() {
        let item = MixtureItem::of(zoom(), 1.0);
        let both = toggled(&item, Perturbation::Blur);
        assert_eq!(both.perturbations, [Perturbation::ZoomIn, Perturbation::Blur]);
        assert_eq!((both.perturbation, item_title(&both).as_str()), (None, "2 changes"));
        let one = toggled(&both, Perturbation::ZoomIn);
        assert_eq!(one.perturbation, Some(Perturbation::Blur));
        assert_eq!(toggled(&one, Perturbation::Blur), one);
    }
}
