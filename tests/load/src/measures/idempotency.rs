//! What it costs that the same request twice has one effect.

use std::sync::Arc;

use commerce_core::Host;
use commerce_core::commit::Claim;
use commerce_core::id::Tenant;
use commerce_core::store::Store;
use commerce_outbox::{Begin, Idempotency, SystemHost};

use super::commits::one_event;
use super::if_durable;
use crate::bench::Bench;
use crate::harness::{Caller, Measure, at_least, rate};
use crate::stand::{Kind, Stand};

const ABOUT: &str = "**Idempotency**, beside the same one-event commit alone. `claim`: the key is claimed, and the answer \
    left with it, in the commit itself. `ticket`: `Idempotency::begin` and `Ticket::complete`, which mark the request as \
    running, in a commit of its own, before the work begins.";

const ANSWER: &[u8] = br#"{"status":201,"order":"0190a5c4-7e1b-7c3e-8a64-0d3a5c1f0000"}"#;

pub(super) fn measures(kind: Kind) -> Vec<Measure> {
    let many = if kind == Kind::Sqlite { 64 } else { 32 };
    let mut measures = Vec::new();
    for callers in [1, many] {
        let (store, alone) = (kind.name(), format!("{}/store/one-event/{callers}", kind.name()));
        let claim = Measure::rate(format!("{store}/idempotency/claim/{callers}"), "commits", move |bench| {
            requests(bench, kind, callers, false)
        });
        let ticket =
            Measure::rate(format!("{store}/idempotency/ticket/{callers}"), "commits", move |bench| {
                requests(bench, kind, callers, true)
            });
        measures.extend(
            [claim, ticket]
                .map(|measure| measure.about(ABOUT).beside(&*alone, if_durable(kind, at_least(0.85)))),
        );
    }
    measures
}

async fn requests(bench: Arc<Bench>, kind: Kind, callers: usize, ticket: bool) -> f64 {
    let stand = Stand::open(&bench, kind).await;
    let store = &stand.store;
    let keys = Idempotency::new(store.clone(), Arc::new(SystemHost), "orders");
    let rate = if ticket {
        let caller = || WithTicket { store: store.clone(), keys: keys.clone() };
        rate((0..callers).map(|_| caller()), bench.seconds).await
    } else {
        rate((0..callers).map(|_| WithClaim(store.clone())), bench.seconds).await
    };
    drop(keys);
    stand.close().await;
    rate
}

struct WithClaim(Arc<dyn Store>);

impl Caller for WithClaim {
    async fn call(&mut self) {
        let claim = Claim::new("idempotency/orders", SystemHost.new_id().to_string());
        self.0.commit(one_event().claim(claim.with_answer(ANSWER.to_vec()))).await.unwrap();
    }
}

struct WithTicket {
    store: Arc<dyn Store>,
    keys: Idempotency,
}

impl Caller for WithTicket {
    async fn call(&mut self) {
        let key = SystemHost.new_id().to_string();
        let begun = self.keys.begin(&Tenant::default(), &key, "hash of the request").await.unwrap();
        let Begin::Fresh(ticket) = begun else { unreachable!("the key is new") };
        self.store.commit(ticket.complete(one_event(), ANSWER.to_vec()).unwrap()).await.unwrap();
    }
}
