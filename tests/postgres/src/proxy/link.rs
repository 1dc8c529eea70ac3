//! One client's connection, and its own to the server. A thread for either direction.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::hole::Hole;
use super::plan::{CutMode, Plan};
use super::wire::{Message, Opening, READY, Request, Requests};

/// Both connections.
pub(super) struct Link {
    client: Arc<TcpStream>,
    server: Arc<TcpStream>,
    progress: Mutex<Progress>,
    /// It has lost bytes: whatever follows would make no sense.
    is_dead: AtomicBool,
    is_cut: AtomicBool,
}

/// How far the server has come with the client's requests. The startup is the first of them.
#[derive(Default)]
struct Progress {
    asked: u64,
    answered: u64,
    /// The answer that the client does not get.
    withheld: Option<u64>,
}

/// What becomes of a message of the server.
enum Fate {
    Passed,
    Withheld,
    /// It is the last one of the answer withheld.
    Cut,
}

/// Closes a connection, whoever is at work on it.
pub(super) fn close(connection: &TcpStream) {
    // Fails if the other side has closed it.
    let _ = connection.shutdown(Shutdown::Both);
}

impl Link {
    pub(super) fn new(client: Arc<TcpStream>, server: Arc<TcpStream>) -> io::Result<Self> {
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        Ok(Self { client, server, progress: Mutex::default(), is_dead: false.into(), is_cut: false.into() })
    }

    /// Takes the client's requests to the server until one of them is gone or a cut is due.
    pub(super) fn take_requests(&self, plan: &Plan, hole: &Hole) {
        // An error is the end of a connection, and says no more than that.
        let is_over = self.requests(plan, hole).is_err();
        if is_over {
            hole.wait_until_off();
            self.close();
        }
    }

    /// Takes the server's answers to the client.
    pub(super) fn take_answers(&self, plan: &Plan, hole: &Hole) {
        let _ = self.answers(hole);
        if self.progress().withheld.is_some() {
            self.cut(plan);
        }
        hole.wait_until_off();
        self.close();
    }

    /// Closes both, and counts it, once, before the client can notice.
    fn cut(&self, plan: &Plan) {
        if !self.is_cut.swap(true, Ordering::Relaxed) {
            plan.count_cut();
        }
        self.close();
    }

    fn close(&self) {
        close(&self.client);
        close(&self.server);
    }

    /// Returns without an error once a cut is made, or is left to [`take_answers`](Self::take_answers), which waits for
    /// the answer.
    fn requests(&self, plan: &Plan, hole: &Hole) -> io::Result<()> {
        let mut client = BufReader::new(&*self.client);
        self.open(&mut client, hole)?;
        let mut requests = Requests::default();
        loop {
            let request = requests.read(&mut client)?;
            if self.is_swallowed(hole) {
                continue;
            }
            let Some(mode) = plan.decide(&request.executes) else {
                self.ask(&request, false)?;
                continue;
            };
            if mode != CutMode::BeforeServer {
                self.ask(&request, true)?;
            }
            if mode != CutMode::AfterServer {
                self.cut(plan);
            }
            return Ok(());
        }
    }

    fn open(&self, client: &mut impl Read, hole: &Hole) -> io::Result<()> {
        loop {
            let opening = Opening::read(client)?;
            if self.is_swallowed(hole) {
                continue;
            }
            match opening {
                Opening::Encryption => (&*self.client).write_all(b"N")?,
                Opening::Cancel(bytes) => (&*self.server).write_all(&bytes)?,
                Opening::Startup(bytes) => {
                    self.progress().asked = 1;
                    return (&*self.server).write_all(&bytes);
                }
            }
        }
    }

    fn ask(&self, request: &Request, is_withheld: bool) -> io::Result<()> {
        let mut progress = self.progress();
        progress.asked += u64::from(request.is_answered);
        if is_withheld {
            progress.withheld = Some(progress.asked);
        }
        // Before it is sent, since the answer may be fast; and not held meanwhile, since answers need it.
        drop(progress);
        (&*self.server).write_all(&request.bytes)
    }

    fn answers(&self, hole: &Hole) -> io::Result<()> {
        let (mut server, mut client) = (BufReader::new(&*self.server), &*self.client);
        let mut passed = Vec::new();
        loop {
            if !Message::is_complete(server.buffer()) {
                client.write_all(&passed)?;
                passed.clear();
            }
            let message = Message::read(&mut server)?;
            if self.is_swallowed(hole) {
                continue;
            }
            match self.fate(&message) {
                Fate::Passed => passed.extend_from_slice(&message.bytes),
                Fate::Withheld => {}
                Fate::Cut => return client.write_all(&passed),
            }
        }
    }

    fn fate(&self, message: &Message) -> Fate {
        let mut progress = self.progress();
        let is_withheld = progress.withheld == Some(progress.answered + 1);
        if message.tag == READY {
            progress.answered += 1;
        }
        match (is_withheld, message.tag) {
            (false, _) => Fate::Passed,
            (true, READY) => Fate::Cut,
            (true, _) => Fate::Withheld,
        }
    }

    fn is_swallowed(&self, hole: &Hole) -> bool {
        if hole.is_on() {
            self.is_dead.store(true, Ordering::Relaxed);
        }
        self.is_dead.load(Ordering::Relaxed)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().expect("nobody panics with it")
    }
}
