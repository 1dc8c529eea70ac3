//! A server of this process, that ends with it.
//!
//! The process itself starts nothing but a shell, the keeper (`keeper.sh`), which does the rest at its command. The
//! keeper reads from a pipe whose other end only this process holds: when the process is gone, killed or not, the
//! keeper stops the server and removes the folder. It is in a process group of its own, out of Ctrl-C's reach, and
//! holds neither stdout nor stderr of the process.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::Duration;

use crate::programs;

/// Below the ports that the system gives to outgoing connections (from 32768 on Linux): one of those could sit on the
/// port while the server is stopped.
const PORTS: std::ops::Range<u16> = 15_000..32_000;

/// How often a start is tried if the port turns out to be taken.
const ATTEMPTS: usize = 20;

/// How the server is shut down.
#[derive(Clone, Copy)]
pub(crate) enum Shutdown {
    /// Open transactions are rolled back.
    Fast,
    /// As in a crash: the next start recovers.
    Immediate,
}

/// A running, or stopped, server with its folder. All methods block.
pub(crate) struct Server {
    keeper: Mutex<Keeper>,
    folder: PathBuf,
    port: u16,
}

impl Server {
    /// Starts one below a folder, with settings as in `postgresql.conf`.
    pub(crate) fn start(parent: &Path, settings: &[(String, String)]) -> Self {
        let (keeper, folder) = Keeper::start(parent);
        let mut server = Self { keeper: Mutex::new(keeper), folder, port: 0 };
        if !server.command("init") {
            panic!("initdb failed:\n{}", server.log());
        }
        server.configure(settings);
        for _ in 0..ATTEMPTS {
            server.port = free_port();
            if server.command(&format!("start {}", server.port)) {
                return server;
            }
            if !server.log().contains("could not bind") {
                break;
            }
        }
        panic!("PostgreSQL did not start:\n{}", server.log());
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn stop(&self, shutdown: Shutdown) {
        let signal = match shutdown {
            Shutdown::Fast => "INT",
            Shutdown::Immediate => "QUIT",
        };
        assert!(self.command(&format!("stop {signal}")), "PostgreSQL did not stop:\n{}", self.log());
    }

    /// Starts it where it was, on the same port.
    pub(crate) fn start_again(&self) {
        for _ in 0..ATTEMPTS {
            if self.command(&format!("start {}", self.port)) {
                return;
            }
            sleep(Duration::from_millis(250));
        }
        panic!("PostgreSQL did not start again (is it stopped?):\n{}", self.log());
    }

    fn configure(&self, settings: &[(String, String)]) {
        let folder = self.folder.display().to_string();
        let own = [("listen_addresses", "127.0.0.1"), ("unix_socket_directories", folder.as_str())];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let lines: String = own
            .iter()
            .chain(settings)
            .map(|(name, value)| format!("{name} = '{}'\n", value.replace('\'', "''")))
            .collect();
        let file = self.folder.join("data/postgresql.conf");
        fs::OpenOptions::new()
            .append(true)
            .open(file)
            .and_then(|mut file| file.write_all(lines.as_bytes()))
            .expect("postgresql.conf can be written");
    }

    fn command(&self, command: &str) -> bool {
        self.keeper.lock().expect("no command has panicked").command(command)
    }

    /// The end of its log, for a failure's message.
    fn log(&self) -> String {
        let log = fs::read(self.folder.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let skipped = log.lines().count().saturating_sub(30);
        log.lines().skip(skipped).collect::<Vec<_>>().join("\n")
    }
}

struct Keeper {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    fn start(parent: &Path) -> (Self, PathBuf) {
        let parent = parent.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
        let mut child = Command::new("/bin/sh")
            .args(["-c", include_str!("keeper.sh"), "keeper"])
            .arg(&parent)
            .arg(programs::folder())
            .arg(if is_root() { "postgres" } else { "" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("/bin/sh runs");
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut keeper = Self { child, commands, answers };
        let folder = keeper.answer();
        assert!(!folder.is_empty(), "no folder for PostgreSQL could be made in {}", parent.display());
        (keeper, PathBuf::from(folder))
    }

    fn command(&mut self, command: &str) -> bool {
        let mut commands = self.commands.as_ref().expect("open until it is dropped");
        writeln!(commands, "{command}").expect("the keeper lives");
        self.answer() == "ok"
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the keeper's answers are text");
        line.trim_end().to_owned()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.commands.take());
        // Fails only if there is nothing to wait for.
        let _ = self.child.wait();
    }
}

/// The server refuses to run as root; the keeper then runs it as the user `postgres`, whom the package made.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A port that is free now. Another process can still be faster, which the server's start notices.
fn free_port() -> u16 {
    loop {
        let random = RandomState::new().hash_one(()) % u64::from(PORTS.end - PORTS.start);
        let port = PORTS.start + u16::try_from(random).expect("smaller than the range");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
