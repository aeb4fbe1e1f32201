//! Where the time of the shown step went.

use super::Watch;
use crate::logic::format;
use crate::logic::summary::anatomy;
use leptos::prelude::*;

/// The parts of a step, as shares of it.
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
        parts().map(|(parts, secs, _)| {
            let one = |(name, class, share): (&'static str, &'static str, f64)| {
                let took = format::span_of_time(secs * share);
                view! { <span title=took><i class=format!("dot {class}")></i>{name}" "<b class="num">{format::percent(share)}</b></span> }
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
        <section class="panel anatomy" data-testid="anatomy">
            <h2>{move || head().0}<span class="dim num">{move || head().1}</span></h2>
            <div class="stack">{stack}</div><div class="legend wrap">{legend}</div>
        </section>
    }
}
