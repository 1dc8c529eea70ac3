//! Signing in and out, and passwords.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_adapters::http::{Asked, Body, NoParams, Problem, SignedIn};
use commerce_core::id::UserId;
use commerce_core::identity::{ChangePassword, IdentityError, Session, SessionId};
use commerce_core::{Context, Timestamp};
use http::{StatusCode, header};

use super::IdentityApi;
use super::bodies::{
    ChangePasswordBody, ConfirmEmailBody, ForgotPasswordBody, LoginBody, RefreshTokenBody, RegisterBody,
    ResetPasswordBody,
};
use super::refused::refused;
use super::shown::{Registered, TokensShown};

/// Makes an account in the role of a customer, and mails a token that confirms the address.
#[utoipa::path(
    post, path = "/auth/register", tag = "identity",
    request_body = RegisterBody,
    responses(
        (status = 201, description = "made", body = Registered),
        (status = 409, description = "someone has the address: `email_taken`"),
    ),
)]
pub(super) async fn register(
    State(api): State<IdentityApi>,
    Asked(context): Asked,
    _: NoParams,
    Body(body): Body<RegisterBody>,
) -> Result<Response, Problem> {
    let accounts = &api.identity.accounts;
    let user_id = accounts.register(&context, body.into()).await.map_err(at(&context))?;
    let location = [(header::LOCATION, format!("/api/v1/users/{user_id}"))];
    Ok((StatusCode::CREATED, location, axum::Json(Registered { user_id: user_id.0 })).into_response())
}

/// Begins a session for whoever knows the password.
#[utoipa::path(
    post, path = "/auth/login", tag = "identity",
    request_body = LoginBody,
    responses(
        (status = 200, description = "signed in", body = TokensShown),
        (status = 401, description = "`invalid_credentials`"),
        (status = 423, description = "too many wrong passwords: `account_locked`; see `Retry-After`"),
    ),
    extensions(("x-answer-not-kept" = json!(true))),
)]
pub(super) async fn log_in(
    State(api): State<IdentityApi>,
    Asked(context): Asked,
    _: NoParams,
    Body(body): Body<LoginBody>,
) -> Result<Response, Problem> {
    let session = api.identity.accounts.login(&context, body.into()).await.map_err(at(&context))?;
    api.tokens(&session, context.now())
}

/// The next tokens of a session, for its refresh token, which is used up.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "identity",
    request_body = RefreshTokenBody,
    responses(
        (status = 200, description = "the next tokens", body = TokensShown),
        (status = 401, description = "sign in again: `invalid_token`"),
    ),
    extensions(("x-answer-not-kept" = json!(true))),
)]
pub(super) async fn refresh(
    State(api): State<IdentityApi>,
    Asked(context): Asked,
    _: NoParams,
    Body(body): Body<RefreshTokenBody>,
) -> Result<Response, Problem> {
    let refreshed = api.identity.accounts.refresh(&context, &body.refresh_token).await;
    api.tokens(&refreshed.map_err(at(&context))?, context.now())
}

/// Ends the session of a refresh token, whether it is still good or not.
#[utoipa::path(
    post, path = "/auth/logout", tag = "identity",
    request_body = RefreshTokenBody,
    responses((status = 204, description = "ended")),
)]
pub(super) async fn log_out(
    State(api): State<IdentityApi>,
    Asked(context): Asked,
    _: NoParams,
    Body(body): Body<RefreshTokenBody>,
) -> Result<StatusCode, Problem> {
    api.identity.accounts.logout(&context, &body.refresh_token).await.map_err(at(&context))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets another password, and ends all other sessions.
#[utoipa::path(
    post, path = "/auth/password/change", tag = "identity", security(("bearer" = [])),
    request_body = ChangePasswordBody,
    responses(
        (status = 204, description = "set"),
        (status = 401, description = "no good token, or the current password is wrong: `invalid_credentials`"),
        (status = 423, description = "too many wrong passwords: `account_locked`; see `Retry-After`"),
    ),
)]
pub(super) async fn change_password(
    State(api): State<IdentityApi>,
    SignedIn(caller): SignedIn,
    Asked(context): Asked,
    _: NoParams,
    Body(body): Body<ChangePasswordBody>,
) -> Result<StatusCode, Problem> {
    let request = ChangePassword {
        user_id: UserId(caller.id),
        session_id: caller.session.map(SessionId),
        current: body.current_password,
        new: body.new_password,
    };
    api.identity.accounts.change_password(&context, request).await.map_err(at(&context))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mails a token by which the password can be reset, if there is such an account; the answer is the same if there is none.
#[utoipa::path(
    post, path = "/auth/password/forgot", tag = "identity",
    request_body = ForgotPasswordBody,
    responses((status = 202, description = "heard")),
)]
pub(super) async fn forgot_password(
    State(api): State<IdentityApi>,
    Asked(context): Asked,
    _: NoParams,
    Body(body): Body<ForgotPasswordBody>,
) -> Result<StatusCode, Problem> {
    api.identity.accounts.forgot_password(&context, &body.email).await.map_err(at(&context))?;
    Ok(StatusCode::ACCEPTED)
}

/// Sets another password for whoever was mailed a token to do so, and ends all sessions.
#[utoipa::path(
    post, path = "/auth/password/reset", tag = "identity",
    request_body = ResetPasswordBody,
    responses(
        (status = 204, description = "set"),
        (status = 401, description = "the token is not good any more: `invalid_token`"),
    ),
)]
pub(super) async fn reset_password(
    State(api): State<IdentityApi>,
    Asked(context): Asked,
    _: NoParams,
    Body(body): Body<ResetPasswordBody>,
) -> Result<StatusCode, Problem> {
    let reset = api.identity.accounts.reset_password(&context, &body.token, &body.new_password).await;
    reset.map_err(at(&context))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Confirms the address of whoever was mailed a token to do so.
#[utoipa::path(
    post, path = "/auth/email/confirm", tag = "identity",
    request_body = ConfirmEmailBody,
    responses(
        (status = 204, description = "confirmed"),
        (status = 401, description = "the token is not good any more: `invalid_token`"),
    ),
)]
pub(super) async fn confirm_email(
    State(api): State<IdentityApi>,
    Asked(context): Asked,
    _: NoParams,
    Body(body): Body<ConfirmEmailBody>,
) -> Result<StatusCode, Problem> {
    api.identity.accounts.confirm_email(&context, &body.token).await.map_err(at(&context))?;
    Ok(StatusCode::NO_CONTENT)
}

impl IdentityApi {
    fn tokens(&self, session: &Session, now: Timestamp) -> Result<Response, Problem> {
        let access = self.identity.keys.sign(session, now).map_err(Problem::bug)?;
        Ok(axum::Json(TokensShown::of(session, &access)).into_response())
    }
}

/// What a failure means to whoever asked in this context.
pub(super) fn at(context: &Context) -> impl FnOnce(IdentityError) -> Problem {
    let now = context.now();
    move |error| refused(error, now)
}
