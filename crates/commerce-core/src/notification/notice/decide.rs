//! The rules: what a command leads to.

use super::opened::Opened;
use super::{
    BODY_LENGTH, DeliveryFailure, Draft, HOLD, MAX_ATTEMPTS, NotificationCommand, NotificationEvent,
    NotificationRejection, SUBJECT_LENGTH, retry,
};
use crate::notification::faults::Faults;
use crate::notification::{NotificationStatus, recipient, variables};
use crate::time::Timestamp;
use crate::value::{Violation, text};

type Decision = Result<Vec<NotificationEvent>, NotificationRejection>;

/// The longest code of a failure that is kept, in characters.
const CODE_LENGTH: usize = 100;
/// The longest sentence of a failure that is kept, in characters.
const DETAIL_LENGTH: usize = 500;

pub(super) fn create(draft: Draft, now: Timestamp) -> Decision {
    let mut faults = Faults::default();
    let recipient = faults.keep(recipient::checked(draft.channel, draft.user_id, draft.recipient.as_deref()));
    let subject = faults.keep(one_line("/subject", &draft.subject));
    let body = draft.body.map(|body| faults.keep(text("/body", &body, 1, BODY_LENGTH)));
    faults.extend(variables::faults("/variables", &draft.variables));
    let created = NotificationEvent::NotificationCreated {
        user_id: draft.user_id,
        channel: draft.channel,
        recipient,
        subject,
        body,
        priority: draft.priority,
        template_id: draft.template_id,
        variables: draft.variables,
        scheduled_at: draft.scheduled_at,
        created_at: now,
    };
    faults.finish(vec![created]).map_err(NotificationRejection::Invalid)
}

/// A subject becomes a header of a mail: a line end in it would begin another.
fn one_line(pointer: &str, subject: &str) -> Result<String, Violation> {
    let subject = text(pointer, subject, 1, SUBJECT_LENGTH)?;
    if subject.contains(['\n', '\r', '\t']) {
        return Err(Violation::new(pointer, "invalid_character", "must be one line without tabs"));
    }
    Ok(subject)
}

impl Opened {
    pub(super) fn decide(&self, command: NotificationCommand, now: Timestamp) -> Decision {
        match command {
            NotificationCommand::Create(_) => Err(NotificationRejection::AlreadyExists),
            NotificationCommand::StartAttempt => self.start_attempt(now),
            NotificationCommand::RecordFailure { attempt, failure } => {
                Ok(self.record_failure(attempt, &failure, now))
            }
            NotificationCommand::RecordSent { attempt, reference, delivered } => {
                self.record_sent(attempt, reference, delivered, now)
            }
            NotificationCommand::MarkSent => self.mark_sent(now),
            NotificationCommand::MarkDelivered => self.mark_delivered(now),
            NotificationCommand::Cancel => self.cancel(now),
        }
    }

    fn start_attempt(&self, now: Timestamp) -> Decision {
        self.must_be_pending("sent")?;
        if now < self.due_at {
            return Err(NotificationRejection::NotDue { due_at: self.due_at });
        }
        // Only an attempt of which nothing was heard gets here: one that failed would have settled it.
        if self.attempts >= MAX_ATTEMPTS {
            let failure = DeliveryFailure {
                code: "attempts_exhausted".to_owned(),
                detail: format!("none of {MAX_ATTEMPTS} attempts was answered with success"),
                retryable: false,
            };
            return Ok(vec![self.failed(&failure, now)]);
        }
        let attempt = self.attempts + 1;
        let held_until = now.plus(HOLD);
        Ok(vec![NotificationEvent::NotificationAttemptStarted { attempt, held_until, started_at: now }])
    }

    fn record_failure(
        &self,
        attempt: u32,
        failure: &DeliveryFailure,
        now: Timestamp,
    ) -> Vec<NotificationEvent> {
        if self.status != NotificationStatus::Pending || !self.under_way || self.attempts != attempt {
            return vec![];
        }
        match retry::next_attempt(attempt, now).filter(|_| failure.retryable) {
            None => vec![self.failed(failure, now)],
            Some(next_attempt_at) => vec![NotificationEvent::NotificationAttemptFailed {
                attempt,
                code: cut(&failure.code, CODE_LENGTH),
                detail: cut(&failure.detail, DETAIL_LENGTH),
                next_attempt_at,
                failed_at: now,
            }],
        }
    }

    fn failed(&self, failure: &DeliveryFailure, now: Timestamp) -> NotificationEvent {
        NotificationEvent::NotificationFailed {
            code: cut(&failure.code, CODE_LENGTH),
            detail: cut(&failure.detail, DETAIL_LENGTH),
            attempts: self.attempts,
            failed_at: now,
        }
    }

    /// A late answer is true all the same: the person has the message.
    fn record_sent(
        &self,
        attempt: u32,
        reference: Option<String>,
        delivered: bool,
        now: Timestamp,
    ) -> Decision {
        let mut events = Vec::new();
        match self.status {
            NotificationStatus::Pending => {
                let reference = reference.map(|reference| cut(&reference, DETAIL_LENGTH));
                let attempt = Some(attempt);
                events.push(NotificationEvent::NotificationSent { attempt, reference, sent_at: now });
            }
            NotificationStatus::Sent => {}
            NotificationStatus::Delivered => return Ok(events),
            status => return Err(NotificationRejection::WrongState { status, command: "sent" }),
        }
        if delivered {
            events.push(NotificationEvent::NotificationDelivered { delivered_at: now });
        }
        Ok(events)
    }

    fn mark_sent(&self, now: Timestamp) -> Decision {
        if self.status == NotificationStatus::Sent {
            return Ok(vec![]);
        }
        self.must_be_pending("marked as sent")?;
        Ok(vec![NotificationEvent::NotificationSent { attempt: None, reference: None, sent_at: now }])
    }

    fn mark_delivered(&self, now: Timestamp) -> Decision {
        match self.status {
            NotificationStatus::Delivered => Ok(vec![]),
            NotificationStatus::Sent => {
                Ok(vec![NotificationEvent::NotificationDelivered { delivered_at: now }])
            }
            status => Err(NotificationRejection::WrongState { status, command: "marked as delivered" }),
        }
    }

    fn cancel(&self, now: Timestamp) -> Decision {
        if self.status == NotificationStatus::Cancelled {
            return Ok(vec![]);
        }
        self.must_be_pending("cancelled")?;
        if self.under_way && now < self.due_at {
            return Err(NotificationRejection::BeingDelivered);
        }
        Ok(vec![NotificationEvent::NotificationCancelled { cancelled_at: now }])
    }

    fn must_be_pending(&self, command: &'static str) -> Result<(), NotificationRejection> {
        match self.status {
            NotificationStatus::Pending => Ok(()),
            status => Err(NotificationRejection::WrongState { status, command }),
        }
    }
}

/// The text without blanks around it, no more than that many characters of it, and a blank for each control character,
/// some of which databases refuse.
fn cut(text: &str, longest: usize) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).collect::<String>().trim().chars().take(longest).collect()
}
