//! Who may do what.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;
use shared::annotation::Role;
use shared::api::ToBrowser;
use support::TestServer;
use videossr::api::{Access, endpoints};

/// A path of the table with something in place of what varies.
fn filled(path: &str) -> String {
    let zero = "0".repeat(64);
    path.replace("{video}", &zero)
        .replace("{run}", "none")
        .replace("{step}", "1")
        .replace("{group}", "0")
}

async fn status(test: &TestServer, method: &Method, path: &str, cookie: &str) -> StatusCode {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"))
        .unwrap();
    test.send(request).await.status
}

#[tokio::test]
async fn every_route_but_two_needs_a_session() {
    let test = TestServer::start().await;
    let mut open = Vec::new();
    for endpoint in endpoints() {
        let path = filled(endpoint.path);
        for cookie in ["", &format!("{}=forged", test.server.app.cookie)] {
            let status = status(&test, &endpoint.method, &path, cookie).await;
            match endpoint.access {
                Access::Open => assert_ne!(status, StatusCode::UNAUTHORIZED, "{path}"),
                Access::Needs(_) => assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}"),
            }
        }
        if endpoint.access == Access::Open {
            open.push((endpoint.method, endpoint.path));
        }
    }
    assert_eq!(open, [(Method::GET, "/api/health"), (Method::POST, "/api/v1/session")]);
    for path in ["/ws", "/worker", "/metrics"] {
        let request = Request::get(path)
            .header(header::UPGRADE, "websocket")
            .header(header::CONNECTION, "upgrade")
            .body(Body::empty());
        let status = test.send(request.unwrap()).await.status;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(status(&test, &Method::GET, "/api/v1/nothing", "").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let mut people = vec![(Role::Admin, admin.clone())];
    for role in [Role::Viewer, Role::Annotator, Role::Reviewer] {
        people.push((role, admin.invite(role.name(), role).await));
    }
    for endpoint in endpoints() {
        let Access::Needs(least) = endpoint.access else { continue };
        // Signing out would end the next checks.
        if endpoint.method == Method::DELETE {
            continue;
        }
        for (role, person) in &people {
            let path = filled(endpoint.path);
            let status = status(&test, &endpoint.method, &path, &person.cookie).await;
            let forbidden = status == StatusCode::FORBIDDEN;
            assert_eq!(forbidden, *role < least, "{role} {} {path}", endpoint.method);
        }
    }
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let body = json!({ "role": "annotator" });
    let link = admin.post("/api/v1/invitations", body).await.json()["link"].clone();
    let (path, token) = link.as_str().unwrap().split_once("?token=").unwrap();
    assert_eq!(path, "/sign-in");

    let nameless = test.try_sign_in(token, "  ").await;
    assert_eq!(nameless.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(nameless.json()["error"]["field"], "name");
    let grace = test.sign_in(token, "Grace").await;
    let who = grace.get("/api/v1/session").await.json();
    assert_eq!(who["person"]["name"], "Grace");
    assert_eq!(who["person"]["role"], "annotator");

    let again = test.try_sign_in(token, "Eve").await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.message().contains("used already"), "{}", again.message());
    assert!(again.message().contains("--new-link"), "{}", again.message());

    let request = grace.request(Method::DELETE, "/api/v1/session").body(Body::empty());
    assert_eq!(test.send(request.unwrap()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(grace.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    let people = admin.get("/api/v1/people").await.json();
    assert_eq!(people["people"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn other_sites_cannot_use_our_cookie() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let send = |method: Method, path: &str, name: &str, value: &str| {
        let request = admin
            .request(method, path)
            .header(header::HOST, "studio:8080")
            .header(header::CONTENT_TYPE, "application/json")
            .header(name, value)
            .body(Body::from(r#"{"role":"viewer"}"#));
        test.send(request.unwrap())
    };
    let invite = "/api/v1/invitations";
    for (name, value, status) in [
        ("origin", "http://evil", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("origin", "http://studio:8080", StatusCode::CREATED),
        ("sec-fetch-site", "same-origin", StatusCode::CREATED),
    ] {
        let answer = send(Method::POST, invite, name, value).await;
        assert_eq!(answer.status, status, "{name}: {value}");
    }
    let read = send(Method::GET, "/api/v1/runs", "origin", "http://evil").await;
    assert_eq!(read.status, StatusCode::OK, "reading is guarded by the browser");
    let upgrade = admin
        .request(Method::GET, "/ws")
        .header(header::HOST, "studio:8080")
        .header(header::UPGRADE, "websocket")
        .header(header::ORIGIN, "http://evil")
        .body(Body::empty());
    assert_eq!(test.send(upgrade.unwrap()).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_page_that_was_not_built_says_so() {
    let test = TestServer::start().await;
    let answer = test.send(Request::get("/runs").body(Body::empty()).unwrap()).await;
    let text = String::from_utf8(answer.bytes).unwrap();
    assert!(text.contains("scripts/web.sh build"), "{text}");
    assert!(answer.headers.contains_key(header::CONTENT_SECURITY_POLICY));
    assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
}

#[tokio::test]
async fn every_refusal_is_an_error_of_the_interface() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let token = format!("Bearer {}", test.server.app.worker_token.0);
    for (method, path, status, code) in [
        (Method::GET, "/ws", 400, "no_websocket"),
        (Method::POST, "/ws", 405, "no_websocket"),
        (Method::GET, "/worker", 400, "no_websocket"),
        (Method::PUT, "/api/v1/runs", 405, "wrong_method"),
        (Method::GET, "/api/v1/invitations", 405, "wrong_method"),
        (Method::DELETE, "/api/health", 405, "wrong_method"),
        (Method::POST, "/metrics", 405, "wrong_method"),
        (Method::GET, "/api/v1/runs/r/groups/first/0", 404, "not_found"),
        (Method::GET, "/api/v1/runs?limit=many", 422, "invalid"),
        (Method::GET, "/api/v1/nothing", 404, "not_found"),
    ] {
        let request =
            admin.request(method.clone(), path).header(header::AUTHORIZATION, token.as_str());
        let answer = test.send(request.body(Body::empty()).unwrap()).await;
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        assert_eq!(answer.status.as_u16(), status, "{method} {path}: {text}");
        assert_eq!(answer.json()["error"]["code"], code, "{method} {path}: {text}");
        assert!(!answer.message().is_empty(), "{method} {path}");
    }
}

#[tokio::test]
async fn behind_https_cookies_stay_on_https() {
    for (url, secure) in [(None, false), (Some("https://studio.example.org/"), true)] {
        let test = TestServer::with(|options| options.public_url = url.map(Into::into)).await;
        let link = test.server.sign_in_link().await.unwrap();
        assert_eq!(link.starts_with("https://studio.example.org/sign-in?"), secure, "{link}");
        let (_, token) = link.split_once("token=").unwrap();
        let answer = test.try_sign_in(token, "Ada").await;
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        assert_eq!(cookie.ends_with("; Secure"), secure, "{cookie}");
    }
}

#[tokio::test]
async fn a_live_link_ends_with_its_session() {
    let test = TestServer::start().await;
    let admin = test.admin().await;
    let bob = admin.invite("Bob", Role::Viewer).await;
    let (mut staying, leaving) = (admin.live().await, bob.live().await);
    let request = bob.request(Method::DELETE, "/api/v1/session").body(Body::empty());
    assert_eq!(test.send(request.unwrap()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(leaving.end().await, Some("signed out".into()));
    admin.make_run().await;
    staying.until("a run", |m| matches!(m, ToBrowser::Run { .. }).then_some(())).await;
}
