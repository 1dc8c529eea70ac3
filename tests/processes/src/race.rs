//! What two processes do at the same moment, and only one may succeed in.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use commerce_core::commit::{Commit, Expected, NewEvent};
use commerce_core::id::{OrderId, PaymentId, ProductId, Tenant};
use commerce_core::inventory::reservation::{Demand, Line as DemandLine, ReservationRequest};
use commerce_core::payment::{Payment, PaymentCommand, PaymentRejection};
use commerce_core::repository::{Error, Repository};
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_core::value::{Currency, Money};
use commerce_core::{Host, Timestamp};
use commerce_outbox::{Begin, Idempotency, SystemHost};
use reference_server::services::inventory::Inventory;
use uuid::Uuid;

use crate::line::Line;
use crate::stores;

/// What is raced for.
pub const SERVICES: [&str; 3] = ["inventory", "payments", "requests"];
/// What is left of each payment.
pub const REMAINDER: i64 = 7_000;

/// Answers each `WHAT ID MOMENT` with `won` or `lost`. It begins at the moment, in microseconds since 1970.
pub async fn racer(url: &str, mut line: Line) {
    let [inventory, payments, requests] = stores::open(url, SERVICES).await;
    let inventory = Inventory::new(inventory, Arc::new(SystemHost));
    line.say("ready");
    loop {
        let command = line.hear().await;
        let words: Vec<&str> = command.split(' ').collect();
        let [what, id, moment] = words[..] else { panic!("{command:?} is no race") };
        until(moment.parse().unwrap()).await;
        let won = match what {
            "stock" => reserve(&inventory, id.parse().unwrap()).await,
            "refund" => refund(&payments, id.parse().unwrap()).await,
            "request" => answer(&requests, id).await,
            _ => panic!("no race for {what}"),
        };
        line.say(if won { "won" } else { "lost" });
    }
}

/// Both begin within microseconds of each other: the last stretch is not slept.
async fn until(moment: i64) {
    let moment = Timestamp::from_micros(moment);
    let early = moment.since(SystemHost.now()).saturating_sub(Duration::from_millis(2));
    tokio::time::sleep(early).await;
    while SystemHost.now() < moment {
        std::hint::spin_loop();
    }
}

/// The last piece of a product, for an order of its own.
async fn reserve(inventory: &Inventory, product: Uuid) -> bool {
    let context = SystemHost.context();
    let line = DemandLine { product_id: ProductId(product), quantity: 1 };
    let asked = ReservationRequest::Reserve {
        order_id: OrderId(SystemHost.new_id()),
        demand: Demand::new([line]).unwrap(),
        expires_at: context.now().plus(Duration::from_secs(3_600)),
    };
    let answer = Mutex::new(None);
    let note = |decided: &Result<_, _>, commit| {
        *answer.lock().unwrap() = Some(decided.is_ok());
        Ok(commit)
    };
    inventory.decide(asked, &context, Commit::within(&context), note).await.unwrap();
    answer.into_inner().unwrap().expect("it was decided")
}

/// All that is left of a payment.
async fn refund(payments: &Arc<dyn Store>, payment: Uuid) -> bool {
    let command = PaymentCommand::Refund {
        refund_id: SystemHost.new_id(),
        amount: Money::from_minor(REMAINDER, Currency::GBP),
        reason: "broken".to_owned(),
    };
    let payments = Repository::<Payment>::new(payments.clone());
    match payments.execute(&PaymentId(payment), command, &SystemHost.context()).await {
        Ok(_) => true,
        Err(Error::Rejected(
            PaymentRejection::RefundExceedsRemaining { .. } | PaymentRejection::WrongState { .. },
        )) => false,
        Err(error) => panic!("{error}"),
    }
}

/// The effect of a request, once for its key; the loser gets the winner's answer.
async fn answer(requests: &Arc<dyn Store>, key: &str) -> bool {
    let keys = Idempotency::new(requests.clone(), Arc::new(SystemHost), "requests");
    let mine = SystemHost.new_id().to_string().into_bytes();
    loop {
        match keys.begin(&Tenant::default(), key, "the same").await.unwrap() {
            Begin::Fresh(ticket) => {
                let event = NewEvent { event_type: "done".into(), schema: 1, payload: mine.clone() };
                let effect = Commit::new().append(effects_of(key), Expected::Any, vec![event]);
                requests.commit(ticket.complete(effect, mine.clone()).unwrap()).await.unwrap();
                return true;
            }
            Begin::Replay(answer) => {
                let effects =
                    requests.read_stream(&Tenant::default(), &effects_of(key), 0, 10).await.unwrap();
                assert_eq!(effects.iter().map(|effect| &effect.payload).collect::<Vec<_>>(), [&answer]);
                return false;
            }
            Begin::InProgress => tokio::time::sleep(Duration::from_millis(1)).await,
            Begin::Mismatch => panic!("the requests are the same"),
        }
    }
}

/// Where the effects of a request are.
pub fn effects_of(key: &str) -> StreamId {
    StreamId::new("requests", key)
}
