//! One client's connection, and its own to the server. A thread for either direction.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use super::hole::Hole;
use super::plan::{CutMode, Plan};
use super::wire::{Message, Opening, READY, Request, Requests};

/// Both connections.
pub(super) struct Link {
    client: TcpStream,
    server: TcpStream,
    progress: Mutex<Progress>,
    /// It has lost bytes: whatever follows would make no sense.
    is_dead: AtomicBool,
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

impl Link {
    pub(super) fn new(client: TcpStream, server: TcpStream) -> io::Result<Self> {
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        Ok(Self { client, server, progress: Mutex::default(), is_dead: AtomicBool::new(false) })
    }

    /// Closes both, whoever is at work on them.
    pub(super) fn close(&self) {
        // Fails if the other side has closed it.
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }

    /// Takes the client's requests to the server until one of them is gone or a cut is due.
    pub(super) fn take_requests(&self, plan: &Plan, hole: &Hole) {
        // An error is the end of a connection, and says no more than that.
        let withholds = self.requests(plan, hole).is_ok();
        if !withholds {
            hole.wait_until_off();
            self.close();
        }
    }

    /// Takes the server's answers to the client.
    pub(super) fn take_answers(&self, plan: &Plan, hole: &Hole) {
        let _ = self.answers(hole);
        if self.progress().withheld.is_some() {
            plan.count_cut();
        }
        hole.wait_until_off();
        self.close();
    }

    /// Returns without an error once an answer is to be withheld: the rest is up to [`take_answers`].
    ///
    /// [`take_answers`]: Self::take_answers
    fn requests(&self, plan: &Plan, hole: &Hole) -> io::Result<()> {
        let mut client = BufReader::new(&self.client);
        self.open(&mut client, hole)?;
        let mut requests = Requests::default();
        loop {
            let request = requests.read(&mut client)?;
            if self.is_swallowed(hole) {
                continue;
            }
            match plan.decide(&request.executes) {
                None => self.ask(&request, false)?,
                Some(CutMode::AfterServer) => return self.ask(&request, true),
                Some(mode) => {
                    if mode == CutMode::InFlight {
                        self.ask(&request, false)?;
                    }
                    plan.count_cut();
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
        }
    }

    fn open(&self, client: &mut impl Read, hole: &Hole) -> io::Result<()> {
        loop {
            let opening = Opening::read(client)?;
            if self.is_swallowed(hole) {
                continue;
            }
            match opening {
                Opening::Encryption => (&self.client).write_all(b"N")?,
                Opening::Cancel(bytes) => (&self.server).write_all(&bytes)?,
                Opening::Startup(bytes) => {
                    self.progress().asked = 1;
                    return (&self.server).write_all(&bytes);
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
        // The server must not answer what is not known to be withheld, nor be waited for with the lock.
        drop(progress);
        (&self.server).write_all(&request.bytes)
    }

    fn answers(&self, hole: &Hole) -> io::Result<()> {
        let (mut server, mut client) = (BufReader::new(&self.server), &self.client);
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
