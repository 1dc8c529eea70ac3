//! Writing what was decided, with the document by which it is found.

use super::{CONFIDENTIAL, Error, NOTIFICATIONS, Notifications, page};
use crate::commit::{Commit, CommitError, Conflict, DocumentWrite, Expected};
use crate::context::Context;
use crate::id::NotificationId;
use crate::notification::{
    Notification, NotificationCommand, NotificationEvent, NotificationRejection, NotificationStatus,
    NotificationView,
};
use crate::repository::{ATTEMPTS, Decided};

impl Notifications {
    /// Decides and commits; again, if another was faster.
    pub(super) async fn execute(
        &self,
        id: NotificationId,
        command: NotificationCommand,
        context: &Context,
    ) -> Result<NotificationView, Error> {
        let mut attempt = 1;
        loop {
            let decided = self.notices.decide(&id, command.clone(), context).await?;
            let view = shown(&decided, id)?;
            if decided.events.is_empty() {
                return Ok(view);
            }
            let commit = with_notice(&decided, id, Commit::within(context))?;
            match self.store.commit(commit).await {
                Ok(_) => return Ok(view),
                Err(CommitError::Conflict(Conflict::Stream { .. })) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The state after a decision.
pub(super) fn shown(decided: &Decided<Notification>, id: NotificationId) -> Result<NotificationView, Error> {
    let not_found = || Error::Notification(NotificationRejection::NotFound);
    decided.state.view(id, decided.version).ok_or_else(not_found)
}

/// The commit with the decision's events and documents. The stream's expected version guards the documents too.
pub(super) fn with_notice(
    decided: &Decided<Notification>,
    id: NotificationId,
    commit: Commit,
) -> Result<Commit, Error> {
    let commit = decided.write_to(commit)?;
    let view = shown(decided, id)?;
    let mut write = DocumentWrite::json(NOTIFICATIONS, id.to_string(), Expected::Any, &view)?
        .field("by_user", page::by_user(view.user_id, view.created_at, id))
        .field("status", view.status.as_str());
    if let Some(due_at) = view.next_attempt_at.filter(|_| view.status == NotificationStatus::Pending) {
        write = write.field("due_at", due_at);
    }
    let commit = commit.document(write);
    if view.body.is_none() && decided.events.iter().any(settles) {
        return Ok(commit.document(DocumentWrite::delete(CONFIDENTIAL, id.to_string(), Expected::Any)));
    }
    Ok(commit)
}

/// Whether nothing needs the notification's text from now on.
fn settles(event: &NotificationEvent) -> bool {
    matches!(
        event,
        NotificationEvent::NotificationSent { .. }
            | NotificationEvent::NotificationFailed { .. }
            | NotificationEvent::NotificationCancelled { .. }
    )
}
