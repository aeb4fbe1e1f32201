//! The questions where the two differ most, each a link to the very sample in Task studio.

use super::paired::Laid;
use crate::logic::compare::extremes;
use crate::logic::studio::Setup;
use crate::logic::{format, words};
use crate::parts::bits::TaskTag;
use crate::route;
use crate::state::library::use_library;
use leptos::prelude::*;
use shared::paired::Pair;
use shared::video::VideoId;

/// Rows of each list before all are asked for.
const FEW: usize = 5;

/// Both lists.
#[component]
pub fn Samples(
    /// The evaluations.
    laid: Laid,
    /// The cell that is looked at; none for all.
    cell: RwSignal<Option<String>>,
) -> impl IntoView {
    let cells: Vec<String> = laid.sets[0].samples.iter().map(|s| s.spec.task.cell()).collect();
    let all = RwSignal::new(false);
    let laid = StoredValue::new(laid);
    let found = Memo::new(move |_| {
        laid.with_value(|laid| extremes(&laid.pairing, &cells, cell.get().as_deref()))
    });
    let list = move |which: usize, title: &'static str, none: &'static str| {
        let rows = move || {
            let pairs = found.with(|found| found[which].clone());
            let shown = if all.get() { pairs.len() } else { FEW };
            let empty = pairs.is_empty().then(|| view! { <p class="body dim">{none}</p> });
            let rows =
                pairs.into_iter().take(shown).map(|pair| laid.with_value(|laid| row(laid, pair)));
            view! { {empty}{rows.collect_view()} }
        };
        let count = move || format::whole(found.with(|found| found[which].len()) as u64);
        view! { <div class="pairs"><h3>{title}<span class="dim num">{count}</span></h3>{rows}</div> }
    };
    let more = move || found.with(|found| found.iter().any(|list| list.len() > FEW));
    let where_ = move || cell.get().map(|cell| format!("{} alone", words::cell_title(&cell)));
    view! {
        <div class="pair-lists" data-testid="pairs">
            <div class="row pad"><h2>"Question by question"</h2><span class="dim small">{where_}</span><span class="grow"></span>
                {move || more().then(|| view! {
                    <button class="btn small-btn" on:click=move |_| all.update(|all| *all = !*all)>
                        {move || if all.get() { "Only the largest" } else { "All of them" }}</button> })}</div>
            {list(0, "Where B gains most", "B gains on no question.")}
            {list(1, "Where B loses most", "B loses on no question.")}
        </div>
    }
}

fn row(laid: &Laid, pair: Pair) -> impl IntoView + use<> {
    let [a, b] = [0, 1].map(|side| &laid.sets[side].samples[pair.places[side]]);
    let class = if pair.change() > 0.0 {
        "num right side-b pair-change"
    } else {
        "num right side-a pair-change"
    };
    let said = |class: &'static str, text: &str, reward: f64| {
        let text = words::answer(text);
        view! {
            <span class=class><i class="dot"></i><span class="mono clip" title=text.clone()>{text.clone()}</span>
                <span class="num soft">{format::fixed(reward, 2)}</span></span>
        }
    };
    view! {
        <a class="pair" data-testid="pair" href=route::studio(&Setup::of(&a.spec)) title="Open this sample in Task studio">
            <span class="pair-what"><TaskTag task=a.spec.task/><span class="dim small clip">{video_name(&a.spec.video)}</span></span>
            <span class="pair-truth"><span class="dim small">"true "</span><span class="mono clip">{words::truth(&a.truth)}</span></span>
            {said("pair-said side-a", &a.said, pair.rewards[0])}
            {said("pair-said side-b", &b.said, pair.rewards[1])}
            <b class=class>{format::signed(pair.change(), 2)}</b>
        </a>
    }
}

/// A video's file name; the beginning of its id where it left the library.
fn video_name(id: &VideoId) -> String {
    let known = use_library().videos.with_untracked(|videos| {
        videos.ready()?.iter().find(|video| video.meta.id == *id).map(|video| video.name.clone())
    });
    known.unwrap_or_else(|| id.hex().chars().take(8).collect())
}
