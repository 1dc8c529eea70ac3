//! An event-sourced aggregate, a show of two seats, and a projection: how many shows each guest sees.

use std::sync::Arc;

use commerce_core::memory::MemoryStore;
use commerce_core::projection::{Fold, ProjectionReader, Projector};
use commerce_core::repository::Repository;
use commerce_core::{Aggregate, Context, Event, Host};
use commerce_outbox::SystemHost;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Seat {
    Booked { by: String },
}
impl Event for Seat {}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the show is sold out")]
pub(crate) struct SoldOut;

#[derive(Clone, Default)]
pub(crate) struct Show(u32);

impl Aggregate for Show {
    const KIND: &'static str = "show";
    type Id = &'static str;
    type Command = &'static str;
    type Event = Seat;
    type Rejection = SoldOut;

    fn decide(&self, guest: &'static str, _: &Context) -> Result<Vec<Seat>, SoldOut> {
        if self.0 < 2 { Ok(vec![Seat::Booked { by: guest.to_owned() }]) } else { Err(SoldOut) }
    }

    fn apply(&mut self, _: &Seat) {
        self.0 += 1;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (host, context) = (Arc::new(SystemHost), SystemHost.context());
    let store = Arc::new(MemoryStore::new(host));
    let shows = Repository::<Show>::new(store.clone());
    for (show, guest) in [("Faust", "Anna"), ("Hamlet", "Anna"), ("Hamlet", "Ben"), ("Hamlet", "Carl")] {
        match shows.execute(&show, guest, &context).await {
            Ok(booked) => println!("{show}: {guest} has seat {}", booked.state.0),
            Err(refused) => println!("{show}: {refused}"),
        }
    }

    let seen = Fold::<Show, u32>::new("seen", 1, |Seat::Booked { by }, _| Some(by.clone()), |n, _| *n += 1);
    Projector::new(store.clone(), Arc::new(seen)).run_batch(100).await?;
    let reader = ProjectionReader::new(store, "seen");
    let seen: Option<u32> = reader.get(context.tenant(), "seen", "Anna").await?;
    println!("Anna sees {} shows", seen.unwrap_or_default());
    Ok(())
}
