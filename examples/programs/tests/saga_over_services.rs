//! A saga over services that talk by messages: a trip with hotel and flight, or neither.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;
use commerce_outbox::{Consumer, Message, Scope, StoreBus, SystemHost};
use commerce_saga::{BuildError, Orchestrator, Reply, Saga, SagaStatus, Version, action, compensation};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

#[derive(Serialize, Deserialize)]
struct Trip {
    id: String,
    city: String,
}

/// A request: its type, its fields, the topic of the service that is asked.
macro_rules! request {
    ($name:ident { $($field:ident),+ }, $topic:literal, $message_type:literal) => {
        #[derive(Serialize, Deserialize)]
        struct $name {
            $($field: String),+
        }

        impl Message for $name {
            const TOPIC: &'static str = $topic;
            const TYPE: &'static str = $message_type;

            fn key(&self) -> String {
                self.trip.clone()
            }
        }
    };
}
request!(BookHotel { trip, city }, "hotel.commands", "hotel.book");
request!(CancelHotel { trip }, "hotel.commands", "hotel.cancel");
request!(BookFlight { trip, city }, "flight.commands", "flight.book");

fn definition() -> Result<Saga<Trip>, BuildError> {
    Saga::builder::<Trip>("book-trip", Version(1))
        .replies_to("trip.replies")
        .request("hotel", |trip| BookHotel { trip: trip.id.clone(), city: trip.city.clone() })
        .reply_within(Duration::from_secs(30))
        .undo(|trip| CancelHotel { trip: trip.id.clone() })
        .request("flight", |trip| BookFlight { trip: trip.id.clone(), city: trip.city.clone() })
        .build()
}

fn hotel(consumer: Consumer) -> Consumer {
    let book = action(|book: BookHotel, request, mut scope: Scope| async move {
        let room = DocumentWrite::json("rooms", book.trip.clone(), Expected::ABSENT, &book)?;
        scope.write(|commit| commit.document(room));
        request.finish(scope, &Reply::done(&())?)
    });
    let cancel = compensation(|cancel: CancelHotel, request, mut scope: Scope| async move {
        let room = DocumentWrite::delete("rooms", cancel.trip, Expected::Version(1));
        scope.write(|commit| commit.document(room));
        request.finish(scope, &Reply::done(&())?)
    });
    consumer.on_type(BookHotel::TOPIC, BookHotel::TYPE, book).on_type(
        CancelHotel::TOPIC,
        CancelHotel::TYPE,
        cancel,
    )
}

/// Flies everywhere but to Atlantis.
fn flight(consumer: Consumer) -> Consumer {
    let book = action(|book: BookFlight, request, scope: Scope| async move {
        let reply = match book.city.as_str() {
            "Atlantis" => Reply::failed("no_airport", "Atlantis has no airport"),
            _ => Reply::done(&())?,
        };
        request.finish(scope, &reply)
    });
    consumer.on_type(BookFlight::TOPIC, BookFlight::TYPE, book)
}

#[tokio::test]
async fn a_trip_over_services_is_whole_or_not_at_all() -> Result<(), Box<dyn std::error::Error>> {
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let store = || -> Arc<dyn Store> { Arc::new(MemoryStore::new(host.clone())) };
    let (trips, hotels, flights) = (store(), store(), store());
    let bus = StoreBus::new(host.clone())
        .source("/trips", trips.clone())
        .source("/hotel", hotels.clone())
        .source("/flight", flights.clone());
    let consumer = |group: &str, store: &Arc<dyn Store>| {
        Consumer::new(group, Arc::new(bus.clone()), store.clone(), host.clone())
    };

    let orchestrator = Orchestrator::new(trips.clone(), host.clone()).register(definition()?);
    let shutdown = CancellationToken::new();
    let services = [
        orchestrator.attach(consumer("trips", &trips), "trip.replies"),
        hotel(consumer("hotel", &hotels)),
        flight(consumer("flight", &flights)),
    ];
    let running = services.map(|service| tokio::spawn(service.run(shutdown.clone())));
    let (timers, token) = (orchestrator.clone(), shutdown.clone());
    let timers = tokio::spawn(async move { timers.run_timers(token).await });

    for (id, city, status, rooms) in
        [("1", "Lisbon", SagaStatus::Completed, 1), ("2", "Atlantis", SagaStatus::Failed, 0)]
    {
        let mut ended = orchestrator.ended();
        let context = host.context();
        let mut scope = Scope::new(context.clone(), trips.clone(), Commit::within(&context));
        let trip = Trip { id: id.to_owned(), city: city.to_owned() };
        orchestrator.begin("book-trip", id, &trip, &mut scope).await?;
        trips.commit(scope.into_commit()).await?;

        assert_eq!(ended.recv().await?.status, status);
        let room = hotels.document(&Tenant::default(), "rooms", id).await?;
        assert_eq!(usize::from(room.is_some()), rooms);
    }
    shutdown.cancel();
    for service in running {
        service.await??;
    }
    timers.await?;
    Ok(())
}
