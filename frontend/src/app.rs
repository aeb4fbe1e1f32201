//! What holds the page together: state in context, routes, keys that work everywhere.

use crate::logic::draft::{Lead, told};
use crate::logic::keys::{Command, Screen};
use crate::pages::missing::MissingPage;
use crate::pages::runs::RunsPage;
use crate::pages::sign_in::SignInPage;
use crate::pages::studio::Sitting;
use crate::parts::dialog::{Dialogs, KeySheet, Palette};
use crate::parts::news::News;
use crate::parts::player::ViewSize;
use crate::parts::rail::Rail;
use crate::parts::states::Skeleton;
use crate::route;
use crate::screens;
use crate::state::browser::{dialog_open, is_typing, on_keys};
use crate::state::keys::{Keys, on_commands};
use crate::state::library::Library;
use crate::state::live::{Live, use_live};
use crate::state::outbox::Outbox;
use crate::state::session::{Known, Session, use_session};
use crate::state::theme::Theme;
use crate::state::toast::{Toasts, use_toasts};
use crate::state::tour::{Tour, use_tour};
use crate::state::uploads::Uploads;
use leptos::prelude::*;
use leptos_router::components::{Redirect, Route, Router, Routes};
use leptos_router::path;

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    if let Ok(path) = window().location().pathname() {
        screens::fetch_first(&path);
    }
    Theme::provide();
    Toasts::provide();
    Session::provide();
    Keys::provide();
    Tour::provide();
    Dialogs::provide();
    provide_context(ViewSize::new());
    Sitting::provide();
    let library = Library::provide();
    Uploads::provide(library);
    let outbox = Outbox::provide();
    Live::provide(library, outbox);
    view! { <Router><Gate/></Router> }
}

#[derive(Clone, Copy, PartialEq)]
enum Door {
    Asking,
    Open,
    Shut,
}

/// Lets in who is signed in; shows the sign-in page to everybody else, at any address.
#[component]
fn Gate() -> impl IntoView {
    let session = use_session();
    let pathname = leptos_router::hooks::use_location().pathname;
    let door = Memo::new(move |_| match session.known.get() {
        _ if pathname.get() == "/sign-in" => Door::Shut,
        Known::Asking => Door::Asking,
        Known::In(_) => Door::Open,
        Known::Out | Known::Unreachable(_) => Door::Shut,
    });
    move || match door.get() {
        Door::Asking => view! { <div class="waiting"><Skeleton/></div> }.into_any(),
        Door::Open => view! { <Studio/> }.into_any(),
        Door::Shut => view! { <SignInPage/> }.into_any(),
    }
}

/// The signed-in page.
#[component]
fn Studio() -> impl IntoView {
    let live = use_live();
    live.start();
    screens::fetch_ahead();
    global_keys();
    tell_about_labels();
    let tour = use_tour();
    let touring = Memo::new(move |_| tour.step().is_some());
    view! {
        <div class="app">
            <a class="skip" href="#main">"Skip to the content"</a>
            {move || touring.get().then(|| screens::TOUR.later())}
            <Rail/>
            <Routes fallback=MissingPage>
                <Route path=path!("/") view=|| view! { <Redirect path="/runs"/> }/>
                <Route path=path!("/runs") view=RunsPage/>
                <Route path=path!("/runs/new") view=|| screens::NEW_RUN.view()/>
                <Route path=path!("/runs/:run") view=|| screens::RUN.view()/>
                <Route path=path!("/runs/:run/steps/:step/groups/:group") view=|| screens::GROUP.view()/>
                <Route path=path!("/compare") view=|| screens::COMPARE.view()/>
                <Route path=path!("/videos") view=|| screens::VIDEOS.view()/>
                <Route path=path!("/studio") view=|| screens::STUDIO.view()/>
                <Route path=path!("/failures") view=|| screens::FAILURES.view()/>
                <Route path=path!("/review") view=|| screens::REVIEW.view()/>
                <Route path=path!("/review/:run/:step/:group/:rollout") view=|| screens::REVIEW.view()/>
                <Route path=path!("/team") view=|| screens::TEAM.view()/>
                <Route path=path!("/health") view=|| screens::HEALTH.view()/>
            </Routes>
        </div>
        <KeySheet/>
        <Palette/>
        <News/>
    }
}

fn global_keys() {
    let dialogs = expect_context::<Dialogs>();
    let (theme, toasts) = (expect_context::<Theme>(), use_toasts());
    let tour = use_tour();
    // Also while one types or a dialog is open, so that it closes what it opened.
    on_keys(move |event| {
        let command = event.ctrl_key() || event.meta_key();
        if command && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            dialogs.palette.update(|open| *open = !*open);
        } else if event.key() == "Escape" && tour.is_on() && !is_typing(&event) && !dialog_open() {
            // The tour before what lies under it.
            event.stop_immediate_propagation();
            tour.leave();
        }
    });
    let listening = on_commands(Screen::Frame, move |command| match command {
        Command::Sheet => dialogs.keys.set(true),
        Command::Theme => theme.toggle(),
        Command::Undo => toasts.undo(),
        _ => {}
    });
    listening.called(move |row| match row.does {
        Command::Sheet => Some("Keys: see and change them".into()),
        Command::Undo => Some("Undo".into()),
        _ => Some(row.title()),
    });
}

/// Says what others did with the reader's labels, and what waits for the reader's review.
fn tell_about_labels() {
    let (live, session, toasts) = (use_live(), use_session(), use_toasts());
    Effect::new(move |_| {
        let Some((before, now)) = live.news.get() else { return };
        let me = untrack(|| session.person_id());
        let Some(news) = told(before.as_ref(), &now, me) else { return };
        match news.lead {
            Lead::Rollout(link) => {
                toasts.say_with_link(news.words, route::target(&now.target), link);
            }
            Lead::Review => toasts.say_with_link(news.words, route::review(&now.target), "Review"),
        }
    });
}

/// Says that the page stopped; it goes on in an unknown state.
pub fn show_fatal() {
    let Some(body) = document().body() else { return };
    let Ok(note) = document().create_element("p") else { return };
    note.set_class_name("fatal");
    let _ = note.set_attribute("role", "alert");
    note.set_text_content(Some("The page stopped working. Reload it; what was saved is safe."));
    let _ = body.append_child(&note);
}
