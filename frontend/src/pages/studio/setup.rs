//! Settings of a sample: video, task, presets, dials, seed.

use super::{Studio, usable};
use crate::logic::form::wording;
use crate::logic::keys::Command;
use crate::logic::{format, words};
use crate::parts::bits::TaskDot;
use crate::parts::dials::{DialEdit, DialForm, DialRows, main_select};
use crate::parts::keycap::Cap;
use crate::route;
use crate::state::keys::shortcut;
use crate::state::library::use_library;
use leptos::html;
use leptos::prelude::*;
use shared::api::Video;
use shared::task::{Task, TaskKind, TaskPreset};
use shared::video::VideoId;

/// All of them.
#[component]
pub(super) fn SetupSide(studio: Studio) -> impl IntoView {
    let published = Memo::new(move |_| studio.setup.with(|setup| setup.dials.is_published()));
    let reset = move |_| studio.setup.update(|setup| setup.dials.reset_all());
    let whole = move || {
        let why = studio.problem("item").or_else(|| studio.problem("item.task"))?;
        Some(view! { <p class="err" role="alert" data-testid="dials-problem">{wording(&why)}</p> })
    };
    view! {
        <aside class="setup" aria-label="Settings of the sample">
            <Videos studio/>
            <Family studio/>
            <section>
                <div class="row head"><h2 class="grow">"Dials"</h2>
                    <button class="btn quiet small-btn" disabled=published on:click=reset>"all as published"</button></div>
                {whole}
                <DialRows form=dial_form(studio) name="studio".to_owned()/>
            </section>
            <Seed studio/>
        </aside>
    }
}

fn dial_form(studio: Studio) -> DialForm {
    let setup = studio.setup;
    DialForm {
        tasks: Signal::derive(move || vec![setup.with(|setup| setup.task)]),
        typed: Signal::derive(move || setup.with(|setup| setup.dials.clone())),
        problem: Callback::new(move |key| studio.problem(&format!("item.{key}"))),
        edit: Callback::new(move |edit| {
            setup.update(|setup| match edit {
                DialEdit::Put(key, at, text) => setup.dials.put(&setup.task, key, at, &text),
                DialEdit::Reset(key) => setup.dials.reset(key),
            });
        }),
    }
}

/// The library as a list to choose from.
#[component]
fn Videos(studio: Studio) -> impl IntoView {
    let list = move || usable();
    let key = |video: &Video| (video.meta.id.clone(), video.name.clone());
    let card = move |video: Video| view! { <VideoChoice studio video/> };
    let library = use_library();
    let broken = move || {
        let all = library.videos.with(|list| list.ready().map_or(0, Vec::len));
        let out = all.saturating_sub(usable().len());
        (out > 0).then(|| {
            let what = format::plural(out as u64, "video", "videos");
            view! { <a class="small" href="/videos">{format!("{what} cannot be used")}</a> }
        })
    };
    let problem = move || {
        let why = studio.problem("video")?;
        Some(view! { <p class="err" role="alert" data-testid="video-problem">{wording(&why)}</p> })
    };
    let borrows = Memo::new(move |_| studio.setup.with(|setup| setup.task.needs_other()));
    view! {
        <section>
            <div class="row head"><h2 class="grow">"Video"</h2>{broken}</div>
            <div class="choices" role="group" aria-label="Video"><For each=list key=key children=card/></div>
            {problem}
            {move || borrows.get().then(|| view! { <Other studio/> })}
        </section>
    }
}

#[component]
fn VideoChoice(studio: Studio, video: Video) -> impl IntoView {
    let id = video.meta.id.clone();
    let node = NodeRef::<html::Button>::new();
    let is = {
        let id = id.clone();
        Memo::new(move |_| studio.video.with(|v| v.as_ref().is_some_and(|v| v.meta.id == id)))
    };
    Effect::new(move |_| {
        if let Some(button) = node.get()
            && is.get()
        {
            let nearest = web_sys::ScrollIntoViewOptions::new();
            nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
            button.scroll_into_view_with_scroll_into_view_options(&nearest);
        }
    });
    let choose = {
        let id = id.clone();
        move |_| studio.setup.update(|setup| setup.video = Some(id.clone()))
    };
    let gone = RwSignal::new(false);
    view! {
        <button node_ref=node class="choice" aria-pressed=move || is.get().to_string() data-testid="video-choice" data-video=id.hex().to_owned()
            title=video.name.clone() on:click=choose>
            <span class="thumb"><img src=route::thumb(&id) alt="" loading="lazy" class:gone=gone on:error=move |_| gone.set(true)/></span>
            <span class="grow clip">{video.name.clone()}</span>
            <span class="dim small num">{format::clock_length(video.meta.duration_secs)}</span>
        </button>
    }
}

/// The video that frames are borrowed from.
#[component]
fn Other(studio: Studio) -> impl IntoView {
    let change = move |event: web_sys::Event| {
        let id = VideoId::try_from(event_target_value(&event)).ok();
        studio.setup.update(|setup| setup.other = id);
    };
    let options = move || {
        let own = studio.video.with(|v| v.as_ref().map(|v| v.meta.id.clone()));
        let chosen = studio.other.with(|v| v.as_ref().map(|v| v.meta.id.clone()));
        let option = |video: Video| {
            let here = Some(&video.meta.id) == chosen.as_ref();
            view! { <option value=video.meta.id.hex().to_owned() selected=here>{video.name}</option> }
        };
        let others = usable().into_iter().filter(|v| Some(&v.meta.id) != own.as_ref());
        others.map(option).collect_view()
    };
    let problem = move || {
        let why = studio.problem("other")?;
        Some(view! { <p class="err" role="alert" data-testid="other-problem">{wording(&why)}</p> })
    };
    view! {
        <label class="borrow small"><span class="soft">"with frames of"</span>
            <select class="field-input" data-testid="other-video" on:change=change>{options}</select></label>
        {problem}
    }
}

/// Task family, its main dial, and the published settings.
#[component]
fn Family(studio: Studio) -> impl IntoView {
    let setup = studio.setup;
    let task = Memo::new(move |_| setup.with(|setup| setup.task));
    let set = move |task: Task| setup.update(|setup| setup.set_task(task));
    let family = move |kind: TaskKind| {
        let pressed = move || (task.get().kind() == kind).to_string();
        view! {
            <button class="family" aria-pressed=pressed data-testid=format!("task-{kind}")
                on:click=move |_| set(Task::usual(kind))><TaskDot kind/>{words::capital(kind.name())}</button>
        }
    };
    let preset = move |preset: TaskPreset| {
        let on = move || {
            let here = setup.with(|s| s.task == preset.task && s.dials.is_published());
            here.to_string()
        };
        let choose = move |_| {
            setup.update(|setup| {
                setup.task = preset.task;
                setup.dials.reset_all();
            });
        };
        view! {
            <button aria-pressed=on title=preset.help data-testid=format!("preset-{}", preset.name) on:click=choose>
                {words::capital(preset.name)}</button>
        }
    };
    let kind = Memo::new(move |_| task.get().kind());
    let problem = move || {
        let why = ["perturbation", "difficulty", "clips", "grid"]
            .iter()
            .find_map(|name| studio.problem(&format!("item.{name}")))?;
        Some(view! { <p class="err" role="alert">{wording(&why)}</p> })
    };
    view! {
        <section>
            <h2>"Task"</h2>
            <div class="families" role="group" aria-label="Task">{TaskKind::ALL.iter().copied().map(family).collect_view()}</div>
            <div class="row main-dial">
                {move || main_select(task.get(), set)}
                <span class="seg" role="group" aria-label="Published settings">
                    {move || kind.get().presets().into_iter().map(preset).collect_view()}
                </span>
            </div>
            {problem}
        </section>
    }
}

/// What chance depends on.
#[component]
fn Seed(studio: Studio) -> impl IntoView {
    let setup = studio.setup;
    let text = RwSignal::new(String::new());
    let wrong = RwSignal::new(false);
    Effect::new(move |_| {
        let seed = setup.with(|setup| setup.seed);
        if text.with_untracked(|text| text.trim().parse() != Ok(seed)) {
            text.set(seed.to_string());
        }
        wrong.set(false);
    });
    let typed = move |event: web_sys::Event| {
        text.set(event_target_value(&event));
        let seed = text.with_untracked(|text| text.trim().parse::<u64>().ok());
        match seed.filter(|seed| *seed < 1 << 48) {
            Some(seed) => setup.update(|setup| setup.seed = seed),
            None => wrong.set(true),
        }
    };
    view! {
        <section class="seed">
            <label for="studio-seed">"Seed"</label>
            <div class="box num" class:wrong=wrong><input id="studio-seed" inputmode="numeric" autocomplete="off"
                data-testid="seed" prop:value=text on:input=typed/></div>
            <button class="btn" data-testid="another" aria-keyshortcuts=shortcut(Command::Another) on:click=move |_| studio.another()>"Another "<Cap does=Command::Another/></button>
            {move || wrong.get().then(|| view! { <p class="err" role="alert">"A seed is a whole number below 2 to the power of 48."</p> })}
        </section>
    }
}
