//! Signing in: a link with a one-time token, and a name where the link carries none.

use crate::parts::bits::Mark;
use crate::state::api;
use crate::state::browser::query_value;
use crate::state::remote::{Fault, FaultKind};
use crate::state::session::{Known, use_session};
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

/// The page at `/sign-in`, and at any address where nobody is signed in.
#[component]
pub fn SignInPage() -> impl IntoView {
    let session = use_session();
    document().set_title("Sign in · VideoSSR Studio");
    let token = StoredValue::new(query_value("token").filter(|_| at_sign_in()));
    let navigate = StoredValue::new_local(use_navigate());
    let path = use_location().pathname;
    let away = session.known.with_untracked(|known| matches!(known, Known::Unreachable(_)));
    let first = match token.with_value(Option::is_some) {
        true => Stage::Trading,
        false if away => Stage::Away,
        false => Stage::NoLink,
    };
    let stage = RwSignal::new(first);
    let name = RwSignal::new(String::new());
    let trade = move || {
        let Some(token) = token.get_value() else { return };
        stage.set(Stage::Trading);
        let body = SignIn { token, name: name.get_untracked().trim().to_owned() };
        leptos::task::spawn_local(async move {
            match api::sign_in(&body).await {
                Ok(body) => {
                    // First the address: a page at /sign-in stays this page.
                    navigate.with_value(|go| {
                        go("/runs", NavigateOptions { replace: true, ..Default::default() })
                    });
                    session.known.set(Known::In(body));
                }
                Err(fault) if needs_name(&fault) => stage.set(Stage::NeedsName),
                Err(fault) if fault.kind == FaultKind::Offline => stage.set(Stage::Away),
                Err(fault) => {
                    stage.set(Stage::Refused(fault));
                    // The reader may be signed in all the same.
                    session.ask();
                }
            }
        });
    };
    if token.with_value(Option::is_some) {
        trade();
    }
    let leave = move |_| {
        if path.get_untracked() == "/sign-in" {
            navigate.with_value(|go| go("/runs", Default::default()));
        }
        session.ask();
    };
    let retry = move |_| if token.with_value(Option::is_some) { trade() } else { session.ask() };
    view! {
        <main class="sign-in" id="main">
            <div class="panel sign-in-card">
                <div class="mark"><Mark/>"VideoSSR Studio"</div>
                {move || match stage.get() {
                    Stage::Trading => view! { <p class="soft" role="status">"Signing you in."</p> }.into_any(),
                    Stage::NoLink => no_link(session.known.with(|k| matches!(k, Known::In(_))), leave),
                    Stage::NeedsName => view! { <NameForm name on_submit=Callback::new(move |()| trade())/> }.into_any(),
                    Stage::Refused(fault) => refused(&fault),
                    Stage::Away => view! {
                        <h1>"The server does not answer"</h1>
                        <p class="soft" data-testid="sign-in-message">"Nothing is lost. Check that it runs, then try again."</p>
                        <button class="btn primary" on:click=retry>"Try again"</button>
                    }.into_any(),
                }}
            </div>
        </main>
    }
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
