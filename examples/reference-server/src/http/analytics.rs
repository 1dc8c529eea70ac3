//! Analytics over HTTP.

mod schema;

use axum::Json;
use axum::extract::State;
use commerce_adapters::http::{Asked, Id, NoParams, Only, Params, Problem};
use commerce_core::analytics::{
    Analytics, ConversionFunnel, Dashboard, Day, DayRange, Health, LifetimeValue, Month, OrdersSummary,
    RevenueDaily, RevenueMonthly, TopSelling,
};
use commerce_core::id::CustomerId;
use commerce_core::{Context, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::roles::Analysts;
use super::{Common, Service};
use crate::services::analytics::{AnalyticsService, GROUP};
use crate::shop::Stores;

/// So many products, unless it is said.
const USUAL_PRODUCTS: usize = 10;

/// What the routes work on.
#[derive(Clone)]
pub struct AnalyticsApi {
    service: AnalyticsService,
    stores: Stores,
}

impl AnalyticsApi {
    /// Of this service, which hears of the events in these stores.
    pub fn new(service: AnalyticsService, stores: Stores) -> Self {
        Self { service, stores }
    }

    /// The service.
    pub fn service(self, common: &Common) -> Service {
        let store = self.service.store().clone();
        Service::new("analytics", common, &store, routes().with_state(self))
    }

    /// The figures, with everything in them that was noted before this call.
    async fn figures(&self, context: &Context) -> Result<Analytics, Problem> {
        self.service.view().fresh().await?;
        Ok(self.kept(context))
    }

    /// What the service has yet to hear, or has put aside.
    async fn unheard(&self) -> Result<Unheard, Problem> {
        // First: what is put aside meanwhile is counted then.
        let unread_events = !self.stores.has_read_everything(GROUP).await?;
        Ok(Unheard { held_messages: self.stores.held_by(GROUP).await?, unread_events })
    }

    /// The figures as far as they have come.
    fn kept(&self, context: &Context) -> Analytics {
        Analytics::new(self.service.store().clone()).of_tenant(context.tenant().clone())
    }
}

/// What may become facts.
struct Unheard {
    held_messages: u64,
    unread_events: bool,
}

impl Unheard {
    fn beside(&self, health: Health) -> Health {
        health.with_unheard(self.held_messages, self.unread_events)
    }
}

fn routes() -> OpenApiRouter<AnalyticsApi> {
    OpenApiRouter::new()
        .routes(routes!(orders_summary))
        .routes(routes!(revenue_daily))
        .routes(routes!(revenue_monthly))
        .routes(routes!(top_selling))
        .routes(routes!(lifetime_value))
        .routes(routes!(conversion_funnel))
        .routes(routes!(dashboard))
        .routes(routes!(health))
}

/// A range of days in UTC, both included: 366 at most.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RangeAsked {
    /// The first day; 29 days before the last, unless it is said.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<String>,
    /// The last day; today, unless it is said.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<String>,
}

/// A range of days in UTC, both included: 366 at most, and how many products.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TopAsked {
    /// The first day; 29 days before the last, unless it is said.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<String>,
    /// The last day; today, unless it is said.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<String>,
    /// So many at most; 10, unless it is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// A day in UTC.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DayAsked {
    /// The day; today, unless it is said.
    #[param(value_type = Option<String>, format = Date)]
    date: Option<String>,
}

/// A month in UTC.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MonthAsked {
    /// The year; this one, unless it is said.
    #[param(minimum = 0, maximum = 9999)]
    year: Option<i32>,
    /// The month, from 1; this one, unless it is said.
    #[param(minimum = 1, maximum = 12)]
    month: Option<u8>,
}

fn range(from: Option<&str>, to: Option<&str>, now: Timestamp) -> Result<DayRange, Problem> {
    DayRange::asked(from, to, Day::of(now)).map_err(Problem::violations)
}

/// Orders by their status, in all and for each day.
#[utoipa::path(
    get, path = "/analytics/orders/summary", tag = "analytics", security(("bearer" = [])),
    params(RangeAsked),
    responses((status = 200, description = "the orders placed on these days", body = schema::OrdersSummary)),
)]
async fn orders_summary(
    State(api): State<AnalyticsApi>,
    _: Only<Analysts>,
    Asked(context): Asked,
    Params(asked): Params<RangeAsked>,
) -> Result<Json<OrdersSummary>, Problem> {
    let range = range(asked.from.as_deref(), asked.to.as_deref(), context.now())?;
    Ok(Json(api.figures(&context).await?.orders_summary(range).await?))
}

/// Revenue of a day and its hours.
#[utoipa::path(
    get, path = "/analytics/revenue/daily", tag = "analytics", security(("bearer" = [])),
    params(DayAsked),
    responses((status = 200, description = "what the day brought", body = schema::RevenueDaily)),
)]
async fn revenue_daily(
    State(api): State<AnalyticsApi>,
    _: Only<Analysts>,
    Asked(context): Asked,
    Params(asked): Params<DayAsked>,
) -> Result<Json<RevenueDaily>, Problem> {
    let today = Day::of(context.now());
    let date = asked.date.map_or(Ok(today), |date| Day::parse("/date", &date));
    let date = date.map_err(|violation| Problem::violations(vec![violation]))?;
    Ok(Json(api.figures(&context).await?.revenue_daily(date).await?))
}

/// Revenue of a month and its days.
#[utoipa::path(
    get, path = "/analytics/revenue/monthly", tag = "analytics", security(("bearer" = [])),
    params(MonthAsked),
    responses((status = 200, description = "what the month brought", body = schema::RevenueMonthly)),
)]
async fn revenue_monthly(
    State(api): State<AnalyticsApi>,
    _: Only<Analysts>,
    Asked(context): Asked,
    Params(asked): Params<MonthAsked>,
) -> Result<Json<RevenueMonthly>, Problem> {
    let now = Day::of(context.now()).month();
    let month = Month::new(asked.year.unwrap_or(now.year()), asked.month.unwrap_or(now.month()));
    let month = month.map_err(Problem::violations)?;
    Ok(Json(api.figures(&context).await?.revenue_monthly(month).await?))
}

/// The products of which the most pieces were sold.
#[utoipa::path(
    get, path = "/analytics/products/top-selling", tag = "analytics", security(("bearer" = [])),
    params(TopAsked),
    responses((status = 200, description = "the products", body = schema::TopSelling)),
)]
async fn top_selling(
    State(api): State<AnalyticsApi>,
    _: Only<Analysts>,
    Asked(context): Asked,
    Params(asked): Params<TopAsked>,
) -> Result<Json<TopSelling>, Problem> {
    let limit = asked.limit.unwrap_or(USUAL_PRODUCTS);
    let range = DayRange::asked(asked.from.as_deref(), asked.to.as_deref(), Day::of(context.now()));
    let range = match (range, TopSelling::limit_fault(limit)) {
        (Ok(range), None) => range,
        (range, limit) => {
            return Err(Problem::violations(range.err().into_iter().flatten().chain(limit).collect()));
        }
    };
    Ok(Json(api.figures(&context).await?.top_selling(range, limit).await?))
}

/// What a customer has ordered and paid; zeros for one who never ordered.
#[utoipa::path(
    get, path = "/analytics/customers/{id}/lifetime-value", tag = "analytics", security(("bearer" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "the customer's figures", body = schema::LifetimeValue)),
)]
async fn lifetime_value(
    State(api): State<AnalyticsApi>,
    _: Only<Analysts>,
    Asked(context): Asked,
    Id(customer): Id<CustomerId>,
    _: NoParams,
) -> Result<Json<LifetimeValue>, Problem> {
    Ok(Json(api.figures(&context).await?.lifetime_value(customer, context.now()).await?))
}

/// The way from a look to a delivery.
#[utoipa::path(
    get, path = "/analytics/conversion-funnel", tag = "analytics", security(("bearer" = [])),
    params(RangeAsked),
    responses((status = 200, description = "what became of these days", body = schema::ConversionFunnel)),
)]
async fn conversion_funnel(
    State(api): State<AnalyticsApi>,
    _: Only<Analysts>,
    Asked(context): Asked,
    Params(asked): Params<RangeAsked>,
) -> Result<Json<ConversionFunnel>, Problem> {
    let range = range(asked.from.as_deref(), asked.to.as_deref(), context.now())?;
    Ok(Json(api.figures(&context).await?.conversion_funnel(range).await?))
}

/// What one wants to see first.
#[utoipa::path(
    get, path = "/analytics/dashboard", tag = "analytics", security(("bearer" = [])),
    responses((status = 200, description = "today and lately", body = schema::Dashboard)),
)]
async fn dashboard(
    State(api): State<AnalyticsApi>,
    _: Only<Analysts>,
    Asked(context): Asked,
    _: NoParams,
) -> Result<Json<Dashboard>, Problem> {
    let unheard = api.unheard().await?;
    let dashboard = api.figures(&context).await?.dashboard(context.now()).await?;
    Ok(Json(Dashboard { health: unheard.beside(dashboard.health), ..dashboard }))
}

/// How current the figures are that are kept up to date in the background.
#[utoipa::path(
    get, path = "/analytics/health", tag = "analytics", security(("bearer" = [])),
    responses((status = 200, description = "how far they have come", body = schema::Health)),
)]
async fn health(
    State(api): State<AnalyticsApi>,
    _: Only<Analysts>,
    Asked(context): Asked,
    _: NoParams,
) -> Result<Json<Health>, Problem> {
    let unheard = api.unheard().await?;
    Ok(Json(unheard.beside(api.kept(&context).health(context.now()).await?)))
}
