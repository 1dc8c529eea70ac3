//! Notification over HTTP.

mod bodies;
mod shown;
mod templates;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{
    Asked, Body, Id, Listing, NoBody, NoParams, Only, Page, Problem, Resource, SignedIn, created,
};
use commerce_core::id::{CustomerId, NotificationId};
use commerce_core::notification::{
    Error, NotificationCommand, NotificationRejection, NotificationView, Notifications, Prepared,
};
use commerce_core::store::Store;
use commerce_core::value::Violation;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::identity::IdentityApi;
use super::roles::{ADMIN, Admins};
use super::{Common, Service, Write};
use crate::services::notification::NotificationService;
use bodies::SendBody;
use shown::{MailShown, NotificationShown};

/// What the routes work on.
#[derive(Clone)]
pub struct NotificationApi {
    service: NotificationService,
    identity: IdentityApi,
}

impl NotificationApi {
    /// Of this service. Whoever reads what was mailed to others is asked for at the identity service.
    pub fn new(service: NotificationService, identity: IdentityApi) -> Self {
        Self { service, identity }
    }

    /// The service.
    pub fn service(self, common: &Common) -> Service {
        let store = self.store().clone();
        Service::new("notification", common, &store, routes().with_state(self))
    }

    fn notifications(&self) -> &Notifications {
        self.service.notifications()
    }

    fn store(&self) -> &Arc<dyn Store> {
        self.notifications().store()
    }
}

fn routes() -> OpenApiRouter<NotificationApi> {
    OpenApiRouter::new()
        .routes(routes!(send))
        .routes(routes!(show))
        .routes(routes!(list_of_user))
        .routes(routes!(list_mailbox))
        .routes(routes!(mark_sent))
        .routes(routes!(mark_delivered))
        .routes(routes!(cancel))
        .merge(templates::routes())
}

/// Sends a notification, at once or at its moment.
#[utoipa::path(
    post, path = "/notifications/send", tag = "notification", security(("bearer" = [])),
    request_body = SendBody,
    responses((status = 201, description = "it is to be sent", body = NotificationShown)),
)]
async fn send(
    State(api): State<NotificationApi>,
    _: Only<Admins>,
    write: Write,
    Body(body): Body<SendBody>,
) -> Result<Response, Problem> {
    let (new, faults) = body.into_new();
    let prepare = || async {
        let prepared = api.notifications().prepare_send(&write.context, new.clone(), faults.clone());
        prepared.await.map_err(refused)
    };
    let show = |view: &NotificationView| {
        let location = format!("/api/v1/notifications/{}", view.id);
        created(&location, view.version, &NotificationShown::from(view))
    };
    write.prepared(api.store(), prepare, show).await
}

/// A notification.
#[utoipa::path(
    get, path = "/notifications/{id}", tag = "notification", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the notification", body = NotificationShown)),
)]
async fn show(
    State(api): State<NotificationApi>,
    SignedIn(caller): SignedIn,
    Asked(context): Asked,
    Id(id): Id<NotificationId>,
    _: NoParams,
) -> Result<Response, Problem> {
    let view = api.notifications().get(context.tenant(), id).await.map_err(refused)?;
    // Told apart from one that is not there by nothing.
    let theirs = caller.owns_or(view.user_id.0, &[ADMIN], "notification");
    theirs.map_err(|_| refused(Error::Notification(NotificationRejection::NotFound)))?;
    Ok(shown(&view))
}

/// A user's notifications, the newest first.
#[utoipa::path(
    get, path = "/notifications/user/{user_id}", tag = "notification", security(("bearer" = [])),
    params(
        ("user_id" = Uuid, Path),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)
    ),
    responses((status = 200, description = "a page of them", body = Listing<NotificationShown>)),
)]
async fn list_of_user(
    State(api): State<NotificationApi>,
    SignedIn(caller): SignedIn,
    Asked(context): Asked,
    Id(user): Id<CustomerId>,
    page: Page,
) -> Result<Response, Problem> {
    caller.owns_or(user.0, &[ADMIN], "user")?;
    let cursor = page.after::<String>()?;
    let list = api.notifications().for_user(context.tenant(), user, page.limit, cursor.as_deref());
    let found = list.await.map_err(refused)?;
    let items = found.items.iter().map(NotificationShown::from).collect();
    Ok(page.read(items, found.next_cursor)?.into_response())
}

/// What no channel took away of what a user was sent, the newest first, secrets included.
#[utoipa::path(
    get, path = "/notifications/mailbox/{user_id}", tag = "notification", security(("bearer" = [])),
    params(
        ("user_id" = Uuid, Path),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)
    ),
    responses((status = 200, description = "a page of it", body = Listing<MailShown>)),
)]
async fn list_mailbox(
    State(api): State<NotificationApi>,
    Only(admin, _): Only<Admins>,
    Asked(context): Asked,
    Id(user): Id<CustomerId>,
    page: Page,
) -> Result<Response, Problem> {
    // With what was mailed to others their accounts could be taken over.
    api.identity.still_admin(&context, &admin).await?;
    let cursor = page.after::<String>()?;
    let list = api.service.mailbox().messages(context.tenant(), user, page.limit, cursor.as_deref());
    let found = list.await.map_err(refused)?;
    let items = found.items.into_iter().map(MailShown::from).collect();
    Ok(page.read(items, found.next_cursor)?.into_response())
}

/// Notes that a notification was sent by other means.
#[utoipa::path(
    post, path = "/notifications/{id}/mark-sent", tag = "notification", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "noted", body = NotificationShown)),
)]
async fn mark_sent(
    State(api): State<NotificationApi>,
    _: Only<Admins>,
    Id(id): Id<NotificationId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.command(&write, id, NotificationCommand::MarkSent).await
}

/// Notes that the person has a notification.
#[utoipa::path(
    post, path = "/notifications/{id}/mark-delivered", tag = "notification", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "noted", body = NotificationShown)),
)]
async fn mark_delivered(
    State(api): State<NotificationApi>,
    _: Only<Admins>,
    Id(id): Id<NotificationId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.command(&write, id, NotificationCommand::MarkDelivered).await
}

/// Calls a notification off that was not sent yet.
#[utoipa::path(
    post, path = "/notifications/{id}/cancel", tag = "notification", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "called off", body = NotificationShown)),
)]
async fn cancel(
    State(api): State<NotificationApi>,
    _: Only<Admins>,
    Id(id): Id<NotificationId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.command(&write, id, NotificationCommand::Cancel).await
}

impl NotificationApi {
    async fn command(
        &self,
        write: &Write,
        id: NotificationId,
        command: NotificationCommand,
    ) -> Result<Response, Problem> {
        write.prepared(self.store(), || self.prepare(write, id, command.clone()), shown).await
    }

    /// Which version is meant is looked at before anything is decided.
    async fn prepare(
        &self,
        write: &Write,
        id: NotificationId,
        command: NotificationCommand,
    ) -> Result<Prepared<NotificationView>, Problem> {
        let notifications = self.notifications();
        if write.if_match.is_given() {
            let now = notifications.get(write.context.tenant(), id).await.map_err(refused)?;
            write.if_match.check(now.version)?;
        }
        notifications.prepare(&write.context, id, command).await.map_err(refused)
    }
}

fn shown(view: &NotificationView) -> Response {
    Resource(view.version, NotificationShown::from(view)).into_response()
}

/// A variable that is missing and a cursor that is none have codes of their own.
fn refused(error: Error) -> Problem {
    let code = match error.violations() {
        [] => return error.into(),
        violations => common_code(violations),
    };
    match code {
        Some("missing_variable") => {
            Problem::new(StatusCode::BAD_REQUEST, "missing_variable", error.to_string())
                .with("errors", serde_json::json!(error.violations()))
        }
        Some("invalid_cursor") => {
            Problem::invalid("invalid_cursor", "the cursor is none of this list: begin without one")
        }
        _ => error.into(),
    }
}

/// The code of all of them, if they have one in common.
fn common_code(violations: &[Violation]) -> Option<&'static str> {
    let first = violations.first()?.code;
    violations.iter().all(|violation| violation.code == first).then_some(first)
}
