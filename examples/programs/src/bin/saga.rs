//! A saga: a trip has a room and a flight, or neither. The room is undone when there is no flight.

use std::sync::Arc;

use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::memory::MemoryStore;
use commerce_core::store::Store;
use commerce_outbox::{Scope, SystemHost};
use commerce_saga::{BuildError, Orchestrator, Saga, StepError, Version};
use tokio_util::sync::CancellationToken;

fn book_trip() -> Result<Saga<String>, BuildError> {
    Saga::builder::<String>("book-trip", Version(1))
        .local("room", |city, mut scope| async move {
            let room = DocumentWrite::json("rooms", city.as_str(), Expected::ABSENT, &"booked")?;
            scope.write(|commit| commit.document(room));
            Ok((city, scope))
        })
        .undo_local(|city, mut scope| async move {
            let room = DocumentWrite::delete("rooms", city.as_str(), Expected::Version(1));
            scope.write(|commit| commit.document(room));
            Ok((city, scope))
        })
        // A call to the airline; the key lets it book once, however often it is asked.
        .call("flight", |city, _key| async move {
            match city.as_str() {
                "Atlantis" => Err(StepError::failed("no_airport", "Atlantis has no airport")),
                _ => Ok("booked"),
            }
        })
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let host = Arc::new(SystemHost);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(host.clone()));
    let trips = Orchestrator::new(store.clone(), host.clone()).register(book_trip()?);
    let shutdown = CancellationToken::new();
    tokio::spawn({
        let (trips, shutdown) = (trips.clone(), shutdown.clone());
        async move { trips.run_timers(shutdown).await }
    });
    for city in ["Lisbon", "Atlantis"] {
        let (context, mut ended) = (host.context(), trips.ended());
        let mut scope = Scope::new(context.clone(), store.clone(), Commit::within(&context));
        trips.begin("book-trip", city, &city, &mut scope).await?;
        store.commit(scope.into_commit()).await?; // begun, with whatever else this commit holds

        let status = ended.recv().await?.status.as_str();
        let room = store.document(context.tenant(), "rooms", city).await?;
        println!("{city}: {status}, room {}", if room.is_some() { "booked" } else { "free" });
    }
    shutdown.cancel();
    Ok(())
}
