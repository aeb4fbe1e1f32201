//! Curves by hand in SVG: raw thin and pale, smoothed on top, units on the axis, one line for
//! the chosen step, hover that reads every series.

use crate::logic::format;
use crate::logic::series::{
    Point, Scale, ceiling, decimate, nearest, path, smooth, spark_path, ticks,
};
use crate::state::browser::use_size;
use leptos::html;
use leptos::prelude::*;

/// One curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// As in the legend.
    pub name: String,
    /// CSS class that carries its colour.
    pub class: &'static str,
    /// Step and value, in order.
    pub points: Vec<Point>,
}

const LEFT: f64 = 40.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 20.0;

/// Everything that is drawn, in pixels.
#[derive(Clone, Debug, PartialEq)]
struct Drawing {
    x: Scale,
    y: Scale,
    size: (f64, f64),
    lines: Vec<(&'static str, String, String)>,
}

fn draw(series: &[Series], (width, height): (f64, f64), last_step: f64, least: f64) -> Drawing {
    let (width, height) = (width.max(120.0), height.max(90.0));
    let x = Scale { low: 0.0, high: last_step.max(1.0), to: (LEFT, width - RIGHT) };
    let values = series.iter().flat_map(|s| s.points.iter().map(|p| p.1));
    let y = Scale { low: 0.0, high: ceiling(values, 0.0, least), to: (height - BOTTOM, TOP) };
    let columns = (width - LEFT - RIGHT) as usize;
    let line = |s: &Series| {
        let soft = smooth(&s.points);
        let raw = path(&decimate(&s.points, columns), x, y);
        (s.class, raw, path(&decimate(&soft, columns), x, y))
    };
    Drawing { x, y, size: (width, height), lines: series.iter().map(line).collect() }
}

/// A panel with curves over training steps.
#[component]
pub fn LineChart(
    /// Heading.
    title: &'static str,
    /// For the browser tests.
    testid: &'static str,
    /// The curves.
    #[prop(into)]
    series: Signal<Vec<Series>>,
    /// Right end of the axis.
    #[prop(into)]
    last_step: Signal<f64>,
    /// The scrubbed step, if one is.
    #[prop(into)]
    at: Signal<Option<u64>>,
    /// The axis reaches at least this far up.
    least: f64,
) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    let size = use_size(body);
    let drawing = Memo::new(move |_| series.with(|s| draw(s, size.get(), last_step.get(), least)));
    let hover = RwSignal::new(None::<f64>);
    let follow = move |event: web_sys::PointerEvent| {
        if let Some(body) = body.get_untracked() {
            let px = f64::from(event.client_x()) - body.get_bounding_client_rect().left();
            let step = drawing.with_untracked(|d| d.x.value(px)).round();
            hover.set(Some(step.max(0.0)));
        }
    };
    let shown_step = Memo::new(move |_| hover.get().or_else(|| at.get().map(|s| s as f64)));
    let legend = move || series.get().into_iter().map(|s| legend_item(&s)).collect_view();
    let empty = move || series.with(|list| list.iter().all(|s| s.points.is_empty()));
    let reading = move || {
        let step = shown_step.get()?;
        let late = step > last_step.get() / 2.0;
        Some(readout(&series.get(), step, if late { "readout" } else { "readout late" }))
    };
    view! {
        <section class="panel chart" data-testid=testid>
            <header><h2>{title}</h2><span class="grow"></span>
                <div class="legend">{legend}</div></header>
            <div class="body" node_ref=body on:pointermove=follow on:pointerleave=move |_| hover.set(None)>
                <svg class="plot" role="img" aria-label=move || describe(title, &series.get())
                    viewBox=move || drawing.with(|d| format!("0 0 {} {}", d.size.0, d.size.1))>
                    {move || axes(&drawing.get())}
                    {move || curves(&drawing.get())}
                    {move || marker(&drawing.get(), shown_step.get(), hover.get().is_some())}
                </svg>
                {reading}
                {move || empty().then(|| view! { <p class="plot-empty dim">"The first step draws this curve."</p> })}
            </div>
        </section>
    }
}

fn legend_item(series: &Series) -> impl IntoView + use<> {
    let dot = format!("dot {}", series.class);
    let name = series.name.clone();
    view! { <span><i class=dot></i>{name}</span> }
}

/// Every series at a step.
fn readout(series: &[Series], step: f64, class: &'static str) -> impl IntoView + use<> {
    let line = |s: &Series| {
        let value = nearest(&s.points, step).map(|p| format::short(p.1));
        let (dot, name) = (format!("dot {}", s.class), s.name.clone());
        view! { <span><i class=dot></i>{name}</span><b class="num">{value}</b> }
    };
    let lines = series.iter().map(line).collect_view();
    view! {
        <div class=class><span class="dim">"step"</span><b class="num">{format::whole(step as u64)}</b>{lines}</div>
    }
}

fn describe(title: &str, series: &[Series]) -> String {
    let one = |s: &Series| {
        let (first, last) = (s.points.first(), s.points.last());
        first.zip(last).map(|(a, b)| {
            format!("{} from {} to {}", s.name, format::short(a.1), format::short(b.1))
        })
    };
    let parts: Vec<String> = series.iter().filter_map(one).collect();
    format!("{title}: {}", if parts.is_empty() { "no data yet".into() } else { parts.join("; ") })
}

fn axes(d: &Drawing) -> impl IntoView + use<> {
    let (x, y) = (d.x, d.y);
    let (left, right) = x.to;
    let bottom = y.to.0;
    let row = move |value: f64| {
        let at = y.px(value);
        view! {
            <line class="grid" x1=left x2=right y1=at y2=at></line>
            <text x=left - 6.0 y=at + 3.5 text-anchor="end">{format::short(value)}</text>
        }
    };
    let about = ((right - left) / 64.0) as usize;
    let whole = |v: &f64| v.fract() == 0.0;
    let column = move |value: f64| {
        let end = value > x.high * 0.94;
        let anchor = if value == 0.0 {
            "start"
        } else if end {
            "end"
        } else {
            "middle"
        };
        view! { <text x=x.px(value) y=bottom + 15.0 text-anchor=anchor>{format::whole(value as u64)}</text> }
    };
    let rows = ticks(y.low, y.high, 5).into_iter().map(row).collect_view();
    let columns =
        ticks(x.low, x.high, about.max(2)).into_iter().filter(whole).map(column).collect_view();
    (rows, columns)
}

fn curves(d: &Drawing) -> impl IntoView + use<> {
    let line = |(class, raw, soft): (&'static str, String, String)| {
        view! { <g class=format!("curve {class}")><path class="raw" d=raw></path><path class="soft-line" d=soft></path></g> }
    };
    d.lines.clone().into_iter().map(line).collect_view()
}

fn marker(d: &Drawing, step: Option<f64>, hovering: bool) -> impl IntoView + use<> {
    let (x, y) = (d.x, d.y);
    step.map(|step| {
        let at = x.px(step.clamp(x.low, x.high));
        let class = if hovering { "mark-line hover" } else { "mark-line" };
        view! { <line class=class x1=at x2=at y1=y.to.1 y2=y.to.0></line> }
    })
}

/// A curve the size of a word.
#[component]
pub fn Spark(
    /// The values, in order.
    values: Vec<f64>,
    /// CSS class that carries its colour.
    #[prop(default = "")]
    class: &'static str,
) -> impl IntoView {
    view! {
        <svg class=format!("spark {class}") viewBox="0 0 68 30" preserveAspectRatio="none" aria-hidden="true">
            <path d=spark_path(&values, 68.0, 30.0) vector-effect="non-scaling-stroke"></path>
        </svg>
    }
}
