//! The group on the screen: player, timeline, inspector, and the keys that drive them.

use super::{HereLink, Neighbours};
use crate::logic::format;
use crate::logic::keys::{Command, Row, Screen};
use crate::logic::studio::Setup;
use crate::parts::bits::TaskTag;
use crate::parts::draft::Draft;
use crate::parts::inspector::{RolloutHead, Trace};
use crate::parts::keycap::Cap;
use crate::parts::lanes::{LaneSet, Lanes, go_to_disagreement};
use crate::parts::player::{Player, ViewSize, player_command};
use crate::parts::replay::{ReplayBox, ReplayButton};
use crate::parts::stage::{Stage, follow_labels};
use crate::parts::tagging::{After, Tagging};
use crate::parts::tokens::{Tokens, toggle_heat};
use crate::parts::whatif::WhatIf;
use crate::route;
use crate::state::browser::{query_value, show_address};
use crate::state::keys::{on_commands, shortcut, use_keys};
use crate::state::session::use_session;
use crate::state::toast::use_toasts;
use crate::state::whatif::WhatIfDesk;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use shared::annotation::{Role, Tag};
use shared::api::GroupBody;

/// Where the address says one looks: rollout and frame.
fn asked(body: &GroupBody) -> (usize, u32) {
    let number = |name: &str| query_value(name).and_then(|v| v.parse::<u32>().ok());
    let start = body.group.sample.truth.span_slots().map_or(0, |span| span.start() as u32);
    (number("rollout").unwrap_or(0) as usize, number("frame").unwrap_or(start))
}

/// Player and timeline on the left, the chosen rollout on the right.
#[component]
pub(super) fn GroupDesk(run: String, body: GroupBody, neighbours: Neighbours) -> impl IntoView {
    let (rollout, frame) = asked(&body);
    let video = body.video_name.clone();
    let stage = Stage::new(run, body, rollout, frame);
    follow_labels(stage);
    keep_address(stage);
    let size = expect_context::<ViewSize>();
    let draft = Draft::new(stage);
    let whatif = expect_context::<WhatIfDesk>();
    let link = expect_context::<HereLink>();
    let go = use_way();
    let on_submit = use_submit(stage, draft, neighbours);
    undo_takes_back(stage, draft);
    let listening = on_commands(Screen::Group, move |command| match command {
        Command::PreviousGroup => go.run(neighbours.previous),
        Command::NextGroup => go.run(neighbours.next),
        Command::WhatIf => {
            whatif.next();
            show_whatif();
        }
        Command::CopyLink => link.copy.run(()),
        Command::SubmitNext => on_submit.run(After::Next),
        other => {
            player_command(stage.scene, size, other);
            stage_command(stage, draft, other);
        }
    });
    listening.called(called(stage));
    let (task, question, seed, step) = stage
        .group(|g| (g.sample.spec.task, g.sample.question.clone(), g.sample.spec.seed, g.step));
    let facts = format!("{video} · step {}", format::whole(step));
    let again = route::studio(&Setup::of(&stage.scene.sample(|sample| sample.spec.clone())));
    view! {
        <div class="group">
            <div class="stage">
                <div class="ask"><TaskTag task/><b class="grow">{question}</b><span class="dim num clip" title=format!("seed {seed}")>{facts}</span>
                    <a class="small wide-only" href=again title="This very question in Task studio, to be answered by you">"Try it"</a></div>
                <Player scene=stage.scene size looped=Signal::derive(move || stage.loop_slots())/>
                <Lanes stage set=LaneSet::All/>
                <KeyHints stage/>
            </div>
            <aside class="side" aria-label="Chosen rollout">
                <RolloutHead stage><ReplayButton stage/></RolloutHead>
                <ReplayBox stage/>
                <Tokens stage/>
                <Trace stage/>
                <WhatIf stage desk=whatif/>
                <Tagging stage draft on_submit/>
            </aside>
        </div>
    }
}

/// What the palette calls the commands here: tags by their names, and none of those that write for
/// who may not.
fn called(stage: Stage) -> impl Fn(&'static Row) -> Option<String> {
    let session = use_session();
    let tags = Tag::keys(stage.group(|group| group.sample.truth.kind()));
    move |row| match row.does {
        Command::Tag(_) | Command::Note | Command::SubmitNext if !session.may(Role::Annotator) => {
            None
        }
        Command::Tag(i) => tags.get(i).map(|tag| format!("Tag: {}", tag.title())),
        _ => Some(row.title()),
    }
}

/// Where no news can be undone, undo takes the label of the chosen rollout back.
fn undo_takes_back(stage: Stage, draft: Draft) {
    let otherwise = use_toasts().otherwise;
    otherwise.set(Some(Callback::new(move |()| draft.withdraw(stage))));
    on_cleanup(move || otherwise.set(None));
}

/// Brings what the key changed into sight.
fn show_whatif() {
    let found = document().query_selector(".whatif").ok().flatten();
    if let Some(section) = found {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        section.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Goes to an address where there is one.
fn use_way() -> Callback<Signal<Option<String>>> {
    let navigate = StoredValue::new_local(use_navigate());
    Callback::new(move |to: Signal<Option<String>>| {
        if let Some(to) = to.get_untracked() {
            navigate.with_value(|go| go(&to, Default::default()));
        }
    })
}

/// Submits, then goes on where that was asked: to the next rollout, after the last one to the
/// next group.
fn use_submit(stage: Stage, draft: Draft, neighbours: Neighbours) -> Callback<After> {
    let go = use_way();
    let toasts = use_toasts();
    Callback::new(move |after: After| {
        draft.submit(stage, move || {
            if after == After::Stay {
                return;
            }
            let next = stage.chosen.get_untracked() + 1;
            if next < stage.group(|g| g.rollouts.len()) {
                stage.chosen.set(next);
            } else if neighbours.next.with_untracked(Option::is_some) {
                go.run(neighbours.next);
            } else {
                toasts.say("That was the newest group.");
            }
        });
    })
}

/// What a key does to stage and draft.
fn stage_command(stage: Stage, draft: Draft, command: Command) {
    let rollouts = stage.group(|group| group.rollouts.len());
    match command {
        Command::Rollout(i) if i < rollouts => stage.chosen.set(i),
        Command::NextRollout => {
            stage.chosen.update(|i| *i = (*i + 1).min(rollouts.saturating_sub(1)))
        }
        Command::PreviousRollout => stage.chosen.update(|i| *i = i.saturating_sub(1)),
        Command::Disagreement => go_to_disagreement(stage),
        Command::Heat => toggle_heat(stage),
        Command::Tag(i) => {
            let kind = stage.group(|group| group.sample.truth.kind());
            if let Some(tag) = Tag::keys(kind).get(i).copied() {
                draft.toggle(tag);
            }
        }
        Command::Note => {
            if let Some(field) = draft.note_field.get_untracked() {
                let _ = field.focus();
            }
        }
        _ => {}
    }
}

/// Keeps rollout and frame in the address, so that it can be sent to somebody.
fn keep_address(stage: Stage) {
    let last = StoredValue::new(None::<TimeoutHandle>);
    let here = expect_context::<HereLink>().path;
    let cancel = move || {
        if let Some(timer) = last.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    Effect::new(move |_| {
        let (rollout, slot) = (stage.chosen.get() as u32, stage.scene.cursor.slot.get());
        let (step, group) = stage.group(|g| (g.step, g.index));
        let path = route::rollout(&stage.run.get_value(), step, group, rollout, slot);
        here.set(path.clone());
        if stage.scene.cursor.playing.get() {
            return;
        }
        cancel();
        let write = move || {
            let run = stage.run.get_value();
            // The reader may be on the way to another group already.
            if window()
                .location()
                .pathname()
                .is_ok_and(|path| path == route::group(&run, step, group))
            {
                show_address(&path);
            }
        };
        let timer = set_timeout_with_handle(write, std::time::Duration::from_millis(250));
        last.set_value(timer.ok());
    });
    on_cleanup(cancel);
}

#[component]
fn KeyHints(stage: Stage) -> impl IntoView {
    let dialogs = expect_context::<crate::parts::dialog::Dialogs>();
    let (rollouts, tags) = stage
        .group(|group| (group.rollouts.len().min(9), Tag::keys(group.sample.truth.kind()).len()));
    let keys = use_keys();
    let zoom = stage.scene.can_zoom().then(|| {
        let caps = [1, -1, 0].map(|sign| view! { <Cap does=Command::Zoom(sign)/> });
        view! { <span class="tag">"zoom "{caps}</span> }
    });
    view! {
        <div class="hints wide-only">
            <span class="tag">"play "<Cap does=Command::Play/></span>
            <span class="tag">"step through "<Cap does=Command::Frames(-1)/><Cap does=Command::Frames(1)/></span>
            <span class="tag">"rollout "<Cap does=Command::Rollouts/><kbd>{format!("1–{rollouts}")}</kbd></span>
            {zoom}
            <span class="tag">"heat "<Cap does=Command::Heat/></span>
            <span class="tag">"tag "<kbd>{move || keys.map.with(|map| map.tags(tags))}</kbd></span>
            <span class="grow"></span>
            <button class="tag" aria-keyshortcuts=shortcut(Command::Sheet) on:click=move |_| dialogs.keys.set(true)>"all keys "<Cap does=Command::Sheet/></button>
        </div>
    }
}
