//! A trip: a hotel, then a flight and a car at the same time, an entry in the traveller's own books, and the charge of a
//! card that has no outbox. Each participant counts what it makes and cancels.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected, NewMessage};
use commerce_core::id::Tenant;
use commerce_core::store::{Query, ReadMessages, RecordedMessage, Store};
use commerce_outbox::{Consumer, HandleError, Message, Scope, StoreBus};
use commerce_saga::testing::{End, Faults, FlowingHost, Process, Trial};
use commerce_saga::{
    Instance, Orchestrator, Reply, Request, Saga, SagaBuilder, SagaError, SagaStatus, StepError, Version,
    action, compensation,
};
use serde::{Deserialize, Serialize};

use crate::store::new_store;

pub const STEPS: [&str; 5] = ["hotel", "flight", "car", "books", "card"];
pub const SERVICES: [&str; 5] = ["trips", "hotel", "flight", "car", "card"];
pub type Stores = BTreeMap<&'static str, Arc<dyn Store>>;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Trip {
    pub id: String,
    pub seats: Vec<u32>,
}

macro_rules! messages {
    ($($book:ident, $cancel:ident, $topic:literal;)*) => {$(
        #[derive(Serialize, Deserialize)]
        pub struct $book(pub String);
        #[derive(Serialize, Deserialize)]
        pub struct $cancel(pub String);
        impl Message for $book {
            const TOPIC: &'static str = $topic;
            const TYPE: &'static str = concat!($topic, ".book");
            fn key(&self) -> String {
                self.0.clone()
            }
        }
        impl Message for $cancel {
            const TOPIC: &'static str = $topic;
            const TYPE: &'static str = concat!($topic, ".cancel");
            fn key(&self) -> String {
                self.0.clone()
            }
        }
    )*};
}

messages! {
    BookHotel, CancelHotel, "hotel";
    BookFlight, CancelFlight, "flight";
    BookCar, CancelCar, "car";
}

/// What a participant has done for a trip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Count {
    pub made: u32,
    pub cancelled: u32,
}

pub async fn count(store: &Arc<dyn Store>, what: &str, trip: &str) -> (Count, u64) {
    match store.document(&Tenant::default(), "counts", &format!("{what}/{trip}")).await.unwrap() {
        Some(document) => (document.json().unwrap(), document.version),
        None => (Count::default(), 0),
    }
}

async fn add(scope: &mut Scope, what: &str, trip: &str, made: u32, cancelled: u32) {
    let (count, version) = count(scope.store(), what, trip).await;
    let count = Count { made: count.made + made, cancelled: count.cancelled + cancelled };
    let id = format!("{what}/{trip}");
    let write = DocumentWrite::json("counts", id, Expected::Version(version), &count).unwrap();
    scope.write(|commit| commit.document(write));
}

/// What participants answer instead of doing their work, and how often the card was called and asked.
#[derive(Clone, Default)]
pub struct Script {
    answers: Arc<Mutex<HashMap<String, VecDeque<Reply>>>>,
    pub called: Arc<AtomicU32>,
    pub verified: Arc<AtomicU32>,
    /// Whether the card's provider can't find charges.
    pub blind: Arc<AtomicBool>,
    /// Whether `then` of the flight, and the local step, fail for certain.
    pub refuse: Arc<Mutex<Option<&'static str>>>,
}

impl Script {
    /// `hotel/book`, `hotel/cancel`.
    pub fn answer(&self, what: &str, replies: impl IntoIterator<Item = Reply>) {
        self.answers.lock().unwrap().entry(what.to_owned()).or_default().extend(replies);
    }

    fn next(&self, what: &str) -> Option<Reply> {
        self.answers.lock().unwrap().get_mut(what)?.pop_front()
    }

    fn refuses(&self, what: &str) -> Result<(), StepError> {
        match *self.refuse.lock().unwrap() {
            Some(refused) if refused == what => Err(StepError::failed("refused", what)),
            _ => Ok(()),
        }
    }
}

fn participant<B: Message, C: Message>(
    consumer: Consumer,
    name: &'static str,
    script: &Script,
    trip: fn(&B) -> String,
    cancelled: fn(&C) -> String,
) -> Consumer {
    let (book, cancel) = (script.clone(), script.clone());
    let book = action(move |body: B, request: Request, mut scope: Scope| {
        let script = book.clone();
        async move {
            let trip = trip(&body);
            let reply = script.next(&format!("{name}/book"));
            if reply.is_none() {
                add(&mut scope, name, &trip, 1, 0).await;
            }
            let reply = reply.map_or_else(|| Reply::done(&7), Ok)?;
            request.finish(scope, &reply)
        }
    });
    let cancel = compensation(move |body: C, request: Request, mut scope: Scope| {
        let script = cancel.clone();
        async move {
            let trip = cancelled(&body);
            let reply = script.next(&format!("{name}/cancel"));
            if reply.is_none() {
                add(&mut scope, name, &trip, 0, 1).await;
            }
            let reply = reply.map_or_else(|| Reply::done(&()), Ok)?;
            request.finish(scope, &reply)
        }
    });
    consumer.on_type(B::TOPIC, B::TYPE, book).on_type(C::TOPIC, C::TYPE, cancel)
}

/// The card's provider keeps one charge under a key, however often it is called.
async fn card(store: Arc<dyn Store>, key: String, refund: bool) -> Result<u32, StepError> {
    let trip = key.split('/').nth(1).unwrap_or_default().to_owned();
    let host = FlowingHost::new();
    let mut scope = Scope::new(host.context(), store.clone(), Commit::new());
    let done = DocumentWrite::put("keys", key, Expected::ABSENT, b"{}".to_vec());
    scope.write(|commit| commit.document(done));
    add(&mut scope, "card", &trip, u32::from(!refund), u32::from(refund)).await;
    match store.commit(scope.into_commit()).await {
        Ok(_) => Ok(7),
        Err(error) if error.conflict().is_some() => Ok(7),
        Err(error) => Err(HandleError::from(error).into()),
    }
}

async fn was_charged(store: Arc<dyn Store>, key: String) -> Result<Option<u32>, StepError> {
    Ok(store.document(&Tenant::default(), "keys", &key).await?.map(|_| 7))
}

/// A trip to a hotel alone, so far.
pub fn hotel() -> SagaBuilder<Trip> {
    Saga::builder::<Trip>("trip", Version(1))
        .replies_to("trips")
        .request("hotel", |trip: &Trip| BookHotel(trip.id.clone()))
        .undo(|trip| CancelHotel(trip.id.clone()))
}

pub fn saga(version: u32, script: &Script, provider: Arc<dyn Store>) -> Saga<Trip> {
    let refunds = provider.clone();
    let asked = provider.clone();
    let (calls, verifies, then, books) = (script.clone(), script.clone(), script.clone(), script.clone());
    Saga::builder::<Trip>("trip", Version(version))
        .replies_to("trips")
        .request("hotel", |trip| BookHotel(trip.id.clone()))
        .undo(|trip| CancelHotel(trip.id.clone()))
        .request("flight", |trip| BookFlight(trip.id.clone()))
        .then(move |mut trip: Trip, seat: u32, scope| {
            let refused = then.refuses("then");
            async move {
                refused?;
                trip.seats.push(seat);
                Ok((trip, scope))
            }
        })
        .undo(|trip| CancelFlight(trip.id.clone()))
        .request("car", |trip| BookCar(trip.id.clone()))
        .undo(|trip| CancelCar(trip.id.clone()))
        .alongside()
        .local("books", move |trip: Trip, mut scope: Scope| {
            let refused = books.refuses("books");
            async move {
                add(&mut scope, "books", &trip.id, 1, 0).await;
                refused?;
                Ok((trip, scope))
            }
        })
        .undo_local(|trip: Trip, mut scope: Scope| async move {
            add(&mut scope, "books", &trip.id, 0, 1).await;
            Ok((trip, scope))
        })
        .call("card", move |_: Trip, key| {
            calls.called.fetch_add(1, Ordering::SeqCst);
            card(provider.clone(), key, false)
        })
        .verify(move |_: Trip, key| {
            verifies.verified.fetch_add(1, Ordering::SeqCst);
            let (asked, blind) = (asked.clone(), verifies.blind.load(Ordering::SeqCst));
            async move { if blind { Ok(None) } else { was_charged(asked, key).await } }
        })
        // A refund finds the charge by the trip.
        .undo_call(move |_: Trip, key| {
            let (store, charge) = (refunds.clone(), key.replace("/undo", "/action"));
            async move {
                match was_charged(store.clone(), charge).await? {
                    Some(_) => card(store, key, true).await,
                    None => Ok(0),
                }
            }
        })
        .build()
        .unwrap()
}

pub fn consume_participants(process: &Process, script: &Script) {
    process.consume(participant::<BookHotel, CancelHotel>(
        process.consumer("hotel"),
        "hotel",
        script,
        |m| m.0.clone(),
        |m| m.0.clone(),
    ));
    process.consume(participant::<BookFlight, CancelFlight>(
        process.consumer("flight"),
        "flight",
        script,
        |m| m.0.clone(),
        |m| m.0.clone(),
    ));
    process.consume(participant::<BookCar, CancelCar>(
        process.consumer("car"),
        "car",
        script,
        |m| m.0.clone(),
        |m| m.0.clone(),
    ));
}

/// Where each step's effects are.
pub async fn counts(stores: &Stores, trip: &str) -> BTreeMap<&'static str, Count> {
    let mut counts = BTreeMap::new();
    for step in STEPS {
        let service = if step == "books" { "trips" } else { step };
        counts.insert(step, count(&stores[service], step, trip).await.0);
    }
    counts
}

pub fn end(counts: &BTreeMap<&'static str, Count>) -> End {
    if counts.values().all(|count| *count == Count { made: 1, cancelled: 0 }) {
        End::Done
    } else if counts.values().all(|count| count.made == count.cancelled && count.made <= 1) {
        End::Undone
    } else {
        End::Mixed(format!("{counts:?}"))
    }
}

/// The trip as the test kit is given it.
#[derive(Clone, Default)]
pub struct Tour {
    pub script: Script,
}

#[async_trait]
impl Trial for Tour {
    fn services(&self) -> Vec<&'static str> {
        SERVICES.to_vec()
    }

    fn run(&self) -> (&'static str, String) {
        ("trip", "1".to_owned())
    }

    async fn store(&self, _: &str, host: Arc<dyn Host>) -> Arc<dyn Store> {
        new_store(host).await
    }

    async fn start(&self, process: &Process) -> Orchestrator {
        consume_participants(process, &self.script);
        let saga = saga(1, &self.script, process.store("card"));
        let orchestrator =
            Orchestrator::new(process.store("trips"), process.host()).register(process.faulty(saga));
        process.consume(orchestrator.attach(process.consumer("trips"), "trips"));
        process.orchestrate(&orchestrator);
        orchestrator
    }

    async fn begin(&self, orchestrator: &Orchestrator, scope: &mut Scope) -> Result<(), SagaError> {
        orchestrator.begin("trip", "1", &Trip { id: "1".to_owned(), seats: Vec::new() }, scope).await
    }

    async fn check(&self, stores: &Stores) -> End {
        end(&counts(stores, "1").await)
    }
}

/// All services of one trip after the other, on a paused clock.
pub struct World {
    pub host: Arc<FlowingHost>,
    pub stores: Stores,
    pub faults: Faults,
    pub script: Script,
    pub process: Process,
    pub orchestrator: Orchestrator,
}

impl World {
    pub async fn new() -> Self {
        let host = Arc::new(FlowingHost::new());
        let mut stores = Stores::new();
        for service in SERVICES {
            stores.insert(service, new_store(host.clone()).await);
        }
        let (faults, script) = (Faults::default(), Script::default());
        let process = process(&host, &stores, &faults);
        let orchestrator = Tour { script: script.clone() }.start(&process).await;
        Self { host, stores, faults, script, process, orchestrator }
    }

    /// With faults at local steps and calls as well.
    pub async fn faulty() -> Self {
        let world = Self::new().await;
        let saga = world.faults.install(saga(1, &world.script, world.stores["card"].clone()));
        world.restarted(saga)
    }

    /// In a process that runs another definition of the saga.
    pub fn restarted(self, saga: Saga<Trip>) -> Self {
        self.process.kill();
        self.host.advance(Duration::from_secs(60));
        let process = process(&self.host, &self.stores, &self.faults);
        consume_participants(&process, &self.script);
        let orchestrator = Orchestrator::new(self.stores["trips"].clone(), self.host.clone()).register(saga);
        process.consume(orchestrator.attach(process.consumer("trips"), "trips"));
        process.orchestrate(&orchestrator);
        Self { process, orchestrator, ..self }
    }

    /// How many messages the saga's service has sent.
    pub async fn sent(&self) -> usize {
        messages(&self.stores["trips"]).await.len()
    }

    pub async fn last_message(&self, service: &str) -> RecordedMessage {
        messages(&self.stores[service]).await.pop().unwrap()
    }

    /// The same message under another id, as a careless bus would deliver it.
    pub async fn send_again(&self, service: &str, message: &RecordedMessage) {
        let headers = message.headers.iter();
        let again = NewMessage::new(message.topic.to_string(), message.key.to_string())
            .of_type(message.message_type.to_string())
            .payload(message.payload.clone());
        let again = headers.fold(again, |again, (name, value)| again.header(name.clone(), value.clone()));
        self.stores[service].commit(Commit::new().message(again)).await.unwrap();
    }

    pub async fn begin(&self, id: &str) -> Result<(), HandleError> {
        let store = &self.stores["trips"];
        let context = self.host.context();
        let mut scope = Scope::new(context.clone(), store.clone(), Commit::within(&context));
        let trip = Trip { id: id.to_owned(), seats: Vec::new() };
        self.orchestrator.begin("trip", id, &trip, &mut scope).await?;
        store.commit(scope.into_commit()).await?;
        Ok(())
    }

    pub async fn instance(&self, id: &str) -> Instance {
        self.orchestrator.instance(&Tenant::default(), "trip", id).await.unwrap()
    }

    /// Waits until the run stands so, by the paused clock.
    pub async fn until(&self, id: &str, status: SagaStatus) -> Instance {
        for _ in 0..10_000 {
            let instance = self.instance(id).await;
            if instance.status == status {
                return instance;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{}", self.instance(id).await.timeline());
    }

    /// Lets this much pass.
    pub async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    pub async fn end(&self, id: &str) -> End {
        end(&counts(&self.stores, id).await)
    }

    pub async fn held(&self, service: &str, state: &str) -> usize {
        let query = Query::all_tenants("held-messages").equals("state", state);
        self.stores[service].documents(&query).await.unwrap().len()
    }

    /// Begins, ends as it is told to, and leaves nothing.
    pub async fn undone_by(&self, id: &str, step: &str, code: &str) -> Instance {
        self.begin(id).await.unwrap();
        let instance = self.until(id, SagaStatus::Failed).await;
        self.pass(5).await;
        let failure = instance.failure.clone().unwrap();
        assert_eq!((&*failure.step, &*failure.code), (step, code), "{}", instance.timeline());
        assert_eq!(self.end(id).await, End::Undone, "{}", instance.timeline());
        instance
    }
}

pub async fn messages(store: &Arc<dyn Store>) -> Vec<RecordedMessage> {
    store.caught_up().await.unwrap();
    let request = ReadMessages { partition: 0, after: 0, topics: &[], limit: 1_000 };
    store.read_messages(request).await.unwrap().messages
}

pub fn process(host: &Arc<FlowingHost>, stores: &Stores, faults: &Faults) -> Process {
    let bus = StoreBus::new(host.clone() as Arc<dyn Host>);
    let bus = stores.iter().fold(bus, |bus, (name, store)| bus.source(name, store.clone()));
    Process::new(host.clone(), stores.clone(), Arc::new(bus), faults.clone())
}
