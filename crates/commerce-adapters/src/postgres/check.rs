//! What is refused before anything is sent.

use commerce_core::commit::{Commit, CommitError, FieldValue, NewMessage};

use super::{error, job};

/// So long may what a commit writes be, in bytes: PostgreSQL takes a statement of a gigabyte at most.
const LARGEST: usize = 900 << 20;

/// What no store can apply, and what PostgreSQL can't.
pub(super) fn check(commit: &Commit) -> Result<(), CommitError> {
    commit.check()?;
    let bytes = job::bytes(commit);
    if bytes > LARGEST {
        return Err(CommitError::Refused { source: error::TooLong { bytes }.into() });
    }
    match texts(commit).find(|(_, text)| text.contains('\0')) {
        Some((what, text)) => {
            let source = error::ZeroByte { what, text: text.to_owned() }.into();
            Err(CommitError::Refused { source })
        }
        None => Ok(()),
    }
}

/// Every text of a commit that is kept as a text, and what it is.
fn texts(commit: &Commit) -> impl Iterator<Item = (&'static str, &str)> {
    let events = commit.appends.iter().flat_map(|append| {
        let types = append.events.iter().map(|event| ("an event's type", &*event.event_type));
        types.chain([("the stream", append.stream.as_str())])
    });
    let documents = commit.documents.iter().flat_map(|write| {
        let fields = write.fields.iter().flat_map(|(name, value)| {
            let text = match value {
                FieldValue::Text(text) => text,
                FieldValue::Integer(_) => "",
            };
            [("a field's name", &**name), ("a field's value", text)]
        });
        fields.chain([("the collection", &*write.collection), ("a document's id", &*write.id)])
    });
    let messages = commit.messages.iter().flat_map(|message| {
        let NewMessage { topic, key, message_type, .. } = message;
        [("the topic", &**topic), ("a message's key", &**key), ("a message's type", &**message_type)]
    });
    let keys = commit.claims.iter().map(|claim| &claim.key).chain(&commit.releases);
    let claims = keys.flat_map(|key| [("a claim's scope", &*key.scope), ("a claim's key", &*key.key)]);
    let readers = commit.checkpoints.iter().map(|moved| ("a reader's name", &*moved.reader));
    let leases = commit.fences.iter().map(|lease| ("a lease's name", &*lease.name));
    let tenant = std::iter::once(("the tenant", commit.tenant.as_str()));
    tenant.chain(events).chain(documents).chain(messages).chain(claims).chain(readers).chain(leases)
}

#[cfg(test)]
mod tests {
    use commerce_core::commit::{Expected, NewEvent};
    use commerce_core::stream::StreamId;

    use super::*;

    #[test]
    fn what_no_statement_has_room_for_is_refused() {
        let of = |bytes| {
            let event = NewEvent { event_type: "Fat".into(), schema: 1, payload: vec![0; bytes] };
            check(&Commit::new().append(StreamId::new("thing", 1), Expected::ABSENT, vec![event]))
        };
        assert!(of(LARGEST).is_ok());
        let error = of(LARGEST + 1).unwrap_err();
        assert!(matches!(error, CommitError::Refused { .. }), "{error}");
        assert!(error.to_string().contains("in several"), "{error}");
    }
}
