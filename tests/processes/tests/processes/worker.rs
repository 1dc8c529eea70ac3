//! A worker process as its test sees it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything takes that a test waits for, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A process. It is killed when this is dropped, and ends by itself when this process is gone.
pub(crate) struct Worker {
    child: Child,
    stdin: ChildStdin,
    said: UnboundedReceiver<String>,
    name: String,
}

impl Worker {
    /// Starts one in this mode.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_commerce-processes"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A group of its own: if it stands still when the test is gone, the kernel wakes and ends it.
            .process_group(0)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (to, said) = unbounded_channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = to.send(line);
            }
        });
        let name = format!("{} ({})", arguments[0], child.id());
        Self { child, stdin, said, name }
    }

    /// Starts one, and waits until it is ready.
    pub(crate) async fn ready(arguments: &[&str]) -> Self {
        let mut worker = Self::start(arguments);
        worker.says("ready").await;
        worker
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it says next.
    pub(crate) async fn hear(&mut self) -> String {
        match timeout(PATIENCE, self.said.recv()).await {
            Ok(Some(line)) => line,
            Ok(None) => panic!("{} has ended", self.name),
            Err(_) => panic!("{} says nothing", self.name),
        }
    }

    /// Waits until it says this.
    pub(crate) async fn says(&mut self, expected: &str) {
        let said = self.hear().await;
        assert_eq!(said, expected, "{}", self.name);
    }

    pub(crate) fn tell(&mut self, command: &str) {
        writeln!(self.stdin, "{command}").unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    /// Ends it in order.
    pub(crate) async fn stop(mut self) {
        self.tell("stop");
        self.says("stopped").await;
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGSTOP; returns when all its threads stand still. As long as one does not, it may still write, and the
    /// kernel would not wake it when this process is gone.
    pub(crate) async fn pause(&self) {
        self.signal("STOP");
        until("it stands still", async || self.threads().iter().all(|thread| *thread == Some('T'))).await;
    }

    /// The states of its threads.
    fn threads(&self) -> Vec<Option<char>> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.id())).unwrap();
        threads.map(|thread| state_in(&thread.unwrap().path())).collect()
    }

    /// SIGCONT.
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.id().to_string();
        let sent =
            Command::new("/bin/sh").args(["-c", "kill -s \"$1\" \"$2\"", "kill", signal, &pid]).status();
        assert!(sent.unwrap().success(), "{} gets {signal}", self.name);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The state of a process, by its letter; none if there is no such process.
pub(crate) fn state(pid: u32) -> Option<char> {
    state_in(Path::new(&format!("/proc/{pid}")))
}

fn state_in(folder: &Path) -> Option<char> {
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Waits until it is so; how long that took.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}
