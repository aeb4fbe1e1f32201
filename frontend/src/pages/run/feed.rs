//! Rollout groups, newest first: the question, a bar per answer, what stands out. The newest come
//! with the live link, older ones and those that a filter looks for from the server's store.

use super::{Watch, group_address};
use crate::logic::feed::{Card, Filter, Flag, Place, Seen};
use crate::logic::keys::{Command, Screen};
use crate::logic::{format, words};
use crate::parts::bits::{TaskDot, strength, tone};
use crate::parts::keycap::Cap;
use crate::state::api;
use crate::state::keys::{on_commands, shortcut};
use crate::state::toast::{Toasts, use_toasts};
use leptos::html;
use leptos::prelude::*;
use shared::rollout::Group;
use shared::task::TaskKind;
use std::time::Duration;
use wasm_bindgen::JsCast;

/// Groups of a page from the store.
const PAGE: u32 = 30;
/// Cards drawn at most; the newest go when one reads on.
const DRAWN: usize = 300;
/// A filter that is being typed waits this long.
const TYPING: Duration = Duration::from_millis(250);

/// What was fetched below the live cards.
#[derive(Clone, Default)]
struct Stored {
    cards: Vec<Card>,
    /// Whether a page was fetched.
    begun: bool,
    /// Where the next page starts; none where there is none.
    next: Option<Place>,
    busy: bool,
    fault: Option<String>,
    /// Answers to older questions are dropped.
    turn: u64,
}

#[derive(Clone, Copy)]
struct Feed {
    watch: Watch,
    filter: RwSignal<Filter>,
    seen: RwSignal<Seen>,
    stored: RwSignal<Stored>,
}

impl Feed {
    /// Takes in what the live view has.
    fn look(self) {
        let (at, filter) = (self.watch.at.get(), self.filter.get());
        let anew = self.watch.live.with_view(|view| {
            let wanted = |group: &&Group| at.is_none_or(|step| group.step <= step);
            let groups: Vec<&Group> = view.groups.iter().filter(wanted).collect();
            let end = (at.unwrap_or(view.step) + 1, 0);
            self.seen.try_update(|seen| seen.take(&groups, &filter, end))
        });
        if anew == Some(true) {
            self.restart();
        }
    }

    /// Begins anew below the live cards.
    fn restart(self) {
        self.stored.update(|stored| {
            *stored = Stored { turn: stored.turn + 1, ..Stored::default() };
        });
    }

    /// Where the next page starts, if there is one.
    fn next(self) -> Option<Place> {
        let oldest = self.seen.with(|seen| seen.oldest);
        let next = self.stored.with(|stored| if stored.begun { stored.next } else { Some(oldest) });
        next.filter(|place| *place > (1, 0))
    }

    /// Fetches the next page.
    fn fetch(self) {
        let now = self.stored.get_untracked();
        let next = untrack(|| self.next());
        let (Some(before), Some(run)) = (next, self.watch.live.following.get_untracked()) else {
            return;
        };
        if now.busy {
            return;
        }
        self.stored.update(|stored| stored.busy = true);
        let query = self.filter.with_untracked(|filter| filter.query(before, PAGE));
        leptos::task::spawn_local(async move {
            let got = api::groups(&run, &query).await;
            let _ = self.stored.try_update(|stored| {
                if stored.turn != now.turn {
                    return;
                }
                stored.busy = false;
                stored.begun = true;
                match got {
                    Ok(body) => {
                        let place = |text: String| {
                            let (step, group) = text.split_once('.')?;
                            Some((step.parse().ok()?, group.parse().ok()?))
                        };
                        stored.next = body.meta.next.and_then(place);
                        stored.cards.extend(body.groups.into_iter().map(Card::stored));
                        let surplus = stored.cards.len().saturating_sub(DRAWN);
                        stored.cards.drain(..surplus);
                        stored.fault = None;
                    }
                    Err(fault) => stored.fault = Some(fault.message),
                }
            });
        });
    }
}

/// The feed.
#[component]
pub fn Feed(watch: Watch) -> impl IntoView {
    let feed = Feed {
        watch,
        filter: RwSignal::new(Filter::default()),
        seen: RwSignal::new(Seen::default()),
        stored: RwSignal::new(Stored::default()),
    };
    let held = RwSignal::new(None::<Vec<Card>>);
    let hold = move || {
        let now = feed.seen.with_untracked(|seen| seen.cards.clone());
        held.update(|held| *held = if held.is_some() { None } else { Some(now) });
    };
    on_commands(Screen::Run, move |command| {
        if command == Command::Hold {
            hold();
        }
    });
    follow(feed, held);
    let cards = Memo::new(move |_| {
        let mut all = held.get().unwrap_or_else(|| feed.seen.with(|seen| seen.cards.clone()));
        let last = all.last().map_or((u64::MAX, 0), |card| (card.step, card.group));
        // The two meet without overlap, but for cards that were held.
        feed.stored.with(|stored| {
            all.extend(stored.cards.iter().filter(|c| (c.step, c.group) < last).cloned());
        });
        all
    });
    let none = move || cards.with(Vec::is_empty);
    let list = NodeRef::<html::Div>::new();
    let more = move |_| {
        let near = list.get_untracked().is_some_and(|list| {
            f64::from(list.scroll_top() + list.client_height())
                > f64::from(list.scroll_height()) - 400.0
        });
        if near && feed.stored.with_untracked(|stored| stored.fault.is_none()) {
            feed.fetch();
        }
    };
    view! {
        <section class="panel feed" aria-label="Rollouts, newest first">
            <header><h2>"Rollouts"</h2><span class="dim small">"newest first"</span><span class="grow"></span>
                <button class="btn quiet small-btn" aria-keyshortcuts=shortcut(Command::Hold) aria-pressed=move || held.with(Option::is_some).to_string()
                    on:click=move |_| hold()>{move || if held.with(Option::is_some) { "Go on" } else { "Hold" }}" "<Cap does=Command::Hold/></button>
            </header>
            <Filters filter=feed.filter/>
            <div class="feed-list" node_ref=list on:scroll=more on:keydown=walk>
                <For each=move || cards.get() key=|card| (card.step, card.group) children=move |card| view! { <FeedCard watch card/> }/>
                {move || foot(feed, none())}
            </div>
        </section>
    }
}

/// Fetches where the live view cannot show enough: a filter, or a step that is long past.
fn follow(feed: Feed, held: RwSignal<Option<Vec<Card>>>) {
    let soon = StoredValue::new(None::<TimeoutHandle>);
    let has_steps = Memo::new(move |_| feed.watch.newest() > 0);
    Effect::new(move |_| {
        feed.filter.track();
        feed.watch.live.following.track();
        let at = feed.watch.at.get();
        let known = has_steps.get();
        held.set(None);
        feed.seen.set(Seen::default());
        feed.restart();
        untrack(|| feed.look());
        let wanted = known && (at.is_some() || !feed.filter.with_untracked(Filter::is_open));
        stop(soon);
        if wanted {
            soon.set_value(set_timeout_with_handle(move || feed.fetch(), TYPING).ok());
        }
    });
    Effect::new(move |_| feed.look());
    on_cleanup(move || stop(soon));
}

fn stop(timer: StoredValue<Option<TimeoutHandle>>) {
    timer.update_value(|timer| {
        if let Some(timer) = timer.take() {
            timer.clear();
        }
    });
}

/// Arrow keys go from card to card; Enter opens one, as links do.
fn walk(event: web_sys::KeyboardEvent) {
    let focused = document().active_element();
    let Some(card) = focused.filter(|element| element.matches(".card").unwrap_or(false)) else {
        return;
    };
    let next = match event.key().as_str() {
        "ArrowDown" => card.next_element_sibling(),
        "ArrowUp" => card.previous_element_sibling(),
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    if let Some(next) = next.and_then(|next| next.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = next.focus();
    }
}

/// What stands under the cards.
fn foot(feed: Feed, none: bool) -> Option<AnyView> {
    let stored = feed.stored.get();
    if let Some(fault) = stored.fault {
        let again = move |_| feed.fetch();
        return Some(view! { <p class="feed-empty error">{fault}" "<button class="btn small-btn" on:click=again>"Try again"</button></p> }.into_any());
    }
    if stored.busy {
        return Some(
            view! { <p class="feed-empty dim" role="status">"Looking further back…"</p> }
                .into_any(),
        );
    }
    let any = feed.watch.newest() > 0;
    if none && !any {
        return Some(view! { <p class="feed-empty soft">"Each question and its answers appear here as soon as they are scored."</p> }.into_any());
    }
    if any && feed.next().is_some() {
        return Some(view! { <button class="btn quiet feed-more" data-testid="feed-more" on:click=move |_| feed.fetch()>"Older groups"</button> }.into_any());
    }
    none.then(|| view! { <p class="feed-empty soft" data-testid="feed-none">"No group up to this step is like that."</p> }.into_any())
}

fn clear(filter: RwSignal<Filter>, toasts: Toasts) {
    let before = filter.get_untracked();
    filter.set(Filter::default());
    toasts.done("filters", "The feed's filters are cleared.", move || {
        let _ = filter.try_set(before.clone());
    });
}

/// What the feed is narrowed to.
#[component]
fn Filters(filter: RwSignal<Filter>) -> impl IntoView {
    let option =
        |kind: TaskKind| view! { <option value=kind.name()>{words::capital(kind.name())}</option> };
    let flags = Flag::ALL.map(|(_, name, words)| view! { <option value=name>{words}</option> });
    let flag = move |event: web_sys::Event| {
        let name = event_target_value(&event);
        let chosen = Flag::ALL.iter().find(|(_, known, _)| *known == name);
        filter.update(|filter| filter.flag = chosen.map_or(Flag::Any, |(flag, ..)| *flag));
    };
    let number = |event: &web_sys::Event, other: f64| {
        event_target_value(event)
            .replace(',', ".")
            .parse()
            .map_or(other, |x: f64| x.clamp(0.0, 1.0))
    };
    let flag_name = move || {
        let now = filter.with(|filter| filter.flag);
        Flag::ALL.iter().find(|(flag, ..)| *flag == now).map_or("any", |(_, name, _)| *name)
    };
    let task_name = move || filter.with(|filter| filter.task.map_or("", TaskKind::name));
    let least =
        move || filter.with(|f| if f.least > 0.0 { format::short(f.least) } else { String::new() });
    let most =
        move || filter.with(|f| if f.most < 1.0 { format::short(f.most) } else { String::new() });
    let open = move || filter.with(Filter::is_open);
    let toasts = use_toasts();
    on_cleanup(move || toasts.forget("filters"));
    view! {
        <div class="feed-filters">
            <select class="field-input" aria-label="Task" data-testid="feed-task" prop:value=task_name
                on:change=move |event| filter.update(|f| f.task = event_target_value(&event).parse().ok())>
                <option value="">"All tasks"</option>{TaskKind::ALL.iter().copied().map(option).collect_view()}
            </select>
            <select class="field-input" aria-label="What stands out" data-testid="feed-flag" prop:value=flag_name on:change=flag>{flags}</select>
            <span class="range"><span class="dim small">"Reward"</span>
                <input class="field-input num" inputmode="decimal" placeholder="0" aria-label="Reward from" data-testid="feed-least" prop:value=least
                    on:change=move |event| filter.update(|f| f.least = number(&event, 0.0))/>
                <span class="dim">"to"</span>
                <input class="field-input num" inputmode="decimal" placeholder="1" aria-label="Reward to" data-testid="feed-most" prop:value=most
                    on:change=move |event| filter.update(|f| f.most = number(&event, 1.0))/></span>
            <input class="field-input words" type="search" placeholder="Words of an answer" aria-label="Words of an answer" data-testid="feed-text"
                prop:value=move || filter.with(|f| f.text.clone()) on:input=move |event| filter.update(|f| f.text = event_target_value(&event))/>
            {move || (!open()).then(|| view! { <button class="btn quiet tiny" data-testid="feed-clear" on:click=move |_| clear(filter, toasts)>"Clear"</button> })}
        </div>
    }
}

#[component]
fn FeedCard(watch: Watch, card: Card) -> impl IntoView {
    let to = group_address(watch, card.step, card.group);
    let bar = |(reward, advantage): (f64, f64)| {
        view! {
            <i class=tone(advantage) style:--a=strength(advantage) style:height=format!("{:.1}px", 2.0 + reward * 14.0)></i>
        }
    };
    let rewards: Vec<String> = card.bars.iter().map(|b| format::fixed(b.0, 2)).collect();
    let gone = RwSignal::new(false);
    view! {
        <a class="card" href=to data-testid="feed-item" data-step=card.step.to_string() data-group=card.group.to_string()>
            <div class="thumb"><img src=card.thumb.clone() alt="" loading="lazy" class:gone=gone on:error=move |_| gone.set(true)/></div>
            <div class="grow card-body">
                <div class="row"><TaskDot kind=card.kind/><b class="clip">{card.title.clone()}</b><span class="grow"></span>
                    <span class="dim small num">{format!("step {}", format::whole(card.step))}</span></div>
                <div class="soft clip small">{card.question.clone()}</div>
                <div class="row">
                    <span class="dots" title=format!("Rewards {}", rewards.join(", "))>{card.bars.iter().copied().map(bar).collect_view()}</span>
                    <span class="grow"></span><span class="dim small">{card.note.clone()}</span>
                </div>
            </div>
        </a>
    }
}
