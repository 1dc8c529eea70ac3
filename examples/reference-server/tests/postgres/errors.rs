//! Each trouble is one sentence, under the right exit code.

use commerce_test_postgres::{Cluster, database};

use crate::program::{Running, look_at, replay_on, run};

/// All commands end with this code, and a sentence that has these words in it, and not the password.
fn all_fail(url: &str, code: i32, words: &[&str]) {
    let commands = [
        replay_on(url, &[]),
        look_at(url, &["audit"]),
        look_at(url, &["sagas", "list"]),
        look_at(url, &["dead-letters", "list"]),
        look_at(url, &["migrate"]),
    ];
    for mut command in commands {
        let ran = run(&mut command);
        assert!(!ran.stderr.contains("secret"), "{ran:?}");
        ran.fails(code, words);
    }
}

fn with_password(url: &str, user: &str) -> String {
    url.replace("//postgres@", &format!("//{user}:secret@"))
}

#[test]
fn an_address_that_cant_be_read_is_wrong_input() {
    let shape = "postgres://USER@HOST:PORT/DATABASE";
    all_fail("postgres://me:secret@localhost:port/shop", 2, &[shape, "port"]);
    all_fail("postgres://me:1/secret@localhost/shop", 2, &[shape, "percent-encoded"]);
    all_fail("postgres://me:secret@localhost/shop?sslmode=odd", 2, &[shape, "odd"]);
    all_fail("postgre://me:secret@localhost/shop", 2, &[shape, "sqlite://FOLDER"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_let_one_in_is_named() {
    let cluster = Cluster::start().await;
    let url = with_password(&cluster.create_database("shop").await, "postgres");
    let at = |name: &str| format!("127.0.0.1:{}/{name}", cluster.port());
    let none = with_password(&cluster.url("none"), "postgres");
    all_fail(&none, 3, &[&at("none"), "refuses", "\"none\" does not exist"]);
    let nobody = with_password(&cluster.url("shop"), "nobody");
    all_fail(&nobody, 3, &[&at("shop"), "refuses", "\"nobody\" does not exist"]);
    cluster.stop().await;
    all_fail(&url, 3, &[&at("shop"), "can't be reached"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_rights_is_told_which_schema_it_lacks_them_in() {
    let cluster = Cluster::start().await;
    let url = cluster.create_database("shop").await;
    psql(&url, "CREATE ROLE guest LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let guest = with_password(&url, "guest");
    let words = ["lacks a right", "schema order", "permission denied"];
    run(&mut replay_on(&guest, &[])).fails(3, &words);
    run(&mut look_at(&guest, &["migrate"])).fails(3, &words);
    run(&mut look_at(&guest, &["audit"])).fails(3, &["no data", "`migrate` first"]);
    run(&mut look_at(&url, &["migrate"])).ends_with(0);
    all_fail(&guest, 3, &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_read_only_is_refused() {
    let cluster = Cluster::start().await;
    let url = cluster.create_database("shop").await;
    run(&mut look_at(&url, &["migrate"])).ends_with(0);
    psql(&url, "ALTER DATABASE shop SET default_transaction_read_only = on").await;
    all_fail(&with_password(&url, "postgres"), 3, &["read-only", "primary"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_a_newer_version_is_refused() {
    let database = database().await;
    run(&mut look_at(database.url(), &["migrate"])).ends_with(0);
    for schema in ["order", "catalog"] {
        let set = |version: &str| {
            format!("UPDATE \"{schema}\".commerce_settings SET value = {version} WHERE name = 'version'")
        };
        database.execute(&set("value + 9000")).await;
        all_fail(database.url(), 3, &[&format!("schema {schema}"), "version 900", "up to"]);
        database.execute(&set("value - 9000")).await;
    }
    run(&mut look_at(database.url(), &["audit"])).ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_an_older_version_is_left_to_migrate() {
    let database = database().await;
    let url = database.url();
    run(&mut look_at(url, &["migrate"])).ends_with(0);
    let set = |version: &str| {
        format!("UPDATE catalog.commerce_settings SET value = {version} WHERE name = 'version'")
    };
    database.execute(&set("value - 1")).await;
    for mut command in [
        look_at(url, &["serve", "--listen", "127.0.0.1:0"]),
        replay_on(url, &[]),
        look_at(url, &["audit"]),
        look_at(url, &["sagas", "list"]),
    ] {
        run(&mut command).fails(3, &["schema catalog", "is of version", "run `migrate`"]);
    }
    // As it was: none of them has changed it.
    database.execute(&set("value + 1")).await;
    run(&mut look_at(url, &["audit"])).ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_data_is_lost_is_not_begun_anew() {
    let database = database().await;
    let url = database.url();
    run(&mut replay_on(url, &[])).ends_with(0);
    for lost in ["payment", "order"] {
        database.execute(&format!("ALTER SCHEMA \"{lost}\" RENAME TO elsewhere")).await;
        for mut command in [
            look_at(url, &["serve", "--listen", "127.0.0.1:0"]),
            replay_on(url, &[]),
            look_at(url, &["audit"]),
            look_at(url, &["sagas", "list"]),
        ] {
            run(&mut command).fails(3, &[&format!("schema {lost}"), "is missing or empty", "restore it"]);
        }
        database.execute(&format!("ALTER SCHEMA elsewhere RENAME TO \"{lost}\"")).await;
    }
    run(&mut look_at(url, &["audit"])).ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_were_made_in_part_are_made_to_the_end() {
    let database = database().await;
    let url = database.url();
    run(&mut look_at(url, &["migrate"])).ends_with(0);
    database.execute("DROP SCHEMA payment CASCADE").await;
    run(&mut look_at(url, &["audit"])).fails(3, &["no data in schema payment"]);
    run(&mut replay_on(url, &[])).ends_with(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_data_commands_say_what_to_do() {
    let database = database().await;
    for arguments in [&["audit"][..], &["sagas", "list"], &["dead-letters", "list"]] {
        let words = ["no data", database.name(), "`replay` or `migrate` first"];
        run(&mut look_at(database.url(), arguments)).fails(3, &words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_beside_a_process_at_work_is_refused() {
    let database = database().await;
    let mut other = Running::start(&mut replay_on(database.url(), &["--repeat", "1000"]));
    other.wait_for("orders: ");
    run(&mut look_at(database.url(), &["audit"])).fails(3, &["another process is at work"]);
    // To look on is allowed.
    run(&mut look_at(database.url(), &["sagas", "list"])).ends_with(0);
    assert!(other.kill(), "it was over before: {}", other.said());
}

pub(super) async fn psql(url: &str, sql: &str) {
    use commerce_adapters::postgres::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, raw_sql};
    let mut db = PgConnection::connect(url).await.unwrap();
    db.execute(raw_sql(AssertSqlSafe(sql))).await.unwrap();
    db.close().await.unwrap();
}
