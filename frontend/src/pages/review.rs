//! Review: labels that wait for a second person, each beside what it is about.

use crate::logic::words;
use crate::pages::failures::TargetThumb;
use crate::parts::bits::{TaskDot, TaskTag};
use crate::parts::inspector::{RolloutHead, Trace};
use crate::parts::lanes::{LaneSet, Lanes};
use crate::parts::player::{Player, ViewSize};
use crate::parts::shell::{Crumb, Page};
use crate::parts::stage::{Stage, follow_labels};
use crate::parts::states::{Empty, FaultBox, Skeleton};
use crate::parts::tagging::LabelLine;
use crate::route;
use crate::state::api;
use crate::state::browser::{dialog_open, is_pressable, is_typing, on_keys};
use crate::state::library::use_library;
use crate::state::outbox::use_outbox;
use crate::state::remote::{Fault, Remote};
use crate::state::session::use_session;
use crate::state::toast::use_toasts;
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_params_map};
use shared::annotation::{Action, Label, LabelState, Op, Role, RolloutRef};
use shared::api::{Failure, GroupBody};

/// The label under review, from the address.
fn use_target() -> Memo<Option<RolloutRef>> {
    let params = use_params_map();
    Memo::new(move |_| {
        let params = params.read();
        Some(RolloutRef {
            run: params.get("run")?,
            step: params.get("step")?.parse().ok()?,
            group: params.get("group")?.parse().ok()?,
            rollout: params.get("rollout")?.parse().ok()?,
        })
    })
}

/// Queue, label, decision.
#[component]
pub fn ReviewPage() -> impl IntoView {
    let (library, session) = (use_library(), use_session());
    let target = use_target();
    let navigate = StoredValue::new_local(use_navigate());
    let queue = Memo::new(move |_| {
        let me = session.person_id();
        let shown = target.get();
        library.failures.with(|list| {
            let waits = |f: &&Failure| {
                let others = Some(f.label.author.id) != me;
                (others && f.label.state == LabelState::Submitted)
                    || shown.as_ref() == Some(&f.label.target)
            };
            list.ready().map(|all| all.iter().filter(waits).cloned().collect::<Vec<_>>())
        })
    });
    let go = Callback::new(move |to: RolloutRef| {
        navigate.with_value(|go| go(&route::review(&to), Default::default()));
    });
    // Without a label in the address the first one is looked at.
    Effect::new(move |_| {
        if target.with(Option::is_none)
            && let Some(first) = queue.with(|q| q.as_ref()?.first().map(|f| f.label.target.clone()))
        {
            navigate.with_value(|go| {
                let options =
                    leptos_router::NavigateOptions { replace: true, ..Default::default() };
                go(&route::review(&first), options);
            });
        }
    });
    let next = Callback::new(move |away: i32| {
        let now = target.get_untracked();
        let to = queue.with_untracked(|q| {
            let q = q.as_ref()?;
            let at = q.iter().position(|f| Some(&f.label.target) == now.as_ref());
            let to =
                at.map_or(0, |at| at as i64 + i64::from(away)).rem_euclid(q.len().max(1) as i64);
            q.get(to as usize).map(|f| f.label.target.clone())
        });
        if let Some(to) = to.filter(|to| Some(to) != now.as_ref()) {
            go.run(to);
        }
    });
    let crumbs = Signal::derive(move || {
        let here = target.get().and_then(|t| library.failure(&t));
        let name = here.map(|f| {
            let tags: Vec<&str> = f.label.tags.iter().map(|t| t.title()).collect();
            format!("{} · {}", words::cell_title(&f.cell), tags.join(", "))
        });
        match name {
            Some(name) => vec![Crumb::link("Review", "/review"), Crumb::here(name)],
            None => vec![Crumb::here("Review")],
        }
    });
    let retry = Callback::new(move |()| library.refresh());
    view! {
        <Page crumbs=crumbs class="flush">
            <div class="rev">
                <aside class="queue" aria-label="Labels to review">
                    {move || match queue.get() {
                        None => match library.failures.get() {
                            Remote::Failed(fault) => view! { <FaultBox fault what="the labels" retry/> }.into_any(),
                            _ => view! { <Skeleton/> }.into_any(),
                        },
                        Some(list) => view! { <Queue list target/> }.into_any(),
                    }}
                </aside>
                {move || match target.get() {
                    Some(target) => view! { <Looked target next/> }.into_any(),
                    None => nothing().into_any(),
                }}
            </div>
        </Page>
    }
}

fn nothing() -> impl IntoView {
    view! {
        <div class="stage">
            <Empty title="Nothing waits for you" text="Labels that other people submit come here at once. Accept what you agree with; ask for a change, in a sentence, where you do not.">
                <a class="btn" href="/failures">"See all failures"</a>
            </Empty>
        </div>
    }
}

#[component]
fn Queue(list: Vec<Failure>, target: Memo<Option<RolloutRef>>) -> impl IntoView {
    let waiting = list.iter().filter(|f| f.label.state == LabelState::Submitted).count();
    let item = move |failure: Failure| {
        let label = failure.label;
        let tags: Vec<&str> = label.tags.iter().map(|t| t.title()).collect();
        let here = {
            let it = label.target.clone();
            move || (target.get().as_ref() == Some(&it)).then_some("true")
        };
        view! {
            <a class="item" href=route::review(&label.target) aria-current=here data-testid="review-item">
                <TargetThumb target=label.target.clone()/>
                <div class="grow">
                    <b class="clip row"><TaskDot kind=failure.task/>{words::cell_title(&failure.cell)}</b>
                    <div class="dim clip small">{format!("{} · {}", label.author.name, tags.join(", "))}</div>
                </div>
                <div class="num small right">{crate::logic::format::fixed(failure.reward, 2)}<div class="dim">{label.state.title()}</div></div>
            </a>
        }
    };
    view! {
        <header><span class="tag"><b>"To review"</b>{waiting}</span><span class="grow"></span><kbd>"K"</kbd><kbd>"J"</kbd></header>
        <div class="queue-list">{list.into_iter().map(item).collect_view()}</div>
    }
}

/// Fetches the group a label belongs to and shows both.
#[component]
fn Looked(target: RolloutRef, next: Callback<i32>) -> impl IntoView {
    let got = RwSignal::new(Remote::<GroupBody>::Loading);
    let wanted = StoredValue::new(target.clone());
    let load = move || {
        let RolloutRef { run, step, group, .. } = wanted.get_value();
        leptos::task::spawn_local(async move {
            let body = api::group(&run, step, group).await.into();
            let _ = got.try_set(body);
        });
    };
    load();
    let retry = Callback::new(move |()| load());
    move || match got.get() {
        Remote::Loading => view! { <div class="stage"><Skeleton/></div> }.into_any(),
        Remote::Failed(fault) => {
            view! { <div class="stage"><FaultBox fault what="this rollout" retry/></div> }
                .into_any()
        }
        Remote::Ready(body) => {
            let target = wanted.get_value();
            let start = body.group.sample.truth.span_slots().map_or(0, |s| s.start() as u32);
            let stage = Stage::new(target.run, body, target.rollout as usize, start);
            view! { <Desk stage next/> }.into_any()
        }
    }
}

#[component]
fn Desk(stage: Stage, next: Callback<i32>) -> impl IntoView {
    follow_labels(stage);
    let size = expect_context::<ViewSize>();
    let (task, question) = stage.group(|g| (g.sample.spec.task, g.sample.question.clone()));
    let target = stage.target(stage.chosen.get_untracked());
    let place = format!(
        "step {} · group {} · rollout {}",
        target.step,
        target.group + 1,
        target.rollout + 1
    );
    view! {
        <div class="stage">
            <div class="ask"><TaskTag task/><b class="grow">{question}</b>
                <a class="soft num" href=route::target(&target)>{place}</a></div>
            <Player stage size/>
            <Lanes stage set=LaneSet::Chosen/>
        </div>
        <aside class="side" aria-label="Decision">
            <RolloutHead stage/>
            <Trace stage/>
            <Decision stage next/>
        </aside>
    }
}

/// Accept, or ask for a change in words.
#[component]
fn Decision(stage: Stage, next: Callback<i32>) -> impl IntoView {
    let session = use_session();
    let (outbox, toasts) = (use_outbox(), use_toasts());
    let comment = RwSignal::new(String::new());
    let field = NodeRef::<html::Textarea>::new();
    let refused = RwSignal::new(None::<String>);
    let sending = RwSignal::new(false);
    let label = move || stage.label(stage.chosen.get());
    let decide = move |action: Action, words: &'static str| {
        let rollout = stage.chosen.get_untracked();
        let op =
            Op { target: stage.target(rollout), base_version: stage.base_version(rollout), action };
        sending.set(true);
        refused.set(None);
        leptos::task::spawn_local(async move {
            let sent: Result<Label, Fault> = outbox.send(op).await;
            if sending.try_set(false).is_some() {
                return;
            }
            match sent {
                Ok(label) => {
                    stage.take_label(label);
                    comment.set(String::new());
                    toasts.say(words);
                }
                Err(fault) => refused.set(Some(fault.message)),
            }
        });
    };
    let open = move || {
        let label = label()?;
        let others = Some(label.author.id) != session.person_id();
        (others && label.state != LabelState::Withdrawn && session.may(Role::Reviewer))
            .then_some(label)
    };
    let accept = Callback::new(move |()| {
        if untrack(open).is_some_and(|l| l.state != LabelState::Accepted)
            && !sending.get_untracked()
        {
            decide(Action::Accept { comment: comment.get_untracked() }, "Accepted.");
        }
    });
    let ask = Callback::new(move |()| {
        let words = comment.get_untracked();
        if words.trim().is_empty() {
            refused.set(Some("Say in the comment what should change, then ask.".into()));
            if let Some(field) = field.get_untracked() {
                let _ = field.focus();
            }
        } else if untrack(open).is_some() && !sending.get_untracked() {
            decide(Action::AskChanges { comment: words }, "Asked for a change.");
        }
    });
    review_keys(stage, accept, ask, next);
    let why_not = move || {
        let label = label();
        let mine = label.as_ref().is_some_and(|l| Some(l.author.id) == session.person_id());
        match label {
            None => Some("Nobody has labelled this rollout, or the label was taken back."),
            Some(_) if mine => Some("This is your own label. A second person reviews it."),
            Some(_) if !session.may(Role::Reviewer) => {
                Some("Your role does not review. Ask an admin for the reviewer role.")
            }
            Some(_) => None,
        }
    };
    view! {
        <section class="grow">
            <h2>"Label"</h2>
            {move || label().map(|label| {
                let tags = label.tags.iter().map(|t| view! { <span class="tag on">{t.title()}</span> }).collect_view();
                view! { <div class="tags spaced">{tags}</div><LabelLine label/> }
            })}
            {move || why_not().map(|why| view! { <p class="soft spaced">{why}</p> })}
        </section>
        <section class="decide" class:gone=move || open().is_none()>
            <textarea class="field-input" node_ref=field rows="3" data-testid="review-comment" aria-label="Comment"
                placeholder="Comment; needed to ask for a change" prop:value=comment
                on:input=move |event| comment.set(event_target_value(&event))></textarea>
            {move || refused.get().map(|why| view! { <p class="error" role="alert">{why}</p> })}
            <div class="decide-buttons">
                <button class="btn primary" data-testid="review-accept" disabled=sending on:click=move |_| accept.run(())>"Accept "<kbd>"A"</kbd></button>
                <button class="btn" data-testid="review-changes" disabled=sending on:click=move |_| ask.run(())>"Ask for a change "<kbd>"C"</kbd></button>
            </div>
            <button class="btn quiet" on:click=move |_| next.run(1)>"Next "<kbd>"J"</kbd></button>
        </section>
    }
}

fn review_keys(stage: Stage, accept: Callback<()>, ask: Callback<()>, next: Callback<i32>) {
    on_keys(move |event| {
        if event.ctrl_key()
            || event.meta_key()
            || event.alt_key()
            || is_typing(&event)
            || dialog_open()
        {
            return;
        }
        match event.key().as_str() {
            "a" => accept.run(()),
            "c" => ask.run(()),
            "j" => next.run(1),
            "k" => next.run(-1),
            "," | "ArrowLeft" => stage.cursor.step(-1),
            "." | "ArrowRight" => stage.cursor.step(1),
            " " if !is_pressable(&event) => stage.cursor.playing.update(|p| *p = !*p),
            _ => return,
        }
        event.prevent_default();
    });
}
