//! What is written comes back byte for byte.

use super::fixture::{ALL, Fixture};
use crate::commit::{Claim, Commit, DocumentWrite, Expected, NewEvent, NewMessage};
use crate::context::Context;
use crate::host::Host;
use crate::id::Tenant;
use crate::store::{Query, ReadMessages, Store, partition_of};
use crate::stream::StreamId;

/// Texts that are easily mangled or taken for each other. No NUL: PostgreSQL's text can't hold it.
const ODD: [&str; 22] = [
    "plain",
    "Plain",
    " plain",
    "plain ",
    "plain\n",
    "plain\t",
    "it's; DROP TABLE events; --",
    "\"quoted\"",
    "back\\slash",
    "{curly},{\"a\":1}",
    "100%",
    "100_",
    "$1 ?1 :name @name",
    "null",
    "0",
    "00",
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{65e5}\u{672c}\u{8a9e}",
    "\u{1f9fe}\u{200d}\u{1f4e6}",
    "\u{202e}rtl",
    "\u{1}\u{7f}\r\n",
];

/// One commit in which a text takes every place that a text can take.
fn everywhere(f: &Fixture<impl Store>, text: &str) -> Commit {
    let context = Context::new(f.host.now(), f.host.new_id())
        .with_tenant(Tenant::new(text))
        .with_actor(text)
        .with_traceparent(text);
    let (owned, json) = (text.to_owned(), serde_json::to_vec(text).unwrap());
    let event = NewEvent { event_type: owned.clone().into(), schema: 1, payload: json.clone() };
    let document = DocumentWrite::put(owned.clone(), text, Expected::ABSENT, json.clone());
    let message = NewMessage::new(owned.clone(), text).of_type(owned.clone()).payload(json.clone());
    Commit::within(&context)
        .append(StreamId::from(text), Expected::ABSENT, vec![event])
        .document(document.field(owned.clone(), text))
        .message(message.header(owned.clone(), text))
        .claim(Claim::new(owned, text).with_answer(json))
        .checkpoint(text, 0, 7)
}

async fn is_kept(f: &Fixture<impl Store>, text: &str) {
    let (tenant, json) = (Tenant::new(text), serde_json::to_vec(text).unwrap());
    let rule = format!("the text {text:?} is kept as it is");
    let events = f.store.read_stream(&tenant, &StreamId::from(text), 0, ALL).await.unwrap();
    assert_eq!(events.len(), 1, "{rule}, apart from those like it, as a stream's name");
    assert_eq!(events[0].stream.as_str(), text, "{rule} as a stream's name");
    assert_eq!(&*events[0].event_type, text, "{rule} as an event's type");
    assert_eq!(events[0].payload, json, "{rule} in an event");
    assert_eq!(&*events[0].metadata.actor, text, "{rule} as an actor");
    assert_eq!(events[0].metadata.traceparent.as_deref(), Some(text), "{rule} as a traceparent");
    let document = f.store.document(&tenant, text, text).await.unwrap().expect("the document is there");
    assert_eq!((&*document.id, &*document.collection), (text, text), "{rule} as a document's id");
    assert_eq!((document.version, document.body), (1, json.clone()), "{rule} in a document");
    let query = Query::all_tenants(text.to_owned()).equals(text.to_owned(), text);
    let found = f.store.documents(&query).await.unwrap();
    assert_eq!(found.len(), 1, "{rule} as a field");
    assert_eq!(found[0].tenant, tenant, "{rule} as a tenant");
    let partition = partition_of(text, f.store.partitions());
    let request = ReadMessages { partition, after: 0, topics: &[text], limit: ALL };
    f.caught_up().await;
    let messages = f.store.read_messages(request).await.unwrap().messages;
    assert_eq!(messages.len(), 1, "{rule}, apart from those like it, as a topic");
    assert_eq!((&*messages[0].key, &*messages[0].message_type), (text, text), "{rule} in a message");
    assert_eq!(messages[0].payload, json, "{rule} in a message");
    assert_eq!(messages[0].headers.get(text).map(String::as_str), Some(text), "{rule} as a header");
    let claimed = f.store.claimed(&tenant, text, text).await.unwrap().expect("the claim is there");
    assert_eq!(claimed.answer, Some(json), "{rule} in an answer");
    assert_eq!(f.checkpoint(text).await, 7, "{rule} as a reader's name");
}

pub(super) async fn odd_texts_are_kept_apart_and_whole(f: Fixture<impl Store>) {
    for text in ODD {
        f.ok(everywhere(&f, text)).await;
    }
    for text in ODD {
        is_kept(&f, text).await;
    }
}

pub(super) async fn empty_texts_are_kept(f: Fixture<impl Store>) {
    f.ok(everywhere(&f, "")).await;
    is_kept(&f, "").await;
    let answers = [Some(Vec::new()), None];
    for (key, answer) in ["empty", "none"].into_iter().zip(&answers) {
        f.ok(Commit::new().claim(Claim { answer: answer.clone(), ..Claim::new("answers", key) })).await;
    }
    for (key, answer) in ["empty", "none"].into_iter().zip(answers) {
        let claimed = f.claimed("answers", key).await.expect("the claim is there");
        assert_eq!(claimed.answer, answer, "an empty answer is not the same as none");
    }
}

pub(super) async fn large_payloads_are_kept_whole(f: Fixture<impl Store>) {
    // A megabyte of JSON in which no part is like another.
    let list: Vec<u64> =
        (0..50_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 10_u64.pow(19)).collect();
    let large = serde_json::to_vec(&list).unwrap();
    assert!(large.len() > 1_000_000 - 100_000, "the payload is about a megabyte");
    let event = NewEvent { event_type: "Large".into(), schema: 1, payload: large.clone() };
    let commit = Commit::new()
        .append("large/1".into(), Expected::ABSENT, vec![event])
        .document(DocumentWrite::put("large", "1", Expected::ABSENT, large.clone()))
        .message(NewMessage::new("large", "1").payload(large.clone()))
        .claim(Claim::new("large", "1").with_answer(large.clone()));
    f.ok(commit).await;
    // Compared as a bool, so that a failure doesn't print megabytes.
    assert!(f.log().await[0].payload == large, "a megabyte survives in an event");
    assert!(f.document("large", "1").await.unwrap().body == large, "a megabyte survives in a document");
    assert!(f.messages().await[0].payload == large, "a megabyte survives in a message");
    let answer = f.claimed("large", "1").await.unwrap().answer.unwrap();
    assert!(answer == large, "a megabyte survives in an answer");
}
