//! Each program runs and finds what it asserts; each excerpt in the documents is part of one.
#![allow(clippy::unwrap_used)] // helpers of tests may panic like they do

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn output_of(program: &str) -> String {
    let output = Command::new(program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_aggregate_keeps_its_rule_and_a_projection_follows_it() {
    let printed = output_of(env!("CARGO_BIN_EXE_aggregate"));
    let expected = "Faust: Anna has seat 1\nHamlet: Anna has seat 1\nHamlet: Ben has seat 2\n\
        Hamlet: the show is sold out\nAnna sees 2 shows\n";
    assert_eq!(printed, expected);
}

#[test]
fn rows_and_messages_are_one_transaction() {
    let printed = output_of(env!("CARGO_BIN_EXE_outbox_in_own_transaction"));
    assert_eq!(printed, "1 invoice, 1 message: invoice.sent\n");
}

#[test]
fn a_trip_is_booked_whole_or_not_at_all() {
    let printed = output_of(env!("CARGO_BIN_EXE_saga"));
    assert_eq!(printed, "Lisbon: completed, room booked\nAtlantis: failed, room free\n");
}

#[test]
fn a_request_that_comes_twice_has_one_effect_and_one_answer() {
    let printed = output_of(env!("CARGO_BIN_EXE_idempotent_http"));
    let [first, again, other, donations] = lines(&printed)[..] else { panic!("{printed}") };
    let thanks = first.strip_prefix("201 Created, replayed: false, thanks for donation ").unwrap();
    assert_eq!(again, format!("201 Created, replayed: true, thanks for donation {thanks}"));
    assert!(other.starts_with("422") && other.contains(r#""code":"idempotency_key_reused""#), "{other}");
    assert_eq!(donations, "donations: 1");
}

#[test]
fn a_store_of_ones_own_passes_the_conformance_suite() {
    let printed = output_of(env!("CARGO_BIN_EXE_own_store"));
    let numbers = printed.split(|c: char| !c.is_ascii_digit()).filter_map(|text| text.parse::<usize>().ok());
    let [passed, commits, conflicts] = numbers.collect::<Vec<_>>()[..] else { panic!("{printed}") };
    assert_eq!(passed, commerce_core::testing::conformance::checks().len());
    assert!(commits > passed && conflicts > 0, "{printed}");
}

#[test]
fn each_program_is_short() {
    for program in files_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin")) {
        let count = fs::read_to_string(&program).unwrap().lines().count();
        assert!(count < 60, "{}: {count} lines", program.display());
    }
}

/// The lines of a text without indentation and blank lines.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

fn rust_blocks(markdown: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in markdown.lines() {
        match (&mut block, line.trim()) {
            (None, "```rust") => block = Some(String::new()),
            (Some(_), "```") => blocks.extend(block.take()),
            (Some(text), _) => text.push_str(&format!("{line}\n")),
            (None, _) => {}
        }
    }
    blocks
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn each_excerpt_is_part_of_a_program() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.join("../..");
    let programs: Vec<String> = [here.join("src/bin"), here.join("tests")]
        .iter()
        .flat_map(|folder| files_in(folder))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let programs: Vec<Vec<&str>> = programs.iter().map(|program| lines(program)).collect();
    let mut documents = vec![root.join("README.md"), root.join("docs/guide.md")];
    documents.extend(files_in(&root.join("crates")).into_iter().map(|krate| krate.join("README.md")));
    let mut excerpts = 0;
    for document in documents {
        for block in rust_blocks(&fs::read_to_string(&document).unwrap()) {
            let excerpt = lines(&block);
            let found = programs.iter().any(|lines| lines.windows(excerpt.len()).any(|part| part == excerpt));
            assert!(found, "{}: no program has\n{block}", document.display());
            excerpts += 1;
        }
    }
    assert!(excerpts > 5, "{excerpts} excerpts");
}
