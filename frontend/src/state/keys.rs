//! The reader's own keys, kept in this browser for each person, and the one place where screens
//! hear of commands.

use crate::logic::keys::{Command, KeyReader, Keymap, Press, Row, Screen, Section};
use crate::state::browser::{dialog_open, is_pressable, is_typing, on_keys};
use crate::state::kept::Kept;
use leptos::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// What a screen calls a command of the table; nothing where the reader may not have it there.
type Called = dyn Fn(&'static Row) -> Option<String>;

/// Who takes commands at the moment.
struct Listener {
    id: u32,
    screen: Screen,
    act: Rc<dyn Fn(Command)>,
    called: Option<Box<Called>>,
}

impl Listener {
    fn takes(&self, section: Section) -> bool {
        self.screen.sections().contains(&section)
    }
}

/// The keys, from context.
#[derive(Clone, Copy)]
pub struct Keys {
    /// As they are now; every screen follows it.
    pub map: RwSignal<Keymap>,
    kept: Kept,
    /// The frame, and the screen that is shown.
    listening: RwSignal<Vec<Listener>, LocalStorage>,
    next: StoredValue<u32>,
}

impl Keys {
    /// Provides the keys of the person signed in; follows what another tab changes.
    pub fn provide() -> Self {
        let keys = Self {
            map: RwSignal::new(Keymap::default()),
            kept: Kept::new("keys"),
            listening: RwSignal::new_local(Vec::new()),
            next: StoredValue::new(0),
        };
        keys.kept.follow(move || {
            let map = Keymap::read(&keys.kept.get().unwrap_or_default());
            if keys.map.with_untracked(|now| *now != map) {
                keys.map.set(map);
            }
        });
        provide_context(keys);
        keys
    }

    /// Takes other keys and keeps them.
    pub fn set(self, map: Keymap) {
        self.kept.set(&map.write());
        self.map.set(map);
    }

    /// A command's key as it stands on a cap.
    pub fn cap(self, does: Command) -> String {
        self.map.with(|map| map.cap(does))
    }

    /// The key of a command in round brackets, for titles.
    pub fn title(self, what: &str, does: Command) -> String {
        format!("{what} ({})", self.cap(does))
    }

    /// The commands that can be run now, with what they are called where they would be.
    pub fn offered(self) -> Vec<(&'static Row, String)> {
        self.listening.with(|all| {
            let screens: Vec<Screen> = all.iter().map(|one| one.screen).collect();
            let name = |row: &'static Row| {
                let here = |one: &&Listener| one.takes(row.section);
                match all.iter().filter(here).find_map(|one| one.called.as_ref()) {
                    Some(called) => called(row),
                    None => Some(row.title()),
                }
            };
            Row::taken(&screens).into_iter().filter_map(|row| Some((row, name(row)?))).collect()
        })
    }

    /// Whether somebody takes the commands of a section now.
    pub fn heard(self, section: Section) -> bool {
        self.listening.with(|all| all.iter().any(|one| one.takes(section)))
    }

    /// Runs a command as if its key had been pressed.
    pub fn run(self, section: Section, does: Command) {
        // What is done may lead to another screen, and to others who listen.
        let acts: Vec<Rc<dyn Fn(Command)>> = self.listening.with_untracked(|all| {
            all.iter().filter(|one| one.takes(section)).map(|one| one.act.clone()).collect()
        });
        acts.iter().for_each(|act| act(does));
    }

    fn listen(self, screen: Screen, act: Rc<dyn Fn(Command)>) -> Listening {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.listening.update(|all| all.push(Listener { id, screen, act, called: None }));
        on_cleanup(move || {
            let _ = self.listening.try_update(|all| all.retain(|one| one.id != id));
        });
        Listening { keys: self, id }
    }
}

/// A screen that listens.
pub struct Listening {
    keys: Keys,
    id: u32,
}

impl Listening {
    /// Says what the screen calls the commands it takes, and which of them the reader may not have.
    pub fn called(self, name: impl Fn(&'static Row) -> Option<String> + 'static) {
        self.keys.listening.update(|all| {
            if let Some(one) = all.iter_mut().find(|one| one.id == self.id) {
                one.called = Some(Box::new(name));
            }
        });
    }
}

/// The keys of the page.
pub fn use_keys() -> Keys {
    expect_context()
}

/// For `aria-keyshortcuts` of what a command's key would press.
pub fn shortcut(does: Command) -> impl Fn() -> String + Copy + Send + Sync + 'static {
    let keys = use_keys();
    move || keys.map.with(|map| map.aria(does))
}

/// Calls `act` with what the reader's keys mean on a screen, and with what the palette runs, while
/// the caller's view lives. Keys in a dialog and keys with alt are left alone.
pub fn on_commands(screen: Screen, act: impl Fn(Command) + 'static) -> Listening {
    let keys = use_keys();
    let act: Rc<dyn Fn(Command)> = Rc::new(act);
    let listening = keys.listen(screen, act.clone());
    let reader = RefCell::new(KeyReader::new(screen));
    on_keys(move |event| {
        if event.alt_key() || dialog_open() {
            return;
        }
        let (key, code) = (event.key(), event.code());
        let press = Press {
            pressable: is_pressable(&event),
            typing: is_typing(&event),
            ..press_of(&event, &key, &code)
        };
        let command = keys.map.with_untracked(|map| reader.borrow_mut().read(map, press));
        if let Some(command) = command {
            event.prevent_default();
            act(command);
        }
    });
    listening
}

/// What was pressed, wherever.
pub fn press_of<'a>(event: &web_sys::KeyboardEvent, key: &'a str, code: &'a str) -> Press<'a> {
    Press {
        code,
        shift: event.shift_key(),
        ctrl: event.ctrl_key() || event.meta_key(),
        ..Press::plain(key)
    }
}
