//! Proves that a saga ends all done or all undone, with its real participants.
//!
//! State the services as a [`Trial`], and [`prove`] it. The saga is run once for every way in which it can go wrong:
//! - each step fails, for certain or for now; is never asked; does its work and is not heard; is overtaken by its
//!   compensation. The step that failed must be the one that was made to.
//! - every request is delivered twice, the second time under another message id: the barrier must catch it.
//! - compensations need more than one try.
//! - the process dies before and after each write of a run that goes well and of one that fails, and is begun again on
//!   the same stores; and the answer to each write is lost.
//! - someone has it [turn back](crate::Orchestrator::abort) before each write of a run that goes well and of one that fails;
//!   and the process dies at the writes around that and, when it was almost done, at all that follow.
//!
//! It runs in tokio's paused time: give your tests tokio's feature `test-util`.
//!
//! After each run the stores must show that every step had its effect once, or that none has one, as the instance says; and
//! none has one if someone was told that it turns back.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use commerce_core::commit::{DocumentWrite, Expected};
//! use commerce_core::id::Tenant;
//! use commerce_core::store::Store;
//! use commerce_outbox::{Message, Scope};
//! use commerce_saga::testing::{End, Process, Trial, prove};
//! use commerce_saga::{Orchestrator, Reply, Saga, SagaError, Version, action, compensation};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Book(String);
//! #[derive(Serialize, Deserialize)]
//! struct Cancel(String);
//! impl Message for Book {
//!     const TOPIC: &'static str = "hotel";
//!     const TYPE: &'static str = "hotel.book";
//!     fn key(&self) -> String { self.0.clone() }
//! }
//! impl Message for Cancel {
//!     const TOPIC: &'static str = "hotel";
//!     const TYPE: &'static str = "hotel.cancel";
//!     fn key(&self) -> String { self.0.clone() }
//! }
//!
//! struct Stay;
//!
//! #[async_trait]
//! impl Trial for Stay {
//!     fn services(&self) -> Vec<&'static str> { vec!["trips", "hotel"] }
//!     fn run(&self) -> (&'static str, String) { ("stay", "1".to_owned()) }
//!
//!     async fn start(&self, process: &Process) -> Orchestrator {
//!         let book = action(|book: Book, request, mut scope: Scope| async move {
//!             let room = DocumentWrite::put("rooms", book.0, Expected::ABSENT, b"{}".to_vec());
//!             scope.write(|commit| commit.document(room));
//!             request.finish(scope, &Reply::done(&())?)
//!         });
//!         let cancel = compensation(|cancel: Cancel, request, mut scope: Scope| async move {
//!             let room = DocumentWrite::delete("rooms", cancel.0, Expected::Version(1));
//!             scope.write(|commit| commit.document(room));
//!             request.finish(scope, &Reply::done(&())?)
//!         });
//!         let hotel = process.consumer("hotel");
//!         process.consume(hotel.on_type("hotel", Book::TYPE, book).on_type("hotel", Cancel::TYPE, cancel));
//!
//!         let saga = Saga::builder::<String>("stay", Version(1))
//!             .replies_to("replies")
//!             .request("hotel", |id| Book(id.clone()))
//!                 .undo(|id| Cancel(id.clone()))
//!             .build()
//!             .unwrap();
//!         let orchestrator =
//!             Orchestrator::new(process.store("trips"), process.host()).register(process.faulty(saga));
//!         process.consume(orchestrator.attach(process.consumer("trips"), "replies"));
//!         process.orchestrate(&orchestrator);
//!         orchestrator
//!     }
//!
//!     async fn begin(&self, orchestrator: &Orchestrator, scope: &mut Scope) -> Result<(), SagaError> {
//!         orchestrator.begin("stay", "1", &"1".to_owned(), scope).await
//!     }
//!
//!     async fn check(&self, stores: &BTreeMap<&'static str, Arc<dyn Store>>) -> End {
//!         match stores["hotel"].document(&Tenant::default(), "rooms", "1").await.unwrap() {
//!             Some(_) => End::Done,
//!             None => End::Undone,
//!         }
//!     }
//! }
//!
//! // With the clock paused, half a minute of waiting for an answer takes no time. Stores that do real I/O need a
//! // clock that runs: give the saga short waits then.
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
//! println!("{}", runtime.block_on(prove(&Stay)));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`FaultyBus`] and [`Crash`] also serve alone, around services that are started in another way.

mod bus;
mod cases;
mod clock;
mod faults;
mod prove;
mod run;
mod store;
mod trial;

pub use bus::FaultyBus;
pub use clock::FlowingHost;
pub use faults::{Fault, Faults, INJECTED, Strike};
pub use prove::{Options, Report, examine, prove};
pub use store::{Crash, CrashingStore, Moment};
pub use trial::{End, Process, Trial};
