use std::collections::HashMap;

use commerce_core::id::{OrderId, PaymentId};
use commerce_core::order::OrderStatus;
use commerce_core::payment::{Payment, PaymentStatus};

use crate::audit::facts::{Facts, Outcome};
use crate::audit::invariant::{
    JOURNAL_ENTRY_MISSING, PAYMENT_DIFFERS_FROM_ORDER, PAYMENT_KEPT, PAYMENT_LEFT_PROCESSING,
    PAYMENT_WITHOUT_ORDER, REFUND_WITHOUT_RETURN, REFUNDS_ABOVE_AMOUNT, SEVERAL_LIVE_PAYMENTS,
    TRIAL_BALANCE_NOT_ZERO,
};
use crate::audit::report::Findings;

pub(super) fn check(facts: &Facts, findings: &mut Findings) {
    books(facts, findings);
    for payment in facts.payments.values() {
        if let Some(payment) = Seen::of(payment) {
            payment.refunds_fit(findings);
            if facts.opened_by_hand.contains(&payment.id) {
                payment.ended_with_its_order(facts, findings);
            } else {
                payment.order_agrees(facts, findings);
                payment.refunds_are_returns(facts, findings);
            }
        }
    }
    one_live_payment(facts, findings);
}

fn books(facts: &Facts, findings: &mut Findings) {
    for (id, entry) in &facts.entries {
        let kind = format!("{:?}", entry.kind()).to_lowercase();
        let detail = format!("of a {kind} of payment {} is missing", entry.payment_id());
        findings.breach(JOURNAL_ENTRY_MISSING, format!("journal entry {id}"), detail);
    }
    for (currency, balance) in facts.trial_balance.iter().filter(|(_, balance)| **balance != 0) {
        let detail = format!("has debits and credits {balance} minor units apart");
        findings.breach(TRIAL_BALANCE_NOT_ZERO, format!("the ledger in {currency}"), detail);
    }
}

/// A payment, and what follows from it.
struct Seen<'a> {
    payment: &'a Payment,
    id: PaymentId,
    status: PaymentStatus,
    order_id: OrderId,
    subject: String,
    amount: i128,
    refunded: i128,
}

impl<'a> Seen<'a> {
    fn of(payment: &'a Payment) -> Option<Self> {
        let refunds = payment.refunds().map(|(_, refund)| i128::from(refund.amount.minor()));
        Some(Self {
            payment,
            id: payment.payment_id()?,
            status: payment.status()?,
            order_id: payment.order_id()?,
            subject: format!("payment {}", payment.payment_id()?),
            amount: i128::from(payment.amount()?.minor()),
            refunded: refunds.sum(),
        })
    }

    fn refunds_fit(&self, findings: &mut Findings) {
        if self.refunded > self.amount {
            let detail = format!("is of {} minor units, its refunds of {}", self.amount, self.refunded);
            findings.breach(REFUNDS_ABOVE_AMOUNT, self.subject.clone(), detail);
        }
    }

    fn order_agrees(&self, facts: &Facts, findings: &mut Findings) {
        let outcome = facts.outcome(self.order_id);
        if outcome == Outcome::UnderWay {
            return;
        }
        let mut breach = |invariant, detail| findings.breach(invariant, self.subject.clone(), detail);
        let (order_id, status) = (self.order_id, self.status);
        if matches!(status, PaymentStatus::Pending | PaymentStatus::Processing) {
            let detail = format!("is {status}, and no checkout of order {order_id} is under way");
            breach(PAYMENT_LEFT_PROCESSING, detail);
        }
        if !status.is_captured() {
            return;
        }
        let placed = facts.placed(order_id);
        let left = self.amount - self.refunded;
        if outcome == Outcome::Confirmed {
            let total = placed.map(|order| order.total);
            if let Some(total) = total.filter(|total| Some(*total) != self.payment.amount()) {
                let detail = format!("is of {} minor units, order {order_id} of {total}", self.amount);
                breach(PAYMENT_DIFFERS_FROM_ORDER, detail);
            }
        } else if left > 0 {
            match placed {
                Some(order) => {
                    let detail =
                        format!("has {left} minor units left, and order {order_id} is {}", order.status);
                    breach(PAYMENT_KEPT, detail);
                }
                None => breach(PAYMENT_WITHOUT_ORDER, format!("is that of {order_id}, which is no order")),
            }
        }
    }

    /// Nothing else is asked of a payment that was opened by hand. Until payments have heard of the order's end, the
    /// message that says so is under way.
    fn ended_with_its_order(&self, facts: &Facts, findings: &mut Findings) {
        let Some(order) = facts.placed(self.order_id) else { return };
        let left = self.amount - self.refunded;
        if matches!(order.status, OrderStatus::Cancelled | OrderStatus::Failed)
            && !facts.end_unknown_to_payment.contains(&self.order_id)
            && self.status.is_captured()
            && left > 0
        {
            let (order_id, status) = (self.order_id, order.status);
            let detail =
                format!("was opened by hand, has {left} minor units left, and order {order_id} is {status}");
            findings.breach(PAYMENT_KEPT, self.subject.clone(), detail);
        }
    }

    fn refunds_are_returns(&self, facts: &Facts, findings: &mut Findings) {
        if facts.outcome(self.order_id) != Outcome::Confirmed {
            return;
        }
        for (refund_id, refund) in self.payment.refunds() {
            let is_asked_for = facts.returns.contains_key(&refund_id)
                || facts.refunded_by_hand.contains(&(self.id, refund_id));
            if !is_asked_for {
                let amount = refund.amount;
                let detail = format!("of a confirmed order gave back {amount} for {refund_id}, no return");
                findings.breach(REFUND_WITHOUT_RETURN, self.subject.clone(), detail);
            }
        }
    }
}

fn one_live_payment(facts: &Facts, findings: &mut Findings) {
    let mut live: HashMap<OrderId, usize> = HashMap::new();
    for payment in facts.payments.values() {
        if let (Some(order_id), Some(status)) = (payment.order_id(), payment.status())
            && status.is_live()
        {
            *live.entry(order_id).or_default() += 1;
        }
    }
    for (order_id, count) in live.into_iter().filter(|(_, count)| *count > 1) {
        let detail = format!("has {count} live payments");
        findings.breach(SEVERAL_LIVE_PAYMENTS, format!("order {order_id}"), detail);
    }
}
