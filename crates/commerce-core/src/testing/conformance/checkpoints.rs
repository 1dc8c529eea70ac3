//! Checkpoints of readers.

use super::fixture::{Fixture, append};
use crate::commit::{Commit, Conflict, Expected};
use crate::store::Store;

fn moved(reader: &str, from: u64, to: u64) -> Commit {
    Commit::new().checkpoint(reader, from, to)
}

pub(super) async fn a_reader_starts_at_zero(f: Fixture<impl Store>) {
    assert_eq!(f.checkpoint("r").await, 0, "a reader that never moved stands at zero");
    f.ok(moved("r", 0, 3)).await;
    assert_eq!(f.checkpoint("r").await, 3, "a reader stands where it was moved to");
}

pub(super) async fn a_reader_moves_from_where_it_stands(f: Fixture<impl Store>) {
    f.ok(moved("r", 0, 3)).await;
    let rule = "a reader moves only from where it stands";
    for from in [0, 2, 4] {
        let conflict = f.conflict(rule, moved("r", from, 9)).await;
        let expected = Conflict::Checkpoint { reader: "r".to_owned(), expected: from, actual: 3 };
        assert_eq!(conflict, expected, "the conflict names the reader and both positions");
    }
    let unknown = f.conflict(rule, moved("new", 1, 2)).await;
    let expected = Conflict::Checkpoint { reader: "new".to_owned(), expected: 1, actual: 0 };
    assert_eq!(unknown, expected, "a reader that never moved stands at zero");
    assert_eq!([f.checkpoint("r").await, f.checkpoint("new").await], [3, 0], "a conflict moves no reader");
    f.ok(moved("r", 3, 1 << 40).and(append("effect", Expected::ABSENT, 1))).await;
    f.conflict("effects and progress are one", moved("r", 3, 4).and(append("effect", Expected::Any, 1)))
        .await;
    assert_eq!(f.log().await.len(), 1, "an effect that commits with its reader's progress happens once");
    f.ok(moved("r", 1 << 40, 1)).await;
    f.ok(moved("r", 1, 1)).await;
    f.ok(moved("r", 1, 0)).await;
    f.ok(moved("r", 0, 5)).await;
    assert_eq!(f.checkpoint("r").await, 5, "a reader may stay, go back, and start again");
}

pub(super) async fn readers_are_apart(f: Fixture<impl Store>) {
    f.ok(moved("r", 0, 3).and(moved("s", 0, 7))).await;
    f.ok(moved("R", 0, 9)).await;
    let stand = [f.checkpoint("r").await, f.checkpoint("s").await, f.checkpoint("R").await];
    assert_eq!(stand, [3, 7, 9], "each reader has its own checkpoint");
}
