//! Signing in: a link with a one-time token, and a name where the link carries none.

use crate::logic::format;
use crate::parts::bits::Mark;
use crate::state::api;
use crate::state::browser::query_value;
use crate::state::outbox::waiting_for_anybody;
use crate::state::remote::{Fault, FaultKind};
use crate::state::session::{Known, Session, use_session};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use shared::api::SignIn;

/// What the page asks for.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// No link was opened.
    NoLink,
    /// The token is being traded.
    Trading,
    /// The link carries no name.
    NeedsName,
    /// The link is of no use.
    Refused(Fault),
    /// No answer.
    Away,
}

fn needs_name(fault: &Fault) -> bool {
    fault.field.as_deref() == Some("name") || fault.code.contains("name")
}

/// A sign-in that goes on: the link's token, the name typed, and where it has come to.
#[derive(Clone, Copy)]
struct Entry {
    token: StoredValue<Option<String>>,
    name: RwSignal<String>,
    stage: RwSignal<Stage>,
    session: Session,
    /// Leads to the first page.
    enter: Callback<bool>,
}

impl Entry {
    fn new() -> Self {
        let session = use_session();
        let navigate = StoredValue::new_local(use_navigate());
        let enter = Callback::new(move |replace: bool| {
            navigate.with_value(|go| {
                go("/runs", NavigateOptions { replace, ..Default::default() });
            });
        });
        let token = query_value("token").filter(|_| at_sign_in());
        let away = session.known.with_untracked(|known| matches!(known, Known::Unreachable(_)));
        let first = match token {
            Some(_) => Stage::Trading,
            None if away => Stage::Away,
            None => Stage::NoLink,
        };
        Self {
            token: StoredValue::new(token),
            name: RwSignal::new(String::new()),
            stage: RwSignal::new(first),
            session,
            enter,
        }
    }

    /// Trades the token for a session; without one asks for the session again.
    fn go_on(self) {
        let Some(token) = self.token.get_value() else { return self.session.ask() };
        self.stage.set(Stage::Trading);
        let body = SignIn { token, name: self.name.get_untracked().trim().to_owned() };
        leptos::task::spawn_local(async move {
            match api::sign_in(&body).await {
                Ok(body) => {
                    // First the address: a page at /sign-in stays this page.
                    self.enter.run(true);
                    self.session.known.set(Known::In(body));
                }
                Err(fault) if needs_name(&fault) => self.stage.set(Stage::NeedsName),
                Err(fault) if fault.kind == FaultKind::Offline => self.stage.set(Stage::Away),
                Err(fault) => {
                    self.stage.set(Stage::Refused(fault));
                    // The reader may be signed in all the same.
                    self.session.ask();
                }
            }
        });
    }

    fn signed_in(self) -> bool {
        self.session.known.with(|known| matches!(known, Known::In(_)))
    }
}

/// The page at `/sign-in`, and at any address where nobody is signed in.
#[component]
pub fn SignInPage() -> impl IntoView {
    document().set_title("Sign in · VideoSSR Studio");
    let entry = Entry::new();
    if entry.token.with_value(Option::is_some) {
        entry.go_on();
    }
    let path = use_location().pathname;
    let leave = move |_| {
        if path.get_untracked() == "/sign-in" {
            entry.enter.run(false);
        }
        entry.session.ask();
    };
    let named = Callback::new(move |()| entry.go_on());
    view! {
        <main class="sign-in" id="main">
            <div class="panel sign-in-card">
                <div class="mark"><Mark/>"VideoSSR Studio"</div>
                {move || match entry.stage.get() {
                    Stage::Trading => view! { <p class="soft" role="status">"Signing you in."</p> }.into_any(),
                    Stage::NoLink => no_link(entry.signed_in(), leave),
                    Stage::NeedsName => view! { <NameForm name=entry.name on_submit=named/> }.into_any(),
                    Stage::Refused(fault) => refused(&fault),
                    Stage::Away => view! {
                        <h1>"The server does not answer"</h1>
                        <p class="soft" data-testid="sign-in-message">"Nothing is lost. Check that it runs, then try again."</p>
                        <button class="btn primary" on:click=move |_| entry.go_on()>"Try again"</button>
                    }.into_any(),
                }}
                {waiting()}
            </div>
        </main>
    }
}

/// What lies in this browser unsent, so that nobody thinks it lost.
fn waiting() -> Option<impl IntoView> {
    let count = waiting_for_anybody();
    let what = format::plural(count, "change waits", "changes wait");
    (count > 0).then(|| view! {
        <p class="soft small" data-testid="waiting">
            {format!("{what} here to be sent, as soon as their author signs in again in this browser.")}</p>
    })
}

fn at_sign_in() -> bool {
    window().location().pathname().is_ok_and(|path| path == "/sign-in")
}

fn no_link(signed_in: bool, leave: impl Fn(web_sys::MouseEvent) + 'static) -> AnyView {
    if signed_in {
        return view! {
            <h1>"You are signed in"</h1>
            <button class="btn primary" on:click=leave>"Go to the runs"</button>
        }
        .into_any();
    }
    view! {
        <h1>"Open a sign-in link"</h1>
        <p class="soft" data-testid="sign-in-message">"Nobody is signed in in this browser. There are no passwords here: each person comes in by a link that works once."</p>
        <ul class="soft">
            <li>"The first admin: the server printed a link where it was started."</li>
            <li>"Everybody else: an admin makes a link on the Team page."</li>
        </ul>
    }
    .into_any()
}

fn refused(fault: &Fault) -> AnyView {
    let message = fault.message.clone();
    view! {
        <h1>"This link does not work any more"</h1>
        <p class="soft" role="alert" data-testid="sign-in-message">{message}</p>
        <p class="soft">"A link works once and for a limited time. Ask an admin for a new one; the server also prints one for its admin when it starts."</p>
        <a class="btn" href="/runs">"Go to the runs"</a>
    }
    .into_any()
}

#[component]
fn NameForm(name: RwSignal<String>, on_submit: Callback<()>) -> impl IntoView {
    let empty = move || name.with(|name| name.trim().is_empty());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if !name.with_untracked(|name| name.trim().is_empty()) {
            on_submit.run(());
        }
    };
    view! {
        <h1>"Welcome"</h1>
        <p class="soft" data-testid="sign-in-message">"How should the others see you? Your name stands beside your labels and reviews."</p>
        <form on:submit=submit class="sign-in-form">
            <label for="sign-in-name">"Your name"</label>
            <input id="sign-in-name" class="field-input" data-testid="sign-in-name" autocomplete="name" autofocus
                prop:value=name on:input=move |event| name.set(event_target_value(&event))/>
            <button class="btn primary" data-testid="sign-in-submit" disabled=empty>"Sign in"</button>
        </form>
    }
}
