//! Redis for integration tests: a private server for one test, on a socket in a folder of its own. It starts in a few
//! hundredths of a second and is gone with its [`Redis`], also if the process panics or is killed.
//!
//! Needs `redis-server` in `PATH`. Unix.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test's helper fails as loudly as tests

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A private server. All methods block for as long as it takes.
pub struct Redis {
    keeper: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
}

impl Redis {
    /// Starts one.
    pub fn start() -> Self {
        let mut redis = Self::keeper();
        redis.command("start");
        redis
    }

    fn keeper() -> Self {
        let mut keeper = Command::new("/bin/sh")
            .args(["-c", include_str!("keeper.sh"), "keeper"])
            .arg(env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("/bin/sh runs");
        let commands = keeper.stdin.take();
        let answers = BufReader::new(keeper.stdout.take().expect("stdout is piped"));
        let mut redis = Self { keeper, commands, answers, folder: PathBuf::new() };
        redis.folder = PathBuf::from(redis.answer());
        redis
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("unix://{}", self.folder.join("redis").display())
    }

    /// Kills it, with all it knew.
    pub fn stop(&mut self) {
        self.command("stop");
    }

    /// Starts it where it was, knowing nothing.
    pub fn start_again(&mut self) {
        self.command("start");
    }

    /// It keeps its connections and takes new ones, and answers nothing.
    pub fn pause(&mut self) {
        self.command("pause");
    }

    /// It answers again.
    pub fn resume(&mut self) {
        self.command("resume");
    }

    fn command(&mut self, command: &str) {
        writeln!(self.commands.as_ref().expect("open until it is dropped"), "{command}")
            .expect("the keeper lives");
        let answer = self.answer();
        let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        assert_eq!(answer, "ok", "redis-server, {command} (apt-get install redis-server):\n{}", log());
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the keeper's answers are text");
        line.trim_end().to_owned()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.commands.take());
        // Fails only if there is nothing to wait for.
        let _ = self.keeper.wait();
    }
}
