//! A network's misbehaviour, at the moment a test chooses.

mod hole;
mod link;
mod plan;
mod wire;

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread::{self, JoinHandle};

use crate::TestDatabase;
use crate::url::ServerUrl;

use hole::Hole;
use link::{Link, close};
pub use plan::CutMode;
use plan::Plan;

/// A TCP proxy in front of a server, that can hurt connections.
///
/// It understands enough of PostgreSQL's protocol to lose a request, or exactly the answer to it. A request that can be
/// cut is one that executes a statement: a batch of the extended protocol, up to its Sync, that binds one which was
/// prepared on the same connection, or a simple query. It matches if the statement's text contains the text asked for,
/// such as a word in a comment of it; the empty text matches every such request.
///
/// It runs on threads of its own: what a method does is done although the test's runtime stands still. Encryption is
/// declined. When the value is dropped, all connections are closed.
pub struct Proxy {
    base: ServerUrl,
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    plan: Plan,
    hole: Hole,
    refuse: AtomicBool,
    is_over: AtomicBool,
    connections: Mutex<Vec<Weak<TcpStream>>>,
}

impl Proxy {
    /// A proxy before a server on 127.0.0.1, such as a [`Cluster`](crate::Cluster), which may be down and up again
    /// behind it.
    pub async fn before(port: u16) -> Self {
        Self::start(&ServerUrl::parse(&format!("postgres://postgres@127.0.0.1:{port}/postgres")))
    }

    /// A proxy before the server of a test's database.
    pub async fn before_database(database: &TestDatabase) -> Self {
        Self::start(&ServerUrl::parse(database.url()))
    }

    fn start(server: &ServerUrl) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared::default());
        let (of_thread, target) = (Arc::clone(&shared), server.address());
        let listener = thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if of_thread.is_over.load(Ordering::SeqCst) {
                    break;
                }
                let (shared, target) = (Arc::clone(&of_thread), target.clone());
                thread::spawn(move || shared.serve(client, &target));
            }
        });
        Self { base: server.plain_at(address.to_string()), address, shared, listener: Some(listener) }
    }

    /// The address of a database through the proxy.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.base.with_database(database).to_string()
    }

    /// Closes all connections now.
    pub fn cut_all(&self) {
        self.shared.cut_all();
    }

    /// New connections are closed at once.
    pub fn refuse(&self, refuse: bool) {
        self.shared.refuse.store(refuse, Ordering::SeqCst);
    }

    /// While it is on, what is sent in either direction is swallowed, and nobody is told: connections stay, also on the
    /// server's side if the client gives up; new ones are taken and never answered. Once it is off, those that have lost
    /// nothing go on, those that have lost something stay silent until their client gives up or they are cut.
    pub fn blackhole(&self, on: bool) {
        self.shared.hole.set(on);
    }

    /// Arms one cut, for the `nth` matching request from now (1 is the next one), on whatever connection: both sides are
    /// closed before a byte of it reaches the server.
    pub fn cut_before_server(&self, needle: &str, nth: usize) {
        self.shared.plan.cut_nth(needle, CutMode::BeforeServer, nth);
    }

    /// Arms one cut, for the `nth` matching request from now: the server executes it completely (its ReadyForQuery has
    /// come back), and both sides are closed before a byte of the answer reaches the client. Answers to earlier requests
    /// do reach it.
    pub fn cut_after_server(&self, needle: &str, nth: usize) {
        self.shared.plan.cut_nth(needle, CutMode::AfterServer, nth);
    }

    /// Arms one cut, for the `nth` matching request from now: it is sent to the server, and both sides are closed at
    /// once. The server may execute it before, after, or not at all.
    pub fn cut_in_flight(&self, needle: &str, nth: usize) {
        self.shared.plan.cut_nth(needle, CutMode::InFlight, nth);
    }

    /// From now on, cuts each request with a probability from 0 to 1, besides what else is armed. The same seed cuts the
    /// same requests, if they come in the same order.
    pub fn cut_randomly(&self, probability: f64, mode: CutMode, seed: u64) {
        self.cut_randomly_at("", probability, mode, seed);
    }

    /// As [`cut_randomly`](Self::cut_randomly), but matching requests only.
    pub fn cut_randomly_at(&self, needle: &str, probability: f64, mode: CutMode, seed: u64) {
        self.shared.plan.cut_randomly(needle, mode, probability, seed);
    }

    /// Takes back all cuts that are armed, random ones included.
    pub fn disarm(&self) {
        self.shared.plan.disarm();
    }

    /// How many armed or random cuts it has made. Counted before the client can notice.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.shared.plan.cuts()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.shared.hole.set(false);
        self.shared.cut_all();
        // Wakes the listener; if that fails, it has ended.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Shared {
    /// Serves one client until the end.
    fn serve(self: &Arc<Self>, client: TcpStream, target: &str) {
        if self.refuse.load(Ordering::SeqCst) {
            return;
        }
        let client = self.register(client);
        if self.hole.is_on() {
            swallow(&client);
            return;
        }
        // A server that is down, or a client that is gone: the other one's connection is closed, too.
        let Ok(server) = TcpStream::connect(target) else { return };
        let Ok(link) = Link::new(client, self.register(server)).map(Arc::new) else { return };
        let (shared, of_thread) = (Arc::clone(self), Arc::clone(&link));
        thread::spawn(move || of_thread.take_answers(&shared.plan, &shared.hole));
        link.take_requests(&self.plan, &self.hole);
    }

    /// Makes a connection one of those that are closed together.
    fn register(&self, connection: TcpStream) -> Arc<TcpStream> {
        let connection = Arc::new(connection);
        let mut connections = self.connections();
        connections.retain(|connection| connection.strong_count() > 0);
        connections.push(Arc::downgrade(&connection));
        if self.is_over.load(Ordering::SeqCst) {
            close(&connection);
        }
        connection
    }

    fn cut_all(&self) {
        for connection in self.connections().iter().filter_map(Weak::upgrade) {
            close(&connection);
        }
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Weak<TcpStream>>> {
        self.connections.lock().expect("nobody panics with it")
    }
}

/// Reads until the client gives up.
fn swallow(mut client: &TcpStream) {
    while client.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
}
