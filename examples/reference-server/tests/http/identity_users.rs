//! Users, and what admins decide about them.

use commerce_core::identity::Role;
use serde_json::json;

use crate::on_every_backend;
use crate::people::{PASSWORD, SignedIn};
use crate::support::App;

/// Nobody's.
const ABSENT: &str = "0190a0a0-0000-7000-8000-000000000000";

on_every_backend!(
    signing_in: users_see_themselves_and_nobody_else,
    roles_are_given_by_admins,
    who_is_deactivated_is_out_until_activated,
    no_admin_shuts_themselves_out,
);

async fn users_see_themselves_and_nobody_else(app: App) {
    let (ada, bob) = (app.register("ada@example.org").await, app.register("bob@example.org").await);
    app.ensure("root@example.org", Role::Admin).await;
    let token = app.sign_in("ada@example.org").await.access;
    let admin = app.sign_in("root@example.org").await.access;
    let me = app.get("/users/me").bearer(&token).expect(200).await;
    let by_id = app.get(&format!("/users/{ada}")).bearer(&token).expect(200).await;
    let by_admin = app.get(&format!("/users/{ada}")).bearer(&admin).expect(200).await;
    assert_eq!((me.json(), me.header("etag")), (by_id.json(), by_id.header("etag")));
    assert_eq!(me.json(), by_admin.json());
    assert_eq!(me.header("etag"), "\"2\"", "registered, signed in");
    let shown = me.json();
    let mut names: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let mut expected = [
        "id",
        "email",
        "first_name",
        "last_name",
        "roles",
        "active",
        "email_confirmed",
        "last_login_at",
        "created_at",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(shown["last_login_at"].as_str().unwrap().ends_with('Z'));
    app.get(&format!("/users/{bob}")).bearer(&token).refused(404, "not_found").await;
    app.get(&format!("/users/{ABSENT}")).bearer(&token).refused(404, "not_found").await;
    app.get(&format!("/users/{ABSENT}")).bearer(&admin).refused(404, "user_not_found").await;
    app.get("/users/none").bearer(&admin).refused(400, "invalid_path").await;
    app.get("/users/me").refused(401, "unauthenticated").await;
    app.get(&format!("/users/{ada}")).refused(401, "unauthenticated").await;
    app.close().await;
}

async fn roles_are_given_by_admins(app: App) {
    let ada = app.register("ada@example.org").await;
    app.ensure("root@example.org", Role::Admin).await;
    let session = app.sign_in("ada@example.org").await;
    let admin = app.sign_in("root@example.org").await.access;
    let path = format!("/users/{ada}/roles");
    let give = |roles: serde_json::Value| app.put(&path, json!({"roles": roles}));
    give(json!(["admin"])).refused(401, "unauthenticated").await;
    give(json!(["admin"])).bearer(&session.access).refused(403, "forbidden").await;
    let empty = give(json!([])).bearer(&admin).refused(400, "validation_failed").await;
    assert_eq!(
        (&empty["errors"][0]["pointer"], &empty["errors"][0]["code"]),
        (&json!("/roles"), &json!("required"))
    );
    let unknown = give(json!(["customer", "root"])).bearer(&admin).refused(400, "invalid_body").await;
    assert_eq!(unknown["errors"][0]["pointer"], "/roles/1");
    give(json!(["analyst"]))
        .bearer(&admin)
        .header("if-match", "\"1\"")
        .refused(412, "precondition_failed")
        .await;
    let given =
        give(json!(["analyst", "customer"])).bearer(&admin).header("if-match", "\"2\"").expect(200).await;
    assert_eq!((&given.json()["roles"], given.header("etag")), (&json!(["customer", "analyst"]), "\"3\""));
    let absent = app.put(&format!("/users/{ABSENT}/roles"), json!({"roles": ["admin"]}));
    absent.bearer(&admin).refused(404, "user_not_found").await;
    // They count from the next token on.
    give(json!(["admin"])).bearer(&admin).expect(200).await;
    app.get(&format!("/users/{ABSENT}")).bearer(&session.access).refused(404, "not_found").await;
    let next = app.post("/auth/refresh", json!({"refresh_token": session.refresh})).expect(200).await;
    let next = SignedIn::of(&next.json()).access;
    app.get(&format!("/users/{ABSENT}")).bearer(&next).refused(404, "user_not_found").await;
    app.close().await;
}

async fn who_is_deactivated_is_out_until_activated(app: App) {
    let ada = app.register("ada@example.org").await;
    app.ensure("root@example.org", Role::Admin).await;
    let session = app.sign_in("ada@example.org").await;
    let admin = app.sign_in("root@example.org").await.access;
    let act = |what: &str| app.post(&format!("/users/{ada}/{what}"), json!({}));
    for what in ["activate", "deactivate"] {
        act(what).refused(401, "unauthenticated").await;
        act(what).bearer(&session.access).refused(403, "forbidden").await;
        act(what).bearer(&admin).header("if-match", "\"9\"").refused(412, "precondition_failed").await;
        let absent = app.post(&format!("/users/{ABSENT}/{what}"), json!({}));
        absent.bearer(&admin).refused(404, "user_not_found").await;
    }
    let off = act("deactivate").bearer(&admin).header("if-match", "\"2\"").key("off").expect(200).await;
    assert_eq!((&off.json()["active"], off.header("etag")), (&json!(false), "\"3\""));
    let again = act("deactivate").bearer(&admin).header("if-match", "\"2\"").key("off").expect(200).await;
    assert_eq!((again.bytes, again.headers["idempotency-replayed"].to_str().unwrap()), (off.bytes, "true"));
    let refresh = json!({"refresh_token": session.refresh});
    app.post("/auth/refresh", refresh).refused(401, "invalid_token").await;
    let log_in = json!({"email": "ada@example.org", "password": PASSWORD});
    app.post("/auth/login", log_in).refused(401, "invalid_credentials").await;
    let on = act("activate").bearer(&admin).expect(200).await;
    assert_eq!(on.json()["active"], json!(true));
    let unchanged = act("activate").bearer(&admin).expect(200).await;
    assert_eq!(unchanged.json(), on.json());
    app.sign_in("ada@example.org").await;

    // An access token that is still good gives back nothing that was taken from its user.
    app.ensure("fox@example.org", Role::Admin).await;
    let fox = app.sign_in("fox@example.org").await.access;
    let id = app.get("/users/me").bearer(&fox).expect(200).await.id();
    app.post(&format!("/users/{id}/deactivate"), json!({})).bearer(&admin).expect(200).await;
    app.post(&format!("/users/{id}/activate"), json!({})).bearer(&fox).refused(403, "forbidden").await;
    app.post(&format!("/users/{id}/activate"), json!({})).bearer(&admin).expect(200).await;
    let roles = |roles: serde_json::Value| app.put(&format!("/users/{id}/roles"), json!({"roles": roles}));
    roles(json!(["customer"])).bearer(&admin).expect(200).await;
    roles(json!(["admin"])).bearer(&fox).refused(403, "forbidden").await;
    act("deactivate").bearer(&fox).refused(403, "forbidden").await;
    app.get(&format!("/notifications/mailbox/{id}")).bearer(&fox).refused(403, "forbidden").await;
    app.close().await;
}

async fn no_admin_shuts_themselves_out(app: App) {
    app.ensure("root@example.org", Role::Admin).await;
    let root = app.sign_in("root@example.org").await.access;
    let id = app.get("/users/me").bearer(&root).expect(200).await.id();
    let off = || app.post(&format!("/users/{id}/deactivate"), json!({}));
    let give = |roles: serde_json::Value| app.put(&format!("/users/{id}/roles"), json!({"roles": roles}));
    off().bearer(&root).refused(409, "own_rights").await;
    give(json!(["customer"])).bearer(&root).refused(409, "own_rights").await;
    // What leaves them an admin is theirs to say, and another admin may take all of it.
    give(json!(["admin", "analyst"])).bearer(&root).expect(200).await;
    app.ensure("other@example.org", Role::Admin).await;
    let other = app.sign_in("other@example.org").await.access;
    give(json!(["customer"])).bearer(&other).expect(200).await;
    off().bearer(&other).expect(200).await;
    app.close().await;
}
