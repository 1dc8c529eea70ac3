//! The program as it serves, and a client of it that needs nothing but a socket.
#![allow(dead_code)] // each test uses a part of it

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A start that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server in a process of its own. It is killed when it is dropped.
pub(crate) struct Serving {
    child: Child,
    lines: Receiver<String>,
    pub(crate) said: String,
    pub(crate) address: String,
}

/// An answer.
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.json()
    }
}

impl Serving {
    /// Starts it on a port that is free. It has not said anything yet.
    pub(crate) fn begin(command: &mut Command) -> Self {
        command.args(["--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (say, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if say.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, said: String::new(), address: String::new() }
    }

    /// Starts it, and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut serving = Self::begin(command);
        let base = serving.wait_for("API reference");
        serving.address = base.split("http://").nth(1).unwrap().trim_end_matches("/docs").to_owned();
        let deadline = Instant::now() + PATIENCE;
        while serving.try_ask("GET", "/readyz", &[], None).is_none_or(|heard| heard.status != 200) {
            assert!(Instant::now() < deadline, "it does not become ready: {}", serving.said);
            std::thread::sleep(Duration::from_millis(20));
        }
        serving.hear();
        serving
    }

    /// The line that begins with this.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, start: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let wait = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(wait) else { panic!("no {start:?}: {}", self.said) };
            self.said += &format!("{line}\n");
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// What it has said so far.
    pub(crate) fn hear(&mut self) -> &str {
        for line in self.lines.try_iter() {
            self.said += &format!("{line}\n");
        }
        &self.said
    }

    /// The password that it has shown, if it has.
    pub(crate) fn password(&mut self) -> Option<String> {
        let said = self.hear();
        let line = said.lines().find(|line| line.contains("(shown this once)"))?;
        line.split_whitespace().nth(2).map(str::to_owned)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub(crate) fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Heard {
        let bearer = token.map(|token| ("authorization", format!("Bearer {token}")));
        let headers: Vec<_> = bearer.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.try_ask(method, path, &headers, body).unwrap()
    }

    fn try_ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Option<Heard> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n");
        if !body.is_empty() {
            head += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        heard(&answer)
    }

    pub(crate) fn log_in(&self, email: &str, password: &str) -> Heard {
        let body = json!({"email": email, "password": password});
        self.ask("POST", "/api/v1/auth/login", None, Some(&body))
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, so long at most.
    #[track_caller]
    pub(crate) fn end_within(mut self, wait: Duration) -> ExitStatus {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end within {wait:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends in good order.
    #[track_caller]
    pub(crate) fn stop(self) {
        self.signal("-TERM");
        assert_eq!(self.end_within(Duration::from_secs(10)).code(), Some(0));
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer that was sent whole.
pub(crate) fn heard(answer: &str) -> Option<Heard> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Heard { status, body: body.to_owned() })
}
