//! One question and its answers: player, timeline, inspector.

use crate::logic::format;
use crate::logic::keys::{Command, KeyReader, Press};
use crate::parts::bits::TaskTag;
use crate::parts::inspector::{RolloutHead, Trace, WhatIf, next_mode};
use crate::parts::lanes::{LaneSet, Lanes, go_to_disagreement};
use crate::parts::player::{Player, ViewSize};
use crate::parts::shell::{Crumb, Page};
use crate::parts::stage::{Stage, follow_labels};
use crate::parts::states::{FaultBox, Skeleton};
use crate::parts::tagging::{After, Draft, Tagging, submit, withdraw};
use crate::parts::tokens::Tokens;
use crate::route;
use crate::state::api;
use crate::state::browser::{
    copy, dialog_open, is_pressable, is_typing, on_keys, origin, query_value, show_address,
};
use crate::state::library::use_library;
use crate::state::remote::Remote;
use crate::state::toast::use_toasts;
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_params_map};
use shared::annotation::Tag;
use shared::api::GroupBody;
use shared::reward::RewardMode;

/// Run, step and group of the address.
type Place = (String, u64, u32);

fn use_place() -> Memo<Option<Place>> {
    let params = use_params_map();
    Memo::new(move |_| {
        let params = params.read();
        Some((
            params.get("run")?,
            params.get("step")?.parse().ok()?,
            params.get("group")?.parse().ok()?,
        ))
    })
}

/// The page of a group.
#[component]
pub fn GroupPage() -> impl IntoView {
    let place = use_place();
    let got = RwSignal::new(Remote::<GroupBody>::Loading);
    let library = use_library();
    let load = move || {
        let Some((run, step, group)) = place.get_untracked() else { return };
        leptos::task::spawn_local(async move {
            let body = api::group(&run, step, group).await;
            let still = place.try_get_untracked().flatten();
            if still == Some((run, step, group)) {
                got.set(body.into());
            }
        });
    };
    Effect::new(move |_| {
        place.track();
        load();
    });
    let retry = Callback::new(move |()| {
        got.set(Remote::Loading);
        load();
    });
    let crumbs = Signal::derive(move || {
        let Some((run, step, group)) = place.get() else { return vec![Crumb::here("Group")] };
        let name = library.run(&run).map_or_else(|| run.clone(), |r| r.name);
        let of = got.with(|got| got.ready().map(|body| format!(" of {}", body.groups_in_step)));
        vec![
            Crumb::link("Runs", "/runs"),
            Crumb::link(name, route::run(&run)),
            Crumb::link(
                format!("step {}", format::whole(step)),
                format!("{}?step={step}", route::run(&run)),
            ),
            Crumb::here(format!("group {}{}", group + 1, of.unwrap_or_default())),
        ]
    });
    let to = move |forward: bool| {
        let run = place.get()?.0;
        let (step, group) = got.with(|got| {
            got.ready().and_then(|body| if forward { body.next } else { body.previous })
        })?;
        Some(route::group(&run, step, group))
    };
    let neighbours = Neighbours {
        previous: Signal::derive(move || to(false)),
        next: Signal::derive(move || to(true)),
    };
    view! {
        <Page crumbs=crumbs class="flush" actions=move || view! { <GroupActions neighbours/> }>
            {move || match got.get() {
                Remote::Loading => view! { <div class="group"><div class="stage"><Skeleton rows=9/></div></div> }.into_any(),
                Remote::Failed(fault) => view! { <FaultBox fault what="this group" retry/> }.into_any(),
                Remote::Ready(body) => {
                    let run = place.get_untracked().map(|p| p.0).unwrap_or_default();
                    view! { <GroupDesk run body neighbours/> }.into_any()
                }
            }}
        </Page>
    }
}

/// Addresses of the groups before and after.
#[derive(Clone, Copy)]
struct Neighbours {
    previous: Signal<Option<String>>,
    next: Signal<Option<String>>,
}

#[component]
fn GroupActions(neighbours: Neighbours) -> impl IntoView {
    let toasts = use_toasts();
    let copy_link = move |_| {
        let here = window().location().href().unwrap_or_else(|_| origin());
        leptos::task::spawn_local(async move {
            match copy(here).await {
                true => toasts.say("Link copied: this group, rollout and frame."),
                false => toasts.warn(
                    "The browser did not allow copying. The address bar holds the same link.",
                ),
            }
        });
    };
    let arrow = |to: Signal<Option<String>>,
                 words: &'static str,
                 sign: &'static str,
                 key: &'static str| {
        move || {
            let off = to.with(Option::is_none);
            view! {
                <a class="btn quiet" href=to.get() class:off=off aria-disabled=off.then_some("true") aria-label=words>
                    {sign}<kbd>{key}</kbd></a>
            }
        }
    };
    view! {
        {arrow(neighbours.previous, "Group before", "←", "K")}
        {arrow(neighbours.next, "Group after", "→", "J")}
        <button class="btn wide-only" on:click=copy_link>"Copy link"</button>
    }
}

/// Where the address says one looks: rollout and frame.
fn asked(body: &GroupBody) -> (usize, u32) {
    let number = |name: &str| query_value(name).and_then(|v| v.parse::<u32>().ok());
    let start = body.group.sample.truth.span_slots().map_or(0, |span| span.start() as u32);
    (number("rollout").unwrap_or(0) as usize, number("frame").unwrap_or(start))
}

#[component]
fn GroupDesk(run: String, body: GroupBody, neighbours: Neighbours) -> impl IntoView {
    let (rollout, frame) = asked(&body);
    let video = body.video_name.clone();
    let stage = Stage::new(run, body, rollout, frame);
    follow_labels(stage);
    keep_address(stage);
    let size = expect_context::<ViewSize>();
    let draft = Draft::new(stage);
    let whatif = RwSignal::new(None::<RewardMode>);
    let navigate = StoredValue::new_local(use_navigate());
    let toasts = use_toasts();
    let go = move |to: Signal<Option<String>>| {
        if let Some(to) = to.get_untracked() {
            navigate.with_value(|go| go(&to, Default::default()));
        }
    };
    let on_submit = Callback::new(move |after: After| {
        submit(stage, draft, move || {
            if after == After::Stay {
                return;
            }
            let next = stage.chosen.get_untracked() + 1;
            if next < stage.group(|g| g.rollouts.len()) {
                stage.chosen.set(next);
            } else if neighbours.next.with_untracked(Option::is_some) {
                go(neighbours.next);
            } else {
                toasts.say("That was the newest group.");
            }
        });
    });
    let act = move |command: Command| match command {
        Command::PreviousGroup => go(neighbours.previous),
        Command::NextGroup => go(neighbours.next),
        Command::View => size.toggle(),
        Command::WhatIf => whatif.update(|mode| *mode = next_mode(*mode)),
        Command::SubmitNext => on_submit.run(After::Next),
        other => stage_command(stage, draft, other),
    };
    group_keys(act);
    let (task, question, seed, step) = stage
        .group(|g| (g.sample.spec.task, g.sample.question.clone(), g.sample.spec.seed, g.step));
    let facts = format!("{video} · step {}", format::whole(step));
    view! {
        <div class="group">
            <div class="stage">
                <div class="ask"><TaskTag task/><b class="grow">{question}</b><span class="dim num clip" title=format!("seed {seed}")>{facts}</span></div>
                <Player stage size/>
                <Lanes stage set=LaneSet::All/>
                <KeyHints/>
            </div>
            <aside class="side" aria-label="Chosen rollout">
                <RolloutHead stage/>
                <Tokens stage/>
                <Trace stage/>
                <WhatIf stage mode=whatif/>
                <Tagging stage draft on_submit/>
            </aside>
        </div>
    }
}

/// What a key does to stage and draft.
fn stage_command(stage: Stage, draft: Draft, command: Command) {
    let cursor = stage.cursor;
    let rollouts = stage.group(|group| group.rollouts.len());
    match command {
        Command::Play => cursor.playing.update(|playing| *playing = !*playing),
        Command::Frames(n) => cursor.step(n),
        Command::Second(sign) => {
            let frames = stage.group(|g| g.sample.sampling_fps.round().max(1.0)) as i32;
            cursor.step(sign * frames);
        }
        Command::Rollout(i) if i < rollouts => stage.chosen.set(i),
        Command::NextRollout => {
            stage.chosen.update(|i| *i = (*i + 1).min(rollouts.saturating_sub(1)))
        }
        Command::PreviousRollout => stage.chosen.update(|i| *i = i.saturating_sub(1)),
        Command::Loop => cursor.looping.update(|looping| *looping = !*looping),
        Command::Disagreement => go_to_disagreement(stage),
        Command::Tag(i) => {
            let kind = stage.group(|group| group.sample.truth.kind());
            if let Some(tag) = Tag::keys(kind).get(i) {
                draft.toggle(*tag);
            }
        }
        Command::Undo => withdraw(stage, draft),
        Command::Note => {
            if let Some(field) = draft.note_field.get_untracked() {
                let _ = field.focus();
            }
        }
        _ => {}
    }
}

fn group_keys(act: impl Fn(Command) + 'static) {
    let reader = std::cell::RefCell::new(KeyReader::default());
    on_keys(move |event| {
        if event.alt_key() || dialog_open() {
            return;
        }
        let (key, code) = (event.key(), event.code());
        if key == " " && is_pressable(&event) {
            return;
        }
        let press = Press {
            key: &key,
            code: &code,
            shift: event.shift_key(),
            ctrl: event.ctrl_key() || event.meta_key(),
            typing: is_typing(&event),
        };
        let command = reader.borrow_mut().read(press);
        if let Some(command) = command {
            event.prevent_default();
            act(command);
        }
    });
}

/// Keeps rollout and frame in the address, so that it can be sent to somebody.
fn keep_address(stage: Stage) {
    let last = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(timer) = last.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    Effect::new(move |_| {
        let (rollout, slot) = (stage.chosen.get() as u32, stage.cursor.slot.get());
        if stage.cursor.playing.get() {
            return;
        }
        cancel();
        let write = move || {
            let run = stage.run.get_value();
            let (step, group) = stage.group(|g| (g.step, g.index));
            // The reader may be on the way to another group already.
            if window()
                .location()
                .pathname()
                .is_ok_and(|path| path == route::group(&run, step, group))
            {
                show_address(&route::rollout(&run, step, group, rollout, slot));
            }
        };
        let timer = set_timeout_with_handle(write, std::time::Duration::from_millis(250));
        last.set_value(timer.ok());
    });
    on_cleanup(cancel);
}

#[component]
fn KeyHints() -> impl IntoView {
    let dialogs = expect_context::<crate::parts::dialog::Dialogs>();
    view! {
        <div class="hints wide-only">
            <span class="tag">"play "<kbd>"Space"</kbd></span>
            <span class="tag">"step through "<kbd>","</kbd><kbd>"."</kbd></span>
            <span class="tag">"rollout "<kbd>"G"</kbd><kbd>"1–8"</kbd></span>
            <span class="tag">"tag "<kbd>"1–9"</kbd></span>
            <span class="grow"></span>
            <button class="tag" on:click=move |_| dialogs.keys.set(true)>"all keys "<kbd>"?"</kbd></button>
        </div>
    }
}
