//! The reader's own keys, kept in this browser for each person, and the one place where screens
//! hear of commands.

use crate::logic::keys::{Command, KeyReader, Keymap, Press, Screen};
use crate::state::browser::{dialog_open, is_pressable, is_typing, on_keys};
use crate::state::kept::Kept;
use leptos::prelude::*;
use std::cell::RefCell;

/// The keys, from context.
#[derive(Clone, Copy)]
pub struct Keys {
    /// As they are now; every screen follows it.
    pub map: RwSignal<Keymap>,
    kept: Kept,
}

impl Keys {
    /// Provides the keys of the person signed in; follows what another tab changes.
    pub fn provide() -> Self {
        let keys = Self { map: RwSignal::new(Keymap::default()), kept: Kept::new("keys") };
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

/// Calls `act` with what the reader's keys mean on a screen, while the caller's view lives. Keys in
/// a dialog and keys with alt are left alone.
pub fn on_commands(screen: Screen, act: impl Fn(Command) + 'static) {
    let keys = use_keys();
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
