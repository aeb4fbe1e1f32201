//! Six figures, each with its curve and against what it stands.

use super::Watch;
use crate::logic::format;
use crate::logic::summary::{ends, secs_left};
use crate::parts::chart::Spark;
use leptos::prelude::*;
use shared::event::StepMetrics;
use shared::fold::RunState;

/// What a tile says.
struct Said {
    figure: String,
    against: String,
    /// `good`, `worse` or nothing.
    class: &'static str,
}

impl Said {
    fn nothing() -> Self {
        Self { figure: "–".into(), against: "after the first step".into(), class: "" }
    }
}

/// All tiles.
#[component]
pub fn Tiles(watch: Watch) -> impl IntoView {
    view! {
        <div class="tiles">
            <Tile watch name="Reward" testid="tile-reward" curve="better" get=|m| m.reward_mean say=reward/>
            <Tile watch name="KL to reference" testid="tile-kl" curve="even" get=|m| m.kl say=kl/>
            <Tile watch name="Entropy" testid="tile-entropy" curve="even" get=|m| m.entropy say=entropy/>
            <Tile watch name="Dead groups" testid="tile-dead" curve="even" get=|m| m.dead_group_share say=dead/>
            <Tile watch name="Tokens / s" testid="tile-tokens" curve="even" get=|m| m.tokens_per_sec say=tokens/>
            <TimeTile watch/>
        </div>
    }
}

#[component]
fn Tile(
    watch: Watch,
    name: &'static str,
    testid: &'static str,
    curve: &'static str,
    get: fn(&StepMetrics) -> f64,
    say: fn(Watch, f64, f64) -> Said,
) -> impl IntoView {
    let said = move || {
        let found = watch.points(|points| ends(points, get));
        found.map_or_else(Said::nothing, |(first, now)| say(watch, first, now))
    };
    let values =
        move || watch.points(|points| points.iter().map(|p| get(&p.metrics)).collect::<Vec<_>>());
    view! { <TileBox name testid said values=Signal::derive(values) curve/> }
}

#[component]
fn TileBox(
    name: &'static str,
    testid: &'static str,
    said: impl Fn() -> Said + Send + Sync + 'static,
    values: Signal<Vec<f64>>,
    curve: &'static str,
) -> impl IntoView {
    let body = move || {
        let said = said();
        view! {
            <div class="figure num">{said.figure}</div>
            <div class=format!("against num {}", said.class)>{said.against}</div>
        }
    };
    view! {
        <div class="tile" data-testid=testid>
            <h2>{name}</h2>{body}
            {move || view! { <Spark values=values.get() class=curve/> }}
        </div>
    }
}

fn first_step(watch: Watch) -> String {
    let first = watch.points(|points| points.first().map_or(1, |p| p.step));
    format!("since step {}", format::whole(first))
}

fn reward(watch: Watch, first: f64, now: f64) -> Said {
    let change = now - first;
    Said {
        figure: format::fixed(now, 3),
        against: format!("{} {}", format::signed(change, 3), first_step(watch)),
        class: if change > 0.0005 {
            "good"
        } else if change < -0.0005 {
            "worse"
        } else {
            ""
        },
    }
}

fn kl(_: Watch, _: f64, now: f64) -> Said {
    let (against, class) = match now {
        n if n <= 0.1 => ("inside 0.1", ""),
        _ => ("above 0.1, far from the start", "warn"),
    };
    Said { figure: format::short(now), against: against.into(), class }
}

fn entropy(watch: Watch, first: f64, now: f64) -> Said {
    let against = format!("{} {}", format::signed(now - first, 2), first_step(watch));
    Said { figure: format::short(now), against, class: "" }
}

fn dead(_: Watch, first: f64, now: f64) -> Said {
    let change = now - first;
    Said {
        figure: format::percent(now),
        against: format!("{} since the start", format::points(change)),
        class: if change < -0.005 {
            "good"
        } else if change > 0.005 {
            "worse"
        } else {
            ""
        },
    }
}

fn tokens(watch: Watch, _: f64, now: f64) -> Said {
    let device = watch.live.with_view(|view| view.device.clone());
    let size = watch.live.with_view(|view| view.parameters);
    let against = match size {
        0 => device,
        size => format!("{device}, {} weights", format::count(size)),
    };
    Said { figure: format::short(now), against, class: "" }
}

#[component]
fn TimeTile(watch: Watch) -> impl IntoView {
    let over = move || {
        watch.run.with(|run| run.as_ref().is_some_and(|r| matches!(r.state, RunState::Finished)))
    };
    let said = move || {
        let steps = watch.steps();
        let of = format!("of {} steps", format::whole(steps));
        if over() && watch.at.get().is_none() {
            let took = |secs: &[f32]| secs.iter().map(|s| f64::from(*s)).sum();
            let secs = watch.live.with_curves(|c, _| c.column("step_secs").map_or(0.0, took));
            return Said {
                figure: "Done".into(),
                against: format!("in {}", format::span_of_time(secs)),
                class: "good",
            };
        }
        match watch.points(|points| secs_left(points, steps)) {
            Some(secs) => Said { figure: format::span_of_time(secs), against: of, class: "" },
            None => Said { figure: "–".into(), against: of, class: "" },
        }
    };
    let values = move || {
        watch.points(|points| points.iter().map(|p| p.metrics.step_secs).collect::<Vec<_>>())
    };
    view! { <TileBox name="Time left" testid="tile-time" said values=Signal::derive(values) curve="even"/> }
}
