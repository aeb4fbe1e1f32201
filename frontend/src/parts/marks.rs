//! What an answer says, drawn on its lane.

use crate::logic::format;
use crate::logic::lanes::said_slots;
use crate::logic::tokens::Field;
use crate::logic::words;
use crate::parts::lanes_counting::CountLane;
use crate::parts::lanes_jigsaw::OrderCells;
use crate::parts::scene::Scene;
use crate::parts::track::{place, share};
use leptos::prelude::*;
use shared::answer::Parsed;
use shared::reward::RewardBreakdown;
use shared::task::{TaskKind, Truth};

/// An answer, as the timeline draws it.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// As it was given.
    pub text: String,
    /// What it was read as.
    pub reward: RewardBreakdown,
    /// CSS class: the sign of its advantage, or whose it is.
    pub tone: &'static str,
    /// How strong its colour is.
    pub strength: String,
    /// Name of its span for tests.
    pub testid: String,
}

/// What an answer says, drawn on its lane; against the truth where that may be seen now.
#[component]
pub fn SaidMarks(
    /// The sample.
    scene: Scene,
    /// The answer.
    said: Said,
    /// Whether its span is the chosen one.
    #[prop(optional, into)]
    chosen: Signal<bool>,
    /// The part of it that is pointed at elsewhere.
    #[prop(optional, into)]
    lit: Signal<Option<Field>>,
) -> impl IntoView {
    if let Parsed::Unreadable { why } = &said.reward.reading {
        return unreadable(&said.text, why);
    }
    if !said.reward.parsed {
        let why = said.reward.parts.first().map(|part| part.found.clone());
        return unreadable(&said.text, &why.unwrap_or_default());
    }
    let (kind, span) =
        scene.sample(|sample| (sample.truth.kind(), said_slots(&said.reward.reading, sample)));
    let number = match said.reward.reading {
        Parsed::Spot { number, .. } => {
            Some(view! { <b class="span-number num">{format::short(number)}</b> })
        }
        _ => None,
    };
    match (kind, span, said.reward.reading.clone()) {
        (TaskKind::Grounding | TaskKind::Spotting, Some((a, b)), _) => {
            let edge = move |field: Field| move || lit.get() == Some(field);
            view! {
                <span class=format!("span said {}", said.tone) class:chosen=chosen
                    class:lit-start=edge(Field::Start) class:lit-end=edge(Field::End) class:lit-number=edge(Field::Number)
                    data-testid=said.testid data-start-slot=a.to_string() data-end-slot=b.to_string()
                    style:--a=said.strength style:left=place(a) style:width=share(b - a)>{number}</span>
            }
            .into_any()
        }
        (TaskKind::Counting, ..) => view! { <CountLane scene said lit/> }.into_any(),
        (TaskKind::Jigsaw | TaskKind::Spatial, ..) => {
            view! { <OrderCells scene said=said.text.trim().to_owned() class="said" lit/> }
                .into_any()
        }
        (TaskKind::Progress, _, Parsed::Percent { percent }) => {
            view! { <PercentScale scene percent said/> }.into_any()
        }
        _ => unreadable(&said.text, "no span"),
    }
}

/// From the first moment to the last: filled to what was said, with a tick at what is true.
#[component]
fn PercentScale(scene: Scene, percent: f64, said: Said) -> impl IntoView {
    let class = format!("count-fill {}", said.tone);
    let truth = scene.sample(|sample| match sample.truth {
        Truth::Progress { percent } => Some(format!("{percent}%")),
        _ => None,
    });
    let tick = move || {
        let left = truth.clone().filter(|_| scene.open.get())?;
        Some(view! { <i class="count-true" style:left=left></i> })
    };
    view! {
        <span class="scale whole" title=format::percent(percent / 100.0)>
            <i class=class style:--a=said.strength style:width=format!("{percent}%")></i>{tick}
        </span>
    }
}

/// The answer as it stands, and why it earns nothing.
fn unreadable(text: &str, why: &str) -> AnyView {
    let (text, why) = (words::answer(text), why.to_owned());
    view! { <span class="unreadable clip"><code>{text}</code>{why}</span> }.into_any()
}
