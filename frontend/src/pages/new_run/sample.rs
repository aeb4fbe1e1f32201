//! One question that the run would ask, drawn from the mixture as it stands.

use super::Form;
use crate::logic::form::{Row, shares};
use crate::logic::words;
use crate::parts::atlas::{Film, use_atlas};
use crate::route;
use crate::state::api;
use crate::state::library::use_library;
use crate::state::session::use_session;
use leptos::prelude::*;
use shared::annotation::Role;
use shared::api::{SampleBody, SampleRequest, Video};
use std::time::Duration;

/// How long a mixture rests before a sample of it is asked for.
const REST: Duration = Duration::from_millis(500);
/// Frames of the picture.
const FRAMES: u32 = 8;
/// Spreads draws evenly over the shares: the golden ratio's fraction.
const TURN: f64 = 0.618_033_988_749_895;

/// The row that a draw falls on.
pub fn drawn(rows: &[Row], draw: u64) -> Option<&Row> {
    let point = (draw as f64 * TURN).fract();
    let mut sum = 0.0;
    let at = shares(rows).iter().position(|share| {
        sum += share;
        point < sum
    });
    rows.get(at.unwrap_or(rows.len().saturating_sub(1)))
}

/// The preview.
#[component]
pub(super) fn Preview(form: Form) -> impl IntoView {
    let (library, session) = (use_library(), use_session());
    let draw = RwSignal::new(1u64);
    let got = RwSignal::new(None::<Result<SampleBody, String>>);
    let asked = Memo::new(move |_| {
        let draw = draw.get();
        form.checked.with(|checked| checked.as_ref().ok().map(|config| config.mixture.len()))?;
        let row = form.draft.with(|draft| drawn(&draft.mixture, draw).cloned())?;
        let usable = library.videos.with(|videos| {
            let usable = |video: &&Video| video.problem.is_none();
            videos.ready().map(|list| {
                list.iter().filter(usable).map(|v| v.meta.id.clone()).collect::<Vec<_>>()
            })
        })?;
        let video = usable.get(draw as usize % usable.len().max(1))?.clone();
        let other = row.item.tasks().iter().any(|task| task.needs_other());
        let other = usable.iter().find(|id| other && **id != video).cloned();
        Some(SampleRequest { video, item: row.value(), other, seed: draw })
    });
    let turn = StoredValue::new(0u32);
    Effect::new(move |_| {
        form.again.track();
        let Some(request) = asked.get().filter(|_| session.may(Role::Annotator)) else {
            got.set(None);
            return;
        };
        turn.update_value(|turn| *turn += 1);
        let mine = turn.get_value();
        let newest = move || turn.try_get_value() == Some(mine);
        let ask = move || {
            leptos::task::spawn_local(async move {
                if !newest() {
                    return;
                }
                let body = api::sample(&request).await.map_err(|fault| fault.message);
                if newest() {
                    let _ = got.try_set(Some(body));
                }
            });
        };
        set_timeout(ask, REST);
    });
    let shown = move || match got.get() {
        None => {
            view! { <p class="dim">"Known once the form is right and the library has a video."</p> }
                .into_any()
        }
        Some(Err(why)) => view! { <p class="dim">{why}</p> }.into_any(),
        Some(Ok(body)) => question(body).into_any(),
    };
    view! {
        <section class="asks" data-testid="preview-sample">
            <div class="row head"><h2 class="grow">"It will ask"</h2>
                <button class="btn quiet small-btn" data-testid="another" on:click=move |_| draw.update(|draw| *draw += 1)>"Another"</button></div>
            {shown}
        </section>
    }
}

fn question(body: SampleBody) -> impl IntoView {
    let sample = body.sample;
    let cell = words::cell_title(&sample.spec.task.cell());
    let atlas = use_atlas(route::studio_pictures(&sample.spec).atlas);
    let film = move || atlas.get().map(|atlas| view! { <Film atlas columns=FRAMES/> });
    let odd = (!body.answerable)
        .then_some(" Its frames would not show the answer, so the run would draw again.");
    view! {
        <div class="asks-film">{film}</div>
        <p class="asks-cell"><b>{cell}</b></p>
        <p class="asks-text">{sample.question}</p>
        <p class="dim">"True answer: "<b class="num">{sample.answer}</b>{odd}</p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::form::Draft;
    use shared::config::RunConfig;

    #[test]
    fn draws_follow_the_shares() {
        let rows = Draft::of(&RunConfig::default()).mixture;
        let all = shares(&rows);
        let count =
            |at: usize| (0..1000).filter(|draw| drawn(&rows, *draw) == rows.get(at)).count();
        for (at, share) in all.iter().enumerate() {
            assert!((count(at) as f64 / 1000.0 - share).abs() < 0.01, "{at}");
        }
        assert_eq!(drawn(&[], 1), None);
    }
}
