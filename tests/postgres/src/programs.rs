//! Where PostgreSQL's programs are.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What to do if they are nowhere.
const ADVICE: &str = "apt-get install postgresql; \
    or set DATABASE_URL to a server that may be used (enough for tests that need no server of their own)";

/// The folder with `postgres` and `initdb`.
pub(crate) fn folder() -> PathBuf {
    by_path().or_else(by_pg_config).or_else(newest_of_debian).unwrap_or_else(|| {
        panic!(
            "PostgreSQL's server (postgres, initdb) is neither in PATH nor where pg_config says nor below \
             /usr/lib/postgresql: {ADVICE}"
        )
    })
}

/// A client program: the server's own version, or the one in PATH.
pub(crate) fn client(name: &str) -> PathBuf {
    let beside = by_path().or_else(by_pg_config).or_else(newest_of_debian).map(|folder| folder.join(name));
    beside
        .filter(|program| program.is_file())
        .or_else(|| in_path(name))
        .unwrap_or_else(|| panic!("{name} was not found: apt-get install postgresql-client"))
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// `postgres` may be a link in PATH; its siblings are where it points to.
fn by_path() -> Option<PathBuf> {
    let program = in_path("postgres")?.canonicalize().ok()?;
    complete(program.parent()?)
}

fn by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output().ok()?;
    complete(Path::new(String::from_utf8(output.stdout).ok()?.trim()))
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql").read_dir().ok()?;
    versions
        .filter_map(|entry| {
            let version = entry.ok()?.path();
            let number: u32 = version.file_name()?.to_str()?.parse().ok()?;
            Some((number, complete(&version.join("bin"))?))
        })
        .max()
        .map(|(_, folder)| folder)
}

fn complete(folder: &Path) -> Option<PathBuf> {
    let has = |name| folder.join(name).is_file();
    (has("postgres") && has("initdb")).then(|| folder.to_owned())
}
