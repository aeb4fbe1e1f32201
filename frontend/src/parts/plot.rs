//! A panel with curves over training steps. The canvas is drawn by `state::plots`; here are its
//! frame, its legend, its words for those who do not see it, and what it is fed with.

use crate::logic::format;
use crate::parts::bits::{Glyph, Icon};
use crate::state::live::Live;
use crate::state::plots::{Chart, Plots};
use js_sys::{Array, Float32Array, Float64Array, Object, Reflect};
use leptos::html;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use shared::curves::Curves;

/// One curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its column in [`Curves`].
    pub key: String,
    /// As in the legend.
    pub name: String,
    /// CSS class that carries its colour.
    pub class: &'static str,
}

/// What a chart is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct About {
    /// Heading.
    pub title: &'static str,
    /// For the browser tests.
    pub testid: &'static str,
    /// What one reads off it, in a sentence.
    pub help: &'static str,
    /// Figures are multiplied by this.
    pub scale: f64,
    /// The axis reaches at least this far up.
    pub floor: f64,
    /// Whether the axis always begins at zero.
    pub from_zero: bool,
    /// Whether it is logarithmic at first.
    pub log: bool,
}

/// Where a chart's numbers come from.
#[derive(Clone, Copy)]
pub enum Feed {
    /// The followed run.
    Live(StoredValue<Live>),
    /// Curves made by the page, with a number that changes whenever they are other ones.
    Made(RwSignal<(Curves, u64)>),
}

impl From<Live> for Feed {
    fn from(live: Live) -> Self {
        Self::Live(StoredValue::new(live))
    }
}

impl Feed {
    fn with<T>(self, read: impl FnOnce(&Curves, u64) -> T) -> T {
        match self {
            Self::Live(live) => live.get_value().with_curves(read),
            Self::Made(made) => made.with(|(curves, turn)| read(curves, *turn)),
        }
    }
}

/// What a chart has been fed with.
#[derive(Clone, Default, PartialEq)]
struct Fed {
    turn: u64,
    lines: Vec<Line>,
    steps: usize,
}

/// The panel.
#[component]
pub fn Plot(
    /// What it is about.
    about: About,
    /// The curves.
    lines: Memo<Vec<Line>>,
    /// Where the numbers come from.
    #[prop(into)]
    feed: Feed,
) -> impl IntoView {
    let plots = expect_context::<Plots>();
    let (host, legend) = (NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new());
    let chart = StoredValue::new(None::<SendWrapper<Chart>>);
    let fed = StoredValue::new(Fed::default());
    let log = RwSignal::new(about.log);
    Effect::new(move |_| {
        let (Some(host), Some(legend), true) = (host.get(), legend.get(), plots.ready.get()) else {
            return;
        };
        if chart.with_value(Option::is_none) {
            let made = plots.with(|group| group.chart(&host, &legend, &options(about)));
            chart.set_value(made.map(SendWrapper::new));
        }
        let lines = lines.get();
        feed.with(|curves, turn| {
            let have = fed.get_value();
            let now = Fed { turn, lines, steps: curves.len() };
            let goes_on = have.turn == turn && have.lines == now.lines && have.steps <= now.steps;
            let from = if goes_on { have.steps } else { 0 };
            if have == now {
                return;
            }
            let (steps, columns) = part(curves, &now.lines, from, about.scale);
            chart.with_value(|chart| match chart {
                Some(chart) if goes_on && from > 0 => chart.add(&steps, &columns),
                Some(chart) => chart.set(&steps, &columns),
                None => {}
            });
            fed.set_value(now);
        });
    });
    Effect::new(move |before: Option<bool>| {
        let log = log.get();
        if before.is_some_and(|before| before != log) {
            chart.with_value(|chart| chart.as_ref().map(|chart| chart.set_log(log)));
        }
        log
    });
    on_cleanup(move || {
        chart.update_value(|chart| {
            if let Some(chart) = chart.take() {
                chart.free();
            }
        });
    });
    let words = move || feed.with(|curves, _| lines.with(|l| describe(about, l, curves)));
    let big = move || plots.big.get() == Some(about.testid);
    let enlarge = move |_| {
        plots.big.update(|big| {
            *big = if *big == Some(about.testid) { None } else { Some(about.testid) }
        });
        if let Some(host) = host.get_untracked() {
            let _ = host.focus();
        }
    };
    let empty = move || feed.with(|curves, _| curves.is_empty());
    let item = |line: Line| {
        view! { <span><i class=format!("dot {}", line.class)></i>{line.name}<b class="num"></b></span> }
    };
    view! {
        <section class="panel chart" class:big=big data-testid=about.testid>
            <header><h2 title=about.help>{about.title}</h2>
                <div class="legend" node_ref=legend>{move || lines.get().into_iter().map(item).collect_view()}</div>
                <span class="grow"></span>
                <button class="btn quiet tiny" aria-pressed=move || log.get().to_string() title="Logarithmic scale"
                    on:click=move |_| log.update(|log| *log = !*log)>"log"</button>
                <button class="btn quiet tiny" aria-pressed=move || big().to_string() on:click=enlarge
                    aria-label=move || if big() { "Back to all charts" } else { "Enlarge this chart" }
                    title=move || if big() { "Back to all charts (Esc)" } else { "Enlarge" }>
                    {move || view! { <Glyph icon=if big() { Icon::Close } else { Icon::Enlarge }/> }}</button>
            </header>
            <div class="plot" node_ref=host tabindex="0" role="img" aria-label=words></div>
            {move || empty().then(|| view! { <p class="plot-empty dim">"The first step draws this curve."</p> })}
        </section>
    }
}

fn options(about: About) -> Object {
    let options = Object::new();
    // Plain properties of a plain object can always be set.
    let _ = Reflect::set(&options, &"log".into(), &about.log.into());
    let _ = Reflect::set(&options, &"floor".into(), &about.floor.into());
    let _ = Reflect::set(&options, &"share".into(), &about.from_zero.into());
    options
}

/// The steps from the index `from` on, with a column for each line.
fn part(curves: &Curves, lines: &[Line], from: usize, scale: f64) -> (Float64Array, Array) {
    let steps: Vec<f64> = curves.steps()[from..].iter().map(|step| f64::from(*step)).collect();
    let column = |line: &Line| match curves.column(&line.key) {
        Some(values) if scale == 1.0 => Float32Array::from(&values[from..]),
        values => {
            let scaled = |i| values.map_or(f32::NAN, |values| values[i] * scale as f32);
            Float32Array::from((from..curves.len()).map(scaled).collect::<Vec<_>>().as_slice())
        }
    };
    (Float64Array::from(steps.as_slice()), lines.iter().map(column).collect())
}

/// The chart in words: where each curve begins and where it is.
fn describe(about: About, lines: &[Line], curves: &Curves) -> String {
    let one = |line: &Line| {
        let values = curves.column(&line.key)?;
        let mut there = values.iter().filter(|value| !value.is_nan());
        let scaled = |value: &f32| format::short(f64::from(*value) * about.scale);
        let first = scaled(there.next()?);
        let last = there.next_back().map_or_else(|| first.clone(), scaled);
        Some(format!("{} from {first} to {last}", line.name))
    };
    let parts: Vec<String> = lines.iter().filter_map(one).collect();
    let said = if parts.is_empty() { "no data yet".to_owned() } else { parts.join("; ") };
    format!(
        "{}: {said}. {} Arrow keys move the cursor, plus and minus zoom.",
        about.title, about.help
    )
}
