//! The frozen questions that both were asked: who wins, by how much, and where.

use super::Duel;
use super::samples::Samples;
use crate::logic::compare::{forest, obstacle, place, reach, verdict};
use crate::logic::{format, words};
use crate::parts::states::{FaultBox, Skeleton};
use crate::state::remote::{Fault, Remote};
use leptos::prelude::*;
use shared::config::RunConfig;
use shared::paired::{Pairing, SetResults, Tally, pair};

/// Two evaluations on one set, laid beside each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Laid {
    /// The evaluations.
    pub sets: [SetResults; 2],
    /// Their common questions.
    pub pairing: Pairing,
}

/// What can be shown of the evaluations.
#[derive(Clone, Debug, PartialEq)]
enum Shown {
    Waiting,
    Broken(Fault),
    Unpaired(String),
    Paired(Box<Laid>),
}

/// The sets that both were asked, in the order of A.
fn common(duel: Duel) -> Vec<String> {
    let names = |side: super::Side| {
        side.results.with(|sets| {
            sets.ready().map_or_else(Vec::new, |sets| sets.iter().map(|s| s.set.clone()).collect())
        })
    };
    let b: Vec<String> = names(duel.b);
    let mut a: Vec<String> = names(duel.a);
    a.retain(|name| b.contains(name));
    a
}

fn shown(duel: Duel, set: Option<&str>) -> Shown {
    let mut sides = [None, None];
    for (slot, side) in sides.iter_mut().zip(duel.sides()) {
        let loaded = side.body.with(|body| body.ready().is_some());
        if side.at.get().is_none() {
            // Its journal may be on its way still.
            if !loaded
                || side.view.with(|view| view.seq == 0)
                    && side.listed().is_some_and(|run| run.seq > 0)
            {
                return Shown::Waiting;
            }
            continue;
        }
        match side.results.get() {
            Remote::Loading => return Shown::Waiting,
            Remote::Failed(fault) => return Shown::Broken(fault),
            // Without a set that both were asked, any says that this side has one.
            Remote::Ready(sets) => {
                *slot = sets.into_iter().find(|s| set.is_none_or(|set| s.set == set));
            }
        }
    }
    let pairing = sides[0].as_ref().zip(sides[1].as_ref()).and_then(|(a, b)| pair(a, b));
    let why = {
        let [a, b] = &sides;
        let say = |configs: Option<[&RunConfig; 2]>| {
            obstacle([a.as_ref(), b.as_ref()], pairing.as_ref(), configs)
        };
        duel.with_configs(|configs| say(Some(configs))).unwrap_or_else(|| say(None))
    };
    match (why, sides, pairing) {
        (None, [Some(a), Some(b)], Some(pairing)) => {
            Shown::Paired(Box::new(Laid { sets: [a, b], pairing }))
        }
        (why, ..) => Shown::Unpaired(why.unwrap_or_default()),
    }
}

/// The panel.
#[component]
pub fn Paired(duel: Duel) -> impl IntoView {
    let wanted = RwSignal::new(None::<String>);
    let sets = Memo::new(move |_| common(duel));
    // Clips that were held out say more than those that were learnt from.
    let set = Memo::new(move |_| {
        sets.with(|sets| {
            wanted.get().filter(|set| sets.contains(set)).or_else(|| sets.last().cloned())
        })
    });
    let shown = Memo::new(move |_| shown(duel, set.get().as_deref()));
    let choice = move || {
        (sets.with(Vec::len) > 1).then(|| {
            let button = |name: String| {
                let (mine, label) = (name.clone(), words::capital(&name));
                let pressed = move || (set.get().as_ref() == Some(&mine)).to_string();
                view! { <button aria-pressed=pressed on:click=move |_| wanted.set(Some(name.clone()))>{label}</button> }
            };
            view! { <span class="seg" role="group" aria-label="Set of questions">{sets.get().into_iter().map(button).collect_view()}</span> }
        })
    };
    let retry = Callback::new(move |()| duel.sides().iter().for_each(|side| side.reload()));
    let body = move || match shown.get() {
        Shown::Waiting => view! { <div class="body"><Skeleton rows=6/></div> }.into_any(),
        Shown::Broken(fault) => view! { <FaultBox fault what="the evaluations" retry/> }.into_any(),
        Shown::Unpaired(why) => {
            view! { <p class="body soft" data-testid="unpaired">{why}</p> }.into_any()
        }
        Shown::Paired(laid) => view! { <Outcome laid=*laid/> }.into_any(),
    };
    view! {
        <section class="panel paired" data-testid="paired">
            <header><h2>"Frozen questions"</h2><span class="grow"></span>{choice}</header>
            {body}
        </section>
    }
}

#[component]
fn Outcome(laid: Laid) -> impl IntoView {
    let tally = laid.pairing.all;
    let cell = RwSignal::new(None::<String>);
    let rows = forest(&laid.pairing);
    let far = reach(&rows.iter().map(|row| &row.2).collect::<Vec<_>>());
    let rows = rows.into_iter().map(|row| forest_row(row, far, cell)).collect_view();
    view! {
        <div class="body outcome">
            <p class="duel-verdict" data-testid="verdict">{verdict(&tally)}</p>
            <Figures tally/>
            {notes(&laid)}
            <div class="forest" data-testid="forest" role="group" aria-label="Difference by cell with its 95 % interval">
                {rows}
                <div class="forest-axis dim small num" aria-hidden="true"><span></span>
                    <span class="ends"><i>{format::signed(-far, 2)}" A better"</i><i>"0"</i><i>"B better "{format::signed(far, 2)}</i></span><span></span></div>
            </div>
        </div>
        <Samples laid cell/>
    }
}

/// Wins, ties and losses as one bar, and both means.
#[component]
fn Figures(tally: Tally) -> impl IntoView {
    let n = tally.pairs().max(1) as f64;
    let part = |count: usize, class: &'static str| {
        let width = format!("{:.2}%", count as f64 / n * 100.0);
        (count > 0).then(|| view! { <i class=class style:width=width></i> })
    };
    let count = |count: usize, one: &str, many: &str| format::plural(count as u64, one, many);
    let difference = match tally.interval {
        Some(half) => format!("{} ± {}", format::signed(tally.change, 3), format::fixed(half, 3)),
        None => format::signed(tally.change, 3),
    };
    view! {
        <div class="duel-figures">
            <div class="side-a"><h3><i class="dot"></i>"A"</h3><b class="figure num" data-testid="mean-a">{format::fixed(tally.means[0], 3)}</b></div>
            <div class="side-b"><h3><i class="dot"></i>"B"</h3><b class="figure num" data-testid="mean-b">{format::fixed(tally.means[1], 3)}</b></div>
            <div><h3>"B − A, 95 %"</h3><b class="figure num" data-testid="difference">{difference}</b></div>
            <div class="grow tally"><div class="split" aria-hidden="true">{part(tally.wins, "side-b")}{part(tally.ties, "tie")}{part(tally.losses, "side-a")}</div>
                <div class="legend num" data-testid="tally"><span class="side-b"><i class="dot"></i>{count(tally.wins, "win of B", "wins of B")}</span>
                    <span><i class="dot tie"></i>{count(tally.ties, "tie", "ties")}</span>
                    <span class="side-a"><i class="dot"></i>{count(tally.losses, "win of A", "wins of A")}</span></div></div>
        </div>
    }
}

/// What limits the comparison.
fn notes(laid: &Laid) -> Option<AnyView> {
    let pairing = &laid.pairing;
    let mut notes = Vec::new();
    if pairing.rescored {
        notes.push(format!(
            "A was scored {}, B by another rule; B's answers are scored again by A's.",
            pairing.score.name()
        ));
    }
    for (name, alone) in ["A", "B"].into_iter().zip(pairing.alone) {
        if alone > 0 {
            let n = format::plural(alone as u64, "question", "questions");
            notes.push(format!("{n} that only {name} was asked are left out."));
        }
    }
    (!notes.is_empty()).then(|| view! { <p class="small soft">{notes.join(" ")}</p> }.into_any())
}

/// A cell's difference as a point with its interval around 0; pressing it shows that cell alone.
fn forest_row(
    (cell, title, tally): (Option<String>, String, Tally),
    far: f64,
    chosen: RwSignal<Option<String>>,
) -> impl IntoView {
    let half = tally.interval.unwrap_or(0.0);
    let (low, high) = (place(tally.change - half, far), place(tally.change + half, far));
    let class = match (tally.is_clear(), tally.change > 0.0) {
        (true, true) => "plot-lane side-b",
        (true, false) => "plot-lane side-a",
        _ => "plot-lane unclear",
    };
    let value = match tally.interval {
        Some(half) => format!("{} ± {}", format::signed(tally.change, 2), format::fixed(half, 2)),
        None => format::signed(tally.change, 2),
    };
    let count = format::plural(tally.pairs() as u64, "question", "questions");
    let key = cell.clone();
    let pressed = move || (chosen.get() == key).to_string();
    view! {
        <button class="forest-row" data-testid="forest-row" aria-pressed=pressed on:click=move |_| chosen.set(cell.clone())
            title=format!("{count}: {} won by B, {} by A, {} ties", tally.wins, tally.losses, tally.ties)>
            <span class="clip">{title}<span class="dim small num">{format!(" {}", tally.pairs())}</span></span>
            <span class=class aria-hidden="true"><i class="zero"></i>
                <i class="whisker" style:left=format!("{low:.2}%") style:width=format!("{:.2}%", high - low)></i>
                <i class="point" style:left=format!("{:.2}%", place(tally.change, far))></i></span>
            <span class="num right">{value}</span>
        </button>
    }
}
