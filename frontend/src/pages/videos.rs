//! The library: what is in it, and adding to it by drag and drop.

use crate::logic::format;
use crate::logic::studio::Setup;
use crate::parts::atlas::{Atlas, AtlasFrame, Film, use_atlas};
use crate::parts::shell::{Crumb, Page};
use crate::parts::states::{Empty, outline, remote_view};
use crate::route;
use crate::state::browser::{local_date_time, use_now};
use crate::state::library::use_library;
use crate::state::session::use_session;
use crate::state::uploads::use_uploads;
use leptos::html;
use leptos::prelude::*;
use shared::annotation::Role;
use shared::api::Video;
use wasm_bindgen::JsCast;

mod upload;
use upload::UploadList;

/// The list of videos.
#[component]
pub fn VideosPage() -> impl IntoView {
    let library = use_library();
    let session = use_session();
    let uploads = use_uploads();
    let over = RwSignal::new(false);
    let picker = NodeRef::<html::Input>::new();
    let may = Memo::new(move |_| session.may(Role::Admin));
    let retry = Callback::new(move |()| library.refresh());
    let choose = Callback::new(move |()| {
        if let Some(picker) = picker.get_untracked() {
            picker.click();
        }
    });
    let picked = move |_| {
        if let Some(picker) = picker.get_untracked() {
            uploads.add_all(picker.files());
            picker.set_value("");
        }
    };
    let drop = move |event: web_sys::DragEvent| {
        event.prevent_default();
        over.set(false);
        if may.get_untracked() {
            uploads.add_all(event.data_transfer().and_then(|data| data.files()));
        }
    };
    let actions = move || {
        may.get().then(|| view! { <button class="btn primary" on:click=move |_| choose.run(())>"Add videos"</button> })
    };
    let has = Memo::new(move |_| library.videos.with(outline));
    let body = move || {
        remote_view(has.get(), "the videos", retry, move |some| match some {
            false => empty(may.get(), choose),
            true => view! { <VideoCards/> }.into_any(),
        })
    };
    view! {
        <Page crumbs=vec![Crumb::here("Videos")] actions=actions>
            <div class="drop" class:over=over on:drop=drop
                on:dragover=move |event: web_sys::DragEvent| { event.prevent_default(); over.set(may.get_untracked()); }
                on:dragleave=move |_| over.set(false)>
                <input node_ref=picker type="file" multiple accept="video/*,.mkv,.mov,.webm,.avi,.mp4" class="hidden-input"
                    tabindex="-1" aria-label="Video files" data-testid="upload-input" on:change=picked/>
                <UploadList may/>
                <div class="videos">{body}</div>
                {move || over.get().then(|| view! { <div class="drop-hint"><b>"Drop to add to the library"</b></div> })}
            </div>
        </Page>
    }
}

/// Every video of the library.
#[component]
fn VideoCards() -> impl IntoView {
    let now = use_now(10_000);
    let library = use_library();
    let all = move || library.videos.with(|v| v.ready().cloned().unwrap_or_default());
    let key = |video: &Video| (video.meta.id.clone(), video.name.clone(), video.problem.clone());
    view! { <For each=all key=key children=move |video| view! { <VideoCard video now/> }/> }
}

fn empty(may: bool, choose: Callback<()>) -> AnyView {
    let way = match may {
        true => view! { <button class="btn primary" on:click=move |_| choose.run(())>"Choose files…"</button> }.into_any(),
        false => view! { <p class="dim">"An admin can add some."</p> }.into_any(),
    };
    view! {
        <Empty title="No videos yet" text="Drop files anywhere on this page. From each one 48 frames are taken, and questions with known answers are made from them. Files stay as they are.">
            {way}
        </Empty>
    }
    .into_any()
}

#[component]
fn VideoCard(video: Video, now: ReadSignal<f64>) -> impl IntoView {
    let meta = video.meta.clone();
    let rate = format!(
        "{}\u{a0}fps{}",
        format::short(meta.fps_avg),
        if meta.variable_rate { ", variable" } else { "" }
    );
    let facts = [
        format::clock_length(meta.duration_secs),
        format!("{} × {}", meta.width, meta.height),
        rate,
        format!("{} frames", format::whole(meta.frames)),
        meta.codec.clone(),
        format::bytes(video.bytes),
    ];
    let fact = |text: String| view! { <span>{text}</span> };
    let problem = video.problem.clone();
    let try_it = route::studio(&Setup::on(&meta.id));
    let atlas = match problem {
        None => use_atlas(route::strip(&meta.id)),
        Some(_) => signal(None).0,
    };
    let look = RwSignal::new(None::<u32>);
    let added = video.added_at;
    view! {
        <article class="video" data-testid="video-row" data-video=meta.id.hex().to_owned()>
            <VideoThumb atlas look url=route::thumb(&meta.id)/>
            <div class="grow video-body">
                <div class="row"><b class="clip grow">{video.name.clone()}</b>
                    <span class="dim small" title=local_date_time(added)>{move || format!("added {}", format::ago(now.get(), added))}</span></div>
                <div class="facts num">{facts.map(fact)}{problem.is_none().then(|| view! { <a href=try_it>"Try a question"</a> })}</div>
                {problem.is_none().then(|| view! { <VideoStrip atlas look/> })}
                {problem.map(|why| view! {
                    <p class="warn-line">{format::sentence(&why)}" No questions are made from it; the others are not affected."</p>
                })}
            </div>
        </article>
    }
}

/// The video's picture, or the frame under the pointer on its strip.
#[component]
fn VideoThumb(
    atlas: ReadSignal<Option<Atlas>>,
    look: RwSignal<Option<u32>>,
    url: String,
) -> impl IntoView {
    let gone = RwSignal::new(false);
    let frame = move || {
        let (atlas, at) = (atlas.get()?, look.get()?);
        Some(view! { <AtlasFrame atlas at=at/> })
    };
    view! {
        <div class="thumb"><img src=url alt="" loading="lazy" class:gone=gone on:error=move |_| gone.set(true)/>{frame}</div>
    }
}

/// All frames that questions are made from; the pointer looks at one.
#[component]
fn VideoStrip(atlas: ReadSignal<Option<Atlas>>, look: RwSignal<Option<u32>>) -> impl IntoView {
    let follow = move |event: web_sys::PointerEvent| {
        let node = event.current_target().and_then(|n| n.dyn_into::<web_sys::Element>().ok());
        if let (Some(node), Some(atlas)) = (node, atlas.get_untracked()) {
            let rect = node.get_bounding_client_rect();
            let share = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
            look.set(Some((share * f64::from(atlas.frames)).floor() as u32));
        }
    };
    let film = move || match atlas.get() {
        Some(atlas) => view! { <Film atlas columns=24/> }.into_any(),
        None => view! { <span class="bone film"></span> }.into_any(),
    };
    view! {
        <div class="strip" on:pointermove=follow on:pointerleave=move |_| look.set(None)>{film}</div>
    }
}
