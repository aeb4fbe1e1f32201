//! What the run warns of: one line a sort, with the way to its step; dismissed ones stay away
//! until they happen again.

use super::Watch;
use crate::logic::alerts::{Alert, Seen, alerts};
use crate::logic::format;
use crate::parts::bits::{Glyph, Icon};
use crate::state::toast::use_toasts;
use gloo_storage::{LocalStorage, Storage};
use leptos::prelude::*;

/// Alerts that are shown unless one asks for all.
const SHOWN: usize = 3;

fn key(run: &str) -> String {
    format!("alerts/{run}")
}

/// Keeps what was dismissed, for the page and for later.
fn remember(seen: RwSignal<Seen>, run: &str, now: &Seen) {
    // A full or forbidden storage forgets it with the page.
    let _ = LocalStorage::set(key(run), now);
    let _ = seen.try_set(now.clone());
}

/// The strip.
#[component]
pub fn Alerts(watch: Watch) -> impl IntoView {
    let seen = RwSignal::new(Seen::new());
    let all = RwSignal::new(false);
    Effect::new(move |_| {
        let run = watch.live.following.get().unwrap_or_default();
        seen.set(LocalStorage::get(key(&run)).unwrap_or_default());
    });
    let list = Memo::new(move |_| {
        let at = watch.at.get();
        seen.with(|seen| watch.live.with_view(|view| alerts(&view.log, at, seen)))
    });
    let toasts = use_toasts();
    let dismiss = move |alert: &Alert| {
        let run = watch.live.following.get_untracked().unwrap_or_default();
        let before = seen.get_untracked();
        let mut after = before.clone();
        after.insert(alert.sort.clone(), alert.seq);
        remember(seen, &run, &after);
        toasts.done("alert", "The warning is away until it happens again.", move || {
            remember(seen, &run, &before);
        });
    };
    let row = move |alert: Alert| {
        let class = if alert.bad { "alert is-bad" } else { "alert is-warn" };
        let times = (alert.count > 1).then(|| format!("×{}", format::whole(alert.count)));
        let step = alert.step;
        let text = format::sentence(&alert.text);
        view! {
            <li class=class data-testid="alert"><i></i><span class="grow">{text}</span><b class="num">{times}</b>
                <button class="btn quiet tiny num" on:click=move |_| watch.scrub(step)>{format!("step {}", format::whole(step))}</button>
                <button class="btn quiet tiny" data-testid="alert-dismiss" aria-label="Dismiss" on:click=move |_| dismiss(&alert)><Glyph icon=Icon::Close/></button>
            </li>
        }
    };
    let shown = move || {
        let count = if all.get() { usize::MAX } else { SHOWN };
        list.with(|list| list.iter().take(count).cloned().collect::<Vec<_>>())
    };
    let more = move || {
        let hidden = list.with(Vec::len).saturating_sub(SHOWN) as u64;
        let words = move || if all.get() { "Fewer".to_owned() } else { format!("{hidden} more") };
        (hidden > 0).then(|| view! { <button class="btn quiet tiny" on:click=move |_| all.update(|all| *all = !*all)>{words}</button> })
    };
    move || {
        (!list.with(Vec::is_empty)).then(|| {
            view! {
                <section class="alerts" aria-label="Alerts"><ul>{move || shown().into_iter().map(row).collect_view()}</ul>{more}</section>
            }
        })
    }
}
