use commerce_core::commit::{DocumentWrite, Expected, NewMessage};
use commerce_outbox::SystemHost;

use super::*;
use crate::sqlite::SqliteOptions;

/// A commit that tells how it was written: 2 where its transaction waits for the disk, 1 where it doesn't.
struct Told {
    commit: CommitJob,
    waited: std::sync::mpsc::Sender<i64>,
}

impl Job for Told {
    fn rows(&self) -> usize {
        self.commit.rows()
    }

    fn is_relaxed(&self) -> bool {
        self.commit.is_relaxed()
    }

    fn run(&mut self, db: &Connection, to: &mut Statements<'_>, desk: &Desk) -> rusqlite::Result<()> {
        let level = db.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        self.waited.send(level).unwrap();
        self.commit.run(db, to, desk)
    }

    fn news(&self, desk: &Desk) -> Option<News> {
        self.commit.news(desk)
    }

    fn finish(self: Box<Self>, transaction: Result<(), TransactionError>) {
        Box::new(self.commit).finish(transaction);
    }
}

#[test]
fn only_what_all_of_a_group_let_go_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    SqliteOptions::new(&path).open().unwrap();
    let db = Connection::open(&path).unwrap();
    let changes = Changes::default();
    let file = OpenedFile::at(&path);
    let mut desk = Desk { host: Arc::new(SystemHost), partitions: 1, changes, durable: true, file };
    db.pragma_update(None, "synchronous", synchronous(true)).unwrap();
    let mut pen = Pen::of(&db, &desk).unwrap();
    let (waited, levels) = std::sync::mpsc::channel();
    let mut number = 0;
    let mut document = || {
        number += 1;
        let id = number.to_string();
        Commit::new().document(DocumentWrite::json("notes", id, Expected::ABSENT, &number).unwrap())
    };
    let mut write = |commits: Vec<Commit>, desk: &Desk| -> Vec<i64> {
        let mut answers = Vec::new();
        let group = commits.into_iter().map(|commit| -> Box<dyn Job> {
            let (reply, answer) = oneshot::channel();
            answers.push(answer);
            Box::new(Told { commit: CommitJob { commit, outcome: None, reply }, waited: waited.clone() })
        });
        write_group(group.collect(), &mut pen, desk);
        for mut answer in answers {
            answer.try_recv().unwrap().unwrap();
        }
        levels.try_iter().collect()
    };
    assert_eq!(write(vec![document().relaxed(), document().relaxed()], &desk), [1, 1]);
    assert_eq!(write(vec![document().relaxed(), document()], &desk), [2, 2]);
    assert_eq!(write(vec![document().relaxed()], &desk), [1]);
    let message = NewMessage::new("notes", "1");
    assert_eq!(write(vec![document().message(message).relaxed()], &desk), [2], "it goes into a log");
    desk.durable = false;
    assert_eq!(write(vec![document()], &desk), [1], "as the store was opened");
}
