use std::io::Write;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// So often a plain line says how far it is.
const EVERY: Duration = Duration::from_secs(2);

/// Tells how far a long job is.
pub trait Progress: Send + Sync {
    /// A part of the job begins, of so many steps.
    fn begin(&self, part: &str, steps: usize);
    /// A step is done.
    fn step(&self);
    /// Why there is no step for now.
    fn note(&self, sentence: &str);
    /// All is done.
    fn end(&self);
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: usize) {}
    fn step(&self) {}
    fn note(&self, _: &str) {}
    fn end(&self) {}
}

/// A bar with rate and time left, on a terminal's standard error.
pub struct TerminalBar(ProgressBar);

impl TerminalBar {
    /// A bar that shows as soon as a part begins.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg:<14} {bar:40} {pos}/{len}  {per_sec}  {eta} left");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Default for TerminalBar {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for TerminalBar {
    fn begin(&self, part: &str, steps: usize) {
        self.0.reset();
        self.0.set_length(steps as u64);
        self.0.set_message(part.to_owned());
    }

    fn step(&self) {
        self.0.inc(1);
    }

    fn note(&self, sentence: &str) {
        self.0.println(sentence);
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// A plain line on standard error now and then, for logs and pipes.
#[derive(Default)]
pub struct Lines(Mutex<Option<Part>>);

struct Part {
    name: String,
    done: usize,
    steps: usize,
    began: Instant,
    said: Instant,
}

impl Lines {
    fn say(part: &Part) {
        let rate = part.done as f64 / part.began.elapsed().as_secs_f64().max(0.001);
        // A log that can't be written to must not stop the work.
        let _ = writeln!(std::io::stderr(), "{}: {}/{} ({rate:.0}/s)", part.name, part.done, part.steps);
    }
}

impl Progress for Lines {
    fn begin(&self, name: &str, steps: usize) {
        let now = Instant::now();
        let part = Part { name: name.to_owned(), done: 0, steps, began: now, said: now };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(part);
    }

    fn step(&self) {
        if let Some(part) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            part.done += 1;
            if part.done == part.steps || part.said.elapsed() >= EVERY {
                part.said = Instant::now();
                Self::say(part);
            }
        }
    }

    fn note(&self, sentence: &str) {
        let part = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = part.as_ref().map_or_else(String::new, |part| format!("{}: ", part.name));
        let _ = writeln!(std::io::stderr(), "{place}{sentence}");
    }

    fn end(&self) {}
}
