//! What if the reward were another, or were compared otherwise: this group and the whole run
//! scored again in the browser, by the trainer's own code under the run's own settings.

use crate::logic::format;
use crate::logic::keys::Command;
use crate::logic::whatif::{
    GroupChange, RunChange, TaskChange, Tried, can_try, needs_batch, reproduced, rescore, sum_up,
};
use crate::logic::words;
use crate::parts::bits::TaskDot;
use crate::parts::keycap::Cap;
use crate::parts::stage::Stage;
use crate::route;
use crate::state::browser::now_ms;
use crate::state::whatif::WhatIfDesk;
use leptos::prelude::*;
use shared::api::AnswerGroup;
use shared::recipe::AdvantageRule;
use shared::reward::RewardMode;

/// A whole run under the tried settings.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    change: RunChange,
    /// What the scoring took, milliseconds.
    took_ms: f64,
}

/// The section of the inspector.
#[component]
pub fn WhatIf(stage: Stage, desk: WhatIfDesk) -> impl IntoView {
    let run = stage.run.get_value();
    // Only when it begins: from one setting to the next the answers stay the same.
    Effect::new(move |before: Option<bool>| {
        let tries = desk.tried.with(Option::is_some);
        if tries && before != Some(true) {
            untrack(|| desk.fetch(run.clone()));
        }
        tries
    });
    Effect::new(move |_| stage.tried.set(this_group(stage, desk)));
    on_cleanup(move || {
        let _ = stage.tried.try_set(None);
    });
    let outcome = Memo::new(move |_| whole_run(desk));
    let back = move |_| desk.tried.set(None);
    view! {
        <section class="whatif" data-testid="whatif">
            <div class="row head wrap"><h2>"What if the reward were"</h2><Rewards desk/><span class="grow"></span><Cap does=Command::WhatIf/></div>
            <Comparison desk/>
            {move || match desk.tried.get() {
                None => view! { <p class="dim">"Try another reward or comparison: every stored answer of the run is scored again here, by the trainer's own code."</p> }.into_any(),
                Some(_) => view! {
                    <GroupWords stage/>
                    {move || run_words(stage, desk, outcome.get())}
                    <button class="btn small-btn" data-testid="whatif-back" on:click=back>"Back to the run's own"</button>
                }.into_any(),
            }}
        </section>
    }
}

/// Which reward.
#[component]
fn Rewards(desk: WhatIfDesk) -> impl IntoView {
    let own = move || desk.config().map(|config| Tried::of(&config));
    let pick = move |wanted: RewardMode| {
        let pressed = move || {
            let now = desk.tried.get().or_else(own);
            now.is_some_and(|now| now.reward == wanted).to_string()
        };
        let choose = move |_| change(desk, |tried| tried.reward = wanted);
        let runs_own =
            move || own().is_some_and(|own| own.reward == wanted).then_some("the run's own");
        view! {
            <button aria-pressed=pressed title=runs_own data-testid=format!("whatif-{wanted}") on:click=choose>
                {words::capital(wanted.name())}</button>
        }
    };
    view! { <span class="seg">{RewardMode::ALL.iter().map(|mode| pick(*mode)).collect_view()}</span> }
}

/// Changes what is tried; the run's own settings are none.
fn change(desk: WhatIfDesk, edit: impl FnOnce(&mut Tried)) {
    let Some(config) = untrack(|| desk.config()) else { return };
    let own = Tried::of(&config);
    let mut tried = desk.tried.get_untracked().unwrap_or(own);
    edit(&mut tried);
    desk.tried.set((tried != own).then_some(tried));
}

/// What rewards are compared with, and the numbers that some rules ask for.
#[component]
fn Comparison(desk: WhatIfDesk) -> impl IntoView {
    let now = move || {
        let config = desk.config()?;
        Some((desk.tried.get().unwrap_or_else(|| Tried::of(&config)), config))
    };
    let option = move |rule: &'static AdvantageRule| {
        let selected = move || now().is_some_and(|(tried, _)| tried.rule == *rule);
        let off = move || now().is_some_and(|(_, config)| !can_try(&config, *rule));
        let own = move || match now().is_some_and(|(_, config)| config.update.advantage == *rule) {
            true => format!("{rule} (the run's own)"),
            false => rule.to_string(),
        };
        view! { <option value=rule.name() prop:selected=selected disabled=off>{own}</option> }
    };
    let choose = move |event| {
        if let Ok(rule) = event_target_value(&event).parse() {
            change(desk, |tried| tried.rule = rule);
        }
    };
    let number = move |name: &'static str, read: fn(&mut Tried) -> &mut f64| {
        let value = move || now().map(|(mut tried, _)| read(&mut tried).to_string());
        let set = move |event| {
            let typed = event_target_value(&event).parse::<f64>().ok();
            if let Some(x) = typed.filter(|x| (0.0..=1.0).contains(x)) {
                change(desk, |tried| *read(tried) = x);
            }
        };
        view! {
            <label class="row">{name}<input class="field-input num" type="number" min="0" max="1" step="0.05" prop:value=value on:change=set/></label>
        }
    };
    let asks = move || now().is_some_and(|(tried, _)| tried.asks_right());
    let weighs = move || now().is_some_and(|(tried, _)| tried.rule == AdvantageRule::Weighted);
    view! {
        <div class="row wrap compare-by">
            <label class="row grow">"compared by"<select class="field-input" data-testid="whatif-rule" on:change=choose disabled=move || now().is_none()>
                {AdvantageRule::ALL.iter().map(option).collect_view()}</select></label>
            {move || asks().then(|| number("right from", |tried| &mut tried.right_from))}
            {move || weighs().then(|| number("worth", |tried| &mut tried.positive_weight))}
        </div>
    }
}

/// This group's answers under the tried settings. Rules that look at a whole step wait for it.
fn this_group(stage: Stage, desk: WhatIfDesk) -> Option<Vec<crate::logic::whatif::Rescored>> {
    let (tried, config) = (desk.tried.get()?, desk.config()?);
    let own = stage.group(|group| AnswerGroup::of(group.clone()));
    if !needs_batch(tried.rule) {
        let then = rescore(&config, tried, std::slice::from_ref(&own));
        return then.into_iter().next().map(|group| group.answers);
    }
    desk.answers.with(|answers| {
        let whole = !answers.loading || answers.groups.last().is_some_and(|g| g.step > own.step);
        let step: Vec<AnswerGroup> =
            answers.groups.iter().filter(|g| g.step == own.step).cloned().collect();
        let at = step.iter().position(|g| g.group == own.group).filter(|_| whole)?;
        rescore(&config, tried, &step).into_iter().nth(at).map(|group| group.answers)
    })
}

fn whole_run(desk: WhatIfDesk) -> Option<Outcome> {
    let (tried, config) = (desk.tried.get()?, desk.config()?);
    desk.answers.with(|answers| {
        if answers.loading || answers.groups.is_empty() {
            return None;
        }
        let began = now_ms();
        let then = rescore(&config, tried, &answers.groups);
        let change = sum_up(&answers.groups, &then);
        Some(Outcome { change, took_ms: now_ms() - began })
    })
}

/// What changes in this group, in a sentence.
#[component]
fn GroupWords(stage: Stage) -> impl IntoView {
    move || {
        let Some(then) = stage.tried.get() else {
            return view! { <p class="dim">"This comparison looks at the whole step; it is on its way."</p> }.into_any();
        };
        let flips = then.iter().filter(|answer| answer.flips()).count();
        let dead = then.iter().all(|answer| answer.advantage.abs() < 1e-6);
        view! {
            <p data-testid="whatif-group">"Here "<b class="num">{format!("{flips} of {}", then.len())}</b>
                " answers change the sign of their advantage"
                {if dead { "; the group would be dead." } else { "; the lanes show them as they would be." }}</p>
        }
        .into_any()
    }
}

fn run_words(stage: Stage, desk: WhatIfDesk, outcome: Option<Outcome>) -> AnyView {
    if let Some(outcome) = outcome {
        return view! { <RunWords stage desk outcome/> }.into_any();
    }
    let (count, fault) = desk.answers.with(|answers| (answers.groups.len(), answers.fault.clone()));
    match fault {
        Some(fault) => {
            let run = stage.run.get_value();
            view! {
                <div class="row"><p class="error grow" role="alert">{fault.message}</p>
                    <button class="btn small-btn" on:click=move |_| desk.fetch(run.clone())>"Try again"</button></div>
            }
            .into_any()
        }
        None => view! { <p class="dim num" role="status">{format!("The run's answers are on their way: {} groups", format::whole(count as u64))}</p> }.into_any(),
    }
}

/// What changes in the run: a sentence, by task, and where most.
#[component]
fn RunWords(stage: Stage, desk: WhatIfDesk, outcome: Outcome) -> impl IntoView {
    let Outcome { change, took_ms } = outcome;
    let n = |n: usize| format::whole(n as u64);
    let signs = format!("{} of {}", n(change.flips), n(change.answers));
    let rest = format!(
        " advantages change their sign: {} turn round, {} come from or to nothing. {} rewards change; {} die, {} come alive.",
        n(change.turns),
        n(change.flips - change.turns),
        n(change.rewards),
        format::plural(change.die as u64, "group", "groups"),
        n(change.wake)
    );
    let same = Memo::new(move |_| {
        let config = desk.config()?;
        Some(desk.answers.with(|answers| reproduced(&config, &answers.groups)))
    });
    let all = change.answers;
    let check = move || {
        let same = same.get()?;
        Some(match same == all {
            true => {
                "Under the run's own settings every stored advantage comes out again.".to_owned()
            }
            false => format!(
                "Under the run's own settings {} of {} stored advantages come out again: trust these figures only so far.",
                n(same),
                n(all)
            ),
        })
    };
    let run = stage.run.get_value();
    view! {
        <p data-testid="whatif-run" data-flips=change.flips.to_string() data-rewards=change.rewards.to_string()
            data-answers=all.to_string()>"In this run "<b class="num">{signs}</b>{rest}</p>
        <div class="change-table num"><span class="dim">"task"</span><span class="dim">"signs"</span><span class="dim">"rewards"</span><span class="dim">"mean reward"</span>
            {change.tasks.into_iter().map(task_row).collect_view()}</div>
        <ol class="places" aria-label="Groups where most changes">{change.places.into_iter().map(|place| place_row(&run, place)).collect_view()}</ol>
        <p class="dim small"><span class="num" data-testid="whatif-took" data-ms=format!("{took_ms:.1}")>
            {format!("{} answers in {} ms. ", n(all), format::short(took_ms.max(0.1)))}</span>{check}</p>
    }
}

fn task_row(task: TaskChange) -> impl IntoView {
    let name = words::capital(task.task.name());
    let of =
        |n: usize| format!("{} of {}", format::whole(n as u64), format::whole(task.answers as u64));
    view! {
        <span class="row"><TaskDot kind=task.task/>{name}</span><span>{of(task.flips)}</span><span>{of(task.rewards)}</span>
        <span>{format!("{} → {}", format::fixed(task.mean_before, 2), format::fixed(task.mean, 2))}</span>
    }
}

fn place_row(run: &str, place: GroupChange) -> impl IntoView + use<> {
    let (step, group) = place.place;
    let words = format!("step {} · group {}", format::whole(step), group + 1);
    view! {
        <li><a class="row" href=route::group(run, step, group)><TaskDot kind=place.task/><span class="num">{words}</span>
            <span class="dim clip grow">{words::cell_title(&place.cell)}</span>
            <span class="num">{format!("{} of {} signs", place.flips, place.answers)}</span></a></li>
    }
}
