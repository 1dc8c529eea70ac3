use commerce_core::id::OrderId;
use commerce_core::inventory::reservation::ReservationStatus;
use commerce_core::order::OrderStatus;
use commerce_core::payment::PaymentStatus;
use commerce_core::shipping::ShipmentStatus;
use commerce_saga::SagaStatus;

use crate::audit::facts::{Facts, OrderFacts, Outcome, PlacedFacts};
use crate::audit::invariant::{
    ORDER_FAILURE_MISSING, ORDER_PAYMENT_MISSING, ORDER_RESERVATION_MISSING, ORDER_SAGA_DISAGREES,
    ORDER_SHIPMENT_MISSING, ORDER_TOTAL_DIFFERS, ORDER_UNFINISHED, ORDER_WITH_SEVERAL_SAGAS,
    ORDER_WITHOUT_SAGA,
};
use crate::audit::report::Findings;

pub(super) fn check(facts: &Facts, findings: &mut Findings) {
    for (order_id, order) in &facts.orders {
        let Some(placed) = &order.placed else { continue };
        let mut check = Check { facts, findings: &mut *findings, order_id: *order_id, order, placed };
        check.total();
        check.saga();
        check.cancellation();
        check.failure();
        if facts.outcome(*order_id) == Outcome::Confirmed {
            check.payment();
            check.shipment();
            check.reservation();
        }
    }
}

struct Check<'a> {
    facts: &'a Facts,
    findings: &'a mut Findings,
    order_id: OrderId,
    order: &'a OrderFacts,
    placed: &'a PlacedFacts,
}

impl Check<'_> {
    fn breach(&mut self, invariant: &'static str, detail: impl Into<String>) {
        self.findings.breach(invariant, format!("order {}", self.order_id), detail);
    }

    fn total(&mut self) {
        let total = self.placed.total;
        match self.order.subtotal {
            Some(subtotal) if subtotal == total => {}
            Some(subtotal) => {
                self.breach(ORDER_TOTAL_DIFFERS, format!("is of {total}, its lines of {subtotal}"));
            }
            None => self.breach(ORDER_TOTAL_DIFFERS, "has lines that can't be added up"),
        }
    }

    fn saga(&mut self) {
        let status = self.placed.status;
        let Some(checkout) = self.facts.checkouts.get(&self.order_id) else {
            let unpaid = self.placed.payment_id.is_none();
            if unpaid && matches!(status, OrderStatus::Pending | OrderStatus::Cancelled) {
                return;
            }
            self.breach(ORDER_WITHOUT_SAGA, format!("is {status}, and has no checkout"));
            return;
        };
        if checkout.instances > 1 {
            let detail = format!("has {} checkouts", checkout.instances);
            self.breach(ORDER_WITH_SEVERAL_SAGAS, detail);
        }
        let saga = checkout.status;
        // One that is under way is reported itself; an operator who gave one up has decided what the order is.
        if !saga.is_final() || (saga == SagaStatus::Abandoned && status.is_final()) {
            return;
        }
        let agrees = match status {
            OrderStatus::Pending | OrderStatus::PaymentInitiated | OrderStatus::PaymentCompleted => {
                let detail = format!("is {status}, and its checkout {}", saga.as_str());
                self.breach(ORDER_UNFINISHED, detail);
                return;
            }
            OrderStatus::Confirmed | OrderStatus::Shipped | OrderStatus::Delivered => {
                matches!(saga, SagaStatus::Completed | SagaStatus::Abandoned)
            }
            OrderStatus::Failed => saga == SagaStatus::Failed && !checkout.aborted,
            // What a cancellation has undone is checked with that.
            OrderStatus::Cancelled => saga != SagaStatus::Failed || checkout.aborted,
        };
        if !agrees {
            let how = if checkout.aborted { " at someone's word" } else { "" };
            let detail = format!("is {status}, and its checkout {}{how}", saga.as_str());
            self.breach(ORDER_SAGA_DISAGREES, detail);
        }
    }

    /// An order that was confirmed is cancelled by a cancellation, and by nothing else.
    fn cancellation(&mut self) {
        let cancelled = self.placed.status == OrderStatus::Cancelled;
        let agrees = match self.facts.cancellations.get(&self.order_id) {
            None => !cancelled || self.placed.shipment_id.is_none(),
            Some(SagaStatus::Completed) => cancelled,
            Some(SagaStatus::Failed) => !cancelled,
            Some(_) => true,
        };
        if !agrees {
            let saga = self.facts.cancellations.get(&self.order_id).map_or("missing", |saga| saga.as_str());
            let detail = format!("is {}, and its cancellation {saga}", self.placed.status);
            self.breach(ORDER_SAGA_DISAGREES, detail);
        }
    }

    fn failure(&mut self) {
        if self.placed.status == OrderStatus::Failed && !self.placed.says_why {
            self.breach(ORDER_FAILURE_MISSING, "has failed without a code");
        }
    }

    fn payment(&mut self) {
        let payment = self.placed.payment_id.and_then(|id| self.facts.payments.get(&id));
        let payment = payment.filter(|payment| payment.order_id() == Some(self.order_id));
        match payment.and_then(|payment| payment.status()) {
            Some(status) if PaymentStatus::is_captured(status) => {}
            Some(status) => self.breach(
                ORDER_PAYMENT_MISSING,
                format!("is {}, and its payment {status}", self.placed.status),
            ),
            None => {
                self.breach(ORDER_PAYMENT_MISSING, format!("is {}, and has no payment", self.placed.status))
            }
        }
    }

    fn shipment(&mut self) {
        let shipment = self.placed.shipment_id.and_then(|id| self.facts.shipments.get(&id));
        let created = shipment.and_then(Option::as_ref);
        let status = self.placed.status;
        match created.filter(|shipment| shipment.order_id == self.order_id) {
            // What staff calls off is theirs to answer for: it is sent anew, or the order is cancelled.
            Some(shipment) if shipment.status != ShipmentStatus::Cancelled || shipment.called_off_by_hand => {
            }
            Some(_) => {
                self.breach(ORDER_SHIPMENT_MISSING, format!("is {status}, and its shipment cancelled"))
            }
            None => self.breach(ORDER_SHIPMENT_MISSING, format!("is {status}, and has no shipment")),
        }
    }

    fn reservation(&mut self) {
        let status = self.placed.status;
        let detail = match self.facts.reservations.get(&self.order_id) {
            None => format!("is {status}, and has no reservation"),
            Some(record) if record.status != ReservationStatus::Confirmed => {
                format!("is {status}, and its reservation {:?}", record.status).to_lowercase()
            }
            Some(record) if !record.as_ordered => format!("is {status}, and its reservation of other goods"),
            Some(_) if self.facts.handed_out.get(&self.order_id) != Some(&self.order.demand) => {
                format!("is {status}, and was not handed out what it asks for")
            }
            Some(_) => return,
        };
        self.breach(ORDER_RESERVATION_MISSING, detail);
    }
}
