//! The program, as a user runs it.
#![allow(dead_code)] // each test uses a part of it

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

/// A run that takes longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// The keys of a summary that differ from run to run.
const TIMING: [&str; 4] = ["seconds", "orders_per_second", "checkout_p50_ms", "checkout_p99_ms"];

pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_reference-server"))
}

pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/online-retail-sample.csv")
}

/// The sample replayed on a folder.
pub(crate) fn replay(folder: &Path, options: &[&str]) -> Command {
    let mut command = program();
    command.arg("replay").arg(sample()).args(["--json", "--store"]).arg(url(folder)).args(options);
    command
}

pub(crate) fn url(folder: &Path) -> String {
    format!("sqlite://{}", folder.display())
}

/// How a run has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    Running::start(command).end()
}

impl Ran {
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self
    }

    /// The one sentence on standard error.
    #[track_caller]
    pub(crate) fn sentence(&self) -> &str {
        let mut said = self.stderr.lines().filter(|line| line.starts_with("error: "));
        let sentence = said.next().unwrap_or_else(|| panic!("no sentence: {self:?}"));
        assert_eq!(said.next(), None, "more than one sentence: {self:?}");
        sentence
    }

    /// Ended with this code and one sentence that has all these words in it, and nothing on standard output.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, words: &[&str]) {
        let ran = self.ends_with(code);
        let sentence = ran.sentence();
        for word in words {
            assert!(sentence.contains(word), "{word:?} is not in {sentence:?}");
        }
        assert_eq!(ran.stdout, "");
    }

    /// What it printed: one JSON object.
    #[track_caller]
    pub(crate) fn json(&self) -> Map<String, Value> {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The summary, without what differs from run to run.
    #[track_caller]
    pub(crate) fn summary(self) -> Map<String, Value> {
        let ran = self.ends_with(0);
        let mut summary = ran.json();
        for key in TIMING {
            assert!(summary.remove(key).is_some(), "no {key}: {ran:?}");
        }
        assert_eq!(summary["audit"], "ok");
        summary
    }
}

/// A run that goes on. It is killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    said: String,
    stdout: Option<JoinHandle<String>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (mut stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let stdout = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        });
        let (said, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, said: String::new(), stdout: Some(stdout) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said on standard error so far.
    pub(crate) fn said(&mut self) -> &str {
        let lines: Vec<String> = self.lines.try_iter().collect();
        lines.iter().for_each(|line| self.note(line));
        &self.said
    }

    /// Until it says this on standard error.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.said().contains(text) {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.note(&line),
                Err(_) => panic!("it never said {text:?}: {}", self.said),
            }
        }
    }

    /// Until it has ended, or `wait` is over. Answers whether it has ended.
    pub(crate) fn wait(&mut self, wait: Duration) -> bool {
        let deadline = Instant::now() + wait;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.note(&line),
                Err(RecvTimeoutError::Timeout) => return false,
                // Standard error is closed: it has ended, or does so now.
                Err(RecvTimeoutError::Disconnected) => {
                    self.child.wait().unwrap();
                    return true;
                }
            }
        }
    }

    /// Answers whether it was alive.
    pub(crate) fn kill(&mut self) -> bool {
        self.child.kill().unwrap();
        self.child.wait().unwrap().signal() == Some(9)
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        if !self.wait(PATIENCE) {
            panic!("it hangs: {}", self.said());
        }
        let status = self.child.wait().unwrap();
        let stdout = self.stdout.take().unwrap().join().unwrap();
        Ran { status, stdout, stderr: self.said().to_owned() }
    }

    fn note(&mut self, line: &str) {
        self.said.push_str(line);
        self.said.push('\n');
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
