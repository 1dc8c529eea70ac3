//! Documents: versions and expectations.

use super::fixture::{Fixture, put};
use crate::commit::{Commit, Conflict, DocumentWrite, Expected};
use crate::store::{Document, Store};

fn delete(id: &str, expected: Expected) -> Commit {
    Commit::new().document(DocumentWrite::delete("things", id, expected))
}

pub(super) async fn an_unknown_document_is_none(f: Fixture<impl Store>) {
    assert_eq!(f.document("things", "a").await, None, "a document that was never written is none");
}

pub(super) async fn versions_count_writes(f: Fixture<impl Store>) {
    for (version, body) in ["1", "2", "3"].into_iter().enumerate() {
        f.ok(put("a", Expected::Version(version as u64), body)).await;
        let expected = Document {
            tenant: f.tenant.clone(),
            collection: "things".into(),
            id: "a".to_owned(),
            version: version as u64 + 1,
            body: body.as_bytes().to_vec(),
        };
        let read = f.document("things", "a").await;
        assert_eq!(read, Some(expected), "a document is read as it was last written, and counts its writes");
    }
}

pub(super) async fn a_wrong_version_is_a_conflict(f: Fixture<impl Store>) {
    f.ok(put("a", Expected::ABSENT, "1")).await;
    f.ok(put("a", Expected::Version(1), "2")).await;
    let rule = "a document write with a wrong version is a conflict";
    for (id, expected, actual) in [("a", 0, 2), ("a", 1, 2), ("a", 3, 2), ("b", 1, 0)] {
        for commit in [put(id, Expected::Version(expected), "9"), delete(id, Expected::Version(expected))] {
            let conflict = f.conflict(rule, commit).await;
            let (collection, id) = ("things".to_owned(), id.to_owned());
            let named = Conflict::Document { collection, id, expected, actual };
            assert_eq!(conflict, named, "the conflict names the document and both versions");
        }
    }
    let read = f.document("things", "a").await.expect("a conflict deletes nothing");
    assert_eq!((read.version, &*read.body), (2, &b"2"[..]), "a conflict writes nothing");
}

pub(super) async fn any_version_is_overwritten(f: Fixture<impl Store>) {
    for body in ["1", "2", "3"] {
        f.ok(put("a", Expected::Any, body)).await;
    }
    let read = f.document("things", "a").await.expect("the document is there");
    assert_eq!((read.version, &*read.body), (3, &b"3"[..]), "any version is overwritten, and counted");
}

pub(super) async fn a_deleted_document_starts_again(f: Fixture<impl Store>) {
    for expected in [Expected::Version(2), Expected::Any] {
        f.ok(put("a", Expected::ABSENT, "1")).await;
        f.ok(put("a", Expected::Version(1), "2")).await;
        f.ok(delete("a", expected)).await;
        assert_eq!(f.document("things", "a").await, None, "a deleted document is gone");
        f.conflict("a deleted document has no version", put("a", Expected::Version(2), "3")).await;
    }
    f.ok(put("a", Expected::ABSENT, "4")).await;
    let version = f.document("things", "a").await.map(|document| document.version);
    assert_eq!(version, Some(1), "a deleted document starts again at version zero");
}

pub(super) async fn deleting_what_is_absent_is_no_error(f: Fixture<impl Store>) {
    f.ok(delete("a", Expected::Any)).await;
    f.ok(delete("a", Expected::ABSENT)).await;
    assert_eq!(f.document("things", "a").await, None, "deleting what is absent makes nothing");
    f.ok(put("a", Expected::ABSENT, "1")).await;
}

pub(super) async fn collections_are_apart(f: Fixture<impl Store>) {
    let writes = [("ab", "c", "1"), ("a", "bc", "2"), ("a", "b/c", "3"), ("a/b", "c", "4")];
    for (collection, id, body) in writes {
        let write = DocumentWrite::put(collection, id, Expected::ABSENT, body.as_bytes().to_vec());
        f.ok(Commit::new().document(write)).await;
    }
    f.ok(Commit::new().document(DocumentWrite::delete("ab", "c", Expected::Version(1)))).await;
    for (collection, id, body) in &writes[1..] {
        let read = f.document(collection, id).await.map(|document| document.body);
        assert_eq!(read.as_deref(), Some(body.as_bytes()), "a document belongs to its own collection");
    }
}
