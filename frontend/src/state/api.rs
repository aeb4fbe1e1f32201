//! Requests to `/api/v1`: one function per endpoint, faults ready to be shown.

use crate::state::remote::{Fault, FaultKind};
use crate::state::session::Session;
use gloo_net::http::{Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::annotation::{Label, Op};
use shared::api::*;
use shared::curves::Curves;
use shared::edit::Edit;
use shared::event::Control;

const BASE: &str = "/api/v1";
/// Labels that a page of the list asks for at most.
const FAILURES: usize = 2_000;

/// Fetches `path` under the interface.
async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Fault> {
    let sent = Request::get(&format!("{BASE}{path}")).send().await;
    read(sent).await
}

async fn post<T: DeserializeOwned>(path: &str, body: &impl Serialize) -> Result<T, Fault> {
    let request = Request::post(&format!("{BASE}{path}")).json(body);
    match request {
        Ok(request) => read(request.send().await).await,
        Err(error) => Err(Fault::new(FaultKind::Broken, error.to_string())),
    }
}

async fn read<T: DeserializeOwned>(sent: Result<Response, gloo_net::Error>) -> Result<T, Fault> {
    let response = sent.map_err(|_| offline())?;
    if response.ok() {
        let body = response.json().await;
        return body.map_err(|error| {
            let message = format!("The server's answer could not be read ({error}).");
            Fault::new(FaultKind::Broken, message)
        });
    }
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    let fault = fault(status, &text);
    if fault.kind == FaultKind::SignedOut {
        Session::lost();
    }
    Err(fault)
}

fn offline() -> Fault {
    Fault::new(FaultKind::Offline, "The server does not answer.")
}

/// What a refusal says, from its status and body.
pub fn fault(status: u16, body: &str) -> Fault {
    let kind = match status {
        401 => FaultKind::SignedOut,
        404 => FaultKind::Missing,
        // Too slow or too many: the same request may do a moment later.
        408 | 425 | 429 | 502..=504 => FaultKind::Offline,
        400..=499 => FaultKind::Refused,
        _ => FaultKind::Broken,
    };
    let newer = match status {
        409 => serde_json::from_str::<ConflictBody>(body).ok().and_then(|body| body.label),
        _ => None,
    };
    match serde_json::from_str::<ErrorBody>(body) {
        Ok(ErrorBody { error, problems }) => Fault {
            newer: newer.map(Box::new),
            kind,
            code: error.code,
            message: crate::logic::format::sentence(&error.message),
            field: error.field,
            problems,
        },
        Err(_) => Fault::new(kind, format!("The server answered with status {status}.")),
    }
}

/// Who is signed in.
pub async fn session() -> Result<SessionBody, Fault> {
    // Not through `read`: a page without a session is no loss of one.
    let sent = Request::get(&format!("{BASE}/session")).send().await.map_err(|_| offline())?;
    if sent.ok() {
        return sent.json().await.map_err(|_| offline());
    }
    let status = sent.status();
    Err(fault(status, &sent.text().await.unwrap_or_default()))
}

/// Trades a token for a session.
pub async fn sign_in(body: &SignIn) -> Result<SessionBody, Fault> {
    let request = Request::post(&format!("{BASE}/session")).json(body);
    let request = request.map_err(|_| offline())?;
    let sent = request.send().await.map_err(|_| offline())?;
    if sent.ok() {
        return sent.json().await.map_err(|_| offline());
    }
    let status = sent.status();
    Err(fault(status, &sent.text().await.unwrap_or_default()))
}

/// Everybody.
pub async fn people() -> Result<Vec<Person>, Fault> {
    get::<PeopleBody>("/people").await.map(|body| body.people)
}

/// A link for a new person.
pub async fn invite(body: &Invite) -> Result<InvitationBody, Fault> {
    post("/invitations", body).await
}

/// The library.
pub async fn videos() -> Result<Vec<Video>, Fault> {
    get::<VideosBody>("/videos").await.map(|body| body.videos)
}

/// Announces a file that comes in parts, or finds where it stopped.
pub async fn begin_upload(file: &NewUpload) -> Result<UploadBody, Fault> {
    post("/uploads", file).await
}

/// The reader's files that have not come whole.
pub async fn uploads() -> Result<Vec<Upload>, Fault> {
    get::<UploadsBody>("/uploads").await.map(|body| body.uploads)
}

/// Gives a file up that has not come whole.
pub async fn give_up_upload(id: &str) -> Result<(), Fault> {
    let path = format!("{BASE}/uploads/{id}");
    let sent = Request::delete(&path).send().await.map_err(|_| offline())?;
    if sent.ok() {
        return Ok(());
    }
    let status = sent.status();
    Err(fault(status, &sent.text().await.unwrap_or_default()))
}

/// Devices of the server's machine, found ones first.
pub async fn devices() -> Result<Vec<DeviceInfo>, Fault> {
    get::<DevicesBody>("/devices").await.map(|body| body.devices)
}

/// Policies that a run can start from.
pub async fn policies() -> Result<Vec<PolicyInfo>, Fault> {
    get::<PoliciesBody>("/policies").await.map(|body| body.policies)
}

/// A config made whole, as a file, with what it will take.
pub async fn check_config(body: &ConfigRequest) -> Result<ConfigBody, Fault> {
    post("/config/check", body).await
}

/// A page of the runs, newest first: the first one, or that after a run.
pub async fn runs(after: Option<&str>) -> Result<RunsBody, Fault> {
    match after {
        Some(after) => get(&format!("/runs?after={after}")).await,
        None => get("/runs").await,
    }
}

/// A run and its config.
pub async fn run(id: &str) -> Result<RunBody, Fault> {
    get(&format!("/runs/{id}")).await
}

/// A part of a run's journal without groups and phases.
pub async fn figures(id: &str, after: u64) -> Result<EventsBody, Fault> {
    get(&format!("/runs/{id}/events?groups=false&limit=5000&after={after}")).await
}

/// What a run's evaluations after a step asked and heard.
pub async fn results(id: &str, step: u64) -> Result<Vec<shared::paired::SetResults>, Fault> {
    get::<ResultsBody>(&format!("/runs/{id}/results/{step}")).await.map(|body| body.sets)
}

/// Workers, queue, storage and versions.
pub async fn health() -> Result<HealthBody, Fault> {
    get("/health/details").await
}

/// Starts a run.
pub async fn start_run(body: &NewRun) -> Result<RunBody, Fault> {
    post("/runs", body).await
}

/// Asks something of a run.
pub async fn control(id: &str, control: Control) -> Result<RunBody, Fault> {
    post(&format!("/runs/{id}/control"), &ControlRequest { control }).await
}

/// Changes a run that goes on.
pub async fn edit(id: &str, edit: Edit) -> Result<RunBody, Fault> {
    post(&format!("/runs/{id}/edits"), &EditRequest { edit }).await
}

/// Puts a run out of sight, or back.
pub async fn archive(id: &str, archived: bool) -> Result<RunBody, Fault> {
    post(&format!("/runs/{id}/archive"), &ArchiveRequest { archived }).await
}

/// Every figure of every step of a run.
pub async fn curves(id: &str) -> Result<Curves, Fault> {
    let sent = Request::get(&format!("{BASE}/runs/{id}/curves")).send().await;
    let bytes = sent.map_err(|_| offline())?.binary().await.map_err(|_| offline())?;
    let unreadable = || Fault::new(FaultKind::Broken, "The curves could not be read.");
    Curves::decode(&bytes).ok_or_else(unreadable)
}

/// Groups of a run by what their answers are; `query` as in an address.
pub async fn groups(id: &str, query: &str) -> Result<GroupsBody, Fault> {
    get(&format!("/runs/{id}/groups?{query}")).await
}

/// A group and what belongs to it.
pub async fn group(run: &str, step: u64, group: u32) -> Result<GroupBody, Fault> {
    get(&format!("/runs/{run}/groups/{step}/{group}")).await
}

fn replay_path(run: &str, step: u64, group: u32) -> String {
    format!("/runs/{run}/groups/{step}/{group}/replay")
}

/// How a group's replay stands.
pub async fn replay(run: &str, step: u64, group: u32) -> Result<ReplayBody, Fault> {
    get(&replay_path(run, step, group)).await
}

/// Begins a group's replay.
pub async fn begin_replay(run: &str, step: u64, group: u32) -> Result<ReplayBody, Fault> {
    post(&replay_path(run, step, group), &()).await
}

/// Ends a group's replay.
pub async fn end_replay(run: &str, step: u64, group: u32) -> Result<ReplayBody, Fault> {
    let path = format!("{BASE}{}", replay_path(run, step, group));
    read(Request::delete(&path).send().await).await
}

/// A page of what every answer of a run said and earned.
pub async fn answers(run: &str, after: Option<&str>) -> Result<AnswersBody, Fault> {
    let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
    get(&format!("/runs/{run}/answers?limit=1000{after}")).await
}

/// The newest labels, withdrawn ones left out; page after page.
pub async fn failures() -> Result<Vec<Failure>, Fault> {
    let mut all: Vec<Failure> = Vec::new();
    let mut path = "/labels".to_owned();
    loop {
        let body: FailuresBody = get(&path).await?;
        all.extend(body.failures);
        match body.meta.next {
            Some(next) if all.len() < FAILURES => {
                path = format!("/labels?after={}", js_sys::encode_uri_component(&next));
            }
            _ => return Ok(all),
        }
    }
}

/// One operation on a label.
pub async fn label(op: &Op) -> Result<Label, Fault> {
    post::<LabelBody>("/labels", op).await.map(|body| body.label)
}

/// A sample for Task studio.
pub async fn sample(body: &SampleRequest) -> Result<SampleBody, Fault> {
    post("/studio/sample", body).await
}

/// How the newest audit stands.
pub async fn audit() -> Result<Option<AuditState>, Fault> {
    get::<AuditBody>("/studio/audit").await.map(|body| body.audit)
}

/// Begins an audit.
pub async fn begin_audit(body: &AuditRequest) -> Result<Option<AuditState>, Fault> {
    post::<AuditBody>("/studio/audit", body).await.map(|body| body.audit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_the_server_s_words() {
        let body = r#"{"error":{"code":"invalid","message":"steps is empty","field":"steps"},
            "problems":[{"field":"steps","message":"is empty"}]}"#;
        let got = fault(422, body);
        assert_eq!((got.kind, got.message.as_str()), (FaultKind::Refused, "Steps is empty."));
        assert_eq!((got.problems.len(), got.field.as_deref()), (1, Some("steps")));
        assert_eq!(fault(401, "").kind, FaultKind::SignedOut);
        assert_eq!(fault(502, "<html>").kind, FaultKind::Offline);
        assert_eq!(fault(500, "boom").kind, FaultKind::Broken);
    }
}
