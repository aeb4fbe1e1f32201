//! A sample on the screen: player, timeline, the reader's answer, and the keys.

use super::answer::AnswerSide;
use super::{Got, Refused, Sitting, Studio};
use crate::logic::format;
use crate::logic::keys::{Command, Screen};
use crate::logic::studio::{Edge, Tried, half_span, with_edge};
use crate::parts::bits::TaskTag;
use crate::parts::keycap::Cap;
use crate::parts::lanes_counting::{CountHead, CountTruth};
use crate::parts::lanes_jigsaw::{OrderHead, begun_order};
use crate::parts::marks::{Said, SaidMarks};
use crate::parts::player::{Player, ViewSize, player_command};
use crate::parts::scene::Scene;
use crate::parts::track::{Track, TruthLane, place};
use crate::route;
use crate::state::keys::{on_commands, shortcut};
use leptos::html;
use leptos::prelude::*;
use shared::reward::{RewardMode, score};
use shared::task::TaskKind;

/// An answer in the making, and whether the truth may be seen.
#[derive(Clone, Copy)]
pub(super) struct Trial {
    /// What is written.
    pub text: RwSignal<String>,
    /// What was scored last.
    pub scored: RwSignal<Option<String>>,
    /// Whether the truth was asked for.
    pub shown: RwSignal<bool>,
    /// Whether the truth may be seen.
    pub open: Signal<bool>,
    /// Where the answer is written.
    pub field: NodeRef<html::Input>,
}

impl Trial {
    fn new() -> Self {
        let (scored, shown) = (RwSignal::new(None::<String>), RwSignal::new(false));
        Self {
            text: RwSignal::new(String::new()),
            scored,
            shown,
            open: Signal::derive(move || shown.get() || scored.with(Option::is_some)),
            field: NodeRef::new(),
        }
    }

    /// Moves to the answer's box.
    pub fn write(self) {
        if let Some(field) = self.field.get_untracked() {
            let _ = field.focus();
        }
    }

    /// Scores what is written and remembers it for the sitting.
    pub fn score(self, scene: Scene, got: StoredValue<Got>, sitting: Sitting) {
        let text = self.text.get_untracked().trim().to_owned();
        if text.is_empty() {
            self.write();
            return;
        }
        let peeked = self.open.get_untracked();
        let tried = scene.sample(|sample| Tried {
            setup: got.with_value(|got| got.setup.clone()),
            reward: score(RewardMode::Smooth, &sample.truth, &text).total,
            truth: sample.truth.answer(),
            answer: text.clone(),
            peeked,
        });
        sitting.0.update(|all| all.push(tried));
        self.scored.set(Some(text));
        if let Some(field) = self.field.get_untracked() {
            let _ = field.blur();
        }
    }
}

/// Player and timeline, and beside them the answer.
#[component]
pub(super) fn Desk(studio: Studio, got: Got) -> impl IntoView {
    let trial = Trial::new();
    let sample = got.body.sample.clone();
    let pictures = route::studio_pictures(&sample.spec);
    let (task, fps) = (sample.spec.task, sample.sampling_fps);
    let scene = Scene::new(sample, pictures, 0, trial.open);
    let size = expect_context::<ViewSize>();
    let sitting: Sitting = expect_context();
    let facts = format!(
        "{} · {} · {} frames/s",
        got.video_name,
        format::plural(u64::from(scene.cursor.slots), "frame", "frames"),
        format::short(fps)
    );
    let got = StoredValue::new(got);
    let run = Callback::new(move |()| trial.score(scene, got, sitting));
    let listening = on_commands(Screen::Studio, move |command| match command {
        Command::SpanStart => mark(trial, scene, Edge::Start),
        Command::SpanEnd => mark(trial, scene, Edge::End),
        Command::Score => run.run(()),
        Command::Reveal => trial.shown.set(true),
        Command::Another => studio.another(),
        Command::Answer => trial.write(),
        Command::Digit(digit) => {
            trial.text.update(|text| text.push(digit));
            trial.write();
        }
        other => player_command(scene, size, other),
    });
    let spans = has_span(scene.sample(|sample| sample.truth.kind()));
    listening.called(move |row| match row.does {
        Command::SpanStart | Command::SpanEnd if !spans => None,
        _ => Some(row.title()),
    });
    let looped = Signal::derive(move || match trial.open.get() {
        true => scene.true_or_all(),
        false => (0.0, f64::from(scene.cursor.slots)),
    });
    let stale = move || studio.busy.get() || !studio.problems().is_empty();
    view! {
        <div class="stage" class:stale=stale data-testid="sample" data-seed=got.with_value(|g| g.setup.seed.to_string())>
            <Refused studio/>
            <div class="ask"><TaskTag task/><span class="grow"></span><span class="dim num clip">{facts}</span></div>
            <Player scene size looped/>
            <Timeline scene trial/>
            <Hints scene/>
        </div>
        <AnswerSide studio trial scene got run/>
    }
}

/// Sets an end of the answer's span to the frame under the cursor.
pub(super) fn mark(trial: Trial, scene: Scene, edge: Edge) {
    let kind = scene.sample(|sample| sample.truth.kind());
    if !has_span(kind) {
        return;
    }
    let slot = f64::from(scene.cursor.slot.get_untracked());
    let slot = if edge == Edge::End { slot + 1.0 } else { slot };
    let secs = scene.sample(|sample| sample.label_secs(slot));
    trial.text.update(|text| *text = with_edge(kind, text, edge, secs));
}

/// Whether an answer names a span.
pub(super) fn has_span(kind: TaskKind) -> bool {
    matches!(kind, TaskKind::Grounding | TaskKind::Spotting)
}

/// Truth, once it may be seen, and the reader's answer.
#[component]
fn Timeline(scene: Scene, trial: Trial) -> impl IntoView {
    let kind = scene.sample(|sample| sample.truth.kind());
    let said = Signal::derive(move || trial.text.get().trim().to_owned());
    view! {
        <Track scene heads=("", "reward")>
            {match kind {
                TaskKind::Counting => view! { <CountTruth scene/><CountHead scene/> }.into_any(),
                TaskKind::Jigsaw | TaskKind::Spatial => {
                    view! { <OrderHead scene said whose=Signal::stored("you".to_owned()) begun=true/><TruthLane scene/> }.into_any()
                }
                TaskKind::Grounding | TaskKind::Spotting | TaskKind::Progress => {
                    view! { <TruthLane scene/> }.into_any()
                }
            }}
            <MyLane scene trial/>
        </Track>
    }
}

/// What the reader says, as it is written.
#[component]
fn MyLane(scene: Scene, trial: Trial) -> impl IntoView {
    let marks = move || {
        scene.open.track();
        let text = trial.text.get().trim().to_owned();
        if text.is_empty() {
            return view! { <span class="veil">"your answer"</span> }.into_any();
        }
        let kind = scene.sample(|sample| sample.truth.kind());
        if let Some(secs) = half_span(kind, &text) {
            let left = place(scene.sample(|sample| sample.slot_at(secs)));
            return view! { <span class="span mine half" style:left=left></span> }.into_any();
        }
        if let Some((n, all)) = begun_order(scene, &text) {
            return view! { <span class="veil">{format!("{n} of {all}")}</span> }.into_any();
        }
        let reward = scene.sample(|sample| score(RewardMode::Smooth, &sample.truth, &text));
        let said =
            Said { text, reward, tone: "mine", strength: "1".into(), testid: "span-mine".into() };
        view! { <SaidMarks scene said/> }.into_any()
    };
    let earned = move || {
        let text = trial.scored.get()?;
        let total = scene.sample(|s| score(RewardMode::Smooth, &s.truth, &text).total);
        Some(format::fixed(total, 2))
    };
    view! {
        <div class="name people">"you"</div>
        <div class="lane" data-testid="lane-mine">{marks}</div>
        <div class="value num"><b class="reward">{earned}</b></div>
    }
}

#[component]
fn Hints(scene: Scene) -> impl IntoView {
    let dialogs = expect_context::<crate::parts::dialog::Dialogs>();
    let kind = scene.sample(|sample| sample.truth.kind());
    let span = has_span(kind).then(|| {
        view! { <span class="tag">"your span "<Cap does=Command::SpanStart/><Cap does=Command::SpanEnd/></span> }
    });
    view! {
        <div class="hints wide-only">
            <span class="tag">"play "<Cap does=Command::Play/></span>
            <span class="tag">"step "<Cap does=Command::Frames(-1)/><Cap does=Command::Frames(1)/></span>
            {span}
            <span class="tag">"another "<Cap does=Command::Another/></span>
            <span class="grow"></span>
            <button class="tag" aria-keyshortcuts=shortcut(Command::Sheet) on:click=move |_| dialogs.keys.set(true)>"all keys "<Cap does=Command::Sheet/></button>
        </div>
    }
}
