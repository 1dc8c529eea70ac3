//! Between a worker and its test.

use std::io::{Write, stdin, stdout};
use std::process::exit;
use std::thread;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The worker's end of the line.
pub struct Line {
    commands: UnboundedReceiver<String>,
}

impl Line {
    /// From now on the process ends when its stdin does.
    pub fn to_test() -> Self {
        let (to, commands) = unbounded_channel();
        thread::spawn(move || {
            for command in stdin().lines().map_while(Result::ok) {
                // A worker that takes no more commands still ends with its test.
                let _ = to.send(command);
            }
            exit(0);
        });
        Self { commands }
    }

    /// The next command; waits for it.
    pub async fn hear(&mut self) -> String {
        match self.commands.recv().await {
            Some(command) => command,
            None => std::future::pending().await,
        }
    }

    /// Tells the test. If it is gone, so is this process soon.
    pub fn say(&self, what: &str) {
        let mut out = stdout().lock();
        let _ = writeln!(out, "{what}").and_then(|()| out.flush());
    }
}
