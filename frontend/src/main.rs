//! The page of VideoSSR Studio: watch runs, look at rollouts, tag and review failures.
//!
//! Reading order: `route`, `state` (what the page knows), `logic` (what it decides), `parts`
//! (what screens are made of), `pages` (one file or folder per screen), `screens`
//! (which of them are fetched when), `app`.

mod app;
mod logic;
mod pages;
mod parts;
mod route;
mod screens;
mod state;

fn main() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        app::show_fatal();
    }));
    leptos::mount::mount_to_body(app::App);
}
