//! How the figures are described. What they mean is said where they are made, in [`commerce_core::analytics`].
#![allow(dead_code)] // described, never made

use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::schema::Money;

/// How many orders are in each status.
#[derive(ToSchema)]
pub(super) struct OrdersByStatus {
    pending: u64,
    payment_initiated: u64,
    payment_completed: u64,
    confirmed: u64,
    shipped: u64,
    delivered: u64,
    cancelled: u64,
    failed: u64,
}

/// How many orders were placed, and what status they have now.
#[derive(ToSchema)]
pub(super) struct OrdersSummary {
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    total: u64,
    by_status: OrdersByStatus,
    /// The same for each day, also for those without orders.
    days: Vec<DayOrders>,
}

/// The orders that were placed on one day.
#[derive(ToSchema)]
pub(super) struct DayOrders {
    #[schema(format = Date)]
    date: String,
    total: u64,
    by_status: OrdersByStatus,
}

/// Revenue of one period in one currency.
#[derive(ToSchema)]
pub(super) struct Revenue {
    currency: String,
    /// What was captured in the period.
    gross: Money,
    /// What was given back in the period, whenever it was captured.
    refunded: Money,
    /// Gross without refunds.
    net: Money,
    /// Payments captured in the period.
    count: u64,
    /// Gross for each of these payments; null without payments.
    average: Option<Money>,
}

/// Revenue of one day.
#[derive(ToSchema)]
pub(super) struct RevenueDaily {
    #[schema(format = Date)]
    date: String,
    /// One entry for each currency.
    totals: Vec<Revenue>,
    /// Its hours, as far as there was any revenue.
    hours: Vec<RevenueHour>,
}

/// Revenue of one hour in one currency.
#[derive(ToSchema)]
pub(super) struct RevenueHour {
    #[schema(minimum = 0, maximum = 23)]
    hour: u8,
    currency: String,
    gross: Money,
    refunded: Money,
    net: Money,
    count: u64,
    average: Option<Money>,
}

/// Revenue of one month.
#[derive(ToSchema)]
pub(super) struct RevenueMonthly {
    year: i32,
    #[schema(minimum = 1, maximum = 12)]
    month: u8,
    /// One entry for each currency.
    totals: Vec<Revenue>,
    /// Its days, as far as there was any revenue.
    days: Vec<RevenueDay>,
}

/// Revenue of one day in one currency.
#[derive(ToSchema)]
pub(super) struct RevenueDay {
    #[schema(format = Date)]
    date: String,
    currency: String,
    gross: Money,
    refunded: Money,
    net: Money,
    count: u64,
    average: Option<Money>,
}

/// The products of which the most pieces were sold.
#[derive(ToSchema)]
pub(super) struct TopSelling {
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    /// The most pieces first.
    items: Vec<ProductSales>,
}

/// How often a product was seen, ordered and bought.
#[derive(ToSchema)]
pub(super) struct ProductSales {
    product_id: Uuid,
    name: Option<String>,
    sku: Option<String>,
    views: u64,
    cart_adds: u64,
    /// Orders with it that were paid and not called off.
    purchases: u64,
    units_sold: u64,
    /// One amount for each currency.
    revenue: Vec<Money>,
    /// Purchases for each view, as a decimal number; null without views.
    #[schema(example = "0.1250")]
    conversion: Option<String>,
}

/// What a customer has ordered and paid.
#[derive(ToSchema)]
pub(super) struct LifetimeValue {
    customer_id: Uuid,
    segment: Segment,
    /// Orders that were placed, whatever became of them.
    orders_placed: u64,
    /// Orders that were paid and not called off.
    orders: u64,
    #[schema(format = DateTime)]
    first_order_at: Option<String>,
    #[schema(format = DateTime)]
    last_order_at: Option<String>,
    days_since_last_order: Option<u64>,
    /// One entry for each currency.
    values: Vec<CurrencyValue>,
}

/// What kind of customer someone is: the first that fits.
#[derive(ToSchema)]
#[schema(as = CustomerSegment, rename_all = "snake_case")]
pub(super) enum Segment {
    Vip,
    HighValue,
    Loyal,
    Churned,
    AtRisk,
    New,
    Regular,
}

/// What a customer has spent in one currency.
#[derive(ToSchema)]
pub(super) struct CurrencyValue {
    currency: String,
    orders: u64,
    gross: Money,
    refunded: Money,
    lifetime_value: Money,
    average_order_value: Option<Money>,
}

/// How many views led to orders, and how far these came. Ratios are decimal numbers; null where there is no whole.
#[derive(ToSchema)]
pub(super) struct ConversionFunnel {
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    views: u64,
    orders_placed: u64,
    orders_paid: u64,
    orders_delivered: u64,
    view_to_order: Option<String>,
    order_to_paid: Option<String>,
    paid_to_delivered: Option<String>,
    overall: Option<String>,
}

/// What one wants to see first.
#[derive(ToSchema)]
pub(super) struct Dashboard {
    #[schema(format = DateTime)]
    generated_at: String,
    revenue_today: Vec<Revenue>,
    revenue_this_week: Vec<Revenue>,
    revenue_this_month: Vec<Revenue>,
    orders_today: OrdersSummary,
    /// Over the last 30 days.
    conversion_funnel: ConversionFunnel,
    /// Five, over the last 30 days.
    top_selling: TopSelling,
    health: Health,
}

/// How current the figures are.
#[derive(ToSchema)]
#[schema(as = AnalyticsHealth)]
pub(super) struct Health {
    /// Whether every fact is in the figures, no message is held, and no event is unread.
    caught_up: bool,
    position: u64,
    /// How many facts are in them.
    facts: u64,
    /// How many are not in them yet.
    lag_facts: u64,
    /// Whether there are more than `lag_facts` says.
    lag_is_at_least: bool,
    lag_seconds: u64,
    #[schema(format = DateTime)]
    last_fact_at: Option<String>,
    /// How many messages to analytics are held: to be tried again, behind such ones, or dead letters; 1000 of each at most.
    /// Each may be a fact.
    held_messages: u64,
    /// Whether there are events of other services that analytics has not heard of yet.
    unread_events: bool,
}
