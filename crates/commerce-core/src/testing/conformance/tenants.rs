//! Two tenants never see each other's.

use super::fixture::{ALL, Fixture, append, claim, put, stream};
use crate::commit::{ClaimKey, Commit, DocumentWrite, Expected};
use crate::id::Tenant;
use crate::store::{Query, Store};

const NAMES: [&str; 4] = ["a", "A", "a/b", "default"];

fn of(tenant: &str, commit: Commit) -> Commit {
    Commit { tenant: Tenant::new(tenant), ..commit }
}

pub(super) async fn streams_are_apart(f: Fixture<impl Store>) {
    for (n, tenant) in NAMES.into_iter().enumerate() {
        f.ok(of(tenant, append("s", Expected::ABSENT, n + 1))).await;
    }
    let read = f.store.read_stream(&Tenant::new("other"), &stream("s"), 0, ALL).await.unwrap();
    assert!(read.is_empty(), "a tenant without the stream sees none");
    for (n, tenant) in NAMES.into_iter().enumerate() {
        let rule = "streams of one name but of two tenants are apart";
        f.ok(of(tenant, append("s", Expected::Version(n as u64 + 1), 1))).await;
        let read = f.store.read_stream(&Tenant::new(tenant), &stream("s"), 0, ALL).await.unwrap();
        let versions: Vec<_> = read.iter().map(|event| event.version).collect();
        assert_eq!(versions, (1..=n as u64 + 2).collect::<Vec<_>>(), "{rule}: each counts its own versions");
        assert!(read.iter().all(|event| event.tenant == Tenant::new(tenant)), "{rule}");
    }
    assert_eq!(f.log().await.len(), 14, "the log holds the events of every tenant");
}

pub(super) async fn documents_are_apart(f: Fixture<impl Store>) {
    for tenant in NAMES {
        f.ok(of(tenant, put("d", Expected::ABSENT, tenant))).await;
    }
    let read = f.store.document(&Tenant::new("other"), "things", "d").await.unwrap();
    assert_eq!(read, None, "a tenant without the document sees none");
    let delete = Commit::new().document(DocumentWrite::delete("things", "d", Expected::Version(1)));
    f.ok(of("other", Commit::new().document(DocumentWrite::delete("things", "d", Expected::Any)))).await;
    f.ok(of("A", delete)).await;
    for tenant in ["a", "a/b", "default"] {
        let read = f.store.document(&Tenant::new(tenant), "things", "d").await.unwrap();
        let read = read.expect("a deletion by another tenant deletes nothing");
        assert_eq!(read.tenant, Tenant::new(tenant), "documents of two tenants are apart");
        assert_eq!(read.body, tenant.as_bytes(), "documents of two tenants are apart");
    }
}

pub(super) async fn claims_are_apart(f: Fixture<impl Store>) {
    let rule = "claims of two tenants are apart";
    for tenant in NAMES {
        f.ok(of(tenant, claim("c"))).await;
        f.conflict("within a tenant a claim is taken once", of(tenant, claim("c"))).await;
    }
    assert_eq!(f.store.claimed(&Tenant::new("other"), "test", "c").await.unwrap(), None, "{rule}");
    f.ok(of("other", Commit::new().release(ClaimKey::new("test", "c")))).await;
    f.ok(of("A", Commit::new().release(ClaimKey::new("test", "c")))).await;
    for tenant in NAMES {
        let claimed = f.store.claimed(&Tenant::new(tenant), "test", "c").await.unwrap();
        assert_eq!(claimed.is_some(), tenant != "A", "{rule}: only their own are released");
    }
}

pub(super) async fn queries_see_one_tenant_or_all(f: Fixture<impl Store>) {
    for tenant in NAMES {
        let write = DocumentWrite::put("things", "d", Expected::ABSENT, b"1".to_vec()).field("size", 1);
        f.ok(of(tenant, Commit::new().document(write))).await;
    }
    let shapes = [
        |query: Query| query,
        |query: Query| query.equals("size", 1),
        |query: Query| query.at_most("size", 1).descending("size"),
    ];
    for shape in shapes {
        for tenant in NAMES {
            let query = shape(Query::of(&Tenant::new(tenant), "things"));
            let found = f.store.documents(&query).await.unwrap();
            let tenants: Vec<_> = found.iter().map(|document| document.tenant.as_str()).collect();
            assert_eq!(tenants, [tenant], "a query of one tenant sees its documents alone");
        }
        let found = f.store.documents(&shape(Query::all_tenants("things"))).await.unwrap();
        let tenants: Vec<_> = found.iter().map(|document| document.tenant.as_str()).collect();
        assert_eq!(tenants, ["A", "a", "a/b", "default"], "a query of all tenants sees every document");
    }
    let page = f.store.documents(&Query::of(&Tenant::new("a"), "things").after("c")).await.unwrap();
    assert_eq!(page.len(), 1, "a page of one tenant holds its documents alone");
}

pub(super) async fn readers_and_commits_belong_to_no_tenant(f: Fixture<impl Store>) {
    let id = f.ok(of("a", Commit::new().checkpoint("r", 0, 5))).await.id;
    assert_eq!(f.checkpoint("r").await, 5, "a reader has one checkpoint, whoever's commit moves it");
    f.conflict("a reader has one checkpoint", of("A", Commit::new().checkpoint("r", 0, 5))).await;
    f.invalid("a commit id is used once, by whatever tenant", of("A", Commit::new().with_id(id))).await;
}
