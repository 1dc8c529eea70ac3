use std::fmt::Write as _;

use crate::instance::{Instance, Note, PhaseRecord, PhaseStatus};

impl Instance {
    /// What has happened, for people to read: each step, its action and compensation, with attempts, times and errors,
    /// and what operators did.
    ///
    /// ```text
    /// saga book-trip 17 (version 1): failed
    ///   2026-01-01T12:00:00Z  began
    ///   2026-01-01T12:00:00Z  hotel: action done after 20ms
    ///   2026-01-01T12:00:01Z  flight: action failed after 3s, attempt 3 – sold-out: no seat is left
    ///   2026-01-01T12:00:04Z  hotel: undo done after 10ms
    ///   2026-01-01T12:00:04Z  failed: flight – sold-out: no seat is left
    /// ```
    pub fn timeline(&self) -> String {
        let mut lines = vec![(self.started_at, "began".to_owned())];
        lines.extend(self.notes.iter().map(|note| (note.at, note.line())));
        for step in &self.steps {
            let phases = [("action", &step.action), ("undo", &step.undo)];
            for (phase, record) in phases {
                if let Some(record) = record {
                    lines.push((record.started_at, record.line(&format!("{}: {phase}", step.name))));
                }
            }
        }
        if let Some(ending) = &self.ending {
            lines.push((ending.started_at, ending.line("recording the end:")));
        }
        // The sort is stable: of what falls together, operators' acts come first, then steps in their order.
        lines.sort_by_key(|(at, _)| *at);
        if let Some(at) = self.ended_at {
            lines.push((at, self.end_line()));
        }
        let halted = if self.paused { ", paused" } else { "" };
        let mut text = format!(
            "saga {} {} (version {}): {}{halted}\n",
            self.saga,
            self.id,
            self.version,
            self.status.as_str()
        );
        for (at, line) in lines {
            let _ = writeln!(text, "  {at}  {line}");
        }
        text
    }

    fn end_line(&self) -> String {
        match &self.failure {
            Some(failure) => {
                format!("{}: {} – {}: {}", self.status.as_str(), failure.step, failure.code, failure.detail)
            }
            None => self.status.as_str().to_owned(),
        }
    }
}

impl PhaseRecord {
    fn line(&self, what: &str) -> String {
        let how = match self.status {
            PhaseStatus::Running => "under way",
            PhaseStatus::Waiting => "to be tried again",
            PhaseStatus::Done => "done",
            PhaseStatus::Failed => "failed",
            PhaseStatus::Skipped => "skipped",
        };
        let mut line = format!("{what} {how}");
        if let Some(end) = self.ended_at {
            let _ = write!(line, " after {:?}", end.since(self.started_at));
        }
        if self.attempts != 1 {
            let _ = write!(line, ", attempt {}", self.attempts);
        }
        if let Some(due) = self.due {
            let _ = write!(line, ", due {due}");
        }
        if let Some((code, detail)) = &self.error {
            let _ = write!(line, " – {code}: {detail}");
        }
        line
    }
}

impl Note {
    fn line(&self) -> String {
        format!("{} by {}: {}", self.action, self.actor, self.reason)
    }
}
