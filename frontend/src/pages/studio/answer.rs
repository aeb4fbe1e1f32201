//! The question as the policy gets it, the reader's answer, what it earns, and the truth.

use super::audit::AuditBox;
use super::desk::{Trial, has_span, mark};
use super::sitting::History;
use super::{Got, Studio};
use crate::logic::format;
use crate::logic::keys::Command;
use crate::logic::studio::{Edge, drawn, form_of};
use crate::logic::words;
use crate::parts::inspector::line;
use crate::parts::keycap::Cap;
use crate::parts::lanes_jigsaw::Mosaic;
use crate::parts::scene::Scene;
use crate::state::keys::shortcut;
use leptos::prelude::*;
use shared::reward::{RewardBreakdown, RewardMode, score};
use shared::task::TaskKind;

/// All of it.
#[component]
pub(super) fn AnswerSide(
    studio: Studio,
    trial: Trial,
    scene: Scene,
    got: StoredValue<Got>,
    run: Callback<()>,
) -> impl IntoView {
    let question = scene.sample(|sample| sample.question.clone());
    let unanswerable = got.with_value(|got| !got.body.answerable);
    view! {
        <aside class="side" aria-label="Question and answer">
            <section>
                <h2>"The question, as the policy gets it"</h2>
                <p class="question" data-testid="question">{question}</p>
                {unanswerable.then(|| view! {
                    <p class="notice unanswerable" role="status" data-testid="unanswerable">
                        "These frames do not show the answer: what was changed looks the same. A run or a data set would draw again."
                    </p>
                })}
            </section>
            <AnswerBox trial scene run/>
            <Account studio trial scene/>
            <TruthBox trial scene/>
            <History studio/>
            <AuditBox studio/>
        </aside>
    }
}

#[component]
fn AnswerBox(trial: Trial, scene: Scene, run: Callback<()>) -> impl IntoView {
    let kind = scene.sample(|sample| sample.truth.kind());
    let form = scene.sample(form_of);
    let enter = move |event: web_sys::KeyboardEvent| match event.key().as_str() {
        "Enter" => run.run(()),
        "Escape" => {
            if let Some(field) = trial.field.get_untracked() {
                let _ = field.blur();
            }
        }
        _ => {}
    };
    let edges = has_span(kind).then(|| {
        view! {
            <div class="row edges">
                <button class="btn grow" data-testid="set-start" aria-keyshortcuts=shortcut(Command::SpanStart) on:click=move |_| mark(trial, scene, Edge::Start)>"Starts here "<Cap does=Command::SpanStart/></button>
                <button class="btn grow" data-testid="set-end" aria-keyshortcuts=shortcut(Command::SpanEnd) on:click=move |_| mark(trial, scene, Edge::End)>"Ends here "<Cap does=Command::SpanEnd/></button>
            </div>
        }
    });
    let mosaic = (kind == TaskKind::Spatial).then(|| view! { <Mosaic scene said=trial.text/> });
    let empty = move || trial.text.with(|text| text.trim().is_empty());
    view! {
        <section>
            <div class="row head"><h2 class="grow">"Your answer"</h2><Cap does=Command::Answer/></div>
            <div class="row">
                <input node_ref=trial.field class="field-input answer-box" data-testid="answer" aria-label="Your answer"
                    aria-describedby="answer-form" autocomplete="off" spellcheck="false" prop:value=trial.text
                    on:keydown=enter on:input=move |event| trial.text.set(event_target_value(&event))/>
                <button class="btn primary" data-testid="score" disabled=empty on:click=move |_| run.run(())>"Score "<Cap does=Command::Score/></button>
            </div>
            {edges}
            {mosaic}
            <div class="row"><p class="dim small grow" id="answer-form">{form}</p>
                <button class="btn quiet small-btn" class:gone=trial.open data-testid="show-truth" aria-keyshortcuts=shortcut(Command::Reveal)
                    on:click=move |_| trial.shown.set(true)>"Show truth "<Cap does=Command::Reveal/></button></div>
        </section>
    }
}

/// What the scored answer earns under every reward, and why.
#[component]
fn Account(studio: Studio, trial: Trial, scene: Scene) -> impl IntoView {
    let mode = RwSignal::new(RewardMode::Smooth);
    let earned = move |mode: RewardMode| {
        let text = trial.scored.get()?;
        Some(scene.sample(|sample| score(mode, &sample.truth, &text)))
    };
    let pick = move |wanted: RewardMode| {
        let total = move || earned(wanted).map(|earned| format::fixed(earned.total, 2));
        view! {
            <button aria-pressed=move || (mode.get() == wanted).to_string() data-testid=format!("earned-{wanted}")
                on:click=move |_| mode.set(wanted)>{words::capital(wanted.name())}<b class="num">{total}</b></button>
        }
    };
    let there = Memo::new(move |_| trial.scored.with(Option::is_some));
    move || {
        there.get().then(|| {
            let account = move || earned(mode.get()).map(account);
            view! {
                <section data-testid="account">
                    <div class="row head"><h2 class="grow">"What it earns"</h2>
                        <button class="btn small-btn" on:click=move |_| studio.another()>"Another sample "<Cap does=Command::Another/></button></div>
                    <div class="modes" role="group" aria-label="Reward">{RewardMode::ALL.iter().map(|mode| pick(*mode)).collect_view()}</div>
                    {account}
                </section>
            }
        })
    }
}

fn account(earned: RewardBreakdown) -> impl IntoView {
    let width = format!("{:.1}%", earned.total * 100.0);
    let parsed = earned.parsed;
    let lines = earned.parts.into_iter().map(|part| line(part, parsed)).collect_view();
    view! { <div class="trace">{lines}<div class="meter"><i style:width=width></i></div></div> }
}

/// The answer that earns everything, and what chance chose.
#[component]
fn TruthBox(trial: Trial, scene: Scene) -> impl IntoView {
    let fact = |(name, value): (&'static str, String)| {
        view! { <div class="take num"><span class="soft">{name}</span><b>{value}</b></div> }
    };
    move || {
        trial.open.get().then(|| {
            let (answer, facts) = scene.sample(|sample| (sample.answer.clone(), drawn(sample)));
            view! {
                <section data-testid="truth">
                    <h2>"Truth"</h2>
                    <p class="answer" data-testid="true-answer">{answer}</p>
                    {facts.into_iter().map(fact).collect_view()}
                </section>
            }
        })
    }
}
