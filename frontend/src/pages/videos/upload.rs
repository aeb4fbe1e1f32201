//! Uploads with progress: `XMLHttpRequest`, since `fetch` does not tell how far it is.

use crate::logic::format;
use crate::state::api::fault;
use crate::state::library::Library;
use crate::state::toast::{Toasts, use_toasts};
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use shared::api::VideoBody;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// How far one upload is.
#[derive(Clone, Debug, PartialEq)]
enum Progress {
    /// Behind others.
    Waiting,
    /// Share of the bytes sent.
    Sending(f64),
    /// All bytes sent; the server looks at the file.
    Probing,
    /// In the library.
    Done,
    /// Why it is not.
    Failed(String),
}

/// One file on its way.
#[derive(Clone)]
struct Upload {
    id: u32,
    file: SendWrapper<web_sys::File>,
    progress: RwSignal<Progress>,
}

/// All files on their way; two at a time.
#[derive(Clone, Copy)]
pub struct Uploads {
    list: RwSignal<Vec<Upload>>,
    next: StoredValue<u32>,
    library: Library,
    toasts: Toasts,
}

/// How many files are sent at the same time.
const AT_ONCE: usize = 2;

impl Uploads {
    /// Nothing on its way.
    pub fn new(library: Library) -> Self {
        let toasts = use_toasts();
        // The files are forgotten with the screen.
        on_cleanup(move || toasts.forget("upload"));
        Self { list: RwSignal::new(Vec::new()), next: StoredValue::new(0), library, toasts }
    }

    /// Adds the files somebody chose or dropped.
    pub fn add_all(self, files: Option<web_sys::FileList>) {
        let Some(files) = files else { return };
        for file in (0..files.length()).filter_map(|i| files.get(i)) {
            let id = self.next.get_value();
            self.next.set_value(id + 1);
            let progress = RwSignal::new(Progress::Waiting);
            let file = SendWrapper::new(file);
            self.list.update(|list| list.push(Upload { id, file, progress }));
        }
        self.start_waiting();
    }

    fn start_waiting(self) {
        let list = self.list.get_untracked();
        let state = |wanted: fn(&Progress) -> bool| {
            move |upload: &&Upload| upload.progress.with_untracked(wanted)
        };
        let busy = |p: &Progress| matches!(p, Progress::Sending(_) | Progress::Probing);
        let room = AT_ONCE.saturating_sub(list.iter().filter(state(busy)).count());
        let waiting = list.iter().filter(state(|p| *p == Progress::Waiting)).take(room);
        for upload in waiting.cloned().collect::<Vec<_>>() {
            upload.progress.set(Progress::Sending(0.0));
            if send(&upload, self).is_err() {
                upload
                    .progress
                    .set(Progress::Failed("The browser refused to send this file.".into()));
            }
        }
    }

    fn ended(self, upload: &Upload, request: &web_sys::XmlHttpRequest) {
        let text = request.response_text().ok().flatten().unwrap_or_default();
        let status = request.status().unwrap_or(0);
        let progress = match (status, serde_json::from_str::<VideoBody>(&text)) {
            (200..=299, Ok(body)) => {
                self.library.take_video(body.video);
                Progress::Done
            }
            (0, _) => Progress::Failed(
                "The connection broke. The file is still on your disk; try again.".into(),
            ),
            (413, _) => Progress::Failed("The file is larger than the server takes.".into()),
            (status, _) => Progress::Failed(fault(status, &text).message),
        };
        let done = progress == Progress::Done;
        // The page may have been left meanwhile.
        if upload.progress.try_set(progress).is_some() {
            return;
        }
        if done {
            let id = upload.id;
            let forget = move || {
                let _ = self.list.try_update(|list| list.retain(|other| other.id != id));
            };
            set_timeout(forget, std::time::Duration::from_secs(4));
        }
        self.start_waiting();
    }

    fn again(self, upload: &Upload) {
        upload.progress.set(Progress::Waiting);
        self.start_waiting();
    }

    fn dismiss(self, id: u32) {
        let before = self.list.get_untracked();
        self.list.update(|list| list.retain(|upload| upload.id != id));
        let Some(gone) = before.into_iter().find(|upload| upload.id == id) else { return };
        let words = format!("{} is off the list.", gone.file.name());
        self.toasts.done("upload", words, move || {
            let _ = self.list.try_update(|list| list.push(gone.clone()));
        });
    }
}

fn send(upload: &Upload, uploads: Uploads) -> Result<(), JsValue> {
    let request = web_sys::XmlHttpRequest::new()?;
    let name = String::from(js_sys::encode_uri_component(&upload.file.name()));
    request.open("POST", &format!("/api/v1/videos?name={name}"))?;
    request.set_request_header("content-type", "application/octet-stream")?;
    let progress = upload.progress;
    let tell = Closure::<dyn FnMut(_)>::new(move |event: web_sys::ProgressEvent| {
        let share = event.loaded() / event.total().max(1.0);
        let _ = progress.try_set(if share >= 1.0 {
            Progress::Probing
        } else {
            Progress::Sending(share)
        });
    });
    let up = request.upload()?;
    up.set_onprogress(Some(tell.as_ref().unchecked_ref()));
    let ended = {
        let (request, upload) = (request.clone(), upload.clone());
        // Holds the progress closure for as long as the request lives.
        move || {
            let _ = &tell;
            uploads.ended(&upload, &request);
        }
    };
    let ended = Closure::once_into_js(ended);
    request.set_onloadend(Some(ended.unchecked_ref()));
    request.send_with_opt_blob(Some(&upload.file))
}

/// The files on their way, each with what became of it.
#[component]
pub fn UploadList(uploads: Uploads) -> impl IntoView {
    let one = move |upload: Upload| {
        let id = upload.id;
        let progress = upload.progress;
        let name = upload.file.name();
        let size = format::bytes(upload.file.size() as u64);
        let share = move || match progress.get() {
            Progress::Waiting | Progress::Failed(_) => 0.0,
            Progress::Sending(share) => share,
            Progress::Probing | Progress::Done => 1.0,
        };
        let words = move || match progress.get() {
            Progress::Waiting => "waits".to_owned(),
            Progress::Sending(share) => format::percent((share * 100.0).floor() / 100.0),
            Progress::Probing => "reading frames".to_owned(),
            Progress::Done => "in the library".to_owned(),
            Progress::Failed(why) => why,
        };
        let failed = move || matches!(progress.get(), Progress::Failed(_));
        let again = move |_| uploads.again(&upload);
        let buttons = move || {
            let again = again.clone();
            failed().then(|| view! {
                <button class="btn" on:click=again>"Try again"</button>
                <button class="btn quiet" on:click=move |_| uploads.dismiss(id)>"Dismiss"</button>
            })
        };
        view! {
            <div class="upload" class:failed=failed data-testid="upload-item" role="status">
                <div class="row"><b class="clip">{name}</b><span class="dim num">{size}</span><span class="grow"></span>
                    <span class="upload-words num">{words}</span>{buttons}</div>
                <div class="meter"><i style:width=move || format!("{:.1}%", share() * 100.0)></i></div>
            </div>
        }
    };
    view! {
        <div class="uploads">
            <For each=move || uploads.list.get() key=|upload| upload.id children=one/>
        </div>
    }
}
