use commerce_core::value::Money;
use commerce_saga::SagaStatus;
use uuid::Uuid;

use crate::audit::facts::{Facts, Goods, ReturnFacts};
use crate::audit::invariant::{FAILED_RETURN_KEPT, RETURN_REFUND_MISSING, RETURN_RESTOCK_MISSING};
use crate::audit::report::Findings;

pub(super) fn check(facts: &Facts, findings: &mut Findings) {
    for (return_id, returned) in &facts.returns {
        match returned.status {
            SagaStatus::Completed => completed(facts, *return_id, returned, findings),
            SagaStatus::Failed => failed(facts, *return_id, returned, findings),
            // Reported as they are.
            SagaStatus::Running | SagaStatus::Compensating | SagaStatus::Stuck | SagaStatus::Abandoned => {}
        }
    }
}

fn completed(facts: &Facts, return_id: Uuid, returned: &ReturnFacts, findings: &mut Findings) {
    let subject = || format!("return {return_id}");
    let goods = &returned.goods;
    let refund = refund(facts, return_id, returned);
    if refund != Some(goods.amount) {
        let refund = refund.map_or_else(|| "nothing".to_owned(), |amount| amount.to_string());
        let detail = format!("is of {}, and {refund} was given back", goods.amount);
        findings.breach(RETURN_REFUND_MISSING, subject(), detail);
    }
    let mut expected = Goods::default();
    expected.add(goods.product_id, i64::from(goods.quantity));
    if facts.adjusted.get(&returned.correlation) != Some(&expected) {
        let detail = format!(
            "is of {} of product {}, of which {} were put back",
            goods.quantity,
            goods.product_id,
            facts.adjusted.get(&returned.correlation).map_or(0, |back| back.of(goods.product_id))
        );
        findings.breach(RETURN_RESTOCK_MISSING, subject(), detail);
    }
}

fn failed(facts: &Facts, return_id: Uuid, returned: &ReturnFacts, findings: &mut Findings) {
    let refund = refund(facts, return_id, returned);
    if let Some(amount) = refund {
        let detail = format!("has failed, and {amount} was given back");
        findings.breach(FAILED_RETURN_KEPT, format!("return {return_id}"), detail);
    }
    if facts.adjusted.get(&returned.correlation).is_some_and(|goods| !goods.is_empty()) {
        let detail = "has failed, and its goods were put back";
        findings.breach(FAILED_RETURN_KEPT, format!("return {return_id}"), detail);
    }
}

fn refund(facts: &Facts, return_id: Uuid, returned: &ReturnFacts) -> Option<Money> {
    let payment = facts.payments.get(&returned.goods.payment_id)?;
    payment.refunds().find(|(refund_id, _)| *refund_id == return_id).map(|(_, refund)| refund.amount)
}
