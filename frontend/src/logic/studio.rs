//! Task studio as values: the settings and their link, an answer made with keys, and what an
//! answer that sees nothing earns.

use crate::logic::dials::{Typed, main_dial, with_main};
use crate::logic::format;
use shared::config::{MixtureItem, Problem};
use shared::task::{Difficulty, SampleInfo, SampleSpec, Task, TaskKind, Truth};
use shared::video::{STRIP_FRAMES, VideoId};

/// Everything that a sample is made from; a link holds all of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// The video; none for the newest.
    pub video: Option<VideoId>,
    /// The video that frames are borrowed from; none for the next one.
    pub other: Option<VideoId>,
    /// The task with its main dial.
    pub task: Task,
    /// Its further dials.
    pub dials: Typed,
    /// Chooses everything that is drawn by chance.
    pub seed: u64,
}

impl Setup {
    /// The settings of an address; what it does not hold, or holds wrongly, is as published.
    pub fn read(value: impl Fn(&str) -> Option<String>) -> Self {
        let kind = value("task").and_then(|text| text.parse().ok()).unwrap_or(TaskKind::Grounding);
        let usual = Task::usual(kind);
        let main = main_dial(&usual).and_then(|(key, ..)| with_main(usual, &value(key)?));
        let task = main.filter(|task| task.main_problem().is_none()).unwrap_or(usual);
        let mut dials = Typed::default();
        for field in task.dials() {
            if let Some(text) = value(field.key) {
                dials.put_text(&task, field.key, &text);
            }
        }
        let video = |name: &str| value(name).and_then(|text| VideoId::try_from(text).ok());
        Self {
            video: video("video"),
            other: video("other"),
            task,
            dials,
            seed: value("seed").and_then(|text| text.parse().ok()).unwrap_or(1),
        }
    }

    /// The settings that give the sample of a spec.
    pub fn of(spec: &SampleSpec) -> Self {
        Self {
            video: Some(spec.video.clone()),
            other: spec.other.clone(),
            task: spec.task,
            dials: Typed::of(&spec.dials),
            seed: spec.seed,
        }
    }

    /// The usual task on a video.
    pub fn on(video: &VideoId) -> Self {
        Self::of(&SampleSpec::new(video.clone(), Task::usual(TaskKind::Grounding), 1))
    }

    /// Keys and values of the address.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("task", self.task.kind().name().to_owned())];
        pairs.extend(main_dial(&self.task).map(|(key, _, value)| (key, value)));
        pairs.extend(self.dials.iter().map(|(key, texts)| (key, texts.join("-"))));
        pairs.push(("seed", self.seed.to_string()));
        let hex = |id: &VideoId| id.hex().to_owned();
        pairs.extend(self.video.as_ref().map(|id| ("video", hex(id))));
        let other = self.other.as_ref().filter(|_| self.task.needs_other());
        pairs.extend(other.map(|id| ("other", hex(id))));
        pairs
    }

    /// Another task; dials that it has too stay as they are.
    pub fn set_task(&mut self, task: Task) {
        self.dials.fit(&[self.task], &[task]);
        self.task = task;
    }

    /// The item of a mixture that this is. Errors: every problem, by `item.DIAL`.
    pub fn item(&self) -> Result<MixtureItem, Vec<Problem>> {
        self.dials.item(&MixtureItem::of(self.task, 1.0), "item")
    }
}

/// One of a span's ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Where it starts.
    Start,
    /// Where it ends.
    End,
}

/// The answer with an end of its span set, seconds; a number before a comma stays. An end that
/// would lie before the start is left out.
pub fn with_edge(kind: TaskKind, answer: &str, edge: Edge, secs: f64) -> String {
    let (number, span) = match answer.split_once(',') {
        Some((number, span)) if kind == TaskKind::Spotting => (number.trim(), span),
        _ if kind == TaskKind::Spotting && !answer.contains('-') => (answer.trim(), ""),
        _ => ("", answer),
    };
    let (start, end) = span.split_once('-').unwrap_or((span, ""));
    let read = |text: &str| text.trim().parse::<f64>().ok();
    let (start, end) = match edge {
        Edge::Start => (Some(secs), read(end).filter(|end| *end > secs)),
        Edge::End => (read(start).filter(|start| *start < secs), Some(secs)),
    };
    let show = |secs: Option<f64>| secs.map(|secs| format!("{secs:.1}")).unwrap_or_default();
    let span = format!("{}-{}", show(start), show(end));
    match kind {
        TaskKind::Spotting => format!("{number},{span}"),
        _ => span,
    }
}

/// The one end, seconds, of a span that is only begun.
pub fn half_span(kind: TaskKind, answer: &str) -> Option<f64> {
    let span = match (kind, answer.split_once(',')) {
        (TaskKind::Grounding, _) => answer,
        (TaskKind::Spotting, Some((_, span))) => span,
        _ => return None,
    };
    let (start, end) = span.split_once('-')?;
    let read = |text: &str| text.trim().parse::<f64>().ok().filter(|secs| secs.is_finite());
    match (start.trim(), end.trim()) {
        (start, "") => read(start),
        ("", end) => read(end),
        _ => None,
    }
}

/// What chance chose, beside the truth: name and value.
pub fn drawn(sample: &SampleInfo) -> Vec<(&'static str, String)> {
    let params = &sample.params;
    let mut facts = Vec::new();
    let mut say = |name, value: Option<String>| facts.extend(value.map(|value| (name, value)));
    if let Truth::Grounding { source_span_secs: [a, b], .. }
    | Truth::Spotting { source_span_secs: [a, b], .. } = sample.truth
    {
        say("in the source", Some(format!("{} to {}", format::fixed(a, 2), format::secs(b, 2))));
    }
    say("frames", params.length.map(|n| format::whole(n.into())));
    say("zoom factor", params.scale.map(format::short));
    say("noise, of 255", params.sigma.map(format::short));
    say("strength", params.strength.map(format::short));
    let drawn = params.strengths.as_ref().map(|all| {
        let (low, high) = all.iter().fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(*x), h.max(*x)));
        format!("{} to {}", format::short(low), format::short(high))
    });
    say("strength by frame", drawn);
    say("shapes drawn", sample.shapes.as_ref().map(|shapes| format::whole(shapes.len() as u64)));
    facts
}

/// How an answer is written, with an example.
pub fn form_of(sample: &SampleInfo) -> String {
    match sample.spec.task {
        Task::Grounding { .. } => "start-end in seconds, like 14.5-26.2".into(),
        Task::Spotting => "number,start-end in seconds, like 7,14.5-26.2".into(),
        Task::Progress => "a percentage, like 35".into(),
        Task::Counting { .. } => "counts in the order asked, with commas, like 3,1,4".into(),
        Task::Jigsaw { .. } | Task::Spatial { .. } => {
            "for each place in true order, the number shown there".into()
        }
    }
}

/// What the best answer that looks at nothing earns on average with the published dials, and
/// how it is made; `None` where that is not known.
///
/// Grounding and counting: simulated under the release's own draws (arXiv 2511.06281); orders:
/// the mean of Spearman's footrule over all permutations, (n^2 - 1) / 3; progress: by counting.
pub fn floor(task: &Task, dials: &Typed) -> Option<(f64, &'static str)> {
    const SPAN: f64 = 0.307;
    if !dials.is_published() {
        return None;
    }
    Some(match *task {
        Task::Grounding { .. } => (SPAN, "the best constant span"),
        Task::Counting { difficulty: Difficulty::Easy } => (0.584, "always saying 3,3,3"),
        Task::Counting { difficulty: Difficulty::Hard } => (0.547, "always saying 5,5,5"),
        Task::Jigsaw { clips } => {
            let n = f64::from(clips);
            (1.0 - (n * n - 1.0) / 3.0 / (n * n / 2.0).floor(), "a random order")
        }
        Task::Spatial { grid } => (1.0 / f64::from(grid * grid), "a random order"),
        // One of nine numbers, and the best constant span: half of each.
        Task::Spotting => (0.5 / 9.0 + 0.5 * SPAN, "a constant number and span"),
        Task::Progress => (progress_floor(4), "always saying 50"),
    })
}

/// Mean reward of `50` where the asked moment is drawn evenly between the first and last one.
fn progress_floor(window: u32) -> f64 {
    let last = STRIP_FRAMES - window;
    let percents = (window..=last - window).map(|now| (100 * now + last / 2) / last);
    let rewards: Vec<f64> = percents.map(|p| 1.0 - f64::from(p.abs_diff(50)) / 100.0).collect();
    rewards.iter().sum::<f64>() / rewards.len() as f64
}

/// An answer of this sitting.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The settings it was given for.
    pub setup: Setup,
    /// What was said.
    pub answer: String,
    /// What is true.
    pub truth: String,
    /// What it earned.
    pub reward: f64,
    /// Whether the truth was seen before; such answers do not count.
    pub peeked: bool,
}

/// Mean reward and number of a family's answers that count.
pub fn mean(tried: &[Tried], kind: TaskKind) -> Option<(f64, usize)> {
    let counts = |tried: &&Tried| !tried.peeked && tried.setup.task.kind() == kind;
    let rewards: Vec<f64> = tried.iter().filter(counts).map(|tried| tried.reward).collect();
    let n = rewards.len();
    (n > 0).then(|| (rewards.iter().sum::<f64>() / n as f64, n))
}

/// The settings in one line: `Mirror, seed 7`, with the dials that were turned.
pub fn summary(setup: &Setup) -> String {
    let dials = setup.dials.words();
    let task = crate::logic::words::task_title(&setup.task);
    let turned = if dials.is_empty() { String::new() } else { format!(", {dials}") };
    format!("{task}{turned}, seed {}", format::whole(setup.seed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::task::Perturbation;
    use std::collections::HashMap;

    fn read(query: &[(&str, &str)]) -> Setup {
        let map: HashMap<_, _> =
            query.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Setup::read(|name| map.get(name).cloned())
    }

    #[test]
    fn a_link_brings_every_setting_back() {
        for kind in TaskKind::ALL {
            for task in kind.cells() {
                let mut setup = Setup { task, seed: 99, ..read(&[]) };
                setup.video = VideoId::try_from("ab".repeat(32)).ok();
                setup.other = setup.video.clone().filter(|_| task.needs_other());
                for field in task.dials() {
                    let texts = setup.dials.texts(&task, field.key);
                    let text = if texts[0] == "false" { "true" } else { "2" };
                    setup.dials.put(&task, field.key, 0, text);
                }
                let query = setup.query();
                let pairs: Vec<_> = query.iter().map(|(k, v)| (*k, v.as_str())).collect();
                assert_eq!(read(&pairs), setup, "{}", task.cell());
                let dials = setup.dials.read(&task).unwrap_or_default();
                let video = setup.video.clone().expect("an id");
                let spec = SampleSpec {
                    dials,
                    other: setup.other.clone(),
                    ..SampleSpec::new(video, task, 99)
                };
                assert_eq!(Setup::of(&spec).dials.read(&task).unwrap_or_default(), dials);
            }
        }
    }

    #[test]
    fn a_broken_link_opens_the_usual_task() {
        let setup = read(&[("task", "painting"), ("seed", "x"), ("video", "short")]);
        assert_eq!(setup, read(&[]));
        assert_eq!(setup.item().map(|item| item.task()), Ok(setup.task));
        let clips = read(&[("task", "jigsaw"), ("clips", "7"), ("kinds", "3")]);
        assert_eq!((clips.task, clips.dials.is_published()), (Task::Jigsaw { clips: 6 }, true));
        let wrong = read(&[("task", "counting"), ("kinds", "many")]);
        assert_eq!(wrong.item().expect_err("no number")[0].field, "item.kinds");
    }

    #[test]
    fn edges_make_an_answer() {
        use TaskKind::{Grounding, Spotting};
        for (kind, before, edge, secs, after) in [
            (Grounding, "", Edge::Start, 24.46, "24.5-"),
            (Grounding, "24.5-", Edge::End, 42.9, "24.5-42.9"),
            (Grounding, "24.5-42.9", Edge::Start, 50.0, "50.0-"),
            (Grounding, "24.5-42.9", Edge::End, 10.0, "-10.0"),
            (Spotting, "7", Edge::Start, 1.0, "7,1.0-"),
            (Spotting, "7,1.0-", Edge::End, 2.0, "7,1.0-2.0"),
            (Spotting, "", Edge::End, 2.0, ",-2.0"),
        ] {
            assert_eq!(with_edge(kind, before, edge, secs), after, "{before}");
        }
        for (kind, text, half) in [
            (Grounding, "24.5-", Some(24.5)),
            (Grounding, "-10", Some(10.0)),
            (Spotting, "7,-2.0", Some(2.0)),
            (Grounding, "24.5", None),
            (Grounding, "1-2", None),
            (Spotting, "7", None),
            (TaskKind::Jigsaw, "1-", None),
        ] {
            assert_eq!(half_span(kind, text), half, "{text}");
        }
    }

    #[test]
    fn floors_are_the_papers_and_vanish_with_other_dials() {
        let of = |task: Task| floor(&task, &Typed::default()).expect("published").0;
        let near = |a: f64, b: f64| assert!((a - b).abs() < 0.006, "{a} {b}");
        near(of(Task::Grounding { perturbation: Perturbation::Mirror }), 0.31);
        near(of(Task::Counting { difficulty: Difficulty::Easy }), 0.58);
        near(of(Task::Jigsaw { clips: 6 }), 0.352);
        near(of(Task::Jigsaw { clips: 8 }), 0.344);
        near(of(Task::Spatial { grid: 2 }), 0.25);
        near(of(Task::Progress), 0.79);
        let mut dials = Typed::default();
        dials.put(&Task::Progress, "window", 0, "2");
        assert_eq!(floor(&Task::Progress, &dials), None);
    }

    #[test]
    fn only_honest_answers_count() {
        let one = |reward, peeked| Tried {
            setup: read(&[]),
            answer: String::new(),
            truth: String::new(),
            reward,
            peeked,
        };
        let tried = [one(0.5, false), one(1.0, true), one(0.0, false)];
        assert_eq!(mean(&tried, TaskKind::Grounding), Some((0.25, 2)));
        assert_eq!(mean(&tried, TaskKind::Jigsaw), None);
        assert_eq!(summary(&tried[0].setup), "Mirror, seed 1");
    }
}
