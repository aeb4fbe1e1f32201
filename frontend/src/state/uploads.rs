//! Files on their way into the library, in parts: paused, gone on with, sent again where the
//! connection broke. They go on while other pages are open. Parts are sent by `XMLHttpRequest`,
//! since `fetch` does not tell how far it is.

use crate::logic::parts::{AT_ONCE, next_part, secs_left};
use crate::state::api::{self, fault};
use crate::state::browser::now_ms;
use crate::state::library::Library;
use crate::state::live::pause_ms;
use crate::state::remote::{Fault, FaultKind};
use crate::state::toast::{Toasts, use_toasts};
use futures::channel::oneshot;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use shared::api::{NewUpload, Upload, UploadBody, Video};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// How far one file is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Behind others.
    Waiting,
    /// Bytes are sent.
    Sending,
    /// Stopped by the person.
    Paused,
    /// The server does not answer; it is asked again.
    Offline,
    /// All bytes sent; the server looks at the file.
    Probing,
    /// In the library.
    Done,
    /// Why it is not.
    Failed(String),
}

/// One file on its way. Its signals outlive the page that shows them.
#[derive(Clone)]
pub struct Sent {
    /// Tells it from the others.
    pub key: u32,
    /// What is sent.
    pub file: SendWrapper<web_sys::File>,
    /// How far it is.
    pub progress: ArcRwSignal<Progress>,
    /// Bytes that the server has, or has nearly.
    pub bytes: ArcRwSignal<f64>,
    /// When sending began or went on, and with how many bytes there.
    since: ArcStoredValue<Option<(f64, f64)>>,
    /// The server's name of it, once it has one.
    id: ArcRwSignal<Option<String>>,
    /// How often sending began: who began it before has nothing to do with it any more.
    turn: ArcStoredValue<u32>,
    /// The part on its way.
    request: ArcStoredValue<Option<SendWrapper<web_sys::XmlHttpRequest>>>,
}

impl Sent {
    fn new_upload(&self) -> NewUpload {
        new_upload(&self.file)
    }

    fn has_ended(&self) -> bool {
        self.progress.with_untracked(|p| matches!(p, Progress::Done | Progress::Failed(_)))
    }

    /// Whether it is of the same file as the server's `upload`.
    pub fn is(&self, upload: &Upload) -> bool {
        self.new_upload() == upload.file
    }

    /// Seconds that the rest takes at the pace since sending began or went on.
    pub fn secs_left(&self) -> Option<f64> {
        let (began, had) = self.since.get_value()?;
        let came = self.bytes.get() - had;
        secs_left(came, self.file.size() - had, (now_ms() - began) / 1e3)
    }

    /// Whether it is still sent by who began it as the so-manieth.
    fn is_sent_by(&self, turn: u32) -> bool {
        self.turn.get_value() == turn && self.goes_on()
    }

    fn goes_on(&self) -> bool {
        self.progress.with_untracked(|p| {
            matches!(p, Progress::Sending | Progress::Offline | Progress::Probing)
        })
    }
}

/// What the server is told of a file.
fn new_upload(file: &web_sys::File) -> NewUpload {
    NewUpload {
        name: file.name(),
        bytes: file.size() as u64,
        modified_ms: Some(file.last_modified().max(0.0) as u64),
    }
}

/// All files on their way, from context.
#[derive(Clone, Copy)]
pub struct Uploads {
    /// In the order in which they were chosen.
    pub list: RwSignal<Vec<Sent>>,
    next: StoredValue<u32>,
    library: Library,
    toasts: Toasts,
}

impl Uploads {
    /// Provides none.
    pub fn provide(library: Library) {
        let (list, next) = (RwSignal::new(Vec::new()), StoredValue::new(0));
        provide_context(Self { list, next, library, toasts: use_toasts() });
    }

    /// Adds the files that somebody chose or dropped.
    pub fn add_all(self, files: Option<web_sys::FileList>) {
        let Some(files) = files else { return };
        for file in (0..files.length()).filter_map(|i| files.get(i)) {
            let asked = new_upload(&file);
            let known = |sent: &Sent| sent.new_upload() == asked && !sent.has_ended();
            if self.list.with_untracked(|list| list.iter().any(known)) {
                continue;
            }
            let key = self.next.get_value();
            self.next.set_value(key + 1);
            let sent = Sent {
                key,
                file: SendWrapper::new(file),
                progress: ArcRwSignal::new(Progress::Waiting),
                bytes: ArcRwSignal::new(0.0),
                since: ArcStoredValue::new(None),
                id: ArcRwSignal::new(None),
                turn: ArcStoredValue::new(0),
                request: ArcStoredValue::new(None),
            };
            self.list.update(|list| list.push(sent));
        }
        self.start_waiting();
    }

    fn start_waiting(self) {
        let list = self.list.get_untracked();
        let room = AT_ONCE.saturating_sub(list.iter().filter(|sent| sent.goes_on()).count());
        let waits = |sent: &Sent| sent.progress.with_untracked(|p| *p == Progress::Waiting);
        for sent in list.into_iter().filter(waits).take(room) {
            sent.progress.set(Progress::Sending);
            let turn = sent.turn.get_value() + 1;
            sent.turn.set_value(turn);
            leptos::task::spawn_local(async move {
                self.carry(&sent, turn).await;
                self.start_waiting();
            });
        }
    }

    /// Sends a file until it has ended, one way or the other.
    async fn carry(self, sent: &Sent, turn: u32) {
        let mut failures = 0;
        loop {
            let before = sent.bytes.get_untracked();
            let outcome = send(sent, turn).await;
            if !sent.is_sent_by(turn) {
                return;
            }
            match outcome {
                Ok(video) => return self.arrived(sent, video),
                Err(fault) if fault.kind == FaultKind::Offline || is_elsewhere(&fault) => {
                    failures = if sent.bytes.get_untracked() > before { 0 } else { failures + 1 };
                    sent.progress.set(Progress::Offline);
                    TimeoutFuture::new(pause_ms(failures, js_sys::Math::random())).await;
                    if !sent.is_sent_by(turn) {
                        return;
                    }
                    sent.progress.set(Progress::Sending);
                }
                Err(fault) => return sent.progress.set(Progress::Failed(fault.message)),
            }
        }
    }

    fn arrived(self, sent: &Sent, video: Video) {
        self.library.take_video(video);
        sent.progress.set(Progress::Done);
        let key = sent.key;
        set_timeout(move || self.forget(key), std::time::Duration::from_secs(4));
    }

    /// Stops sending a file; what has come stays on the server.
    pub fn pause(self, sent: &Sent) {
        sent.progress.set(Progress::Paused);
        abort(sent);
        self.start_waiting();
    }

    /// Sends on where it stopped.
    pub fn go_on(self, sent: &Sent) {
        sent.progress.set(Progress::Waiting);
        self.start_waiting();
    }

    /// Gives a file up, on the server too. Undone, it is sent from its beginning.
    pub fn give_up(self, sent: &Sent) {
        self.forget(sent.key);
        sent.progress.set(Progress::Paused);
        abort(sent);
        if let Some(id) = sent.id.get_untracked() {
            forget_on_server(id);
        }
        self.start_waiting();
        let gone = sent.clone();
        self.toasts.done("upload", format!("{} was given up.", sent.file.name()), move || {
            gone.bytes.set(0.0);
            self.list.update(|list| list.push(gone.clone()));
            self.go_on(&gone);
        });
    }

    fn forget(self, key: u32) {
        self.list.update(|list| list.retain(|sent| sent.key != key));
    }
}

/// The files on their way.
pub fn use_uploads() -> Uploads {
    expect_context()
}

/// Tells the server to forget what came of a file. Where that fails it does so by itself, later.
pub fn forget_on_server(id: String) {
    leptos::task::spawn_local(async move {
        let _ = api::give_up_upload(&id).await;
    });
}

/// Whether the server has more or less of a file than was thought, or is still at its last part.
fn is_elsewhere(fault: &Fault) -> bool {
    ["elsewhere", "busy"].contains(&fault.code.as_str())
}

fn abort(sent: &Sent) {
    if let Some(request) = sent.request.try_update_value(Option::take).flatten() {
        let _ = request.abort();
    }
}

/// Sends what the server lacks of a file, part by part.
async fn send(sent: &Sent, turn: u32) -> Result<Video, Fault> {
    let asked = sent.new_upload();
    let mut upload = api::begin_upload(&asked).await?.upload;
    if !sent.is_sent_by(turn) {
        return Err(Fault::new(FaultKind::Offline, "Paused."));
    }
    sent.id.set(Some(upload.id.clone()));
    sent.since.set_value(Some((now_ms(), upload.received as f64)));
    loop {
        sent.bytes.set(upload.received as f64);
        let body = send_part(sent, &upload).await?;
        if let Some(video) = body.video {
            return Ok(video);
        }
        upload = body.upload;
    }
}

async fn send_part(sent: &Sent, upload: &Upload) -> Result<UploadBody, Fault> {
    let refused = |_| Fault::new(FaultKind::Refused, "The browser refused to send this file.");
    let (start, end) = next_part(upload.received, upload.file.bytes);
    let part = sent.file.slice_with_f64_and_f64(start as f64, end as f64).map_err(refused)?;
    let request = web_sys::XmlHttpRequest::new().map_err(refused)?;
    let path = format!("/api/v1/uploads/{}?at={start}", upload.id);
    let (ended, end_of) = oneshot::channel();
    begin(&request, &path, &part, Watch { sent: sent.clone(), start, end }, ended)
        .map_err(refused)?;
    sent.request.set_value(Some(SendWrapper::new(request.clone())));
    // A sender that is dropped means that the request has ended as well.
    let _ = end_of.await;
    sent.request.set_value(None);
    let text = request.response_text().ok().flatten().unwrap_or_default();
    let status = request.status().unwrap_or(0);
    match (status, serde_json::from_str(&text)) {
        (200..=299, Ok(body)) => Ok(body),
        (0, _) => Err(Fault::new(FaultKind::Offline, "The connection broke.")),
        (status, _) => Err(fault(status, &text)),
    }
}

/// What is told of a part on its way.
struct Watch {
    sent: Sent,
    start: u64,
    end: u64,
}

impl Watch {
    fn tell(&self, event: &web_sys::ProgressEvent) {
        self.sent.bytes.set(self.start as f64 + event.loaded());
        let whole = self.end == self.sent.file.size() as u64;
        if whole && event.loaded() >= event.total() && self.sent.goes_on() {
            self.sent.progress.set(Progress::Probing);
        }
    }
}

fn begin(
    request: &web_sys::XmlHttpRequest,
    path: &str,
    part: &web_sys::Blob,
    watch: Watch,
    ended: oneshot::Sender<()>,
) -> Result<(), JsValue> {
    request.open("PATCH", path)?;
    request.set_request_header("content-type", "application/octet-stream")?;
    let tell = Closure::<dyn FnMut(_)>::new(move |event| watch.tell(&event));
    request.upload()?.set_onprogress(Some(tell.as_ref().unchecked_ref()));
    let end = Closure::once_into_js(move || {
        // Held for as long as the request lives.
        drop(tell);
        let _ = ended.send(());
    });
    request.set_onloadend(Some(end.unchecked_ref()));
    request.send_with_opt_blob(Some(part))
}
