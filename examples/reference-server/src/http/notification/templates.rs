//! Templates over HTTP.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{
    Asked, Body, Id, Listing, NoBody, NoParams, Only, Page, Problem, Resource, created,
};
use commerce_core::id::TemplateId;
use commerce_core::notification::{Prepared, TemplateCommand, TemplateView};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::bodies::TemplateBody;
use super::shown::TemplateShown;
use super::{NotificationApi, refused};
use crate::http::Write;
use crate::http::roles::Admins;

pub(super) fn routes() -> OpenApiRouter<NotificationApi> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update))
        .routes(routes!(activate))
        .routes(routes!(deactivate))
}

/// Makes a template, which is active from the start.
#[utoipa::path(
    post, path = "/templates", tag = "notification", security(("bearer" = [])),
    request_body = TemplateBody,
    responses((status = 201, description = "made", body = TemplateShown)),
)]
async fn create(
    State(api): State<NotificationApi>,
    _: Only<Admins>,
    write: Write,
    Body(body): Body<TemplateBody>,
) -> Result<Response, Problem> {
    let (id, command) = (TemplateId(write.context.new_id(0)), TemplateCommand::Create(body.details()));
    let show = |view: &TemplateView| {
        let location = format!("/api/v1/templates/{}", view.id);
        created(&location, view.version, &TemplateShown::from(view))
    };
    write.prepared(api.store(), || api.prepare_template(&write, id, command.clone()), show).await
}

/// Describes a template anew.
#[utoipa::path(
    put, path = "/templates/{id}", tag = "notification", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = TemplateBody,
    responses((status = 200, description = "changed", body = TemplateShown)),
)]
async fn update(
    State(api): State<NotificationApi>,
    _: Only<Admins>,
    Id(id): Id<TemplateId>,
    write: Write,
    Body(body): Body<TemplateBody>,
) -> Result<Response, Problem> {
    api.template_command(&write, id, TemplateCommand::Update(body.details())).await
}

/// Lets a template be used.
#[utoipa::path(
    patch, path = "/templates/{id}/activate", tag = "notification", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "changed", body = TemplateShown)),
)]
async fn activate(
    State(api): State<NotificationApi>,
    _: Only<Admins>,
    Id(id): Id<TemplateId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.template_command(&write, id, TemplateCommand::Activate).await
}

/// Lets a template be used no more.
#[utoipa::path(
    patch, path = "/templates/{id}/deactivate", tag = "notification", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "changed", body = TemplateShown)),
)]
async fn deactivate(
    State(api): State<NotificationApi>,
    _: Only<Admins>,
    Id(id): Id<TemplateId>,
    write: Write,
    _: NoBody,
) -> Result<Response, Problem> {
    api.template_command(&write, id, TemplateCommand::Deactivate).await
}

/// A template.
#[utoipa::path(
    get, path = "/templates/{id}", tag = "notification", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the template", body = TemplateShown)),
)]
async fn show(
    State(api): State<NotificationApi>,
    _: Only<Admins>,
    Asked(context): Asked,
    Id(id): Id<TemplateId>,
    _: NoParams,
) -> Result<Response, Problem> {
    let view = api.notifications().template(context.tenant(), id).await.map_err(refused)?;
    Ok(shown(&view))
}

/// All templates, by id.
#[utoipa::path(
    get, path = "/templates", tag = "notification", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "a page of them", body = Listing<TemplateShown>)),
)]
async fn list(
    State(api): State<NotificationApi>,
    _: Only<Admins>,
    Asked(context): Asked,
    page: Page,
) -> Result<Response, Problem> {
    let cursor = page.after::<String>()?;
    let list = api.notifications().templates(context.tenant(), page.limit, cursor.as_deref());
    let found = list.await.map_err(refused)?;
    let items = found.items.iter().map(TemplateShown::from).collect();
    Ok(page.read(items, found.next_cursor)?.into_response())
}

impl NotificationApi {
    async fn template_command(
        &self,
        write: &Write,
        id: TemplateId,
        command: TemplateCommand,
    ) -> Result<Response, Problem> {
        let prepare = || async {
            // Which version is meant is looked at before anything is decided.
            if write.if_match.is_given() {
                let now = self.notifications().template(write.context.tenant(), id).await.map_err(refused)?;
                write.if_match.check(now.version)?;
            }
            self.prepare_template(write, id, command.clone()).await
        };
        write.prepared(self.store(), prepare, shown).await
    }

    async fn prepare_template(
        &self,
        write: &Write,
        id: TemplateId,
        command: TemplateCommand,
    ) -> Result<Prepared<TemplateView>, Problem> {
        self.notifications().prepare_template(&write.context, id, command).await.map_err(refused)
    }
}

fn shown(view: &TemplateView) -> Response {
    Resource(view.version, TemplateShown::from(view)).into_response()
}
