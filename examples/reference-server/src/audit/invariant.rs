//! What must hold. Each invariant has a stable code, by which a [`Breach`](super::Breach) names it.

// The log.

/// Every event can be read by this program.
pub const EVENT_UNDECODABLE: &str = "event_undecodable";
/// Every stream is that of an aggregate of its service.
pub const STREAM_UNKNOWN: &str = "stream_unknown";
/// Every stream begins with the event that makes its aggregate.
pub const STREAM_NOT_BEGUN: &str = "stream_not_begun";
/// The versions of each stream are 1, 2, 3 and so on.
pub const VERSION_GAP: &str = "version_gap";
/// The positions of each log rise.
pub const POSITION_NOT_RISING: &str = "position_not_rising";
/// Every document can be read by this program.
pub const DOCUMENT_UNDECODABLE: &str = "document_undecodable";
/// Every reservation is kept under the id of its order.
pub const DOCUMENT_MISFILED: &str = "document_misfiled";

// Inventory.

/// No item ever had more reserved than on hand.
pub const RESERVED_ABOVE_ON_HAND: &str = "reserved_above_on_hand";
/// On hand, shipped out and written off is what there was at first and what came, at any time.
pub const STOCK_NOT_CONSERVED: &str = "stock_not_conserved";
/// What an item keeps for an order is in the order's active reservation.
pub const HOLD_WITHOUT_RESERVATION: &str = "hold_without_reservation";
/// What an active reservation names is kept by its items.
pub const RESERVATION_WITHOUT_HOLD: &str = "reservation_without_hold";
/// An item's reserved quantity is what active reservations add up to.
pub const RESERVED_DIFFERS: &str = "reserved_differs";
/// No reservation is active whose checkout has ended.
pub const RESERVATION_LEFT_ACTIVE: &str = "reservation_left_active";
/// What was shipped out of a product, less what was put back, is what confirmed orders ask for: nothing is
/// oversold.
pub const SHIPPED_OUT_DIFFERS: &str = "shipped_out_differs";
/// An order that failed, was cancelled or was never placed has no stock.
pub const STOCK_KEPT: &str = "stock_kept";
/// What a confirmed order was handed out by its checkout and by hand is no more than it asks for, of each product that it
/// asks for.
pub const ORDER_HANDED_OUT_TOO_MUCH: &str = "order_handed_out_too_much";
/// Every product in stock that was ordered is in the catalog, if there is one.
pub const STOCK_ITEM_NOT_IN_CATALOG: &str = "stock_item_not_in_catalog";

// Payment.

/// Every journal entry balances.
pub const JOURNAL_ENTRY_UNBALANCED: &str = "journal_entry_unbalanced";
/// Every journal entry is kept once, under its own id.
pub const JOURNAL_ENTRY_NOT_UNIQUE: &str = "journal_entry_not_unique";
/// Every capture and every refund has its journal entry.
pub const JOURNAL_ENTRY_MISSING: &str = "journal_entry_missing";
/// Every journal entry has its capture or refund.
pub const JOURNAL_ENTRY_WITHOUT_EVENT: &str = "journal_entry_without_event";
/// Every journal entry says what its event says.
pub const JOURNAL_ENTRY_DIFFERS: &str = "journal_entry_differs";
/// Debits equal credits in every currency.
pub const TRIAL_BALANCE_NOT_ZERO: &str = "trial_balance_not_zero";
/// A payment is captured once, and each of its refunds is made once.
pub const PAYMENT_EVENT_REPEATED: &str = "payment_event_repeated";
/// Refunds add up to at most the payment.
pub const REFUNDS_ABOVE_AMOUNT: &str = "refunds_above_amount";
/// A confirmed order's money was given back for returns only, or because someone asked for it.
pub const REFUND_WITHOUT_RETURN: &str = "refund_without_return";
/// An order has at most one live payment.
pub const SEVERAL_LIVE_PAYMENTS: &str = "several_live_payments";
/// Money that a checkout captured belongs to an order. Here and in what follows, unless it is said otherwise, payments
/// that someone opened by a request of their own are left out: their orders know nothing of them.
pub const PAYMENT_WITHOUT_ORDER: &str = "payment_without_order";
/// Nothing is left of a captured payment whose order failed or was cancelled, whoever opened it.
pub const PAYMENT_KEPT: &str = "payment_kept";
/// A captured payment is of its order's total.
pub const PAYMENT_DIFFERS_FROM_ORDER: &str = "payment_differs_from_order";
/// No payment is pending or processing whose checkout has ended.
pub const PAYMENT_LEFT_PROCESSING: &str = "payment_left_processing";

// Orders.

/// A confirmed order has a captured payment.
pub const ORDER_PAYMENT_MISSING: &str = "order_payment_missing";
/// A confirmed order has a shipment that is not cancelled, unless someone has called it off by a request of their own.
pub const ORDER_SHIPMENT_MISSING: &str = "order_shipment_missing";
/// A confirmed order has a confirmed reservation of what it asks for, handed out.
pub const ORDER_RESERVATION_MISSING: &str = "order_reservation_missing";
/// A failed order says why, by a code.
pub const ORDER_FAILURE_MISSING: &str = "order_failure_missing";
/// Every order has its checkout, unless its customer never began to pay.
pub const ORDER_WITHOUT_SAGA: &str = "order_without_saga";
/// No order has more than one checkout.
pub const ORDER_WITH_SEVERAL_SAGAS: &str = "order_with_several_sagas";
/// An order has ended as its checkout and its cancellation have.
pub const ORDER_SAGA_DISAGREES: &str = "order_saga_disagrees";
/// An order that is under way has a checkout that is under way.
pub const ORDER_UNFINISHED: &str = "order_unfinished";
/// An order's total is what its lines add up to.
pub const ORDER_TOTAL_DIFFERS: &str = "order_total_differs";

// Returns.

/// A completed return has its refund, of its amount.
pub const RETURN_REFUND_MISSING: &str = "return_refund_missing";
/// A completed return has put back its goods, once.
pub const RETURN_RESTOCK_MISSING: &str = "return_restock_missing";
/// A failed return has neither refunded nor restocked.
pub const FAILED_RETURN_KEPT: &str = "failed_return_kept";

// Shipments.

/// Every shipment belongs to an order.
pub const SHIPMENT_WITHOUT_ORDER: &str = "shipment_without_order";
/// An order that failed or was cancelled has no shipment under way, and a confirmed one has no second.
pub const SHIPMENT_KEPT: &str = "shipment_kept";
/// No parcel that staff made for an order is still in the house once the order has failed or was cancelled.
pub const PARCEL_LEFT_PACKED: &str = "parcel_left_packed";
/// No two shipments have one tracking number.
pub const TRACKING_NUMBER_NOT_UNIQUE: &str = "tracking_number_not_unique";

// Catalog.

/// No two products have one stock-keeping unit.
pub const SKU_NOT_UNIQUE: &str = "sku_not_unique";

// Sagas.

/// No saga is running, compensating or stuck.
pub const SAGA_UNFINISHED: &str = "saga_unfinished";
/// No saga was given up by an operator.
pub const SAGA_ABANDONED: &str = "saga_abandoned";
/// Every checkout and every cancellation is that of an order.
pub const SAGA_WITHOUT_ORDER: &str = "saga_without_order";

// Messages.

/// No message is held: none waits, is tried again or is dead.
pub const MESSAGE_HELD: &str = "message_held";
/// Every message was handled by every group that reads it.
pub const MESSAGE_NOT_CONSUMED: &str = "message_not_consumed";
/// Every message goes to a topic that a group reads.
pub const MESSAGE_WITHOUT_READER: &str = "message_without_reader";
/// No message waits for its time.
pub const MESSAGE_SCHEDULED: &str = "message_scheduled";

/// Every invariant.
pub const ALL: &[&str] = &[
    EVENT_UNDECODABLE,
    STREAM_UNKNOWN,
    STREAM_NOT_BEGUN,
    VERSION_GAP,
    POSITION_NOT_RISING,
    DOCUMENT_UNDECODABLE,
    DOCUMENT_MISFILED,
    RESERVED_ABOVE_ON_HAND,
    STOCK_NOT_CONSERVED,
    HOLD_WITHOUT_RESERVATION,
    RESERVATION_WITHOUT_HOLD,
    RESERVED_DIFFERS,
    RESERVATION_LEFT_ACTIVE,
    SHIPPED_OUT_DIFFERS,
    STOCK_KEPT,
    ORDER_HANDED_OUT_TOO_MUCH,
    STOCK_ITEM_NOT_IN_CATALOG,
    JOURNAL_ENTRY_UNBALANCED,
    JOURNAL_ENTRY_NOT_UNIQUE,
    JOURNAL_ENTRY_MISSING,
    JOURNAL_ENTRY_WITHOUT_EVENT,
    JOURNAL_ENTRY_DIFFERS,
    TRIAL_BALANCE_NOT_ZERO,
    PAYMENT_EVENT_REPEATED,
    REFUNDS_ABOVE_AMOUNT,
    REFUND_WITHOUT_RETURN,
    SEVERAL_LIVE_PAYMENTS,
    PAYMENT_WITHOUT_ORDER,
    PAYMENT_KEPT,
    PAYMENT_DIFFERS_FROM_ORDER,
    PAYMENT_LEFT_PROCESSING,
    ORDER_PAYMENT_MISSING,
    ORDER_SHIPMENT_MISSING,
    ORDER_RESERVATION_MISSING,
    ORDER_FAILURE_MISSING,
    ORDER_WITHOUT_SAGA,
    ORDER_WITH_SEVERAL_SAGAS,
    ORDER_SAGA_DISAGREES,
    ORDER_UNFINISHED,
    ORDER_TOTAL_DIFFERS,
    RETURN_REFUND_MISSING,
    RETURN_RESTOCK_MISSING,
    FAILED_RETURN_KEPT,
    SHIPMENT_WITHOUT_ORDER,
    SHIPMENT_KEPT,
    PARCEL_LEFT_PACKED,
    TRACKING_NUMBER_NOT_UNIQUE,
    SKU_NOT_UNIQUE,
    SAGA_UNFINISHED,
    SAGA_ABANDONED,
    SAGA_WITHOUT_ORDER,
    MESSAGE_HELD,
    MESSAGE_NOT_CONSUMED,
    MESSAGE_WITHOUT_READER,
    MESSAGE_SCHEDULED,
];
