//! Where the time of the shown step went, and the slider that scrubs the whole page.

use super::Watch;
use crate::logic::format;
use crate::logic::summary::anatomy;
use leptos::html;
use leptos::prelude::*;
use shared::fold::LogLevel;

/// Step anatomy and scrub line.
#[component]
pub fn Anatomy(watch: Watch) -> impl IntoView {
    let parts = move || {
        watch.points(|points| {
            points.last().map(|p| (anatomy(&p.metrics), p.metrics.step_secs, p.step))
        })
    };
    let stack = move || {
        parts().map(|(parts, ..)| {
            let part = |(name, class, share): (&'static str, &'static str, f64)| {
                let title = format!("{name} {}", format::percent(share));
                view! { <span class=class title=title style:width=format!("{:.2}%", share * 100.0)></span> }
            };
            parts.into_iter().map(part).collect_view()
        })
    };
    let legend = move || {
        parts().map(|(parts, ..)| {
            let one = |(name, class, share): (&'static str, &'static str, f64)| {
                view! { <span><i class=format!("dot {class}")></i>{name}" "<b class="num">{format::percent(share)}</b></span> }
            };
            parts.into_iter().filter(|p| p.2 >= 0.005).map(one).collect_view()
        })
    };
    let head = move || match parts() {
        Some((_, secs, step)) => {
            (format!("Step {}", format::whole(step)), format::span_of_time(secs))
        }
        None => ("No step yet".to_owned(), String::new()),
    };
    view! {
        <section class="panel anatomy">
            <div class="anatomy-row">
                <h2>{move || head().0}<span class="dim num">{move || head().1}</span></h2>
                <div class="grow"><div class="stack">{stack}</div><div class="legend wrap">{legend}</div></div>
            </div>
            <Scrub watch/>
        </section>
    }
}

/// Checkpoints and warnings at their steps along the slider.
fn marks(watch: Watch, newest: u64) -> impl IntoView + use<> {
    let last = newest as f64;
    let (checkpoints, warnings) = watch.live.with_view(|view| {
        let bad = |l: &&shared::fold::LogLine| l.level != LogLevel::Info;
        let warnings: Vec<u64> = view.log.iter().filter(bad).map(|l| l.step).collect();
        (view.checkpoints.clone(), warnings)
    });
    let place = move |step: u64| {
        format!("{:.2}%", (step as f64 - 1.0).max(0.0) / (last - 1.0).max(1.0) * 100.0)
    };
    let mark = move |(step, class, what): (u64, &'static str, &'static str)| {
        view! { <i class=class style:left=place(step) title=format!("{what}, step {}", format::whole(step))></i> }
    };
    let checkpoints = checkpoints.into_iter().map(|s| (s, "mark-at", "Checkpoint"));
    let warnings = warnings.into_iter().map(|s| (s, "mark-at warn", "Warning"));
    checkpoints.chain(warnings).map(mark).collect_view()
}

#[component]
fn Scrub(watch: Watch) -> impl IntoView {
    let following = move || watch.at.get().is_none();
    let newest = move || watch.newest().max(1);
    let set = move |event: web_sys::Event| {
        if let Ok(step) = event_target_value(&event).parse::<u64>() {
            watch.scrub(step);
        }
    };
    let slider = NodeRef::<html::Input>::new();
    Effect::new(move |_| {
        // The end before the value, or the browser cuts the value to the old end.
        if let Some(slider) = slider.get() {
            slider.set_max(&newest().to_string());
            slider.set_value(&watch.step().to_string());
        }
    });
    let words =
        move || format!("step {} of {}", format::whole(watch.step()), format::whole(watch.steps()));
    view! {
        <div class="scrub">
            <button class="pill" class:is-accent=following class:is-warn=move || !following()
                title="Follow the newest step" on:click=move |_| watch.at.set(None)>
                {move || if following() { "Following" } else { "Looking back" }}
            </button>
            <div class="track">
                <div class="marks-line" aria-hidden="true">{move || marks(watch, newest())}</div>
                <input type="range" node_ref=slider data-testid="scrub" aria-label="Training step shown on this page" min="1" on:input=set/>
            </div>
            <span class="dim small num">{words}" "<kbd>"←"</kbd>" "<kbd>"→"</kbd></span>
        </div>
    }
}
