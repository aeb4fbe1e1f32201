//! People, their roles, and links that invite more.

use crate::parts::bits::Avatar;
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::remote_view;
use crate::state::api;
use crate::state::browser::{copy, origin};
use crate::state::remote::Remote;
use crate::state::session::use_session;
use crate::state::toast::use_toasts;
use leptos::prelude::*;
use shared::annotation::Role;
use shared::api::{Invite, Person};

fn role_words(role: Role) -> &'static str {
    match role {
        Role::Viewer => "looks at runs, rollouts and labels",
        Role::Annotator => "looks, and tags failures",
        Role::Reviewer => "looks, tags, and reviews other people's tags",
        Role::Admin => "starts runs, adds videos, invites people, tags and reviews",
    }
}

/// The team.
#[component]
pub fn TeamPage() -> impl IntoView {
    let session = use_session();
    let people = RwSignal::new(Remote::Loading);
    let load = move || {
        leptos::task::spawn_local(async move {
            let got = api::people().await.into();
            let _ = people.try_set(got);
        });
    };
    load();
    let retry = Callback::new(move |()| load());
    let body = move || {
        remote_view(people.get(), "the team", retry, move |list| {
            view! { <PeopleTable list me=session.person_id()/> }.into_any()
        })
    };
    view! {
        <Page crumbs=vec![Crumb::here("Team")] class="narrow-page">
            {body}
            {move || match session.may(Role::Admin) {
                true => view! { <InviteForm/> }.into_any(),
                false => view! { <p class="dim">"Admins invite people. Ask one for a link with the role you need."</p> }.into_any(),
            }}
        </Page>
    }
}

#[component]
fn PeopleTable(list: Vec<Person>, me: Option<u64>) -> impl IntoView {
    let row = move |person: Person| {
        let you = (Some(person.id) == me).then_some(" (you)");
        view! {
            <tr data-testid="person-row">
                <td class="wide"><span class="row"><Avatar id=person.id name=person.name.clone()/>
                    <b>{person.name.clone()}</b><span class="dim">{you}</span></span></td>
                <td>{crate::logic::words::capital(person.role.name())}</td>
                <td class="soft">{role_words(person.role)}</td>
            </tr>
        }
    };
    view! {
        <div class="table-wrap panel team"><table class="table plain">
            <thead><tr><th scope="col">"Person"</th><th scope="col">"Role"</th><th scope="col">"May"</th></tr></thead>
            <tbody>{list.into_iter().map(row).collect_view()}</tbody>
        </table></div>
    }
}

#[component]
fn InviteForm() -> impl IntoView {
    let role = RwSignal::new(Role::Annotator);
    let name = RwSignal::new(String::new());
    let link = RwSignal::new(None::<Result<String, String>>);
    let create = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let body =
            Invite { role: role.get_untracked(), name: name.get_untracked().trim().to_owned() };
        leptos::task::spawn_local(async move {
            let made = api::invite(&body).await;
            let _ = link.try_set(Some(match made {
                Ok(body) if body.link.starts_with('/') => Ok(format!("{}{}", origin(), body.link)),
                Ok(body) => Ok(body.link),
                Err(fault) => Err(format!("{} {}", fault.message, fault.advice())),
            }));
        });
    };
    let option = move |r: &'static Role| {
        view! { <option value=r.name() selected=move || role.get() == *r>{crate::logic::words::capital(r.name())}</option> }
    };
    view! {
        <section class="panel invite">
            <header><h2>"Invite somebody"</h2></header>
            <form class="body" on:submit=create>
                <div class="invite-row">
                    <label>"Role"
                        <select class="field-input" data-testid="invite-role"
                            on:change=move |event| if let Ok(r) = event_target_value(&event).parse() { role.set(r) }>
                            {Role::ALL.iter().map(option).collect_view()}
                        </select>
                    </label>
                    <label class="grow">"Name, if you know it"
                        <input class="field-input" data-testid="invite-name" prop:value=name autocomplete="off"
                            on:input=move |event| name.set(event_target_value(&event))/>
                    </label>
                    <button class="btn primary" data-testid="invite-create">"Create link"</button>
                </div>
                <p class="dim small">{move || format!("A person with this role {}.", role_words(role.get()))}</p>
                {move || link.get().map(|made| match made {
                    Ok(text) => view! { <MadeLink text/> }.into_any(),
                    Err(why) => view! { <p class="error" role="alert">{why}</p> }.into_any(),
                })}
            </form>
        </section>
    }
}

/// A link that was made, to be handed on.
#[component]
fn MadeLink(text: String) -> impl IntoView {
    let toasts = use_toasts();
    let copied = text.clone();
    let copy_link = move |_| {
        let text = copied.clone();
        leptos::task::spawn_local(async move {
            match copy(text).await {
                true => toasts.say("Link copied. It works once."),
                false => toasts.warn(
                    "The browser did not allow copying. Select the link and copy it by hand.",
                ),
            }
        });
    };
    view! {
        <div class="invite-made" role="status">
            <input class="field-input mono grow" readonly data-testid="invite-link" aria-label="Invitation link" prop:value=text.clone() value=text/>
            <button type="button" class="btn" on:click=copy_link>"Copy"</button>
        </div>
        <p class="dim small">"Send it to one person. It works once."</p>
    }
}
