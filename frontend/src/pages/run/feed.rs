//! Rollout groups, newest first: the question, a bar per answer, what stands out. The newest come
//! with the live link, older ones and those that a filter looks for from the server's store.

use super::{Watch, group_address};
use crate::logic::feed::{Card, Cards, Change, Filter, Flag, PAGES, Place, wanted};
use crate::logic::keys::{Command, Screen};
use crate::logic::{format, words};
use crate::parts::bits::{TaskDot, strength, tone};
use crate::parts::keycap::Cap;
use crate::parts::windowed::{How, Rows, Windowed};
use crate::state::api;
use crate::state::keys::{on_commands, shortcut};
use crate::state::toast::{Toasts, use_toasts};
use leptos::prelude::*;
use shared::api::GroupsBody;
use shared::rollout::Group;
use shared::task::TaskKind;
use std::time::Duration;

/// Height of a card, pixels.
const CARD: f64 = 72.0;
/// Cards drawn above and below those in sight.
const BEYOND: usize = 6;
/// A filter that is being typed waits this long.
const TYPING: Duration = Duration::from_millis(250);

/// What is asked of the store.
#[derive(Clone, Default)]
struct Asking {
    /// Whether one may ask yet.
    may: bool,
    busy: bool,
    fault: Option<String>,
    /// Answers to older questions are dropped.
    turn: u64,
}

#[derive(Clone, Copy)]
struct Feed {
    watch: Watch,
    filter: RwSignal<Filter>,
    cards: RwSignal<Cards>,
    asking: RwSignal<Asking>,
    /// The newest card shown, while newer ones are held back.
    held: RwSignal<Option<Place>>,
}

impl Feed {
    /// Takes in what the live view has.
    fn look(self) {
        let (at, filter) = (self.watch.at.get(), self.filter.get());
        let mut change = Change::None;
        self.watch.live.with_view(|view| {
            let wanted = |group: &&Group| at.is_none_or(|step| group.step <= step);
            let groups: Vec<&Group> = view.groups.iter().filter(wanted).collect();
            let end = (at.unwrap_or(view.step) + 1, 0);
            self.cards.maybe_update(|cards| {
                change = cards.take(&groups, &filter, end);
                change != Change::None
            });
        });
        if change == Change::Anew {
            self.asking.update(|now| {
                *now = Asking { may: now.may, turn: now.turn + 1, ..Asking::default() };
            });
        }
    }

    /// Begins anew, and asks nothing for a moment.
    fn restart(self) {
        self.held.set(None);
        self.cards.update(Cards::clear);
        self.asking.update(|now| *now = Asking { turn: now.turn + 1, ..Asking::default() });
    }

    /// Holds what comes back, or goes on.
    fn hold(self) {
        let newest = self.cards.with_untracked(|cards| cards.list().front().map(Card::place));
        let now = newest.unwrap_or_default();
        self.held.update(|held| *held = if held.is_some() { None } else { Some(now) });
    }

    /// Cards that are held back.
    fn hidden(self) -> usize {
        let held = self.held.get();
        held.map_or(0, |held| self.cards.with(|cards| cards.newer(held)))
    }

    /// Fetches the next page, of so many cards.
    fn fetch(self, limit: u32) {
        let now = self.asking.get_untracked();
        let below = self.cards.with_untracked(Cards::below);
        let (Some(before), Some(run)) = (below, self.watch.live.following.get_untracked()) else {
            return;
        };
        if now.busy {
            return;
        }
        self.asking.update(|asking| (asking.busy, asking.fault) = (true, None));
        let query = self.filter.with_untracked(|filter| filter.query(before, limit));
        leptos::task::spawn_local(async move {
            let got = api::groups(&run, &query).await;
            if self.asking.try_with_untracked(|asking| asking.turn) != Some(now.turn) {
                return;
            }
            let fault = got.map(|body| self.add(body)).err().map(|fault| fault.message);
            self.asking.update(|asking| (asking.busy, asking.fault) = (false, fault));
        });
    }

    fn add(self, body: GroupsBody) {
        let place = |text: String| {
            let (step, group) = text.split_once('.')?;
            Some((step.parse().ok()?, group.parse().ok()?))
        };
        let next = body.meta.next.and_then(place);
        self.cards.update(|cards| cards.add(body.groups, next));
    }
}

impl Rows for Feed {
    /// The list it belongs to, step and group: a resumed run makes others of the same number.
    type Key = (u64, Place);

    fn turn(self) -> u64 {
        self.cards.with(Cards::turn)
    }

    fn count(self) -> usize {
        self.cards.with(|cards| cards.list().len()).saturating_sub(self.hidden())
    }

    fn key(self, at: usize) -> Option<Self::Key> {
        let at = at + self.hidden();
        self.cards.with(|cards| Some((cards.turn(), cards.list().get(at)?.place())))
    }

    fn find(self, (turn, place): &Self::Key) -> Option<usize> {
        let at = self.cards.with(|cards| {
            let at = cards.newer(*place);
            let same = cards.list().get(at).is_some_and(|card| card.place() == *place);
            (same && cards.turn() == *turn).then_some(at)
        });
        at?.checked_sub(self.hidden())
    }

    fn view(self, (_, place): Self::Key, _: usize) -> AnyView {
        let card = self.cards.with(|cards| cards.list().get(cards.newer(place)).cloned());
        card.map(|card| view! { <FeedCard watch=self.watch card/> }).into_any()
    }

    fn tell(self, row: &web_sys::Element, at: usize) {
        let all = self.cards.with_untracked(|cards| cards.below().is_none());
        let count = untrack(|| self.count());
        // How many there are is known once the oldest one is here.
        let count = if all { count.to_string() } else { "-1".to_owned() };
        let _ = row.set_attribute("aria-setsize", &count);
        let _ = row.set_attribute("aria-posinset", &(at + 1).to_string());
    }
}

/// The feed.
#[component]
pub fn Feed(watch: Watch) -> impl IntoView {
    let feed = Feed {
        watch,
        filter: RwSignal::new(Filter::default()),
        cards: RwSignal::new(Cards::default()),
        asking: RwSignal::new(Asking::default()),
        held: RwSignal::new(None),
    };
    on_commands(Screen::Run, move |command| {
        if command == Command::Hold {
            feed.hold();
        }
    });
    follow(feed);
    let list = Windowed::new(feed, How { height: CARD, beyond: BEYOND, one_stop: true });
    read_ahead(feed, list);
    let none = Memo::new(move |_| feed.count() == 0);
    let held = move || feed.held.get().is_some();
    view! {
        <section class="panel feed" aria-label="Rollouts, newest first">
            <header><h2>"Rollouts"</h2><span class="dim small">"newest first"</span><span class="grow"></span>
                <button class="btn quiet small-btn" aria-keyshortcuts=shortcut(Command::Hold) aria-pressed=move || held().to_string()
                    on:click=move |_| feed.hold()>{move || if held() { "Go on" } else { "Hold" }}" "<Cap does=Command::Hold/></button>
            </header>
            <Filters filter=feed.filter/>
            <div class="feed-list windowed" node_ref=list.host on:scroll=move |_| list.scrolled() on:keydown=move |event| list.walk(&event)>
                <div class="runway"><div class="rows" role="list" aria-label="Groups"><div aria-hidden="true"></div></div></div>
                {move || foot(feed, none.get())}
            </div>
        </section>
    }
}

/// Begins anew with every other filter, step or run, and asks the store a moment later: who types a
/// word is asked for the word.
fn follow(feed: Feed) {
    let soon = StoredValue::new(None::<TimeoutHandle>);
    let has_steps = Memo::new(move |_| feed.watch.newest() > 0);
    Effect::new(move |_| {
        feed.filter.track();
        feed.watch.live.following.track();
        feed.watch.at.track();
        let known = has_steps.get();
        feed.restart();
        untrack(|| feed.look());
        stop(soon);
        if known {
            let may = move || {
                let _ = feed.asking.try_update(|asking| asking.may = true);
            };
            soon.set_value(set_timeout_with_handle(may, TYPING).ok());
        }
    });
    Effect::new(move |_| feed.look());
    on_cleanup(move || stop(soon));
}

/// Fetches older cards before the reader is where they begin.
fn read_ahead(feed: Feed, list: Windowed<Feed>) {
    Effect::new(move |_| {
        let ready = feed.asking.with(|now| now.may && !now.busy && now.fault.is_none());
        let drawn = list.drawn.get();
        let wanted = wanted(feed.count(), drawn.to, drawn.from > 0);
        if let Some(limit) = wanted.filter(|_| ready) {
            feed.fetch(limit);
        }
    });
}

fn stop(timer: StoredValue<Option<TimeoutHandle>>) {
    timer.update_value(|timer| {
        if let Some(timer) = timer.take() {
            timer.clear();
        }
    });
}

/// What stands under the cards.
fn foot(feed: Feed, none: bool) -> Option<AnyView> {
    let more = move |_| feed.fetch(PAGES.1);
    if let Some(fault) = feed.asking.with(|asking| asking.fault.clone()) {
        return Some(view! { <p class="feed-empty error">{fault}" "<button class="btn small-btn" on:click=more>"Try again"</button></p> }.into_any());
    }
    if feed.asking.with(|asking| asking.busy) {
        return Some(
            view! { <p class="feed-empty dim" role="status">"Looking further back…"</p> }
                .into_any(),
        );
    }
    let any = feed.watch.newest() > 0;
    if none && !any {
        return Some(view! { <p class="feed-empty soft">"Each question and its answers appear here as soon as they are scored."</p> }.into_any());
    }
    if any && feed.cards.with(|cards| cards.below().is_some()) {
        return Some(view! { <button class="btn quiet feed-more" data-testid="feed-more" on:click=more>"Older groups"</button> }.into_any());
    }
    if feed.cards.with(Cards::is_full) {
        return Some(view! { <p class="feed-empty soft">"No more fit on one page. Go to an earlier step, or narrow the list, to see older ones."</p> }.into_any());
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
    let bar = |(reward, advantage): &(f32, f32)| {
        let (reward, advantage) = (f64::from(*reward), f64::from(*advantage));
        view! {
            <i class=tone(advantage) style:--a=strength(advantage) style:height=format!("{:.1}px", 2.0 + reward * 14.0)></i>
        }
    };
    let rewards: Vec<String> = card.bars.iter().map(|b| format::fixed(b.0.into(), 2)).collect();
    let gone = RwSignal::new(false);
    view! {
        <div role="listitem">
            <a class="card" href=to tabindex="-1" data-testid="feed-item" data-step=card.step.to_string() data-group=card.group.to_string()>
                <div class="thumb"><img src=card.thumb.to_string() alt="" decoding="async" class:gone=gone on:error=move |_| gone.set(true)/></div>
                <div class="grow card-body">
                    <div class="row"><TaskDot kind=card.kind/><b class="clip">{card.title.to_string()}</b><span class="grow"></span>
                        <span class="dim small num">{format!("step {}", format::whole(card.step))}</span></div>
                    <div class="soft clip small">{card.question.to_string()}</div>
                    <div class="row">
                        <span class="dots" title=format!("Rewards {}", rewards.join(", "))>{card.bars.iter().map(bar).collect_view()}</span>
                        <span class="grow"></span><span class="dim small">{card.note.words()}</span>
                    </div>
                </div>
            </a>
        </div>
    }
}
