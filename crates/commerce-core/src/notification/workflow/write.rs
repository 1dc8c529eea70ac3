//! Writing what was decided, with the document by which it is found.

use super::deliver::due_at_of;
use super::{CONFIDENTIAL, Error, NOTIFICATIONS, Notifications, page};
use crate::commit::{Commit, CommitError, Conflict, DocumentWrite, Expected};
use crate::context::Context;
use crate::id::NotificationId;
use crate::notification::{
    Notification, NotificationCommand, NotificationEvent, NotificationRejection, NotificationStatus,
    NotificationView,
};
use crate::repository::{ATTEMPTS, Decided};
use crate::stream::Version;

/// What a request would change. Nothing of it is written yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Prepared<V> {
    /// What it is about, as it is afterwards.
    pub view: V,
    /// The version on which it was decided; zero if it wasn't there. The commit fails if it is another by then.
    pub before: Version,
    /// All that is to be written, in the context's name; empty if nothing changes.
    pub commit: Commit,
}

impl Notifications {
    /// Decides a command, for a commit that the caller makes and may add to.
    ///
    /// # Errors
    /// The notification's rejection; otherwise what the store said.
    pub async fn prepare(
        &self,
        context: &Context,
        id: NotificationId,
        command: NotificationCommand,
    ) -> Result<Prepared<NotificationView>, Error> {
        let decided = self.notices.decide(&id, command, context).await?;
        let (view, commit) = (shown(&decided, id)?, Commit::within(context));
        let unchanged = decided.events.is_empty();
        let commit = if unchanged { commit } else { with_notice(&decided, id, commit)? };
        Ok(Prepared { view, before: decided.before, commit })
    }

    /// Decides and commits; again, if another was faster.
    pub(super) async fn execute(
        &self,
        id: NotificationId,
        command: NotificationCommand,
        context: &Context,
    ) -> Result<NotificationView, Error> {
        let mut attempt = 1;
        loop {
            let Prepared { view, commit, .. } = self.prepare(context, id, command.clone()).await?;
            if commit.is_empty() {
                return Ok(view);
            }
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
        write = write.field("due_at", due_at).field(due_at_of(view.channel), due_at);
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
