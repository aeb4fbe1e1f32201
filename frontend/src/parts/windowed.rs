//! A list that scrolls and may be of any length: only the rows in sight, and a few beyond, are in the
//! page. Rows keep their elements for as long as they are drawn, and what one looks at stays where it
//! is when others come above it. What is drawn is decided in `logic::window`.
//!
//! The markup is the caller's: a scrolling element with [`Windowed::host`], in it a `.runway`, which
//! is made as tall as all rows, and in that a `.rows` whose first child takes the room of the rows
//! above those that are drawn.

use crate::logic::window::{Drawn, Sight, shift, step};
use leptos::html;
use leptos::prelude::*;
use leptos::tachys::reactive_graph::OwnedView;
use leptos::tachys::view::any_view::AnyViewState;
use leptos::tachys::view::{Mountable, Render};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, Node};

#[wasm_bindgen]
extern "C" {
    /// Tells when an element becomes larger or smaller.
    type ResizeObserver;
    #[wasm_bindgen(constructor)]
    fn new(told: &js_sys::Function) -> ResizeObserver;
    #[wasm_bindgen(method)]
    fn observe(this: &ResizeObserver, what: &Element);
    #[wasm_bindgen(method)]
    fn disconnect(this: &ResizeObserver);
}

/// What of a row can have the focus.
const STOPS: &str = "a, button, input";

/// What is listed. Its answers are followed as signals are.
pub trait Rows: Copy + 'static {
    /// What a row is known by, wherever it stands.
    type Key: Clone + PartialEq + 'static;

    /// Another number, another list: one that is seen from its beginning.
    fn turn(self) -> u64;

    /// How many rows there are.
    fn count(self) -> usize;

    /// The row at a place.
    fn key(self, at: usize) -> Option<Self::Key>;

    /// The place of a row.
    fn find(self, key: &Self::Key) -> Option<usize>;

    /// Draws a row, which now is at a place: one element, and nothing beside it.
    fn view(self, key: Self::Key, at: usize) -> AnyView;

    /// Tells those who do not see it which row an element is.
    fn tell(self, row: &Element, at: usize);
}

/// How a list is drawn.
#[derive(Clone, Copy)]
pub struct How {
    /// Height of a row, pixels; measured as soon as there is one.
    pub height: f64,
    /// Rows drawn above and below those in sight.
    pub beyond: usize,
    /// Whether Tab stops at one row only, and arrow keys lead to the others.
    pub one_stop: bool,
}

struct Shown<K> {
    key: K,
    at: usize,
    stops: bool,
    element: Element,
    view: AnyViewState,
}

struct State<K> {
    shown: Vec<Shown<K>>,
    turn: u64,
    sight: Sight,
    /// Height of what lies above the rows and stays over them, such as a table's head, pixels.
    head: f64,
    /// What stays where it is: a row, its place and height when it was last drawn.
    anchor: Option<(K, usize, f64)>,
    /// The row that had the focus last.
    stop: Option<K>,
    /// Whether a row was measured.
    measured: bool,
    /// Whether the list is drawn at the next frame.
    asked: bool,
    size: Option<(ResizeObserver, Closure<dyn Fn()>)>,
}

impl<K> Drop for State<K> {
    fn drop(&mut self) {
        if let Some((size, _)) = &self.size {
            size.disconnect();
        }
    }
}

/// A list of which the rows in sight are drawn.
pub struct Windowed<R: Rows> {
    /// What scrolls.
    pub host: NodeRef<html::Div>,
    /// The range drawn.
    pub drawn: RwSignal<Drawn>,
    rows: R,
    how: How,
    owner: StoredValue<Owner>,
    state: StoredValue<State<R::Key>, LocalStorage>,
}

// Derived, they would ask the same of a row's key.
impl<R: Rows> Copy for Windowed<R> {}
impl<R: Rows> Clone for Windowed<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: Rows> Windowed<R> {
    /// A list that follows `rows` while the caller's view lives.
    pub fn new(rows: R, how: How) -> Self {
        // Not known before the first layout: at most the window is full of rows.
        let view = window().inner_height().ok().and_then(|height| height.as_f64());
        let view = view.unwrap_or_default();
        let state = State {
            shown: Vec::new(),
            turn: 0,
            sight: Sight { count: 0, height: how.height, view, scroll: 0.0 },
            head: 0.0,
            anchor: None,
            stop: None,
            measured: false,
            asked: false,
            size: None,
        };
        let list = Self {
            host: NodeRef::new(),
            drawn: RwSignal::new(Drawn::default()),
            rows,
            how,
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            state: StoredValue::new_local(state),
        };
        Effect::new(move |_| {
            if list.host.get().is_some() {
                list.draw(true);
                list.follow_size();
            }
        });
        list
    }

    /// To be called when the list was scrolled: it is drawn once in each frame.
    pub fn scrolled(self) {
        let asked = |state: &mut State<R::Key>| std::mem::replace(&mut state.asked, true);
        if self.state.try_update_value(asked) != Some(false) {
            return;
        }
        request_animation_frame(move || {
            let Some(host) = self.host.try_get_untracked().flatten() else { return };
            self.state.update_value(|state| {
                state.asked = false;
                state.sight.scroll = f64::from(host.scroll_top());
            });
            untrack(|| self.draw(false));
        });
    }

    /// To be called with keys: while a row or something in it has the focus, arrow keys, Page Up and
    /// Down, Home and End lead to the same thing in other rows, whether or not they are drawn.
    pub fn walk(self, event: &web_sys::KeyboardEvent) {
        let other = event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key();
        if other || crate::state::browser::is_typing(event) {
            return;
        }
        untrack(|| {
            let Some((from, part)) = self.focus() else { return };
            let sight = self.state.with_value(|state| state.sight);
            let Some(at) = self.rows.find(&from) else { return };
            let Some(to) = step(&event.key(), at, sight.page(), sight.reachable()) else { return };
            event.prevent_default();
            event.stop_propagation();
            self.scroll_to(sight.showing(to));
            self.draw(false);
            let there = self.state.with_value(|state| {
                let row = state.shown.iter().find(|row| row.at == to)?;
                same_part(&row.element, &part)
            });
            if let Some(there) = there {
                let _ = there.focus();
                self.draw(false);
            }
        });
    }

    /// The row that has the focus, and what in it.
    fn focus(self) -> Option<(R::Key, Element)> {
        let active = document().active_element()?;
        let key = self.state.with_value(|state| {
            let row = state.shown.iter().find(|row| row.element.contains(Some(&active)))?;
            Some(row.key.clone())
        });
        Some((key?, active))
    }

    fn scroll_to(self, scroll: f64) {
        let Some(host) = self.host.get_untracked() else { return };
        host.set_scroll_top(scroll.round() as i32);
        self.state.update_value(|state| state.sight.scroll = f64::from(host.scroll_top()));
    }

    /// Measures the list and draws it whenever its size changes.
    fn follow_size(self) {
        let Some(host) = self.host.get_untracked() else { return };
        if self.state.with_value(|state| state.size.is_some()) {
            return;
        }
        let told = Closure::<dyn Fn()>::new(move || {
            if self.host.try_get_untracked().flatten().is_some() {
                self.measure();
                untrack(|| self.draw(false));
            }
        });
        let size = ResizeObserver::new(told.as_ref().unchecked_ref());
        size.observe(&host);
        self.state.update_value(|state| state.size = Some((size, told)));
    }

    fn measure(self) {
        let Some((host, _, rows)) = self.parts() else { return };
        let top = |it: &Element| it.get_bounding_client_rect().top();
        let scroll = f64::from(host.scroll_top());
        let head = rows.first_element_child().map_or(0.0, |first| top(&first) - top(&host));
        let head = (head + scroll - f64::from(host.client_top())).max(0.0);
        self.state.update_value(|state| {
            let pair = state.shown.windows(2).find(|pair| pair[1].at == pair[0].at + 1);
            let height = match (pair, state.shown.first()) {
                (Some(pair), _) => top(&pair[1].element) - top(&pair[0].element),
                (None, Some(row)) => row.element.get_bounding_client_rect().height(),
                (None, None) => 0.0,
            };
            state.measured |= height > 0.0;
            if height > 0.0 {
                state.sight.height = height;
            }
            state.head = head;
            state.sight.view = (f64::from(host.client_height()) - head).max(0.0);
        });
    }

    /// What scrolls, the runway and what holds the rows.
    fn parts(self) -> Option<(Element, HtmlElement, Element)> {
        let host: Element = self.host.try_get_untracked().flatten()?.into();
        let runway = host.query_selector(".runway").ok()??.dyn_into().ok()?;
        let rows = host.query_selector(".rows").ok()??;
        Some((host, runway, rows))
    }

    /// Brings the page in line with the list, which may have changed, and with where it is scrolled to.
    fn draw(self, changed: bool) {
        let (turn, count) = (self.rows.turn(), self.rows.count());
        let Some((host, runway, rows)) = self.parts() else { return };
        let focus = self.focus().map(|(key, _)| key);
        let mut drawn = Drawn::default();
        self.state.update_value(|state| {
            let anew = state.turn != turn;
            let moved = if anew { -state.sight.scroll } else { self.moved(state) };
            (state.turn, state.sight.count) = (turn, count);
            state.sight.scroll += moved;
            let kept = focus.as_ref().and_then(|key| self.rows.find(key));
            drawn = state.sight.drawn(self.how.beyond, kept);
            let height = state.sight.height;
            size(&runway, state.head + state.sight.total());
            if let Some(room) = rows.first_element_child().and_then(|it| it.dyn_into().ok()) {
                size(&room, drawn.before(height));
            }
            self.put(state, &rows, drawn, changed);
            if moved != 0.0 {
                host.scroll_by_with_x_and_y(0.0, moved);
                state.sight.scroll = f64::from(host.scroll_top());
            }
            // Who has the focus on a row reads that one, also at the list's beginning.
            let focused = kept.filter(|_| drawn.kept.is_none());
            let stays = focused.or((state.sight.scroll > 0.0).then(|| state.sight.first()));
            state.anchor = stays.and_then(|at| Some((self.rows.key(at)?, at, height)));
            state.stop = focus.or(state.stop.take());
            self.stop(state);
        });
        if self.drawn.get_untracked() != drawn {
            self.drawn.set(drawn);
        }
        let measured = self.state.with_value(|state| state.measured || state.shown.is_empty());
        if !measured {
            self.measure();
            // Whether or not the row has a height: without one it is not seen.
            self.state.update_value(|state| state.measured = true);
            self.draw(false);
        }
    }

    /// How far what is looked at has moved since it was drawn.
    fn moved(self, state: &State<R::Key>) -> f64 {
        let Some((key, was, height)) = &state.anchor else { return 0.0 };
        let same = self.rows.key(*was).is_some_and(|now| now == *key);
        let now = if same { Some(*was) } else { self.rows.find(key) };
        now.map_or(0.0, |now| shift((*was, *height), (now, state.sight.height)))
    }

    /// Puts the rows that are to be drawn into the page and takes the others out. Those that stay are
    /// not moved: an element that is moved loses the focus.
    fn put(self, state: &mut State<R::Key>, rows: &Element, drawn: Drawn, changed: bool) {
        let key = |at| Some((at, self.rows.key(at)?));
        let wanted: Vec<(usize, R::Key)> = drawn.rows().filter_map(key).collect();
        let (mut stay, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut state.shown)
            .into_iter()
            .partition(|row| wanted.iter().any(|(_, key)| *key == row.key));
        gone.into_iter().for_each(|mut row| row.view.unmount());
        let mut next = None::<Node>;
        for (at, key) in wanted.into_iter().rev() {
            let known = stay.iter().position(|row| row.key == key).map(|i| stay.swap_remove(i));
            let is_known = known.is_some();
            let Some(mut row) = known.or_else(|| self.build(key, at)) else { continue };
            if !is_known || row.element.next_sibling() != next {
                row.view.mount(rows, next.as_ref());
            }
            if !is_known || changed || row.at != at {
                row.at = at;
                self.rows.tell(&row.element, at);
            }
            next = Some(row.element.clone().into());
            state.shown.push(row);
        }
        state.shown.reverse();
    }

    fn build(self, key: R::Key, at: usize) -> Option<Shown<R::Key>> {
        let owner = self.owner.with_value(|owner| owner.with(Owner::new));
        let view = untrack(|| {
            let view = owner.with(|| self.rows.view(key.clone(), at));
            OwnedView::new_with_owner(view, owner).into_any().build()
        });
        let element = view.elements().into_iter().next()?;
        Some(Shown { key, at, stops: false, element, view })
    }

    /// Lets Tab stop at the row that had the focus, or at the first one in sight.
    fn stop(self, state: &mut State<R::Key>) {
        if !self.how.one_stop {
            return;
        }
        let first = state.sight.first_whole();
        let had = state.shown.iter().position(|row| Some(&row.key) == state.stop.as_ref());
        let first = || state.shown.iter().position(|row| row.at >= first);
        let Some(here) = had.or_else(first) else { return };
        for (nth, row) in state.shown.iter_mut().enumerate() {
            if row.stops != (nth == here) {
                row.stops = nth == here;
                if let Ok(Some(part)) = row.element.query_selector(STOPS) {
                    let _ = part.set_attribute("tabindex", if row.stops { "0" } else { "-1" });
                }
            }
        }
    }
}

/// Gives an element a height, where it has another.
fn size(it: &HtmlElement, height: f64) {
    let (style, height) = (it.style(), format!("{height}px"));
    if style.get_property_value("height").is_ok_and(|now| now != height) {
        let _ = style.set_property("height", &height);
    }
}

/// What has the focus in one row, in another; or the first thing there that can have it.
fn same_part(row: &Element, part: &Element) -> Option<HtmlElement> {
    let name = match part.get_attribute("data-testid") {
        Some(name) => format!("[data-testid=\"{name}\"]"),
        None => part.tag_name(),
    };
    let found = row.query_selector(&name).ok().flatten();
    found.or_else(|| row.query_selector(STOPS).ok().flatten())?.dyn_into().ok()
}
