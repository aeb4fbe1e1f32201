//! The fields of the two configs that differ, under the headings of the form.

use super::Duel;
use crate::logic::compare::{Row, grouped, rows};
use crate::logic::format;
use crate::parts::states::Skeleton;
use leptos::prelude::*;

/// The table.
#[component]
pub fn Diff(duel: Duel) -> impl IntoView {
    let all = RwSignal::new(false);
    let found = Memo::new(move |_| duel.with_configs(|[a, b]| rows(a, b)));
    let differing =
        move || found.with(|rows| rows.as_ref().map(|r| r.iter().filter(|r| r.differs).count()));
    let note = move || {
        differing().filter(|n| *n > 0).map(|n| {
            let total = found.with(|rows| rows.as_ref().map_or(0, Vec::len)) as u64;
            format!("{} of {} fields differ", format::whole(n as u64), format::whole(total))
        })
    };
    let body = move || match found.get() {
        None => view! { <div class="body"><Skeleton rows=4/></div> }.into_any(),
        Some(rows) => {
            let same = rows.iter().all(|row| !row.differs);
            let shown = rows.into_iter().filter(|row| all.get() || row.differs).collect();
            let words = same.then(
                || view! { <p class="body soft" data-testid="same-config">{same_words(duel)}</p> },
            );
            view! { {words}{table(shown)} }.into_any()
        }
    };
    view! {
        <section class="panel config-diff" data-testid="config-diff">
            <header><h2>"Config"</h2><span class="dim small num">{note}</span><span class="grow"></span>
                <button class="btn small-btn" data-testid="all-fields" aria-pressed=move || all.get().to_string()
                    on:click=move |_| all.update(|all| *all = !*all)>
                    {move || if all.get() { "Only differences" } else { "All fields" }}</button></header>
            {body}
        </section>
    }
}

fn same_words(duel: Duel) -> &'static str {
    match duel.is_one_run() {
        true => "A and B are one run at two checkpoints, so every field is the same.",
        false => {
            "Both runs have the same config, the seed too. What differs between them is chance, the device or the version of the program."
        }
    }
}

fn table(rows: Vec<Row>) -> Option<AnyView> {
    (!rows.is_empty()).then(|| {
        let groups = grouped(rows).into_iter().map(group).collect_view();
        view! {
            <div class="table-wrap"><table class="table plain diff-table">
                <thead><tr><th scope="col">"Field"</th>
                    <th scope="col" class="side-a"><i class="dot"></i>" A"</th>
                    <th scope="col" class="side-b"><i class="dot"></i>" B"</th></tr></thead>
                {groups}
            </table></div>
        }
        .into_any()
    })
}

fn group((name, rows): (&'static str, Vec<Row>)) -> impl IntoView {
    let rows = rows.into_iter().map(row).collect_view();
    view! { <tbody><tr class="group-row"><th colspan="3" scope="rowgroup">{name}</th></tr>{rows}</tbody> }
}

fn row(row: Row) -> impl IntoView {
    let unit = Some(row.field.unit).filter(|unit| !unit.is_empty());
    let [a, b] = row.values;
    view! {
        <tr data-testid="diff-row" data-key=row.field.key class:same=!row.differs>
            <td title=row.field.help><b>{row.field.label}</b>{unit.map(|unit| view! { <span class="dim small">{format!(", {unit}")}</span> })}
                <code class="dim">{row.field.key}</code></td>
            <td class="num side-a">{a}</td><td class="num side-b">{b}</td>
        </tr>
    }
}
