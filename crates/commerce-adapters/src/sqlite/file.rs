//! The file that a store is in.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::ffi;

/// Which file was opened, whatever its name leads to later.
#[derive(Clone)]
pub(super) struct OpenedFile {
    path: PathBuf,
    identity: Option<Identity>,
}

/// The device and the number of a file.
type Identity = (u64, u64);

impl OpenedFile {
    pub(super) fn at(path: &Path) -> Self {
        let identity = path.metadata().ok().as_ref().and_then(identity);
        Self { path: path.to_owned(), identity }
    }

    /// What is written to a file that was removed or replaced is lost with the process: nothing may be.
    pub(super) fn is_in_its_place(&self) -> rusqlite::Result<()> {
        let Some(opened) = self.identity else { return Ok(()) };
        let is_gone = match self.path.metadata() {
            Ok(found) => identity(&found).is_some_and(|found| found != opened),
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        if !is_gone {
            return Ok(());
        }
        let sentence = format!(
            "{} was removed or replaced while it was open: restore it, and start again",
            self.path.display()
        );
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY_DBMOVED), Some(sentence)))
    }
}

#[cfg(unix)]
fn identity(of: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    Some((of.dev(), of.ino()))
}

/// A file that is open can't be removed there.
#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<Identity> {
    None
}

/// Makes a file that is not there yet, for its owner alone: it may hold keys and people's addresses. What is in the way is
/// left for SQLite to say.
pub(super) fn make_private(path: &Path) {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}
