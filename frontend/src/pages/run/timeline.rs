//! The bar of training time at the foot of the page: one slider for every panel, and on it what
//! happened when.

use super::Watch;
use crate::logic::format;
use crate::logic::keys::Command;
use crate::logic::series::spark_path;
use crate::logic::timeline::{Kind, Mark, marks, title};
use crate::parts::bits::{Glyph, Icon};
use crate::state::keys::{shortcut, use_keys};
use leptos::html;
use leptos::prelude::*;

/// Marks of a kind that the bar has room for.
const COLUMNS: u64 = 240;
/// Points of the curve behind the slider.
const POINTS: usize = 160;

/// The bar.
#[component]
pub fn Timeline(watch: Watch) -> impl IntoView {
    let keys = use_keys();
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
    let all = Memo::new(move |_| watch.live.with_view(|view| marks(view, view.step, COLUMNS)));
    let mark = move |mark: Mark| {
        let class = format!("mark-at {}", mark.kind.name());
        let words = title(&mark);
        let (kind, step) = (mark.kind.name(), mark.step);
        view! {
            <button class=class tabindex="-1" data-testid="timeline-mark" data-kind=kind data-step=step.to_string()
                title=words.clone() aria-label=words style:left=move || place(step, newest()) on:click=move |_| watch.scrub(step.max(1))></button>
        }
    };
    let go = move |by: i64| {
        move |_| watch.scrub(untrack(|| watch.step()).saturating_add_signed(by).max(1))
    };
    let legend = |kind: Kind| view! { <span><i class=format!("mark-key {}", kind.name())></i>{kind.name()}</span> };
    view! {
        <section class="timeline" aria-label="Training time">
            <button class="btn follow" class:is-on=following data-testid="follow" aria-pressed=move || following().to_string()
                title=move || keys.title("Follow the newest step", Command::Follow) aria-keyshortcuts=shortcut(Command::Follow) on:click=move |_| watch.at.set(None)><i></i>
                {move || if following() { "Following" } else { "Follow live" }}</button>
            <span class="row tight"><button class="btn quiet tiny" aria-label="A step back" title=move || keys.title("A step back", Command::Steps(-1)) aria-keyshortcuts=shortcut(Command::Steps(-1)) on:click=go(-1)><Glyph icon=Icon::Back/></button>
                <button class="btn quiet tiny" aria-label="A step forward" title=move || keys.title("A step forward", Command::Steps(1)) aria-keyshortcuts=shortcut(Command::Steps(1)) on:click=go(1)><Glyph icon=Icon::Forward/></button></span>
            <div class="track">
                <svg class="track-curve" viewBox="0 0 600 26" preserveAspectRatio="none" aria-hidden="true"><path d=move || curve(watch)></path></svg>
                <div class="track-done" style:width=move || place(watch.step(), newest())></div>
                <input type="range" node_ref=slider data-testid="scrub" aria-label="Training step shown on this page" min="1" on:input=set
                    aria-valuetext=move || format!("step {}", format::whole(watch.step()))/>
                <div class="marks-line">{move || all.get().into_iter().map(mark).collect_view()}</div>
            </div>
            <span class="num at"><b>{move || format::whole(watch.step())}</b><span class="dim">{move || format!(" of {}", format::whole(watch.steps()))}</span></span>
            <div class="legend mark-keys wide-only" aria-hidden="true">{Kind::ALL.map(legend)}</div>
        </section>
    }
}

/// Where a step lies on the bar.
fn place(step: u64, newest: u64) -> String {
    let share = (step as f64 - 1.0).max(0.0) / (newest as f64 - 1.0).max(1.0);
    format!("{:.2}%", share.min(1.0) * 100.0)
}

/// The reward over all steps, to find one's way by.
fn curve(watch: Watch) -> String {
    watch.live.with_curves(|curves, _| {
        let Some(values) = curves.column("reward_mean") else { return String::new() };
        let width = values.len().div_ceil(POINTS).max(1);
        let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
        let means: Vec<f64> = values.chunks(width).map(|part| f64::from(mean(part))).collect();
        spark_path(&means, 600.0, 26.0)
    })
}
