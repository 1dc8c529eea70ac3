//! The program, as a user runs it.
#![allow(dead_code)] // each test uses a part of it

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use commerce_test_postgres::TestDatabase;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

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
    replay_on(&url(folder), options)
}

/// The sample replayed on a store.
pub(crate) fn replay_on(store: &str, options: &[&str]) -> Command {
    replay_of(&sample(), store, options)
}

/// A file replayed on a store.
pub(crate) fn replay_of(file: &Path, store: &str, options: &[&str]) -> Command {
    let mut command = program();
    command.arg("replay").arg(file).args(["--json", "--store", store]).args(options);
    command
}

/// A command that looks at a store.
pub(crate) fn look_at(store: &str, arguments: &[&str]) -> Command {
    let mut command = program();
    command.args(arguments).args(["--store", store]);
    command
}

pub(crate) fn url(folder: &Path) -> String {
    format!("sqlite://{}", folder.display())
}

/// What the sample comes to. Its sums were counted by a program of another language.
pub(crate) fn summary_of_sample() -> Map<String, Value> {
    let summary = json!({
        "rows": 159,
        "invoices": 21,
        "orders_placed": 11,
        "orders_confirmed": 11,
        "orders_failed": {},
        "lines": 140,
        "invoices_without_a_valid_line": 3,
        "products": 127,
        "units_sold": 2069,
        "revenue_gross": "4510.99",
        "refunds": 6,
        "revenue_refunded": "116.80",
        "revenue_net": "4394.19",
        "units_restocked": 45,
        "rows_refused": {
            "no_matching_order": 9,
            "price_not_positive": 2,
            "quantity_not_positive": 1,
            "sku_invalid": 1,
        },
        "audit": "ok",
    });
    summary.as_object().unwrap().clone()
}

/// Where runs keep their data: in a folder, or in a database.
pub(crate) struct Place {
    pub(crate) url: String,
    _folder: Option<TempDir>,
    _database: Option<TestDatabase>,
}

impl Place {
    pub(crate) fn folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: url(folder.path()), _folder: Some(folder), _database: None }
    }

    pub(crate) fn database() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let database = runtime.block_on(commerce_test_postgres::database());
        Self { url: database.url().to_owned(), _folder: None, _database: Some(database) }
    }

    pub(crate) fn replay(&self, options: &[&str]) -> Command {
        replay_on(&self.url, options)
    }

    pub(crate) fn look(&self, arguments: &[&str]) -> Ran {
        run(&mut look_at(&self.url, arguments))
    }
}

/// Plays a scene on both.
pub(crate) fn on_each(scene: impl Fn(&Place)) {
    for place in [Place::folder(), Place::database()] {
        println!("on {}", place.url);
        scene(&place);
    }
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
