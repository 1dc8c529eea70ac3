use std::convert::Infallible;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::aggregate::Aggregate;
use crate::commit::{Commit, Expected, NewEvent};
use crate::context::Context;
use crate::error::Kind;
use crate::fixture::{block_on, memory};
use crate::id::Tenant;
use crate::memory::MemoryStore;
use crate::projection::{Fold, ProjectionReader, Projector};
use crate::repository::Repository;
use crate::store::Store;
use crate::stream::StreamId;

/// A price, which at first was a number of pence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Priced {
    Set { pence: u32 },
}

impl Event for Priced {
    fn schema_version(_: &str) -> u32 {
        2
    }

    fn upcasters() -> &'static Upcasters {
        static FROM_NUMBERS: LazyLock<Upcasters> = LazyLock::new(|| {
            Upcasters::new().from("Set", 1, |pence| Ok(Upcasted::payload(json!({ "pence": pence }))))
        });
        &FROM_NUMBERS
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Price(u32);

impl Aggregate for Price {
    const KIND: &'static str = "price";
    type Id = u32;
    type Command = ();
    type Event = Priced;
    type Rejection = Infallible;

    fn decide(&self, (): (), _: &Context) -> Result<Vec<Priced>, Infallible> {
        Ok(Vec::new())
    }

    fn apply(&mut self, Priced::Set { pence }: &Priced) {
        self.0 = *pence;
    }
}

fn store_with(schema: u32, payload: &str) -> Arc<MemoryStore> {
    let (store, _) = memory();
    let event = NewEvent { event_type: "Set".into(), schema, payload: payload.into() };
    let commit = Commit::new().append(StreamId::of::<Price>(&1), Expected::ABSENT, vec![event]);
    block_on(store.commit(commit)).unwrap();
    store
}

fn sum() -> Fold<Price, u32> {
    let price = |_: &Priced, _: &RecordedEvent| Some("all".to_owned());
    Fold::new("price-sum", 1, price, |sum, Priced::Set { pence }| *sum += pence)
}

fn published(schema: u32, fields: &[u8]) -> Result<Priced, StoreError> {
    decode_published(&Published { event_id: Uuid::from_u128(7), event_type: "Set", schema, fields })
}

#[test]
fn a_types_own_upcasters_serve_all_who_read_its_events() {
    let (store, old) = (store_with(1, "5"), Priced::Set { pence: 5 });
    let prices = Repository::<Price>::new(store.clone());
    assert_eq!(block_on(prices.load(&Tenant::default(), &1)).unwrap().state, Price(5));
    assert_eq!(block_on(prices.history(&Tenant::default(), &1)).unwrap()[0].event, old);
    assert_eq!(decode::<Priced>(&block_on(store.read_log(0, 1)).unwrap()[0]).unwrap(), old);
    block_on(Projector::new(store.clone(), Arc::new(sum())).run_batch(10)).unwrap();
    let reader = ProjectionReader::new(store, "price-sum");
    assert_eq!(block_on(reader.get(&Tenant::default(), "price-sum", "all")).unwrap(), Some(5_u32));
    assert_eq!(published(1, b"5").unwrap(), old);
    assert_eq!(published(2, br#"{"pence":5}"#).unwrap(), old);
}

#[test]
fn a_newer_schema_is_refused_by_all_who_read_events() {
    let store = store_with(3, r#"{"pence":5}"#);
    let prices = Repository::<Price>::new(store.clone());
    assert_eq!(block_on(prices.load(&Tenant::default(), &1)).unwrap_err().kind(), Kind::Terminal);
    assert_eq!(block_on(prices.history(&Tenant::default(), &1)).unwrap_err().kind(), Kind::Terminal);
    let error = block_on(Projector::new(store, Arc::new(sum())).run_batch(10)).unwrap_err();
    assert_eq!(error.kind(), Kind::Terminal);
    let error = published(3, br#"{"pence":5}"#).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), Kind::Terminal);
    assert!(text.contains("schema version 3") && text.contains(&Uuid::from_u128(7).to_string()), "{text}");
}
