//! HTTP and WebSocket interface. Every endpoint is one line of the table in [`endpoints`]:
//! what it takes, what rights it needs, who answers. A handler extracts, calls and replies;
//! signing in and rights are checked before it is reached.

mod access;
mod assets;
mod configs;
pub mod error;
mod extract;
mod groups;
mod labels;
mod live;
mod replays;
mod runs;
mod session;
mod studio;
mod system;
mod uploads;
mod videos;
mod workers;

pub use access::{Access, Signed};
pub use assets::content_security_policy;
pub use runs::make as make_run;
pub use session::link as sign_in_link;
pub use system::device_list;

use crate::app::App;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, any, get, post};
use axum::{Router, middleware};
use error::Fail;
use extract::{Body, Path, Query, Upgrade};
use serde::Deserialize;
use shared::annotation::Role;
use shared::api::PageMeta;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// JSON bodies are at most this large; uploads have their own limit.
const BODY_LIMIT: usize = 4 << 20;

/// One endpoint.
pub struct Endpoint {
    /// Its method.
    pub method: Method,
    /// Its path, with `{name}` for what varies.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// One sentence.
    pub about: &'static str,
    /// What may follow the path after a `?`.
    pub query: &'static [&'static str],
    handler: MethodRouter<Arc<App>>,
}

const V1: Access = Access::Needs(Role::Viewer);
const ADMIN: Access = Access::Needs(Role::Admin);

/// Every endpoint under `/api`.
pub fn endpoints() -> Vec<Endpoint> {
    let get = |path, access, about, handler| row(Method::GET, path, access, about, handler);
    let post = |path, access, about, handler| row(Method::POST, path, access, about, handler);
    let mut all = vec![
        get("/api/health", Access::Open, "Whether the server answers.", self::get(system::health)),
        get("/api/v1/session", V1, "Who is signed in.", self::get(session::show)),
        post(
            "/api/v1/session",
            Access::Open,
            "Trades a one-time token for a session.",
            self::post(session::sign_in),
        ),
        row(
            Method::DELETE,
            "/api/v1/session",
            V1,
            "Signs out.",
            axum::routing::delete(session::sign_out),
        ),
        post(
            "/api/v1/invitations",
            ADMIN,
            "Makes a one-time link for a new person.",
            self::post(session::invite),
        ),
        get("/api/v1/people", V1, "Everybody.", self::get(session::people)),
        get(
            "/api/v1/audit",
            ADMIN,
            "Who did what that needs rights, newest first.",
            self::get(session::audit),
        )
        .query(&["after", "limit"]),
        get("/api/v1/videos", V1, "The library, newest first.", self::get(videos::list))
            .query(&["after", "limit"]),
        post("/api/v1/videos", ADMIN, "Adds a video: raw bytes.", self::post(uploads::whole))
            .query(&["name"]),
        get("/api/v1/videos/{video}", V1, "One video.", self::get(videos::show)),
        get("/api/v1/videos/{video}/thumb.jpg", V1, "One frame.", self::get(videos::thumb)),
        get(
            "/api/v1/videos/{video}/strip.jpg",
            V1,
            "48 frames in one row.",
            self::get(videos::film),
        ),
        get(
            "/api/v1/videos/{video}/source",
            V1,
            "The file itself, with byte ranges.",
            self::get(videos::source),
        ),
        get("/api/v1/labels", V1, "Labels, newest first.", self::get(labels::list))
            .query(&["state", "after", "limit"]),
        post(
            "/api/v1/labels",
            Access::Needs(Role::Annotator),
            "One operation on a label.",
            self::post(labels::apply),
        ),
    ];
    all.extend(upload_endpoints());
    all.extend(studio_endpoints());
    all.extend(run_endpoints());
    all.extend([
        get("/api/v1/config/presets", V1, "Named run configs.", self::get(configs::presets)),
        post(
            "/api/v1/config/check",
            V1,
            "Reads a run config or a run.toml, and says what it will take.",
            self::post(configs::check),
        ),
        get(
            "/api/v1/policies",
            V1,
            "Policies that a run can start from.",
            self::get(configs::policies),
        ),
        get(
            "/api/v1/devices",
            V1,
            "Devices, and why some are missing.",
            self::get(system::devices),
        ),
        get(
            "/api/v1/health/details",
            V1,
            "Workers, queue, storage and versions.",
            self::get(system::details),
        ),
        get("/api/v1/openapi.json", V1, "This table for programs.", self::get(system::openapi)),
    ]);
    all
}

/// A file that comes in parts.
const UPLOAD: &str = "/api/v1/uploads/{upload}";

fn upload_endpoints() -> Vec<Endpoint> {
    let row = |method, path, about, handler| row(method, path, ADMIN, about, handler);
    vec![
        row(
            Method::GET,
            "/api/v1/uploads",
            "One's own files that have not come whole.",
            get(uploads::list),
        ),
        row(
            Method::POST,
            "/api/v1/uploads",
            "Announces a video that comes in parts, or finds it where it stopped.",
            post(uploads::begin),
        ),
        row(Method::GET, UPLOAD, "How far a file is.", get(uploads::show)),
        row(
            Method::PATCH,
            UPLOAD,
            "Its next part as raw bytes; the last one adds the video.",
            axum::routing::patch(uploads::add),
        )
        .query(&["at"]),
        row(
            Method::DELETE,
            UPLOAD,
            "Gives a file up, with what has come.",
            axum::routing::delete(uploads::cancel),
        ),
    ]
}

fn studio_endpoints() -> Vec<Endpoint> {
    const ANNOTATOR: Access = Access::Needs(Role::Annotator);
    let get = |path, about, handler| row(Method::GET, path, ANNOTATOR, about, handler);
    vec![
        row(
            Method::POST,
            "/api/v1/studio/sample",
            ANNOTATOR,
            "A sample with its truth, from a video, a task with dials, and a seed.",
            post(studio::sample),
        ),
        row(
            Method::POST,
            "/api/v1/studio/audit",
            ANNOTATOR,
            "Begins an audit of a task's generator on the library's videos.",
            post(studio::begin_audit),
        ),
        get("/api/v1/studio/audit", "How the newest audit stands.", self::get(studio::audit_state)),
        get(
            "/api/v1/studio/clip.webm",
            "A sample's frames as a clip, `?spec=JSON&size=view|policy`.",
            self::get(studio::clip),
        ),
        get(
            "/api/v1/studio/atlas.jpg",
            "A sample's frames in one row, `?spec=JSON`; 8 to a row with `&size=view|policy`.",
            self::get(studio::atlas),
        ),
    ]
}

/// A group made again.
const REPLAY: &str = "/api/v1/runs/{run}/groups/{step}/{group}/replay";

fn run_endpoints() -> Vec<Endpoint> {
    let get = |path, about, handler| row(Method::GET, path, V1, about, handler);
    let post = |path, about, handler| row(Method::POST, path, ADMIN, about, handler);
    vec![
        get("/api/v1/runs", "Every run, newest first.", self::get(runs::list))
            .query(&["after", "limit"]),
        post("/api/v1/runs", "Makes and queues a run.", self::post(runs::create)),
        get("/api/v1/runs/{run}", "One run and its config.", self::get(runs::show)),
        post(
            "/api/v1/runs/{run}/control",
            "Pause, resume, stop, checkpoint.",
            self::post(runs::control),
        ),
        post(
            "/api/v1/runs/{run}/edits",
            "Another learning rate or mixture from the next step on.",
            self::post(runs::edit),
        ),
        post(
            "/api/v1/runs/{run}/archive",
            "Puts a run out of sight, or back.",
            self::post(runs::archive),
        ),
        get(
            "/api/v1/runs/{run}/curves",
            "Every figure of every step, as columns of numbers.",
            self::get(runs::curves),
        ),
        get(
            "/api/v1/runs/{run}/events",
            "Its journal; with `groups=false` without groups and phases.",
            self::get(runs::events),
        )
        .query(&["after", "limit", "groups"]),
        get(
            "/api/v1/runs/{run}/results/{step}",
            "What its evaluations after a step asked and heard, question by question.",
            self::get(runs::results),
        ),
        get(
            "/api/v1/runs/{run}/rollouts",
            "Its rollouts, filtered, newest first.",
            self::get(groups::rollouts),
        )
        .query(&["task", "cell", "max_reward", "parsed", "after", "limit"]),
        get(
            "/api/v1/runs/{run}/answers",
            "What every answer said and earned, group by group, oldest first.",
            self::get(groups::answers),
        )
        .query(&["after", "limit"]),
        get(
            "/api/v1/runs/{run}/groups",
            "Its groups by what an answer of them is, newest first.",
            self::get(groups::list),
        )
        .query(&[
            "task",
            "min_reward",
            "max_reward",
            "parsed",
            "dead",
            "text",
            "after",
            "limit",
        ]),
        get(
            "/api/v1/runs/{run}/groups/{step}/{group}",
            "A question and its answers.",
            self::get(groups::show),
        ),
        get(
            "/api/v1/runs/{run}/groups/{step}/{group}/clip.webm",
            "The frames as a clip; `size` is view or policy.",
            self::get(groups::clip),
        )
        .query(&["size"]),
        get(
            "/api/v1/runs/{run}/groups/{step}/{group}/atlas.jpg",
            "The frames in one row; larger and 8 to a row where `size` is view or policy.",
            self::get(groups::atlas),
        )
        .query(&["size"]),
        get(REPLAY, "How the group's replay stands.", self::get(replays::show)),
        row(
            Method::POST,
            REPLAY,
            Access::Needs(Role::Annotator),
            "Makes the group's answers again from the checkpoint before them; one at a time.",
            self::post(replays::begin),
        ),
        row(
            Method::DELETE,
            REPLAY,
            Access::Needs(Role::Annotator),
            "Ends a replay that is under way.",
            axum::routing::delete(replays::cancel),
        ),
    ]
}

fn row(
    method: Method,
    path: &'static str,
    access: Access,
    about: &'static str,
    handler: MethodRouter<Arc<App>>,
) -> Endpoint {
    Endpoint { method, path, access, about, query: &[], handler }
}

impl Endpoint {
    fn query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }
}

/// The whole interface, and the page beside it.
pub fn router(app: &Arc<App>, dist: Option<&std::path::Path>) -> Router {
    let mut router = Router::new();
    for endpoint in endpoints() {
        let guard =
            middleware::from_fn_with_state((Arc::clone(app), endpoint.access), access::check);
        router = router.route(endpoint.path, endpoint.handler.layer(guard));
    }
    let worker = middleware::from_fn_with_state(Arc::clone(app), workers::check);
    let viewer = middleware::from_fn_with_state((Arc::clone(app), V1), access::check);
    router
        .route("/ws", any(live::connect).layer(viewer.clone()))
        .route("/worker", any(workers::connect).layer(worker))
        .route("/metrics", get(system::metrics).layer(viewer))
        .route("/api/{*rest}", any(async || Fail::not_found("endpoint")))
        .method_not_allowed_fallback(async || Fail::wrong_method())
        .layer(middleware::from_fn(access::same_origin))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .fallback_service(assets::service(dist))
        .layer(middleware::from_fn_with_state(assets::Headers::of(dist), assets::headers))
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(Arc::clone(app))
}

fn panicked(cause: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    let text = cause
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Fail::internal(&format!("panic: {text}")).into_response()
}

/// Entries of a page of a list unless said otherwise, and at most.
const PAGE_ENTRIES: u32 = 1000;

/// Which page of a list is asked for.
#[derive(Deserialize)]
struct Page {
    /// `meta.next` of the page before.
    after: Option<String>,
    limit: Option<u32>,
}

impl Page {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(PAGE_ENTRIES).clamp(1, PAGE_ENTRIES)
    }

    /// One more entry than the page shows tells whether another page follows.
    fn with_next(&self) -> u32 {
        self.limit() + 1
    }

    /// Cuts the entry of the next page off; gives where that page starts.
    fn cut<T>(&self, entries: &mut Vec<T>, place: impl FnOnce(&T) -> String) -> PageMeta {
        let limit = self.limit() as usize;
        let more = entries.len() > limit;
        entries.truncate(limit);
        PageMeta { next: entries.last().filter(|_| more).map(place) }
    }
}

/// `after` is no place of a list.
fn no_place() -> Fail {
    Fail::invalid("`after` is the `next` of the page before").at("after")
}
