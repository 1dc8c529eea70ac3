//! Users.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{
    Asked, Body, Caller, Id, IfMatch, NoBody, NoParams, Only, Problem, Resource, SignedIn,
};
use commerce_core::Context;
use commerce_core::commit::Expected;
use commerce_core::id::UserId;
use commerce_core::identity::{Role, Roles, User};
use commerce_core::repository::Loaded;
use http::StatusCode;

use super::IdentityApi;
use super::auth::at;
use super::bodies::RolesBody;
use super::shown::{UserShown, shown};
use crate::http::roles::{ADMIN, Admins};

/// Whoever asks.
#[utoipa::path(
    get, path = "/users/me", tag = "identity", security(("bearer" = [])),
    responses((status = 200, description = "the user", body = UserShown)),
)]
pub(super) async fn show_me(
    State(api): State<IdentityApi>,
    SignedIn(caller): SignedIn,
    Asked(context): Asked,
    _: NoParams,
) -> Result<Response, Problem> {
    api.show(&context, UserId(caller.id)).await
}

/// A user, for themselves and for admins.
#[utoipa::path(
    get, path = "/users/{id}", tag = "identity", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the user", body = UserShown)),
)]
pub(super) async fn show_user(
    State(api): State<IdentityApi>,
    SignedIn(caller): SignedIn,
    Id(id): Id<UserId>,
    Asked(context): Asked,
    _: NoParams,
) -> Result<Response, Problem> {
    caller.owns_or(id.0, &[ADMIN], "user")?;
    api.show(&context, id).await
}

/// Lets a user sign in again.
#[utoipa::path(
    post, path = "/users/{id}/activate", tag = "identity", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the user after it", body = UserShown)),
)]
pub(super) async fn activate_user(
    State(api): State<IdentityApi>,
    Only(admin, _): Only<Admins>,
    Id(id): Id<UserId>,
    Asked(context): Asked,
    if_match: IfMatch,
    _: NoParams,
    _: NoBody,
) -> Result<Response, Problem> {
    api.still_admin(&context, &admin).await?;
    let expected = api.expected(&context, id, &if_match).await?;
    show(api.identity.accounts.activate(&context, id, expected).await.map_err(at(&context))?)
}

/// Keeps a user from signing in, and ends their sessions; an access token lasts until it expires.
#[utoipa::path(
    post, path = "/users/{id}/deactivate", tag = "identity", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "the user after it", body = UserShown),
        (status = 409, description = "whoever asks would deactivate themselves, another admin can: `own_rights`"),
    ),
)]
pub(super) async fn deactivate_user(
    State(api): State<IdentityApi>,
    Only(admin, _): Only<Admins>,
    Id(id): Id<UserId>,
    Asked(context): Asked,
    if_match: IfMatch,
    _: NoParams,
    _: NoBody,
) -> Result<Response, Problem> {
    api.still_admin(&context, &admin).await?;
    if id == UserId(admin.id) {
        return Err(own_rights());
    }
    let expected = api.expected(&context, id, &if_match).await?;
    show(api.identity.accounts.deactivate(&context, id, expected).await.map_err(at(&context))?)
}

/// Gives a user these roles, and takes all others from them; access tokens say so from the next refresh on.
#[utoipa::path(
    put, path = "/users/{id}/roles", tag = "identity", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    request_body = RolesBody,
    responses(
        (status = 200, description = "the user after it", body = UserShown),
        (status = 409, description = "whoever asks would be an admin no more, another admin can take that from them: \
         `own_rights`"),
    ),
)]
pub(super) async fn set_roles(
    State(api): State<IdentityApi>,
    Only(admin, _): Only<Admins>,
    Id(id): Id<UserId>,
    Asked(context): Asked,
    if_match: IfMatch,
    _: NoParams,
    Body(body): Body<RolesBody>,
) -> Result<Response, Problem> {
    api.still_admin(&context, &admin).await?;
    let roles = Roles::new("/roles", body.roles.into_iter().map(Role::from));
    let roles = roles.map_err(|violation| Problem::violations(vec![violation]))?;
    if id == UserId(admin.id) && !roles.contains(Role::Admin) {
        return Err(own_rights());
    }
    let expected = api.expected(&context, id, &if_match).await?;
    show(api.identity.accounts.set_roles(&context, id, roles, expected).await.map_err(at(&context))?)
}

/// Whoever is the last admin would shut everyone out, and no one over HTTP could mend it. Each leaves another behind if only
/// others can take it from them.
fn own_rights() -> Problem {
    Problem::conflict("own_rights", "no admin takes their own rights from themselves: another admin can")
}

fn show(user: Loaded<User>) -> Result<Response, Problem> {
    Ok(Resource(user.version, shown(&user.state)?).into_response())
}

impl IdentityApi {
    async fn show(&self, context: &Context, id: UserId) -> Result<Response, Problem> {
        show(self.identity.accounts.get(context, id).await.map_err(at(context))?)
    }

    /// An access token outlives what was taken from its user: it must not give that back.
    pub(in crate::http) async fn still_admin(
        &self,
        context: &Context,
        caller: &Caller,
    ) -> Result<(), Problem> {
        match self.identity.accounts.get(context, UserId(caller.id)).await.map_err(at(context)) {
            Ok(Loaded { state: user, .. }) => {
                let is_admin = user.roles().is_some_and(|roles| roles.contains(Role::Admin));
                if user.is_active() && is_admin { Ok(()) } else { Err(Problem::forbidden()) }
            }
            // Someone else vouches for whoever has no account here: nothing was taken from them.
            Err(problem) if problem.status() == StatusCode::NOT_FOUND => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// The version that the change must find, if the client means one of the versions it has named.
    async fn expected(&self, context: &Context, id: UserId, if_match: &IfMatch) -> Result<Expected, Problem> {
        if !if_match.is_given() {
            return Ok(Expected::Any);
        }
        let user = self.identity.accounts.get(context, id).await.map_err(at(context))?;
        if_match.check(user.version)?;
        Ok(Expected::Version(user.version))
    }
}
