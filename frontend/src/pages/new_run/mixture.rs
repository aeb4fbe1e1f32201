//! The task mixture: one row per task with its dial and weight, and a bar of the shares.

use super::Form;
use crate::logic::form::{Row, shares};
use crate::logic::{format, words};
use leptos::prelude::*;
use shared::config::{Field, MixtureItem};
use shared::task::{Difficulty, Perturbation, Task, TaskKind};

/// Numbers of clips that divide a strip of 48 frames.
const CLIPS: [u32; 9] = [2, 3, 4, 6, 8, 12, 16, 24, 48];

/// The editor.
#[component]
pub fn Mixture(form: Form, field: &'static Field) -> impl IntoView {
    let rows = Memo::new(move |_| form.draft.with(|draft| draft.mixture.clone()));
    let count = Memo::new(move |_| rows.with(Vec::len));
    let bar = move || {
        let list = rows.get();
        let part = |(row, share): (&Row, f64)| {
            let class = words::task_class(row.item.task);
            let title = format!(
                "{} {}",
                words::cell_title(&row.item.task().cell()),
                format::percent(share)
            );
            view! { <span class=class title=title style:width=format!("{:.2}%", share * 100.0)></span> }
        };
        list.iter().zip(shares(&list)).map(part).collect_view()
    };
    let add = move |_| {
        edit(form, |rows| {
            rows.push(Row::of(&MixtureItem::of(Task::usual(TaskKind::Grounding), 1.0)));
        });
    };
    let problem = move || form.problem("mixture");
    view! {
        <div class="mixture" data-testid="field-mixture">
            <div class="row"><b class="field-name">{field.label}</b><span class="dim small">{field.help}</span></div>
            <div class="mix" aria-hidden="true">{bar}</div>
            <div class="mix-rows">
                {move || (0..count.get()).map(|i| view! { <MixtureRow form i rows/> }).collect_view()}
            </div>
            <button class="btn" on:click=add data-testid="mixture-add">"Add a task"</button>
            {move || problem().map(|why| view! { <p class="err" role="alert" data-testid="error-mixture">{why}</p> })}
        </div>
    }
}

fn edit(form: Form, change: impl FnOnce(&mut Vec<Row>)) {
    form.refused.set(Vec::new());
    form.draft.update(|draft| change(&mut draft.mixture));
}

#[component]
fn MixtureRow(form: Form, i: usize, rows: Memo<Vec<Row>>) -> impl IntoView {
    let row = move || rows.with(|rows| rows.get(i).cloned());
    let task = Memo::new(move |_| row().map(|row| row.item.task()));
    let kind = Memo::new(move |_| task.get().map(|task| task.kind()));
    let share = move || {
        let all = rows.with(|rows| shares(rows));
        all.get(i).map(|share| format::percent(*share))
    };
    let change = move |what: &dyn Fn(&mut Row)| {
        edit(form, |rows| rows.get_mut(i).into_iter().for_each(what));
    };
    let set_task = move |task: Task| {
        change(&|row| row.item = MixtureItem::of(task, row.item.weight));
    };
    let set_kind = move |event: web_sys::Event| {
        if let Ok(kind) = event_target_value(&event).parse() {
            set_task(Task::usual(kind));
        }
    };
    let set_weight = move |event: web_sys::Event| {
        let text = event_target_value(&event);
        change(&|row| row.weight.clone_from(&text));
    };
    let remove = move |_| {
        edit(form, |rows| {
            if i < rows.len() {
                rows.remove(i);
            }
        });
    };
    let weight = move || row().map(|row| row.weight).unwrap_or_default();
    let wrong = move || {
        let field = format!("mixture[{i}].weight");
        form.problems().iter().any(|p| p.field == field)
    };
    let kind_option = move |k: TaskKind| {
        view! { <option value=k.name() selected=move || kind.get() == Some(k)>{words::capital(k.name())}</option> }
    };
    let class = move || format!("dot {}", kind.get().map_or("", words::task_class));
    view! {
        <div class="mix-row" data-testid="mixture-row">
            <i class=class></i>
            <select class="field-input" aria-label="Task" on:change=set_kind>{TaskKind::ALL.iter().copied().map(kind_option).collect_view()}</select>
            {move || task.get().map(|task| dial(task, set_task))}
            <input class="field-input num" class:wrong=wrong inputmode="decimal" aria-label="Weight" prop:value=weight on:input=set_weight/>
            <span class="num soft">{share}</span>
            <button class="btn quiet" on:click=remove aria-label="Take this task out">"Remove"</button>
        </div>
    }
}

/// The main dial of a task: kind of change, difficulty, number of clips or tiles.
fn dial(task: Task, set: impl Fn(Task) + Copy + 'static) -> AnyView {
    let (name, options): (&str, Vec<(String, String, bool)>) = match task {
        Task::Grounding { perturbation } => {
            let one = |p: &Perturbation| {
                (p.name().into(), words::cell_title(p.name()), *p == perturbation)
            };
            ("Change", Perturbation::ALL.iter().map(one).collect())
        }
        Task::Counting { difficulty } => {
            let one =
                |d: &Difficulty| (d.name().into(), words::capital(d.name()), *d == difficulty);
            ("Difficulty", Difficulty::ALL.iter().map(one).collect())
        }
        Task::Jigsaw { clips } => {
            let one = |n: &u32| (n.to_string(), format!("{n} clips"), *n == clips);
            ("Clips", CLIPS.iter().map(one).collect())
        }
        Task::Spatial { grid } => {
            let one = |n: u32| (n.to_string(), format!("{n} × {n} tiles"), n == grid);
            ("Tiles", [2, 3].map(one).to_vec())
        }
        Task::Spotting | Task::Progress => return view! { <span></span> }.into_any(),
    };
    let changed = move |event: web_sys::Event| {
        let value = event_target_value(&event);
        let new = match task {
            Task::Grounding { .. } => {
                value.parse().ok().map(|perturbation| Task::Grounding { perturbation })
            }
            Task::Counting { .. } => {
                value.parse().ok().map(|difficulty| Task::Counting { difficulty })
            }
            Task::Jigsaw { .. } => value.parse().ok().map(|clips| Task::Jigsaw { clips }),
            Task::Spatial { .. } => value.parse().ok().map(|grid| Task::Spatial { grid }),
            Task::Spotting | Task::Progress => None,
        };
        if let Some(new) = new {
            set(new);
        }
    };
    let option = |(value, title, selected): (String, String, bool)| {
        view! { <option value=value selected=selected>{title}</option> }
    };
    view! {
        <select class="field-input" aria-label=name on:change=changed>{options.into_iter().map(option).collect_view()}</select>
    }
    .into_any()
}
