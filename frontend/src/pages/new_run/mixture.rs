//! The task mixture: one row per task with its dial and weight, and a bar of the shares.

use super::Form;
use crate::logic::dials::{item_title, toggled};
use crate::logic::form::{Row, shares};
use crate::logic::{format, words};
use crate::parts::dials::{DialEdit, DialForm, DialRows, main_select};
use leptos::prelude::*;
use shared::config::{Field, MixtureItem};
use shared::task::{Perturbation, Task, TaskKind};

/// The editor.
#[component]
pub fn Mixture(form: Form, field: &'static Field) -> impl IntoView {
    let rows = Memo::new(move |_| form.draft.with(|draft| draft.mixture.clone()));
    let count = Memo::new(move |_| rows.with(Vec::len));
    let bar = move || {
        let list = rows.get();
        let part = |(row, share): (&Row, f64)| {
            let class = words::task_class(row.item.task);
            let title = format!("{} {}", item_title(&row.item), format::percent(share));
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
    let item = Memo::new(move |_| row().map(|row| row.item));
    let kind = Memo::new(move |_| item.with(|item| item.as_ref().map(|item| item.task)));
    let more = RwSignal::new(false);
    let share = move || {
        let all = rows.with(|rows| shares(rows));
        all.get(i).map(|share| format::percent(*share))
    };
    let change = move |what: &dyn Fn(&mut Row)| {
        edit(form, |rows| rows.get_mut(i).into_iter().for_each(what));
    };
    let set_task = move |task: Task| {
        change(&|row| row.set_item(MixtureItem::of(task, row.item.weight)));
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
    let main = move || {
        item.get().map(|item| match item.tasks().as_slice() {
            [one] => main_select(*one, set_task),
            _ => view! { <span class="soft clip">{item_title(&item)}</span> }.into_any(),
        })
    };
    let turned = move || row().filter(|row| !row.dials.is_published()).map(|row| row.dials.words());
    view! {
        <div class="mix-row" data-testid="mixture-row">
            <i class=class></i>
            <select class="field-input" aria-label="Task" on:change=set_kind>{TaskKind::ALL.iter().copied().map(kind_option).collect_view()}</select>
            {main}
            <input class="field-input num" class:wrong=wrong inputmode="decimal" aria-label="Weight" prop:value=weight on:input=set_weight/>
            <span class="num soft">{share}</span>
            <span class="row-buttons">
                <button class="btn quiet" aria-expanded=move || more.get().to_string() data-testid="mixture-dials"
                    on:click=move |_| more.update(|more| *more = !*more)>"Dials"</button>
                <button class="btn quiet" on:click=remove aria-label="Remove this task">"Remove"</button>
            </span>
            {move || turned().map(|text| view! { <span class="turned dim small clip" title=text.clone()>{text.clone()}</span> })}
            {move || more.get().then(|| view! { <RowDials form i rows item/> })}
        </div>
    }
}

/// What a row's disclosure holds: the changes it chooses from, and the further dials.
#[component]
fn RowDials(
    form: Form,
    i: usize,
    rows: Memo<Vec<Row>>,
    item: Memo<Option<MixtureItem>>,
) -> impl IntoView {
    let change = move |what: &dyn Fn(&mut Row)| {
        edit(form, |rows| rows.get_mut(i).into_iter().for_each(what));
    };
    let grounding = Memo::new(move |_| {
        item.with(|i| i.as_ref().is_some_and(|i| i.task == TaskKind::Grounding))
    });
    let choice = move |perturbation: Perturbation| {
        let task = Task::Grounding { perturbation };
        let on = move || item.with(|i| i.as_ref().is_some_and(|i| i.tasks().contains(&task)));
        let flip = move |_| change(&|row| row.set_item(toggled(&row.item, perturbation)));
        view! {
            <button class="tag" class:chosen=on aria-pressed=move || on().to_string()
                data-testid=format!("change-{perturbation}") on:click=flip>{words::cell_title(perturbation.name())}</button>
        }
    };
    let changes = move || {
        grounding.get().then(|| {
            view! {
                <p class="dim small">"Each question plants one of these, evenly drawn."</p>
                <div class="tags">{Perturbation::ALL.iter().copied().map(choice).collect_view()}</div>
            }
        })
    };
    let dials = DialForm {
        tasks: Signal::derive(move || item.get().map(|item| item.tasks()).unwrap_or_default()),
        typed: Signal::derive(move || {
            rows.with(|r| r.get(i).map(|r| r.dials.clone())).unwrap_or_default()
        }),
        problem: Callback::new(move |key| {
            let field = format!("mixture[{i}].{key}");
            form.problems().into_iter().find(|p| p.field == field).map(|p| p.message)
        }),
        edit: Callback::new(move |edit| {
            change(&|row| match &edit {
                DialEdit::Put(key, at, text) => row.dials.put(&row.item.task(), key, *at, text),
                DialEdit::Reset(key) => row.dials.reset(key),
            });
        }),
    };
    view! {
        <div class="row-dials">{changes}<DialRows form=dials name=format!("mix-{i}")/></div>
    }
}
