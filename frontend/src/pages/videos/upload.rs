//! The files on their way into the library, each with what became of it and what can be done.

use crate::logic::format;
use crate::state::api;
use crate::state::uploads::{Progress, Sent, forget_on_server, use_uploads};
use leptos::prelude::*;
use shared::api::Upload;

/// The files on their way, and those that came in part and were left.
#[component]
pub fn UploadList(
    /// Whether the reader may add videos.
    may: Memo<bool>,
) -> impl IntoView {
    let uploads = use_uploads();
    view! {
        <div class="uploads">
            <For each=move || uploads.list.get() key=|sent| sent.key children=|sent| view! { <SentRow sent/> }/>
            {move || may.get().then(|| view! { <Left/> })}
        </div>
    }
}

#[component]
fn SentRow(sent: Sent) -> impl IntoView {
    let name = sent.file.name();
    let size = format::bytes(sent.file.size() as u64);
    let share = {
        let sent = sent.clone();
        move || match sent.progress.get() {
            Progress::Probing | Progress::Done => 1.0,
            _ => sent.bytes.get() / sent.file.size().max(1.0),
        }
    };
    let words = {
        let (sent, share) = (sent.clone(), share.clone());
        move || words(&sent, share())
    };
    let state = {
        let progress = sent.progress.clone();
        move || match progress.get() {
            Progress::Failed(_) => "failed",
            Progress::Paused => "paused",
            Progress::Offline => "offline",
            Progress::Done => "done",
            _ => "sending",
        }
    };
    let failed = {
        let progress = sent.progress.clone();
        move || matches!(progress.get(), Progress::Failed(_))
    };
    let now = share.clone();
    view! {
        <div class="upload" class:failed=failed data-testid="upload-item" data-state=state>
            <div class="row"><b class="clip">{name.clone()}</b><span class="dim num">{size}</span><span class="grow"></span>
                <span class="upload-words num" role="status">{words}</span><Buttons sent/></div>
            <div class="meter" role="progressbar" aria-label=format!("Upload of {name}") aria-valuemin="0" aria-valuemax="100"
                aria-valuenow=move || format!("{:.0}", now() * 100.0)>
                <i style:width=move || format!("{:.1}%", share() * 100.0)></i></div>
        </div>
    }
}

fn words(sent: &Sent, share: f64) -> String {
    let percent = format::percent((share * 100.0).floor() / 100.0);
    match sent.progress.get() {
        Progress::Waiting => "waits".to_owned(),
        Progress::Sending => match sent.secs_left() {
            Some(secs) => format!("{percent} · {} left", format::span_of_time(secs.ceil())),
            None => percent,
        },
        Progress::Paused => format!("{percent} · paused"),
        Progress::Offline => format!("{percent} · the server does not answer, trying again"),
        Progress::Probing => "reading frames".to_owned(),
        Progress::Done => "in the library".to_owned(),
        Progress::Failed(why) => why,
    }
}

/// What can be done with a file now.
#[component]
fn Buttons(sent: Sent) -> impl IntoView {
    let uploads = use_uploads();
    move || {
        let [first, other] = [sent.clone(), sent.clone()];
        let name = sent.file.name();
        let way = match sent.progress.get() {
            Progress::Waiting | Progress::Sending | Progress::Offline => {
                ("Pause", Callback::new(move |()| uploads.pause(&first)))
            }
            Progress::Paused => ("Resume", Callback::new(move |()| uploads.go_on(&first))),
            Progress::Failed(_) => ("Try again", Callback::new(move |()| uploads.go_on(&first))),
            Progress::Probing | Progress::Done => return None,
        };
        Some(view! {
            <button class="btn" data-testid="upload-way" aria-label=format!("{}: {name}", way.0) on:click=move |_| way.1.run(())>{way.0}</button>
            <button class="btn quiet" data-testid="upload-give-up" aria-label=format!("Give up {name}") on:click=move |_| uploads.give_up(&other)>"Give up"</button>
        })
    }
}

/// What the server has in part from an earlier visit; the browser no longer has those files.
#[component]
fn Left() -> impl IntoView {
    let uploads = use_uploads();
    let left = RwSignal::new(Vec::<Upload>::new());
    leptos::task::spawn_local(async move {
        // Without the list only the reminder is missing: a file chosen again goes on all the same.
        if let Ok(known) = api::uploads().await {
            let _ = left.try_set(known);
        }
    });
    let shown = move || {
        let begun = uploads.list.get();
        let mut left = left.get();
        left.retain(|upload| !begun.iter().any(|sent| sent.is(upload)));
        left
    };
    let one = move |upload: Upload| {
        let share = upload.received as f64 / (upload.file.bytes.max(1)) as f64;
        let (id, name) = (upload.id.clone(), upload.file.name.clone());
        let give_up = move |_| {
            left.update(|left| left.retain(|other| other.id != id));
            forget_on_server(id.clone());
        };
        view! {
            <div class="upload" data-testid="upload-left" data-state="left">
                <div class="row"><b class="clip">{name.clone()}</b><span class="dim num">{format::bytes(upload.file.bytes)}</span><span class="grow"></span>
                    <span class="upload-words num">{format::percent((share * 100.0).floor() / 100.0)}" came. Add the same file again to go on."</span>
                    <button class="btn quiet" aria-label=format!("Give up {name}") on:click=give_up>"Give up"</button></div>
                <div class="meter"><i style:width=format!("{:.1}%", share * 100.0)></i></div>
            </div>
        }
    };
    view! { <For each=shown key=|upload| upload.id.clone() children=one/> }
}
