//! Signing in and out, and passwords.

use commerce_core::id::Tenant;
use commerce_core::identity::Purpose;
use commerce_core::store::Query;
use serde_json::json;

use crate::on_every_backend;
use crate::people::{PASSWORD, SignedIn, registration};
use crate::support::App;

on_every_backend!(
    signing_in: a_customer_registers_once,
    a_registration_says_all_that_is_wrong,
    a_password_is_taken_when_its_description_says_so,
    nobody_learns_whether_an_address_is_known,
    a_refresh_token_is_used_once,
    logging_out_ends_the_session,
    tokens_are_never_kept,
    a_changed_password_ends_the_other_sessions,
    a_forgotten_password_is_reset_by_mail,
    an_address_is_confirmed_by_mail,
);

async fn a_customer_registers_once(app: App) {
    let made = app.post("/auth/register", registration(" Ada@Example.org ")).expect(201).await;
    let body = made.json();
    let id = body["user_id"].as_str().unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert_eq!(made.header("location"), format!("/api/v1/users/{id}"));
    app.post("/auth/register", registration("ADA@example.ORG")).refused(409, "email_taken").await;
    let token = app.sign_in("ada@example.org").await.access;
    let me = app.get("/users/me").bearer(&token).expect(200).await.json();
    assert_eq!((&me["id"], &me["email"]), (&json!(id), &json!("ada@example.org")));
    assert_eq!(me["roles"], json!(["customer"]));
    // Whoever asks with the same key is answered the same.
    let ask = || app.post("/auth/register", registration("grace@example.org")).key("k-1");
    let (first, again) = (ask().expect(201).await, ask().expect(201).await);
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = app.post("/auth/register", registration("other@example.org")).key("k-1");
    other.refused(422, "idempotency_key_reused").await;
    app.close().await;
}

/// Without a reader of such patterns at hand, they are read for what they ask: each must be asked as it is described.
async fn a_password_is_taken_when_its_description_says_so(app: App) {
    let api = app.get("//openapi.json").expect(200).await.json();
    let described = &api["components"]["schemas"]["RegisterBody"]["properties"]["password"]["pattern"];
    let classes = ["A-Z", "a-z", "0-9", "^A-Za-z0-9"].map(|class| format!(r"(?=[\s\S]*[{class}])"));
    assert_eq!(described, &json!(format!(r"^{}[^\x00]*$", classes.concat())));
    let register = |number: usize, password: &str| {
        let mut body = registration(&format!("ada{number}@example.org"));
        body["password"] = json!(password);
        app.post("/auth/register", body)
    };
    for (number, password) in ["Abcdefg1ä", "Abcdefg1\u{1f600}", "Abcdefg1 "].into_iter().enumerate() {
        register(number, password).expect(201).await;
    }
    for password in ["Äbcdefg1!", "ABCDEFG1ä", "Abcdefg٣!", "Abcdefg1"] {
        register(9, password).refused(400, "validation_failed").await;
    }
    app.close().await;
}

async fn a_registration_says_all_that_is_wrong(app: App) {
    let body = json!({"email": "ada", "password": "kurz", "first_name": " ", "last_name": "x".repeat(101)});
    let problem = app.post("/auth/register", body).refused(400, "validation_failed").await;
    let errors = problem["errors"].as_array().unwrap();
    let has = |pointer: &str, code: &str| {
        assert!(errors.iter().any(|e| e["pointer"] == pointer && e["code"] == code), "{pointer}: {problem}");
    };
    has("/email", "invalid_email");
    for code in ["too_short", "needs_upper_case", "needs_digit", "needs_other"] {
        has("/password", code);
    }
    has("/first_name", "required");
    has("/last_name", "too_long");
    assert!(!problem.to_string().contains("kurz"), "the password is not repeated: {problem}");
    let mut body = registration("ada@example.org");
    body["role"] = json!("admin");
    app.post("/auth/register", body).refused(400, "invalid_body").await;
    app.post("/auth/register", json!({})).refused(400, "invalid_body").await;
    app.close().await;
}

async fn nobody_learns_whether_an_address_is_known(app: App) {
    app.register("ada@example.org").await;
    let wrong = |email: &str| app.post("/auth/login", json!({"email": email, "password": "Wrong-1234"}));
    for email in ["ada@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            let problem = wrong(email).refused(401, "invalid_credentials").await;
            assert_eq!(problem["detail"], "the e-mail address or the password is wrong");
        }
        let locked = wrong(email).expect(423).await;
        assert_eq!(locked.json()["code"], "account_locked");
        let seconds: u64 = locked.header("retry-after").parse().unwrap();
        assert!((800..=900).contains(&seconds), "{seconds}");
    }
    let right = json!({"email": "ada@example.org", "password": PASSWORD});
    app.post("/auth/login", right).refused(423, "account_locked").await;
    wrong("no address").refused(401, "invalid_credentials").await;
    app.close().await;
}

async fn a_refresh_token_is_used_once(app: App) {
    app.register("ada@example.org").await;
    let first = app.sign_in("ada@example.org").await;
    let refresh = |token: &str| app.post("/auth/refresh", json!({"refresh_token": token}));
    let reply = refresh(&first.refresh).expect(200).await;
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!((&reply.json()["token_type"], &reply.json()["expires_in"]), (&json!("Bearer"), &json!(900)));
    let second = SignedIn::of(&reply.json());
    app.get("/users/me").bearer(&second.access).expect(200).await;
    // A thief and the one it was stolen from can't be told apart: both are out.
    refresh(&first.refresh).refused(401, "invalid_token").await;
    refresh(&second.refresh).refused(401, "invalid_token").await;
    refresh("nonsense").refused(401, "invalid_token").await;
    // An access token that has expired must not stand in the way of the next one.
    let third = app.sign_in("ada@example.org").await;
    refresh(&third.refresh).bearer("expired").expect(200).await;
    app.close().await;
}

async fn logging_out_ends_the_session(app: App) {
    app.register("ada@example.org").await;
    let session = app.sign_in("ada@example.org").await;
    let log_out = |token: &str| app.post("/auth/logout", json!({"refresh_token": token}));
    assert!(log_out(&session.refresh).expect(204).await.bytes.is_empty());
    let body = json!({"refresh_token": session.refresh});
    app.post("/auth/refresh", body).refused(401, "invalid_token").await;
    log_out(&session.refresh).expect(204).await;
    log_out("nonsense").expect(204).await;
    app.post("/auth/logout", json!({})).refused(400, "invalid_body").await;
    app.close().await;
}

async fn tokens_are_never_kept(app: App) {
    app.register("ada@example.org").await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let log_in = || app.post("/auth/login", body.clone()).key("login-1");
    let first = log_in().expect(200).await;
    let second = log_in().expect(200).await;
    assert!(!second.headers.contains_key("idempotency-replayed"));
    assert_ne!(first.json()["refresh_token"], second.json()["refresh_token"]);
    let refresh = json!({"refresh_token": SignedIn::of(&second.json()).refresh});
    let next = app.post("/auth/refresh", refresh.clone()).key("refresh-1").expect(200).await;
    app.post("/auth/refresh", refresh).key("refresh-1").refused(401, "invalid_token").await;
    // The route decides, not the outcome: a refusal isn't kept either.
    let wrong = json!({"email": "ada@example.org", "password": "Wrong-1234"});
    app.post("/auth/login", wrong).key("login-2").refused(401, "invalid_credentials").await;
    app.post("/auth/login", body.clone()).key("login-2").expect(200).await;
    let store = &app.platform.shop.stores().identity;
    let kept = store.documents(&Query::of(&Tenant::default(), "idempotency").limit(100)).await.unwrap();
    assert!(!kept.is_empty());
    for document in kept {
        let text = String::from_utf8_lossy(&document.body).into_owned();
        for reply in [&first, &second, &next] {
            let tokens = SignedIn::of(&reply.json());
            assert!(!text.contains(&tokens.refresh) && !text.contains(&tokens.access), "{text}");
        }
    }
    let api = app.get("//openapi.json").expect(200).await.json();
    for (path, kept) in [("login", false), ("refresh", false), ("register", true)] {
        let parameters = &api["paths"][format!("/api/v1/auth/{path}")]["post"]["parameters"];
        let parameters = parameters.as_array().unwrap();
        let key = parameters.iter().find(|parameter| parameter["name"] == "Idempotency-Key").unwrap();
        assert_eq!(!key["description"].as_str().unwrap().contains("not kept"), kept, "{path}");
    }
    app.close().await;
}

async fn a_changed_password_ends_the_other_sessions(app: App) {
    app.register("ada@example.org").await;
    let (here, there) = (app.sign_in("ada@example.org").await, app.sign_in("ada@example.org").await);
    let change = |current: &str, new: &str| {
        app.post("/auth/password/change", json!({"current_password": current, "new_password": new}))
    };
    change(PASSWORD, "Analytical-1").refused(401, "unauthenticated").await;
    change("Wrong-1234", "Analytical-1").bearer(&here.access).refused(401, "invalid_credentials").await;
    let weak = change(PASSWORD, "weak").bearer(&here.access).refused(400, "validation_failed").await;
    assert_eq!(weak["errors"][0]["pointer"], "/new_password");
    change(PASSWORD, "Analytical-1").bearer(&here.access).expect(204).await;
    let refresh = |token: &str| app.post("/auth/refresh", json!({"refresh_token": token}));
    refresh(&there.refresh).refused(401, "invalid_token").await;
    refresh(&here.refresh).expect(200).await;
    let log_in =
        |password: &str| app.post("/auth/login", json!({"email": "ada@example.org", "password": password}));
    log_in(PASSWORD).refused(401, "invalid_credentials").await;
    log_in("Analytical-1").expect(200).await;
    app.close().await;
}

async fn a_forgotten_password_is_reset_by_mail(app: App) {
    app.register("ada@example.org").await;
    let session = app.sign_in("ada@example.org").await;
    for email in ["nobody@example.org", "no address", "", "ada@example.org"] {
        let heard = app.post("/auth/password/forgot", json!({"email": email})).expect(202).await;
        assert!(heard.bytes.is_empty());
    }
    let token = app.mailed(Purpose::ResetPassword).await;
    let reset = |token: &str, new: &str| {
        app.post("/auth/password/reset", json!({"token": token, "new_password": new}))
    };
    reset("nonsense", "Analytical-1").refused(401, "invalid_token").await;
    let weak = reset(&token, "weak").refused(400, "validation_failed").await;
    assert_eq!(weak["errors"][0]["pointer"], "/new_password");
    reset(&token, "Analytical-1").expect(204).await;
    reset(&token, "Analytical-2").refused(401, "invalid_token").await;
    let refresh = json!({"refresh_token": session.refresh});
    app.post("/auth/refresh", refresh).refused(401, "invalid_token").await;
    let log_in = json!({"email": "ada@example.org", "password": "Analytical-1"});
    app.post("/auth/login", log_in).expect(200).await;
    app.close().await;
}

async fn an_address_is_confirmed_by_mail(app: App) {
    app.register("ada@example.org").await;
    let access = app.sign_in("ada@example.org").await.access;
    let confirmed =
        async || app.get("/users/me").bearer(&access).expect(200).await.json()["email_confirmed"].clone();
    assert_eq!(confirmed().await, json!(false));
    let token = app.mailed(Purpose::ConfirmEmail).await;
    let confirm = |token: &str| app.post("/auth/email/confirm", json!({"token": token}));
    confirm("nonsense").refused(401, "invalid_token").await;
    confirm(&token).expect(204).await;
    assert_eq!(confirmed().await, json!(true));
    confirm(&token).refused(401, "invalid_token").await;
    app.close().await;
}
