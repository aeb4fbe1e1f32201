//! All curves of a run, in sections, and the grid of rewards by cell.

use super::Watch;
use crate::logic::summary::{cells, heat};
use crate::logic::{format, words};
use crate::parts::plot::{About, Line, Plot};
use crate::state::plots::{Plots, WINDOWS};
use leptos::prelude::*;
use shared::curves::{CHANCE, Curves, TASK};
use shared::task::TaskKind;

/// Stretches of the run that the heat grid is divided into.
const COLUMNS: usize = 16;

/// A curve of a figure that has a fixed name: key, name, class.
type Fixed = (&'static str, &'static str, &'static str);

const fn about(title: &'static str, testid: &'static str, help: &'static str) -> About {
    About { title, testid, help, scale: 1.0, floor: 0.0, from_zero: true, log: false }
}

/// A section: heading, what it is about, and its charts with their curves.
type Sectioned = (&'static str, &'static str, &'static [(About, &'static [Fixed])]);

/// Sections of charts after the first one.
const SECTIONS: &[Sectioned] = &[
    (
        "Drift",
        "how far the policy goes, and what drives it",
        &[
            (
                About {
                    floor: 0.01,
                    ..about(
                        "KL",
                        "chart-kl",
                        "Divergence in nats per token: from the start policy, and of one update.",
                    )
                },
                &[
                    ("kl", "from the start", "hue-accent"),
                    ("approx_kl", "of the update", "hue-plain"),
                ],
            ),
            (
                About {
                    from_zero: false,
                    ..about(
                        "Entropy",
                        "chart-entropy",
                        "How undecided the policy is where it samples, nats per token.",
                    )
                },
                &[("entropy", "per token", "hue-accent")],
            ),
            (
                About {
                    floor: 0.01,
                    ..about(
                        "Clipped tokens",
                        "chart-clip",
                        "Share of tokens whose ratio was cut by the clip.",
                    )
                },
                &[("clip_share", "share", "hue-worse")],
            ),
            (
                About {
                    floor: 1e-6,
                    ..about(
                        "Sampler gap",
                        "chart-gap",
                        "How far the log-probabilities at sampling are from the trainer's, nats per token.",
                    )
                },
                &[("logprob_gap", "per token", "hue-plain")],
            ),
            (
                About { from_zero: false, ..about("Loss", "chart-loss", "As it was minimised.") },
                &[("loss", "loss", "hue-plain")],
            ),
            (
                About { log: true, ..about("Gradient norm", "chart-grad", "Before clipping.") },
                &[("grad_norm", "norm", "hue-accent")],
            ),
        ],
    ),
    (
        "Health",
        "whether there is something to learn from",
        &[
            (
                about(
                    "Reward spread",
                    "chart-spread",
                    "Standard deviation over all answers of a step.",
                ),
                &[("reward_std", "deviation", "hue-accent")],
            ),
            (
                About {
                    floor: 0.1,
                    ..about(
                        "Dead groups",
                        "chart-dead",
                        "Share of questions whose answers all earned the same: nothing is learnt from them.",
                    )
                },
                &[("dead_group_share", "share", "hue-worse")],
            ),
            (
                About {
                    floor: 1.0,
                    ..about(
                        "Replaced questions",
                        "chart-replaced",
                        "Questions asked anew because their answers all earned the same.",
                    )
                },
                &[("replaced_groups", "per step", "hue-plain")],
            ),
            (
                About {
                    floor: 0.1,
                    ..about(
                        "Unreadable answers",
                        "chart-parse",
                        "Share of answers without the asked form.",
                    )
                },
                &[("parse_failure_share", "share", "hue-bad")],
            ),
            (
                About {
                    floor: 0.1,
                    ..about(
                        "Commonest answer",
                        "chart-constant",
                        "Its share among all answers to a task: near 1 the policy no longer looks at the question.",
                    )
                },
                &[("constant_share", "share", "hue-worse")],
            ),
            (
                About {
                    from_zero: false,
                    ..about("Answer length", "chart-length", "New tokens, mean per answer.")
                },
                &[("new_tokens", "tokens", "hue-accent")],
            ),
            (
                About {
                    from_zero: false,
                    ..about(
                        "Visual dependency",
                        "chart-visual",
                        "How much likelier the video made the answers, nats per token.",
                    )
                },
                &[("visual_dependency", "per token", "hue-accent")],
            ),
        ],
    ),
    (
        "Speed",
        "where the time goes",
        &[
            (
                about("Tokens per second", "chart-tokens", "New tokens per second of rollout."),
                &[("tokens_per_sec", "tokens / s", "hue-accent")],
            ),
            (
                about("Step time, s", "chart-time", "Seconds of a step and of its parts."),
                &[
                    ("step_secs", "step", "hue-plain"),
                    ("sample_secs", "samples", "part-samples"),
                    ("rollout_secs", "rollout", "part-rollout"),
                    ("reward_secs", "reward", "part-reward"),
                    ("update_secs", "update", "part-update"),
                ],
            ),
            (
                About {
                    scale: 1e-6,
                    ..about(
                        "Memory, MB",
                        "chart-memory",
                        "What the trainer's process holds in main memory.",
                    )
                },
                &[("memory_bytes", "in use", "hue-accent")],
            ),
            (
                about("Learning rate", "chart-rate", "As the update used it."),
                &[("learning_rate", "rate", "hue-accent")],
            ),
        ],
    ),
];

/// All charts, in sections.
#[component]
pub fn Charts(watch: Watch) -> impl IntoView {
    let section = move |(name, what, charts): Sectioned| {
        let charts = charts
            .iter()
            .map(move |(about, fixed)| view! { <Curve watch about=*about fixed=*fixed/> });
        view! { <Section name=name what=what>{charts.collect_view()}</Section> }
    };
    let by_task = Memo::new(move |_| watch.live.with_curves(|curves, _| task_lines(curves)));
    let chances = Memo::new(move |_| watch.live.with_curves(|curves, _| chance_lines(curves)));
    const TASKS: About = About {
        floor: 0.2,
        ..about(
            "Reward by task",
            "chart-reward",
            "Mean reward of the answers to each task, 0 to 1.",
        )
    };
    const CHANCES: About = About {
        floor: 0.1,
        ..about("What is asked", "chart-chance", "Probability of each cell under the curriculum.")
    };
    let curriculum = move || {
        (!chances.with(Vec::is_empty))
            .then(|| view! { <Plot about=CHANCES lines=chances feed=watch.live/> })
    };
    view! {
        <div class="sections">
            <Toolbar/>
            <Fault/>
            <Section name="Reward" what="what the answers earn">
                <Plot about=TASKS lines=by_task feed=watch.live/>
                <Heat watch/>
                {curriculum}
            </Section>
            {SECTIONS.iter().copied().map(section).collect_view()}
        </div>
    }
}

#[component]
fn Section(name: &'static str, what: &'static str, children: Children) -> impl IntoView {
    view! {
        <details class="section" open>
            <summary><h2>{name}</h2><span class="dim small">{what}</span></summary>
            <div class="charts">{children()}</div>
        </details>
    }
}

/// A chart of figures that the run has; none where it has none of them.
#[component]
fn Curve(watch: Watch, about: About, fixed: &'static [Fixed]) -> impl IntoView {
    let lines = Memo::new(move |_| {
        watch.live.with_curves(|curves, _| {
            let there =
                fixed.iter().filter(|(key, ..)| curves.is_empty() || curves.column(key).is_some());
            let line = |(key, name, class): &Fixed| Line {
                key: (*key).into(),
                name: (*name).into(),
                class,
            };
            there.map(line).collect::<Vec<_>>()
        })
    });
    let any = Memo::new(move |_| !lines.with(Vec::is_empty));
    move || any.get().then(|| view! { <Plot about lines feed=watch.live/> })
}

/// A curve for each task, and one for all of them where there are several.
fn task_lines(curves: &Curves) -> Vec<Line> {
    let of = |name: &str| Line {
        key: format!("{TASK}{name}"),
        name: name.to_owned(),
        class: name.parse::<TaskKind>().map_or("hue-plain", words::task_class),
    };
    let mut lines: Vec<Line> = curves.names(TASK).map(of).collect();
    if lines.len() != 1 {
        lines.push(Line { key: "reward_mean".into(), name: "all".into(), class: "hue-plain" });
    }
    lines
}

/// A curve for each cell that the curriculum chooses among.
fn chance_lines(curves: &Curves) -> Vec<Line> {
    const HUES: [&str; 7] = [
        "hue-grounding",
        "hue-counting",
        "hue-jigsaw",
        "hue-spatial",
        "hue-spotting",
        "hue-progress",
        "hue-worse",
    ];
    let of = |(i, cell): (usize, &str)| Line {
        key: format!("{CHANCE}{cell}"),
        name: words::cell_title(cell),
        class: HUES[i % HUES.len()],
    };
    curves.names(CHANCE).enumerate().map(of).collect()
}

/// Smoothing, and the way back from a zoom.
#[component]
fn Toolbar() -> impl IntoView {
    let plots = expect_context::<Plots>();
    let words = move || match WINDOWS[plots.window.get().min(WINDOWS.len() - 1)] {
        1 => "off".to_owned(),
        steps => format::plural(steps.into(), "step", "steps"),
    };
    let set = move |event: web_sys::Event| {
        if let Ok(window) = event_target_value(&event).parse() {
            plots.window.set(window);
        }
    };
    let zoomed = move || {
        let (from, to) = plots.range.get()?;
        let words = format!("steps {} to {}", format::whole(from), format::whole(to));
        Some(view! {
            <button class="btn small-btn" data-testid="zoom-reset" title="Show all steps (0, or double click)" on:click=move |_| plots.reset()>
                <span class="num">{words}</span><b>"Show all"</b></button>
        })
    };
    view! {
        <div class="toolbar">
            <label class="smoothing"><span>"Smoothing"</span>
                <input type="range" min="0" max=(WINDOWS.len() - 1).to_string() data-testid="smoothing" prop:value=move || plots.window.get().to_string() on:input=set
                    aria-valuetext=words/><b class="num">{words}</b></label>
            {zoomed}<span class="grow"></span>
            <span class="dim small wide-only">"Drag to zoom, "<kbd>"Ctrl"</kbd>" wheel, "<kbd>"Shift"</kbd>" drag to move, click goes to the step"</span>
        </div>
    }
}

/// Says so where the chart code did not come.
#[component]
fn Fault() -> impl IntoView {
    let plots = expect_context::<Plots>();
    move || {
        plots.fault.get().map(|why| {
            view! { <p class="banner is-bad" role="alert">{format!("The charts could not be loaded, so no curves are drawn. Reload the page. {why}")}</p> }
        })
    }
}

/// The shade of a mean reward: the heat tokens, blended between their places on 0 to 1.
fn heat_colour(value: f64) -> String {
    const STOPS: [f64; 5] = [0.0, 0.2, 0.45, 0.7, 1.0];
    let value = value.clamp(0.0, 1.0);
    let above = STOPS.iter().position(|stop| *stop > value).unwrap_or(STOPS.len() - 1);
    let (low, high) = (STOPS[above - 1], STOPS[above]);
    let share = (value - low) / (high - low) * 100.0;
    format!("color-mix(in oklab, var(--heat-{above}) {share:.0}%, var(--heat-{}))", above - 1)
}

/// Mean reward of every cell over time.
#[component]
fn Heat(watch: Watch) -> impl IntoView {
    let rows = move || {
        watch.points(|points| {
            let row = |name: String| {
                let values = heat(points, &name, COLUMNS.min(points.len().max(1)));
                (name, values)
            };
            cells(points).into_iter().map(row).collect::<Vec<_>>()
        })
    };
    let range = move || {
        let first = watch.points(|points| points.first().map_or(0, |p| p.step));
        format!("steps {} to {}", format::whole(first), format::whole(watch.step()))
    };
    let empty = move || watch.points(|points| points.is_empty());
    view! {
        <section class="panel chart heat" data-testid="chart-cells">
            <header><h2 title="Mean reward of each task and difficulty over the run, left to right.">"Reward by cell"</h2><span class="grow"></span><span class="dim small num">{range}</span>
                <span class="heat-key" aria-hidden="true"><i class="h0"></i><i class="h1"></i><i class="h2"></i><i class="h3"></i><i class="h4"></i></span></header>
            <div class="cells-body"><div class="cells">{move || rows().into_iter().map(heat_row).collect_view()}</div></div>
            {move || empty().then(|| view! { <p class="plot-empty dim">"The first step fills this grid."</p> })}
        </section>
    }
}

fn heat_row((name, values): (String, Vec<Option<f64>>)) -> impl IntoView {
    let title = words::cell_title(&name);
    let newest = values.iter().rev().flatten().next().copied();
    let cell = {
        let title = title.clone();
        move |value: Option<f64>| match value {
            Some(value) => {
                let words = format!("{title}: {}", format::fixed(value, 2));
                view! { <i title=words style:background=heat_colour(value)></i> }.into_any()
            }
            None => view! { <i class="none"></i> }.into_any(),
        }
    };
    let cells = values.into_iter().map(cell).collect_view();
    view! {
        <div class="heat-row"><span class="clip">{title}</span><div class="heat-cells">{cells}</div>
            <b class="num">{newest.map(|v| format::fixed(v, 2))}</b></div>
    }
}
