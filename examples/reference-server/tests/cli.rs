//! The program, from outside: what it prints, and how it refuses.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use commerce_adapters::sqlite::rusqlite::Connection;
use commerce_core::Host;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_outbox::SystemHost;
use program::{
    Ran, Running, look_at, on_each, program, replay, replay_of, run, sample, summary_of_sample, url,
};
use reference_server::shop::{StoreUrl, Stores};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// As the README lists them.
const KEYS: [&str; 20] = [
    "rows",
    "invoices",
    "orders_placed",
    "orders_confirmed",
    "orders_failed",
    "lines",
    "invoices_without_a_valid_line",
    "products",
    "units_sold",
    "revenue_gross",
    "refunds",
    "revenue_refunded",
    "revenue_net",
    "units_restocked",
    "rows_refused",
    "audit",
    "seconds",
    "orders_per_second",
    "checkout_p50_ms",
    "checkout_p99_ms",
];
const STORES: [&str; 8] = [
    "order.db",
    "inventory.db",
    "payment.db",
    "shipping.db",
    "catalog.db",
    "identity.db",
    "notification.db",
    "analytics.db",
];

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A folder on which the sample was replayed.
fn finished() -> TempDir {
    let folder = folder();
    run(&mut replay(folder.path(), &[])).ends_with(0);
    folder
}

/// A command that looks at a folder.
fn look(folder: &Path, arguments: &[&str]) -> Ran {
    run(&mut look_at(&url(folder), arguments))
}

/// The commands that read or write a folder's data.
fn all_commands(folder: &Path) -> Vec<Command> {
    let looks = [&["audit"][..], &["sagas", "list"], &["dead-letters", "list"], &["migrate"]];
    let looks = looks.map(|arguments| look_at(&url(folder), arguments));
    [replay(folder, &[])].into_iter().chain(looks).collect()
}

#[test]
fn the_summary_of_the_sample_is_one_json_object_with_the_documented_keys_in_order() {
    let folder = folder();
    let ran = run(&mut replay(folder.path(), &[])).ends_with(0);
    let keys: Vec<&str> = ran
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("  \"")?.split_once('"'))
        .map(|(key, _)| key)
        .collect();
    assert_eq!(keys, KEYS);
    assert_eq!(ran.json().len(), KEYS.len());
    assert_eq!(ran.summary(), summary_of_sample());
    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    for store in STORES {
        assert!(files.contains(&store.into()), "{files:?}");
    }
}

#[test]
fn a_folder_is_made_by_migrate_too() {
    let folder = folder();
    let data = folder.path().join("data");
    for done in ["made", "is up to date"] {
        let lines = look(&data, &["migrate"]).ends_with(0).stdout;
        assert_eq!(lines.lines().filter(|line| line.ends_with(done)).count(), STORES.len(), "{lines}");
    }
    look(&data, &["audit"]).ends_with(0);
}

#[test]
fn memory_gives_the_same_summary() {
    let mut command = program();
    command.arg("replay").arg(sample()).args(["--json", "--store", "memory://"]);
    assert_eq!(run(&mut command).summary(), summary_of_sample());
}

#[test]
fn without_json_the_summary_is_a_table() {
    let folder = folder();
    let ran = run(program().arg("replay").arg(sample()).args(["--store", &url(folder.path())])).ends_with(0);
    for line in ["lines 140 + refused 13 + refunds 6", "confirmed 11", "4394.19"] {
        assert!(ran.stdout.contains(line), "{line:?} is not in {}", ran.stdout);
    }
}

fn count(value: &Value) -> u64 {
    value.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

fn number(summary: &Map<String, Value>, key: &str) -> u64 {
    summary[key].as_u64().unwrap()
}

/// What must hold of each summary.
fn assert_accounted_for(summary: &Map<String, Value>) {
    let number = |key: &str| number(summary, key);
    assert_eq!(number("rows"), number("lines") + count(&summary["rows_refused"]) + number("refunds"));
    assert_eq!(number("orders_placed"), number("orders_confirmed") + count(&summary["orders_failed"]));
    assert_eq!(summary["audit"], "ok");
}

#[test]
fn with_little_stock_orders_fail_and_all_is_accounted_for() {
    on_each(|place| {
        let summary = run(&mut place.replay(&["--stock", "3", "--repeat", "2"])).summary();
        assert_accounted_for(&summary);
        let failed = summary["orders_failed"].as_object().unwrap();
        assert_eq!(failed.keys().collect::<Vec<_>>(), ["insufficient_stock"]);
        // Of one order not even the first line can be had twice.
        assert!(count(&summary["orders_failed"]) >= 11, "{summary:?}");
        // What could not be sold can't come back.
        assert!(summary["refunds"].as_u64().unwrap() < 12, "{summary:?}");
        place.look(&["audit"]).ends_with(0);
    });
}

#[test]
fn with_declined_cards_orders_fail_and_all_is_accounted_for() {
    on_each(|place| {
        let summary = run(&mut place.replay(&["--decline-every", "5"])).summary();
        assert_accounted_for(&summary);
        assert_eq!(summary["orders_failed"], json!({"card_declined": 2}));
        assert_eq!(summary["orders_confirmed"], 9);
        let failed = place.look(&["sagas", "list", "--status", "failed"]).ends_with(0).stdout;
        assert_eq!(failed.lines().count(), 2, "{failed}");
        assert!(failed.lines().all(|line| line.contains("card_declined at capture-payment")), "{failed}");
    });
}

#[test]
fn data_begun_with_other_options_is_refused() {
    on_each(|place| {
        run(&mut place.replay(&["--stock", "3"])).ends_with(0);
        for options in [&[][..], &["--stock", "4"], &["--stock", "3", "--decline-every", "2"]] {
            run(&mut place.replay(options)).fails(2, &["--stock 3", "use the same options"]);
        }
        run(&mut place.replay(&["--stock", "3"])).ends_with(0);
    });
}

/// The lines of the sample, without its header.
fn sample_rows() -> String {
    let text = std::fs::read_to_string(sample()).unwrap();
    text.split_once('\n').unwrap().1.to_owned()
}

#[test]
fn files_that_overlap_place_orders_and_give_money_back_once() {
    let folder = folder();
    let other = folder.path().join("other.csv");
    let more = "999999,NEW1,SOMETHING NEW,1,2010-12-01 07:00:00,1.00,1.0,France";
    std::fs::write(&other, format!("{HEADER}\n{more}\n{}", sample_rows())).unwrap();
    on_each(|place| {
        let alone = run(&mut place.replay(&[])).summary();
        let both = run(&mut replay_of(&other, &place.url, &[])).summary();
        assert_eq!(number(&both, "orders_confirmed"), number(&alone, "orders_confirmed") + 1);
        assert_eq!(
            (&both["refunds"], &both["revenue_refunded"]),
            (&alone["refunds"], &alone["revenue_refunded"])
        );
        let list = place.look(&["sagas", "list", "--limit", "1000"]).ends_with(0).stdout;
        let returns = list.lines().filter(|line| line.starts_with("return-goods/")).count();
        assert_eq!(returns as u64, number(&alone, "refunds"), "no row is given back twice");
    });
}

#[test]
fn an_invoice_whose_number_stands_for_another_is_refused() {
    let folder = folder();
    let (first, second) = (folder.path().join("1.csv"), folder.path().join("2.csv"));
    let row = |sku: &str| format!("{HEADER}\n1,{sku},THING,2,2010-12-01 07:00:00,1.00,1.0,France\n");
    std::fs::write(&first, row("A1")).unwrap();
    std::fs::write(&second, format!("{}C2,B1,THING,-1,2010-12-02 07:00:00,1.00,1.0,France\n", row("B1")))
        .unwrap();
    let data = url(&folder.path().join("data"));
    run(program().arg("replay").arg(&first).args(["--json", "--store", &data])).summary();
    let summary = run(program().arg("replay").arg(&second).args(["--json", "--store", &data])).summary();
    assert_eq!(summary["rows_refused"], serde_json::json!({ "invoice_differs": 1, "no_matching_order": 1 }));
    assert_accounted_for(&summary);
    assert_eq!(summary["audit"], "ok");
}

#[test]
fn a_repetition_never_takes_the_number_of_another_invoice() {
    let folder = folder();
    let file = folder.path().join("clash.csv");
    let row = |number: &str| format!("{number},A1,THING,2,2010-12-01 07:00:00,1.00,1.0,France\n");
    std::fs::write(&file, format!("{HEADER}\n{}{}", row("X"), row("X-2"))).unwrap();
    let data = url(&folder.path().join("data"));
    let summary =
        run(program().arg("replay").arg(&file).args(["--repeat", "2", "--json", "--store", &data])).summary();
    assert_eq!((number(&summary, "orders_confirmed"), number(&summary, "units_sold")), (4, 8));
    let list =
        look(&folder.path().join("data"), &["sagas", "list", "--status", "completed"]).ends_with(0).stdout;
    assert_eq!(list.lines().count(), 4);
}

#[test]
fn the_refused_rows_are_never_written_over_the_input() {
    let folder = folder();
    let file = folder.path().join("input.csv");
    std::fs::copy(sample(), &file).unwrap();
    let data = folder.path().join("data");
    let mut command = program();
    command.arg("replay").arg(&file).arg("--refused").arg(&file).args(["--store", &url(&data)]);
    run(&mut command).fails(2, &["input.csv"]);
    assert!(!data.exists());
    assert_eq!(std::fs::read(&file).unwrap(), std::fs::read(sample()).unwrap());
}

#[test]
fn the_refused_rows_are_written_to_a_file() {
    let folder = folder();
    let file = folder.path().join("refused.csv");
    let data = folder.path().join("data");
    // Of an earlier run, and longer: nothing of it stays.
    fs::write(&file, "earlier\n".repeat(10_000)).unwrap();
    run(&mut replay(&data, &["--refused", file.to_str().unwrap()])).ends_with(0);
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.lines().next(), Some("line,invoice_no,reason"));
    assert_eq!(text.lines().count(), 1 + 13);
    let sku_invalid: Vec<_> = text.lines().filter(|line| line.ends_with(",sku_invalid")).collect();
    assert!(matches!(sku_invalid[..], [line] if line.contains(",536779,")), "{text}");
}

#[test]
fn the_refused_rows_are_those_that_the_summary_counts() {
    let folder = folder();
    let file = folder.path().join("refused.csv");
    let options = ["--decline-every", "2", "--repeat", "2", "--refused", file.to_str().unwrap()];
    let summary = run(&mut replay(&folder.path().join("data"), &options)).summary();
    let counted = summary["rows_refused"].as_object().unwrap();
    let text = fs::read_to_string(file).unwrap();
    for (reason, count) in counted {
        let rows = text.lines().filter(|line| line.ends_with(&format!(",{reason}"))).count();
        assert_eq!(json!(rows), *count, "{reason} in {text}");
    }
    let all: u64 = counted.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(text.lines().count() as u64, 1 + all);
}

#[test]
fn the_refused_rows_go_to_what_is_no_file_too_and_a_refused_run_leaves_no_file() {
    let folder = folder();
    let data = folder.path().join("data");
    run(&mut replay(&data, &["--refused", "/dev/null"])).ends_with(0);
    let file = folder.path().join("refused.csv");
    let other = ["--decline-every", "2", "--refused", file.to_str().unwrap()];
    run(&mut replay(&data, &other)).fails(2, &["use the same options"]);
    assert!(!file.exists());
    run(&mut replay(&data, &["--refused", "/nowhere/refused.csv"])).fails(2, &["/nowhere/refused.csv"]);
}

/// A tab stands between the number of an invoice and the count of its repetition.
#[test]
fn an_invoice_that_is_numbered_as_a_repetition_is_refused() {
    let folder = folder();
    let file = folder.path().join("clash.csv");
    let row = |number: &str| format!("{number},A1,THING,2,2010-12-01 07:00:00,1.00,1.0,France\n");
    std::fs::write(&file, format!("{HEADER}\n{}{}", row("X"), row("X\t2"))).unwrap();
    let data = url(&folder.path().join("data"));
    let summary = run(&mut replay_of(&file, &data, &["--repeat", "2"])).summary();
    assert_eq!((number(&summary, "orders_confirmed"), number(&summary, "units_sold")), (2, 4));
    assert_eq!(summary["rows_refused"], json!({"invoice_no_invalid": 2}));
}

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const ROW: &str = "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom";

#[test]
fn bad_input_is_one_sentence_and_nothing_is_written() {
    let table = |rows: &[&str]| [&[HEADER], rows].concat().join("\n").into_bytes();
    let mut latin1 = table(&[ROW]);
    latin1.extend(b"\n536366,22633,CAF\xc9,6,2010-12-01 08:28:00,1.85,17850,France\n");
    let cases: [(&str, Vec<u8>, &[&str]); 12] = [
        ("empty", vec![], &["is empty"]),
        ("only-header", table(&[]), &["no rows"]),
        ("latin1", latin1, &["line 3", "not UTF-8"]),
        ("semicolons", HEADER.replace(',', ";").into_bytes(), &["line 1", "semicolons"]),
        (
            "no-quantity",
            HEADER.replace("Quantity", "Amount").into_bytes(),
            &["line 1", "column Quantity", "no column"],
        ),
        ("narrow", table(&[ROW, "536366,22633,WARMER,6"]), &["line 3", "4 fields", "8"]),
        ("wide", table(&[ROW, &format!("{ROW},x")]), &["line 3", "9 fields", "8"]),
        ("quantity", table(&[&ROW.replace(",6,", ",six,")]), &["line 2", "column Quantity", "\"six\""]),
        ("fraction", table(&[&ROW.replace(",6,", ",1.5,")]), &["line 2", "column Quantity", "\"1.5\""]),
        (
            "price",
            table(&[ROW, &ROW.replace("2.55", "2,55").replace("2,55", "\"2,55\"")]),
            &["line 3", "column UnitPrice", "2,55"],
        ),
        ("date", table(&[&ROW.replace("2010-12-01", "01/12/2010")]), &["line 2", "column InvoiceDate"]),
        ("quote", table(&[ROW, "536366,\"22633"]), &["line 3", "not closed"]),
    ];
    let folder = folder();
    for (name, bytes, words) in cases {
        let file = folder.path().join(format!("{name}.csv"));
        fs::write(&file, bytes).unwrap();
        refused(&file, folder.path(), words);
    }
    refused(&folder.path().join("missing.csv"), folder.path(), &["does not exist"]);
    refused(folder.path(), folder.path(), &["is a folder"]);
}

/// The sentence names the file, and no data folder is made.
fn refused(file: &Path, folder: &Path, words: &[&str]) {
    let data = folder.join("data");
    let ran = run(program().arg("replay").arg(file).args(["--json", "--store", &url(&data)]));
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    ran.fails(2, &[&[file.to_str().unwrap()], words].concat());
    assert!(!data.exists(), "{} was written to", data.display());
}

#[test]
fn a_folder_in_use_is_refused() {
    let folder = folder();
    let mut other = Running::start(&mut replay(folder.path(), &["--repeat", "1000"]));
    other.wait_for("products: ");
    for mut command in all_commands(folder.path()) {
        run(&mut command).fails(3, &["in use by another process"]);
    }
    assert!(other.kill(), "it was over before: {}", other.said());
    // The lock died with it.
    look(folder.path(), &["sagas", "list"]).ends_with(0);
}

#[test]
fn a_file_in_place_of_the_folder_is_refused() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    run(&mut replay(&file, &[])).fails(3, &[file.to_str().unwrap(), "can't be used"]);
    run(&mut replay(&file.join("below"), &[])).fails(3, &[file.to_str().unwrap(), "can't be used"]);
    look(&file, &["audit"]).fails(3, &["there is no data"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "not a folder");
}

#[test]
fn a_read_only_folder_is_refused() {
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let user = User::without_rights(folder.path());
    let read_only = |data: &Path| {
        fs::set_permissions(data, Permissions::from_mode(0o555)).unwrap();
        user.replay(data).fails(3, &[data.to_str().unwrap(), "can't be written to"]);
        user.audit(data).ends_with(3);
        fs::set_permissions(data, Permissions::from_mode(0o755)).unwrap();
    };
    read_only(&data);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
    run(&mut replay(&data, &[])).ends_with(0);
    for file in fs::read_dir(&data).unwrap() {
        fs::set_permissions(file.unwrap().path(), Permissions::from_mode(0o444)).unwrap();
    }
    read_only(&data);
}

/// Whom permissions hold for: not root, even if root runs the tests.
struct User {
    program: PathBuf,
    sample: PathBuf,
    is_root: bool,
}

impl User {
    /// With copies of what it needs, as it may not see where the tests were built.
    fn without_rights(folder: &Path) -> Self {
        let (program, sample) = (folder.join("program"), folder.join("sample.csv"));
        fs::copy(env!("CARGO_BIN_EXE_reference-server"), &program).unwrap();
        fs::copy(self::sample(), &sample).unwrap();
        fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&sample, Permissions::from_mode(0o644)).unwrap();
        Self { is_root: fs::metadata(&program).unwrap().uid() == 0, program, sample }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if self.is_root {
            command.uid(65_534).gid(65_534);
        }
        command
    }

    fn replay(&self, data: &Path) -> Ran {
        run(self.command().arg("replay").arg(&self.sample).args(["--json", "--store", &url(data)]))
    }

    fn audit(&self, data: &Path) -> Ran {
        run(self.command().args(["audit", "--store", &url(data)]))
    }
}

fn set_version(db: &Connection, version: u32) {
    let update = "UPDATE commerce_settings SET value = ? WHERE name = 'version'";
    assert_eq!(db.execute(update, [version]).unwrap(), 1);
}

#[test]
fn a_folder_of_a_newer_version_is_refused() {
    let folder = finished();
    for store in STORES {
        let db = Connection::open(folder.path().join(store)).unwrap();
        let version: u32 = db
            .query_row("SELECT value FROM commerce_settings WHERE name = 'version'", [], |row| row.get(0))
            .unwrap();
        set_version(&db, 99);
        drop(db);
        for mut command in all_commands(folder.path()) {
            run(&mut command).fails(3, &[store, "version 99", "up to"]);
        }
        let db = Connection::open(folder.path().join(store)).unwrap();
        set_version(&db, version);
    }
    assert_eq!(run(&mut replay(folder.path(), &[])).summary(), summary_of_sample());
}

type Damage = fn(&File);

/// Each way of damaging a file.
const DAMAGES: [(&str, Damage); 4] = [
    ("garbage", |file| {
        let length = usize::try_from(file.metadata().unwrap().len()).unwrap();
        file.write_all_at(&b"garbage!".repeat(length / 8), 0).unwrap();
    }),
    ("overwritten from the middle on", |file| {
        let half = usize::try_from(file.metadata().unwrap().len()).unwrap() / 2;
        file.write_all_at(&vec![0xaa; half], half as u64).unwrap();
    }),
    ("cut in the middle", |file| {
        let length = file.metadata().unwrap().len();
        file.set_len(length / 2 + 100).unwrap();
    }),
    ("cut after its header", |file| file.set_len(100).unwrap()),
];

#[test]
fn a_damaged_file_is_refused() {
    let whole = finished();
    for store in ["order.db", "payment.db"] {
        for (what, damage) in DAMAGES {
            let folder = copy(whole.path());
            let file = File::options().write(true).read(true).open(folder.path().join(store)).unwrap();
            damage(&file);
            for mut command in [replay(folder.path(), &[]), audit(folder.path())] {
                let ran = run(&mut command);
                println!("{store} {what}: {ran:?}");
                let ran = ran.ends_with(3);
                ran.sentence();
                assert_eq!(ran.stdout, "");
            }
        }
    }
}

fn audit(folder: &Path) -> Command {
    let mut command = program();
    command.args(["audit", "--store", &url(folder)]);
    command
}

/// A copy of a folder that no one has open.
fn copy(from: &Path) -> TempDir {
    let to = folder();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
    }
    to
}

#[test]
fn a_full_disk_midway_is_a_sentence_and_the_same_command_carries_on() {
    let folder = folder();
    let options = ["--repeat", "5"];
    // No file may grow beyond so many blocks of 512 bytes: writes fail as on a full disk.
    for limit in [400, 1_000, 2_000] {
        let command = replay(folder.path(), &options);
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"")]);
        limited.arg(command.get_program()).args(command.get_args());
        let ran = run(&mut limited);
        println!("{limit}: {ran:?}");
        ran.fails(3, &["disk I/O error", "what is done is kept"]);
    }
    let other = self::folder();
    let undisturbed = run(&mut replay(other.path(), &options)).summary();
    assert_eq!(run(&mut replay(folder.path(), &options)).summary(), undisturbed);
}

#[test]
fn operators_see_the_sagas_and_dead_letters_of_a_finished_replay() {
    on_each(|place| {
        run(&mut place.replay(&[])).ends_with(0);
        let list = place.look(&["sagas", "list", "--limit", "100"]).ends_with(0).stdout;
        assert_eq!(list.lines().filter(|line| line.starts_with("place-order/")).count(), 11, "{list}");
        assert_eq!(list.lines().filter(|line| line.starts_with("return-goods/")).count(), 6, "{list}");
        assert!(list.lines().all(|line| line.contains("completed")), "{list}");
        let limited = place.look(&["sagas", "list", "--limit", "4"]).ends_with(0).stdout;
        assert_eq!(limited.lines().count(), 4);
        for status in ["running", "compensating", "failed", "stuck", "abandoned"] {
            let none = place.look(&["sagas", "list", "--status", status]).ends_with(0).stdout;
            assert_eq!(none.trim(), "no sagas");
        }

        let id = list.split_whitespace().next().unwrap();
        let shown = place.look(&["sagas", "show", id]).ends_with(0).stdout;
        for step in ["reserve-stock", "capture-payment", "create-shipment", "confirm-reservation"] {
            assert!(shown.contains(step), "{step} is not in {shown}");
        }
        place.look(&["sagas", "retry", id, "--reason", "why not"]).fails(1, &["completed"]);
        place.look(&["sagas", "retry", id, "--reason", " "]).ends_with(2);

        let letters = place.look(&["dead-letters", "list"]).ends_with(0).stdout;
        assert_eq!(letters.trim(), "no dead letters");
        let letters = place.look(&["dead-letters", "list", "--service", "payment"]).ends_with(0).stdout;
        assert_eq!(letters.trim(), "no dead letters");
        assert_eq!(run(&mut place.replay(&[])).summary(), summary_of_sample());
    });
}

#[test]
fn no_list_is_of_nothing() {
    for command in ["sagas", "dead-letters"] {
        let ran = run(program().args([command, "list", "--limit", "0"])).ends_with(2);
        assert!(ran.stderr.contains("--limit"), "{ran:?}");
    }
}

/// A message that carries a secret and can't be handled.
fn secret_letter() -> DocumentWrite {
    let letter = json!({
        "group": "notification", "sequence": 1, "state": "dead", "attempts": [], "begun": 30,
        "under_way": false, "held_since": "2026-01-01T12:00:00Z", "due": null, "skipped": false,
        "envelope": {
            "specversion": "1.0", "id": "0190a0a0-0000-7000-8000-000000000001", "source": "/identity",
            "type": "identity.secret-issued", "time": "2026-01-01T12:00:00Z", "topic": "identity.secrets",
            "partitionkey": "ada", "tenant": "default", "correlationid": "0190a0a0-0000-7000-8000-000000000002",
            "data": {"user_id": "0190a0a0-0000-7000-8000-000000000003", "email": "ada@example.com",
                "token": "s3cret"},
        },
    });
    let write =
        DocumentWrite::json("held-messages", "notification/ada/0000000001", Expected::ABSENT, &letter);
    write.unwrap().field("group", "notification").field("state", "dead").field("key", "ada")
}

#[test]
fn a_secret_in_a_dead_letter_is_not_shown() {
    let folder = finished();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let host: Arc<dyn Host> = Arc::new(SystemHost);
        let stores = Stores::open(&StoreUrl::Sqlite(folder.path().to_owned()), &host).await.unwrap();
        stores.notification.commit(Commit::new().document(secret_letter())).await.unwrap();
    });
    drop(runtime);
    let list = look(folder.path(), &["dead-letters", "list"]).ends_with(0).stdout;
    assert!(list.contains("notification/ada/0000000001") && !list.contains("s3cret"), "{list}");
    let shown = look(folder.path(), &["dead-letters", "show", "notification", "notification/ada/0000000001"]);
    let shown = shown.ends_with(0).stdout;
    assert!(shown.contains("ada@example.com") && shown.contains("[hidden]"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");

    let discarded = |arguments: &[&str]| {
        let arguments = [&["dead-letters", "discarded"], arguments].concat();
        look(folder.path(), &arguments).ends_with(0).stdout
    };
    assert_eq!(discarded(&[]), "nothing was discarded\n");
    let letter = ["dead-letters", "discard", "notification", "notification/ada/0000000001"];
    look(folder.path(), &[&letter[..], &["--actor", "eve", "--reason", "told by phone"]].concat())
        .ends_with(0);
    let told = discarded(&["--service", "notification"]);
    assert!(told.contains("notification/ada/0000000001") && told.contains("eve: told by phone"), "{told}");
    assert_eq!(discarded(&["--service", "payment"]), "nothing was discarded\n");
    let whole = discarded(&["--json"]);
    assert!(whole.contains("ada@example.com") && !whole.contains("s3cret"), "{whole}");
    let whole: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!((&whole["service"], &whole["reason"]), (&json!("notification"), &json!("told by phone")));
}

#[test]
fn sagas_are_drawn_without_any_data() {
    for (saga, steps) in [
        ("place-order", &["reserve-stock", "capture-payment", "create-shipment", "confirm-reservation"][..]),
        ("return-goods", &["restock", "refund"]),
    ] {
        let graph = run(program().args(["sagas", "graph", saga])).ends_with(0).stdout;
        for step in steps {
            assert!(graph.contains(step), "{step} is not in {graph}");
        }
    }
    run(program().args(["sagas", "graph", "nothing"]))
        .fails(2, &["\"nothing\"", "place-order, cancel-order, return-goods"]);
}

#[test]
fn what_is_not_there_is_named() {
    on_each(|place| {
        run(&mut place.replay(&[])).ends_with(0);
        let why = ["--reason", "why not"];
        for act in ["retry", "skip", "abort", "abandon"] {
            let arguments = [&["sagas", act, "place-order/none"][..], &why].concat();
            place.look(&arguments).fails(2, &["none"]);
        }
        place.look(&["sagas", "show", "place-order/none"]).fails(2, &["none"]);
        place.look(&["sagas", "show", "none"]).fails(2, &["\"none\"", "place-order/ID"]);
        place.look(&["sagas", "show", "no-order/1"]).fails(2, &["\"no-order\"", "place-order, cancel-order"]);
        place.look(&["sagas", "list", "--status", "odd"]).fails(2, &["\"odd\"", "stuck"]);
        place.look(&["dead-letters", "show", "payment", "none"]).fails(2, &["none"]);
        place.look(&["dead-letters", "show", "kitchen", "none"]).fails(2, &["\"kitchen\"", "payment"]);
        for list in ["list", "discarded"] {
            place.look(&["dead-letters", list, "--service", "kitchen"]).fails(2, &["\"kitchen\""]);
        }
        for act in ["replay", "discard"] {
            let arguments = [&["dead-letters", act, "payment", "none"][..], &why].concat();
            place.look(&arguments).fails(2, &["none"]);
        }
    });
}

#[test]
fn what_an_operator_sets_going_is_paid_by_the_provider_that_is_set() {
    for arguments in [["sagas", "retry", "place-order/none"], ["dead-letters", "replay", "payment"]] {
        let mut command = program();
        command.args(arguments).args(["none"].iter().filter(|_| arguments[0] == "dead-letters"));
        command.args(["--reason", "why not", "--store", "memory://"]);
        run(command.env("COMMERCE__STRIPE__SECRET_KEY", "sk test")).fails(2, &["stripe", "visible ASCII"]);
    }
}

#[test]
fn without_data_commands_say_what_to_do() {
    let folder = folder();
    let absent = folder.path().join("absent");
    for arguments in [&["audit"][..], &["sagas", "list"], &["dead-letters", "list"]] {
        look(&absent, arguments).fails(3, &[absent.to_str().unwrap(), "no data", "`migrate` first"]);
        assert!(!absent.exists());
    }
    run(program().args(["audit", "--store", "mongodb://x"])).ends_with(2);
}

#[test]
fn help_mentions_every_command_and_option() {
    let decision = ["--actor", "--reason", "--store"];
    let helps: [(&[&str], &[&str]); 18] = [
        (&[], &["replay", "sagas", "dead-letters", "audit", "migrate", "Exit codes"]),
        (
            &["replay"],
            &[
                "<FILE>",
                "--store",
                "sqlite://./data",
                "--concurrency",
                "--stock",
                "--decline-every",
                "--repeat",
                "--step-timeout",
                "--refused",
                "--json",
            ],
        ),
        (&["audit"], &["--store", "postgres://"]),
        (&["migrate"], &["--store", "--adopt"]),
        (&["sagas"], &["list", "show", "retry", "skip", "abort", "abandon", "graph"]),
        (&["sagas", "list"], &["--status", "--limit", "--store"]),
        (&["sagas", "show"], &["<SAGA/ID>", "--store"]),
        (&["sagas", "retry"], &decision),
        (&["sagas", "skip"], &decision),
        (&["sagas", "abort"], &decision),
        (&["sagas", "abandon"], &decision),
        (&["sagas", "graph"], &["[SAGA]", "place-order"]),
        (&["dead-letters"], &["list", "show", "replay", "discard", "discarded"]),
        (&["dead-letters", "list"], &["--service", "--limit", "--store"]),
        (&["dead-letters", "discarded"], &["--service", "--limit", "--json", "--store"]),
        (&["dead-letters", "show"], &["<SERVICE>", "<ID>", "--store"]),
        (&["dead-letters", "replay"], &decision),
        (&["dead-letters", "discard"], &decision),
    ];
    for (command, mentioned) in helps {
        let help = run(program().args(command).arg("--help")).ends_with(0).stdout;
        for word in mentioned {
            assert!(help.contains(word), "{command:?}: {word} is not in {help}");
        }
    }
}

#[test]
fn projections_are_listed_and_built_anew() {
    let folder = finished();
    let list = look(folder.path(), &["projections", "list"]).ends_with(0).stdout;
    assert!(list.contains("analytics  never ran") && list.contains("catalog  never ran"), "{list}");
    let rebuilt = look(folder.path(), &["projections", "rebuild", "catalog"]).ends_with(0).stdout;
    assert!(
        rebuilt.contains("catalog: generation 2 is live") && rebuilt.contains("1 categories"),
        "{rebuilt}"
    );
    let list = look(folder.path(), &["projections", "list"]).ends_with(0).stdout;
    assert!(list.contains(", generation 2, at position "), "{list}");
    let refused = look(folder.path(), &["projections", "rebuild", "catalogue"]).ends_with(2);
    assert!(refused.stderr.contains("is no projection; they are: catalog, "), "{}", refused.stderr);
}

#[test]
fn a_password_that_could_not_be_shown_is_said_to_be_lost() {
    let folder = folder();
    look(folder.path(), &["migrate"]).ends_with(0);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut add = program();
    add.args(["users", "add", "root@example.com", "--role", "admin", "--store", &url(folder.path())])
        .stdout(full);
    let said = add.output().unwrap();
    assert_eq!(said.status.code(), Some(3));
    let error = String::from_utf8(said.stderr).unwrap();
    for word in ["was made", "could not be shown", "password/forgot", "mailbox --user root@example.com"] {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn an_empty_mailbox_is_shown_as_such() {
    let folder = finished();
    for user in ["ada@example.com", "0190a0a0-0000-7000-8000-000000000000"] {
        let shown = look(folder.path(), &["mailbox", "--user", user]).ends_with(0).stdout;
        assert_eq!(shown.trim(), "nothing");
    }
    let shown = look(folder.path(), &["mailbox", "--json", "--user", "ada@example.com"]).ends_with(0).stdout;
    assert_eq!(shown, "");
    look(folder.path(), &["mailbox", "--user", "ada"]).ends_with(2);
}

/// As after an incomplete restore.
#[test]
fn a_file_that_is_missing_beside_the_others_is_named_and_not_made() {
    for (name, found) in [("shipping", None), ("shipping", Some("")), ("order", None), ("order", Some(""))] {
        let folder = finished();
        let file = folder.path().join(format!("{name}.db"));
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(folder.path().join(format!("{name}.db{suffix}")));
        }
        if let Some(text) = found {
            fs::write(&file, text).unwrap();
        }
        for mut command in all_commands(folder.path()) {
            run(&mut command).fails(3, &[file.to_str().unwrap(), "is missing or empty", "restore it"]);
        }
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), found);
    }
}

#[test]
fn commands_look_where_the_environment_says_the_data_is() {
    let folder = finished();
    let elsewhere = self::folder();
    let mut audit = program();
    audit.current_dir(elsewhere.path()).env("COMMERCE__STORE__URL", url(folder.path())).arg("audit");
    run(&mut audit).ends_with(0);
    let mut audit = program();
    audit.current_dir(elsewhere.path()).env("COMMERCE__STORE__URL", "").arg("audit");
    run(&mut audit).fails(3, &["there is no data in ./data"]);
}
