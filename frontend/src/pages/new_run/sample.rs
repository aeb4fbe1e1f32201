//! One question that the run would ask, drawn from the mixture as it stands.

use super::Form;
use crate::logic::form::{Row, shares};
use crate::logic::words;
use crate::parts::atlas::{Film, use_atlas};
use crate::parts::states::Skeleton;
use crate::route;
use crate::state::api;
use crate::state::library::use_library;
use crate::state::remote::Remote;
use crate::state::session::use_session;
use leptos::prelude::*;
use shared::annotation::Role;
use shared::api::{SampleBody, SampleRequest, Video};
use shared::video::VideoId;
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

/// Why there is no question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It is on its way.
    Coming,
    /// A field is wrong.
    Form,
    /// There is nothing to make it of.
    NoVideo,
    /// Nobody said what there is to make it of.
    Lost,
    /// The reader may not have one made.
    Role,
}

impl Why {
    /// In words; none where one only has to wait.
    fn words(self) -> Option<&'static str> {
        match self {
            Self::Coming => None,
            Self::Form => Some("Known once every field is right."),
            Self::NoVideo => Some("Known once the library has a usable video."),
            Self::Lost => Some("The list of videos did not come, so there is none to ask about."),
            Self::Role => {
                Some("Your role does not have questions made. An annotator sees one here.")
            }
        }
    }
}

/// The videos that a question can be made of, where the reader may have one made.
fn usable(may: bool, videos: &Remote<Vec<Video>>) -> Result<Vec<VideoId>, Why> {
    let usable = |video: &&Video| video.problem.is_none();
    match videos {
        _ if !may => Err(Why::Role),
        Remote::Loading => Err(Why::Coming),
        Remote::Failed(_) => Err(Why::Lost),
        Remote::Ready(list) => {
            let ids: Vec<VideoId> =
                list.iter().filter(usable).map(|video| video.meta.id.clone()).collect();
            if ids.is_empty() { Err(Why::NoVideo) } else { Ok(ids) }
        }
    }
}

/// What is asked for the question of a draw.
fn request(form: Form, draw: u64, usable: &[VideoId]) -> Result<SampleRequest, Why> {
    form.checked.with(|checked| checked.as_ref().map(drop).map_err(|_| Why::Form))?;
    let row = form.draft.with(|draft| drawn(&draft.mixture, draw).cloned()).ok_or(Why::Form)?;
    let video = usable[draw as usize % usable.len()].clone();
    let other = row.item.tasks().iter().any(|task| task.needs_other());
    let other = usable.iter().find(|id| other && **id != video).cloned();
    Ok(SampleRequest { video, item: row.value(), other, seed: draw })
}

/// The preview.
#[component]
pub(super) fn Preview(form: Form) -> impl IntoView {
    let (library, session) = (use_library(), use_session());
    let draw = RwSignal::new(1u64);
    let got = RwSignal::new(None::<Result<SampleBody, String>>);
    let asked = Memo::new(move |_| {
        let may = session.may(Role::Annotator);
        let usable = library.videos.with(|videos| usable(may, videos))?;
        request(form, draw.get(), &usable)
    });
    let turn = StoredValue::new(0u32);
    Effect::new(move |_| {
        form.again.track();
        turn.update_value(|turn| *turn += 1);
        let Ok(request) = asked.get() else {
            got.set(None);
            return;
        };
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
    let shown = move || match (got.get(), asked.with(|asked| asked.as_ref().err().copied())) {
        (Some(Ok(body)), _) => question(body).into_any(),
        (Some(Err(why)), _) => view! { <p class="dim">{why}</p> }.into_any(),
        (None, why) => match why.and_then(Why::words) {
            Some(words) => view! { <p class="dim">{words}</p> }.into_any(),
            None => view! { <Skeleton rows=3/> }.into_any(),
        },
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
    use crate::state::remote::{Fault, FaultKind};
    use shared::config::RunConfig;

    #[test]
    fn only_what_is_on_its_way_is_waited_for() {
        let lost = Remote::Failed(Fault::new(FaultKind::Offline, "No."));
        let cases = [
            (true, Remote::Loading, Why::Coming),
            (true, lost, Why::Lost),
            (true, Remote::Ready(Vec::new()), Why::NoVideo),
            (false, Remote::Loading, Why::Role),
        ];
        for (may, videos, want) in cases {
            assert_eq!(usable(may, &videos), Err(want));
            assert_eq!(want.words().is_none(), want == Why::Coming, "{want:?}");
        }
    }

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
