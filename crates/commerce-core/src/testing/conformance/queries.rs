//! Finding documents by their fields.

use super::fixture::Fixture;
use crate::commit::{Commit, DocumentWrite, Expected, FieldValue};
use crate::id::Tenant;
use crate::store::{Query, Store, StoreError};

fn thing(id: &str) -> DocumentWrite {
    DocumentWrite::put("things", id, Expected::Any, b"{}".to_vec())
}

async fn write<T: Into<FieldValue> + Copy>(f: &Fixture<impl Store>, values: &[(&str, T)]) {
    for (id, value) in values {
        f.ok(Commit::new().document(thing(id).field("value", *value))).await;
    }
}

fn things() -> Query {
    Query::of(&Tenant::default(), "things")
}

pub(super) async fn documents_come_in_the_order_of_tenant_and_id(f: Fixture<impl Store>) {
    assert!(f.find(things()).await.is_empty(), "an empty collection has no documents");
    for tenant in ["b", "B", "a"] {
        for id in ["2", "10", "\u{e9}", "z", "Z", "1"] {
            let commit = Commit { tenant: Tenant::new(tenant), ..Commit::new() };
            f.ok(commit.document(thing(id))).await;
        }
    }
    let ids = ["1", "10", "2", "Z", "z", "\u{e9}"];
    let found = f.find(Query::of(&Tenant::new("a"), "things")).await;
    assert_eq!(found, ids, "documents come in the order of their ids, by bytes");
    let found = f.store.documents(&Query::all_tenants("things")).await.unwrap();
    let found: Vec<_> = found.iter().map(|document| (document.tenant.as_str(), &*document.id)).collect();
    let expected: Vec<_> = ["B", "a", "b"].iter().flat_map(|tenant| ids.map(|id| (*tenant, id))).collect();
    assert_eq!(found, expected, "documents of all tenants come in the order of tenant and id");
    assert!(f.find(Query::all_tenants("thing")).await.is_empty(), "a query sees its own collection only");
}

pub(super) async fn fields_are_compared_as_integers(f: Fixture<impl Store>) {
    let values = [("a", 10), ("b", 9), ("c", 0), ("d", -1), ("e", -10), ("f", i64::MAX), ("g", i64::MIN)];
    write(&f, &values).await;
    let rule = "integers are compared as numbers";
    assert_eq!(f.find(things().equals("value", -1)).await, ["d"], "{rule}: equals");
    assert_eq!(f.find(things().equals("value", i64::MAX)).await, ["f"], "{rule}: the highest");
    assert_eq!(f.find(things().at_most("value", -1)).await, ["d", "e", "g"], "{rule}: at most, inclusive");
    assert_eq!(f.find(things().at_least("value", 9)).await, ["a", "b", "f"], "{rule}: at least, inclusive");
    assert!(f.find(things().equals("value", 11)).await.is_empty(), "{rule}: none");
    assert!(f.find(things().equals("value", "10")).await.is_empty(), "the integer 10 is not the text 10");
    let order = f.find(things().ascending("value")).await;
    assert_eq!(order, ["g", "e", "d", "c", "b", "a", "f"], "{rule}: in order");
}

pub(super) async fn fields_are_compared_as_texts(f: Fixture<impl Store>) {
    let values = [("a", "10"), ("b", "9"), ("c", ""), ("d", "Z"), ("e", "a"), ("f", "\u{e9}"), ("g", "ab")];
    write(&f, &values).await;
    let rule = "texts are compared by bytes";
    assert_eq!(f.find(things().equals("value", "a")).await, ["e"], "{rule}: equals");
    assert_eq!(f.find(things().equals("value", "")).await, ["c"], "{rule}: the empty text");
    assert!(f.find(things().equals("value", "A")).await.is_empty(), "{rule}: case matters");
    assert!(f.find(things().equals("value", "a%")).await.is_empty(), "{rule}: there are no wildcards");
    assert!(f.find(things().equals("value", 10)).await.is_empty(), "the text 10 is not the integer 10");
    assert_eq!(f.find(things().at_most("value", "9")).await, ["a", "b", "c"], "{rule}: at most, inclusive");
    assert_eq!(f.find(things().at_least("value", "a")).await, ["e", "f", "g"], "{rule}: at least, inclusive");
    let order = f.find(things().ascending("value")).await;
    assert_eq!(order, ["c", "a", "b", "d", "e", "g", "f"], "{rule}: in order");
}

pub(super) async fn comparisons_stay_within_a_type(f: Fixture<impl Store>) {
    write(&f, &[("a", 7), ("b", -7), ("c", 70)]).await;
    write(&f, &[("d", "7"), ("e", ""), ("f", "x"), ("g", "-")]).await;
    let rule = "a comparison stays within the type of its value";
    assert_eq!(f.find(things().at_most("value", "x")).await, ["d", "e", "f", "g"], "{rule}: at most a text");
    assert_eq!(f.find(things().at_least("value", "")).await, ["d", "e", "f", "g"], "{rule}: at least a text");
    assert_eq!(f.find(things().at_most("value", 7)).await, ["a", "b"], "{rule}: at most an integer");
    assert_eq!(f.find(things().at_least("value", i64::MIN)).await, ["a", "b", "c"], "{rule}: at least one");
    let none = things().at_least("value", i64::MIN).at_most("value", "x");
    assert!(f.find(none).await.is_empty(), "{rule}: no value has two");
    let up = f.find(things().ascending("value")).await;
    assert_eq!(up, ["b", "a", "c", "e", "g", "d", "f"], "in an order by a field integers come before texts");
    let down = f.find(things().descending("value")).await;
    assert_eq!(down, ["f", "d", "g", "e", "c", "a", "b"], "descending, integers come after texts");
    let texts = things().at_most("value", "x").ascending("value").limit(2);
    assert_eq!(f.find(texts).await, ["e", "g"], "{rule}, also of the field that gives the order");
    let integers = things().at_least("value", -7).descending("value");
    assert_eq!(f.find(integers).await, ["c", "a", "b"], "{rule}, also of the field that gives the order");
}

pub(super) async fn all_conditions_must_hold(f: Fixture<impl Store>) {
    for (id, status, size) in [("a", "new", 1), ("b", "new", 5), ("c", "new", 9), ("d", "old", 5)] {
        f.ok(Commit::new().document(thing(id).field("status", status).field("size", size))).await;
    }
    f.ok(Commit::new().document(thing("e").field("status", "new"))).await;
    f.ok(Commit::new().document(thing("f"))).await;
    let rule = "all conditions of a query must hold";
    let new = things().equals("status", "new");
    assert_eq!(f.find(new.clone().at_least("size", 5)).await, ["b", "c"], "{rule}");
    assert_eq!(f.find(new.clone().at_least("size", 2).at_most("size", 8)).await, ["b"], "{rule}: a range");
    assert!(f.find(new.clone().equals("status", "old")).await.is_empty(), "{rule}: a contradiction");
    assert!(f.find(new.equals("nothing", 1)).await.is_empty(), "a document lacks what no one gave it");
    assert_eq!(f.find(things()).await.len(), 6, "without conditions every document is found");
    let both = things().equals("size", 5).descending("size").at_least("status", "new");
    assert_eq!(f.find(both).await, ["b", "d"], "{rule}, whatever the order");
}

pub(super) async fn a_field_gives_the_order(f: Fixture<impl Store>) {
    write(&f, &[("d", 2), ("b", 1), ("c", 2), ("a", 3)]).await;
    f.ok(Commit::new().document(thing("without"))).await;
    let other = Commit { tenant: Tenant::new("a-first"), ..Commit::new() };
    f.ok(other.document(thing("x").field("value", 2))).await;
    let up = f.find(things().ascending("value")).await;
    assert_eq!(up, ["b", "c", "d", "a"], "ascending: lowest first, ties by id, none without the field");
    let down = f.find(things().descending("value")).await;
    assert_eq!(down, ["a", "c", "d", "b"], "descending: highest first, ties by id, none without the field");
    let all = Query::all_tenants("things");
    let up = f.find(all.clone().ascending("value")).await;
    assert_eq!(up, ["b", "x", "c", "d", "a"], "ties of a field's order come by tenant and id");
    let down = f.find(all.descending("value").limit(2)).await;
    assert_eq!(down, ["a", "x"], "a limit cuts off the end of the order");
}

pub(super) async fn fields_are_replaced(f: Fixture<impl Store>) {
    let write = thing("a").field("status", "new").field("size", 1);
    f.ok(Commit::new().document(write)).await;
    f.ok(Commit::new().document(thing("a").field("status", "old").field("weight", 2))).await;
    let rule = "the fields of a write replace those the document had";
    assert_eq!(f.find(things().equals("status", "old")).await, ["a"], "{rule}: changed");
    assert!(f.find(things().equals("status", "new")).await.is_empty(), "{rule}: the old value is gone");
    assert!(f.find(things().equals("size", 1)).await.is_empty(), "{rule}: a dropped field is gone");
    assert_eq!(f.find(things().equals("weight", 2)).await, ["a"], "{rule}: a new field is there");
    f.ok(Commit::new().document(thing("a").field("status", 7))).await;
    assert_eq!(f.find(things().equals("status", 7)).await, ["a"], "{rule}: of another type");
    assert!(f.find(things().equals("status", "old")).await.is_empty(), "{rule}: the old type is gone");
    f.ok(Commit::new().document(thing("a"))).await;
    assert!(f.find(things().ascending("status")).await.is_empty(), "{rule}: all are dropped");
    assert_eq!(f.find(things()).await, ["a"], "a document without fields is still found by its collection");
}

pub(super) async fn deleted_documents_are_not_found(f: Fixture<impl Store>) {
    write(&f, &[("a", 1), ("b", 1)]).await;
    f.ok(Commit::new().document(DocumentWrite::delete("things", "a", Expected::Any))).await;
    let rule = "a deleted document is not found";
    assert_eq!(f.find(things()).await, ["b"], "{rule} by its collection");
    assert_eq!(f.find(things().equals("value", 1)).await, ["b"], "{rule} by its field");
    assert_eq!(f.find(things().ascending("value")).await, ["b"], "{rule} in an order");
    f.ok(Commit::new().document(thing("a"))).await;
    assert_eq!(f.find(things().equals("value", 1)).await, ["b"], "a document written anew has no old fields");
}

pub(super) async fn paging_by_id_sees_every_document_once(f: Fixture<impl Store>) {
    let ids: Vec<String> = (0..25).map(|n| format!("{n:03}")).collect();
    for (n, id) in ids.iter().enumerate() {
        let size = if n % 2 == 0 { 0 } else { 1 };
        f.ok(Commit::new().document(thing(id).field("odd", size))).await;
    }
    let odd: Vec<String> = ids.iter().skip(1).step_by(2).cloned().collect();
    for (query, expected) in [(things(), &ids), (things().equals("odd", 1), &odd)] {
        for limit in [1, 4, 12, 25, 26] {
            let (mut seen, mut next) = (Vec::new(), query.clone().limit(limit));
            loop {
                let page = f.find(next).await;
                assert!(
                    page.len() <= limit && seen.len() <= ids.len(),
                    "a page of documents keeps its limit"
                );
                let Some(last) = page.last() else { break };
                next = query.clone().limit(limit).after(last.clone());
                seen.extend(page);
            }
            assert_eq!(&seen, expected, "pages of {limit} after an id show every document exactly once");
        }
    }
    let middle = f.find(things().after("0015").limit(2)).await;
    assert_eq!(middle, ["002", "003"], "the id to read on after need not exist");
}

pub(super) async fn paging_needs_ids_of_one_tenant(f: Fixture<impl Store>) {
    write(&f, &[("a", 1)]).await;
    let queries = [
        Query::all_tenants("things").after("a"),
        things().after("a").ascending("value"),
        things().after("a").descending("value"),
    ];
    for query in queries {
        let answer = f.store.documents(&query).await;
        let rule = "reading on after an id needs one tenant and the order of ids; anything else is Invalid";
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{rule}, not {answer:?}");
    }
}

pub(super) async fn limits_are_kept(f: Fixture<impl Store>) {
    for n in 0..120 {
        f.ok(Commit::new().document(thing(&format!("{n:03}")))).await;
    }
    for (limit, expected) in [(0, 0), (1, 1), (119, 119), (120, 120), (121, 120), (usize::MAX, 120)] {
        let found = f.find(things().limit(limit)).await;
        assert_eq!(found.len(), expected, "a query with a limit of {limit} keeps it");
    }
    assert_eq!(f.find(things()).await.len(), 100, "a query without a limit finds a hundred");
}
