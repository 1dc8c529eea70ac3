//! The file for the rows that a replay refuses.

use std::fs::{self, File};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use crate::exit::Exit;

/// A file that can be written, before anything is done; what stands in it stays until it is written.
pub(super) struct RefusedFile {
    path: PathBuf,
    /// None: it is made when there is something to write.
    there: Option<File>,
}

impl RefusedFile {
    /// At this path, which must not be the input's.
    pub(super) fn at(path: &Path, input: &Path) -> Result<Self, Exit> {
        let unfit = |error: Error| Exit::input(format!("{} can't be written: {error}", path.display()));
        let there = match File::options().write(true).open(path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                can_be_made(path).map_err(unfit)?;
                None
            }
            Err(error) => return Err(unfit(error)),
        };
        if there.is_some() && path.canonicalize().map_err(unfit)? == input.canonicalize().map_err(unfit)? {
            return Err(Exit::input(format!("--refused names the input itself, {}", path.display())));
        }
        Ok(Self { path: path.to_owned(), there })
    }

    pub(super) fn write(self, rows: &[[String; 3]]) -> Result<(), csv::Error> {
        let file = match self.there {
            Some(file) => {
                // A device or a pipe has no length.
                if file.metadata()?.is_file() {
                    file.set_len(0)?;
                }
                file
            }
            None => File::create(self.path)?,
        };
        let mut file = csv::Writer::from_writer(file);
        file.write_record(["line", "invoice_no", "reason"])?;
        rows.iter().try_for_each(|row| file.write_record(row))?;
        file.flush()?;
        Ok(())
    }
}

/// Makes it, and takes it away again: a replay that is refused leaves nothing behind.
fn can_be_made(path: &Path) -> Result<(), Error> {
    File::create(path)?;
    fs::remove_file(path.canonicalize()?)
}
