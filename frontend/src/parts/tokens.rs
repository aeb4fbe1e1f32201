//! The answer token by token: how sure the policy was of each, what it is worth, and how much
//! hangs on the video. Tokens and lanes light each other up.

use crate::logic::format;
use crate::logic::tokens::{Field, Measure, fields, visible};
use crate::parts::bits::tone;
use crate::parts::replay::Measuring;
use crate::parts::stage::Stage;
use leptos::prelude::*;
use shared::rollout::{Finish, Rollout};
use wasm_bindgen::JsCast;

/// Answers longer than this are shown as running text.
const CELLS: usize = 40;

/// The token strip of the looked-at rollout.
#[component]
pub fn Tokens(stage: Stage) -> impl IntoView {
    let at = RwSignal::new(0usize);
    let looked = Memo::new(move |_| stage.looked());
    Effect::new(move |_| {
        stage.chosen.track();
        at.set(0);
    });
    let rollout = Memo::new(move |_| stage.measured(looked.get()));
    let cells = move || rollout.get().map(|rollout| cells(stage, at, rollout));
    let previews = move || {
        let over = looked.get();
        (over != stage.chosen.get())
            .then(|| view! { <span class="tag">{format!("rollout {}", over + 1)}</span> })
    };
    let measured = move || {
        let shown = stage.measure.get() != Measure::Video;
        shown || rollout.with(|r| r.as_ref().is_some_and(|r| !r.visual.is_empty()))
    };
    let cut = move || {
        let cut = rollout.with(|r| r.as_ref().is_some_and(|r| r.finish == Finish::Length));
        cut.then(|| view! { <span class="dim">"cut off at the longest answer"</span> })
    };
    view! {
        <section data-testid="tokens" data-rollout=move || looked.get().to_string()>
            <div class="row head wrap"><h2>"Tokens"</h2>{previews}<span class="grow"></span><Measures stage/></div>
            {move || match measured() {
                true => view! {
                    {cells}
                    <Legend stage/>
                    <div class="alts num">{move || rollout.get().and_then(|r| detail(&r, at.get()))}{cut}</div>
                }.into_any(),
                false => view! { <Measuring stage/> }.into_any(),
            }}
        </section>
    }
}

/// What the cells show.
#[component]
fn Measures(stage: Stage) -> impl IntoView {
    let pick = |wanted: Measure| {
        view! {
            <button aria-pressed=move || (stage.measure.get() == wanted).to_string()
                data-testid=format!("measure-{}", wanted.name())
                on:click=move |_| stage.measure.set(wanted)>{wanted.title()}</button>
        }
    };
    view! { <span class="seg">{Measure::ALL.map(pick).collect_view()}</span> }
}

/// Goes to what the video did for each token, or back to probability.
pub fn toggle_heat(stage: Stage) {
    stage.measure.update(|measure| {
        *measure = match *measure {
            Measure::Video => Measure::Probability,
            _ => Measure::Video,
        };
    });
}

/// The scale of the cells, with its ends named.
#[component]
fn Legend(stage: Stage) -> impl IntoView {
    let ends = move || {
        let measure = stage.measure.get();
        let full = measure.full(stage.most_seen());
        match measure {
            Measure::Probability => ("0".to_owned(), "1".to_owned(), "probability when drawn"),
            Measure::Entropy => {
                ("0".to_owned(), format::short(full), "nats; 2.3 as between ten digits")
            }
            Measure::Advantage => {
                (format::signed(-full, 1), format::signed(full, 1), "one for the whole answer")
            }
            Measure::Video => (
                format::signed(-full, 2),
                format::signed(full, 2),
                "nats likelier than with a black video",
            ),
        }
    };
    let class = move || match stage.measure.get().diverges() {
        true => "ramp diverging",
        false => "ramp",
    };
    view! {
        <div class="legend num small" data-testid="legend"><span>{move || ends().0}</span><i class=class></i>
            <span>{move || ends().1}</span><span class="dim">{move || ends().2}</span></div>
    }
}

/// The numbers of one token.
fn detail(rollout: &Rollout, i: usize) -> Option<impl IntoView + use<>> {
    let piece = visible(rollout.pieces.get(i)?);
    let read = |measure: Measure| measure.of(rollout, i);
    let probability = format::fixed(read(Measure::Probability)?, 2);
    let entropy = format::short(read(Measure::Entropy).unwrap_or_default());
    let seen = read(Measure::Video).map(|nats| {
        let blind = (f64::from(rollout.logprobs[i]) - nats).exp();
        view! {
            <span class="dim">"black video: "{format::fixed(blind, 2)}</span>
            <span class=tone(nats)>{format!("{} nats", format::signed(nats, 2))}</span>
        }
    });
    Some(view! {
        <span><b>{piece}</b>" drawn with "{probability}</span>{seen}
        <span class="dim">{format!("entropy {entropy} nats")}</span>
    })
}

fn cells(stage: Stage, at: RwSignal<usize>, rollout: Rollout) -> impl IntoView {
    let kind = stage.scene.sample(|sample| sample.truth.kind());
    let fields = fields(kind, &rollout);
    let long = rollout.pieces.len() > CELLS;
    let rollout = StoredValue::new(rollout);
    let cell = move |(i, field): (usize, Option<Field>)| {
        view! { <Cell stage at rollout i field/> }
    };
    let leave = move |_| stage.field.set(None);
    view! {
        <div class="tokens" class:long=long role="group" aria-label="Tokens of the answer"
            on:pointerleave=leave on:keydown=move |event| walk(&event)>
            {fields.into_iter().enumerate().map(cell).collect_view()}</div>
    }
}

/// Arrows go from token to token, so that the frames stay where they are.
fn walk(event: &web_sys::KeyboardEvent) {
    let Some(here) = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok()) else {
        return;
    };
    let to = match event.key().as_str() {
        "ArrowLeft" => here.previous_element_sibling(),
        "ArrowRight" => here.next_element_sibling(),
        "Home" => here.parent_element().and_then(|strip| strip.first_element_child()),
        "End" => here.parent_element().and_then(|strip| strip.last_element_child()),
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    if let Some(to) = to.and_then(|to| to.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = to.focus();
    }
}

#[component]
fn Cell(
    stage: Stage,
    at: RwSignal<usize>,
    rollout: StoredValue<Rollout>,
    i: usize,
    field: Option<Field>,
) -> impl IntoView {
    let value = move || rollout.with_value(|rollout| stage.measure.get().of(rollout, i));
    let share = move || {
        let full = stage.measure.get().full(stage.most_seen());
        (value().unwrap_or_default().abs() / full).min(1.0)
    };
    let class = move || match stage.measure.get().diverges() {
        true => tone(value().unwrap_or_default()),
        false => "better",
    };
    // A lane under the pointer lights all that its answer says, or the part pointed at.
    let lit = move || match (field, stage.field.get(), stage.over.get()) {
        (Some(own), Some(pointed), _) => own == pointed,
        (Some(_), None, Some(_)) => true,
        _ => false,
    };
    let text =
        rollout.with_value(|r| r.pieces.get(i).map(|piece| visible(piece)).unwrap_or_default());
    let label = move || {
        let value = value().map_or_else(|| "not known".to_owned(), format::short);
        format!("{} {value}", stage.measure.get().title().to_lowercase())
    };
    let title = format!("Token {}, {}", i + 1, text);
    let look = move || {
        at.set(i);
        stage.field.set(field);
    };
    view! {
        <button class=class class:at=move || at.get() == i class:lit=lit data-testid="token"
            tabindex=move || if at.get() == i { "0" } else { "-1" }
            aria-label=move || format!("{title}, {}", label()) style:--d=move || format!("{:.3}", share())
            on:focus=move |_| look() on:click=move |_| look() on:pointerenter=move |_| look()>
            <b>{text}</b><i></i>
        </button>
    }
}
