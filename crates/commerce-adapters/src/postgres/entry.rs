//! What is seen to when a store is opened: that its server, its tables and its cluster are those this program works with.

use sqlx::{PgConnection, Row};

use super::cluster::{adopt, is_of_another_cluster};
use super::error::OpenError;
use super::schema::{Place, VERSION, migrate, setting, version};
use super::{NEWEST, OLDEST};

/// What for a store is entered.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Entry {
    Migrate,
    Open,
    Adopt,
}

/// What the settings say.
pub(super) struct Found {
    pub(super) xid_offset: i64,
    pub(super) partitions: u32,
}

/// Sees that a store can be worked with, and answers what it says of itself.
///
/// # Errors
/// See [`OpenError`]; nothing was changed then.
pub(super) async fn enter(
    db: &mut PgConnection,
    place: &Place<'_>,
    entry: Entry,
    asked: Option<u32>,
) -> Result<Found, OpenError> {
    check_server(db, place).await?;
    let found = version(db, place).await?;
    if found > VERSION {
        let (at, schema) = (place.at.to_owned(), place.name.to_owned());
        return Err(OpenError::Newer { at, schema, found, known: VERSION });
    }
    if found > 0 {
        check_partitions(db, place, asked).await?;
    }
    match entry {
        Entry::Open | Entry::Adopt if found == 0 => return Err(place.absent()),
        Entry::Open if found < VERSION => {
            let (at, schema) = (place.at.to_owned(), place.name.to_owned());
            return Err(OpenError::Older { at, schema, found, needed: VERSION });
        }
        Entry::Open => {}
        Entry::Migrate | Entry::Adopt => migrate(db, place, asked).await?,
    }
    if is_of_another_cluster(db, place).await? {
        if entry != Entry::Adopt {
            let (at, schema) = (place.at.to_owned(), place.name.to_owned());
            return Err(OpenError::OtherCluster { at, schema });
        }
        adopt(db, place).await?;
    }
    // Another process may have made the store meanwhile.
    let partitions = check_partitions(db, place, asked).await?;
    Ok(Found { partitions, xid_offset: setting(db, place, "xid_offset").await?.unwrap_or(0) })
}

/// How many partitions the log has.
async fn check_partitions(
    db: &mut PgConnection,
    place: &Place<'_>,
    asked: Option<u32>,
) -> Result<u32, OpenError> {
    let found = setting(db, place, "partitions").await?.unwrap_or(1);
    let found = u32::try_from(found).unwrap_or(1);
    match asked.filter(|asked| *asked != found) {
        None => Ok(found),
        Some(asked) => {
            let (at, schema) = (place.at.to_owned(), place.name.to_owned());
            Err(OpenError::Partitions { at, schema, found, asked })
        }
    }
}

async fn check_server(db: &mut PgConnection, place: &Place<'_>) -> Result<(), OpenError> {
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::int4,
                current_setting('default_transaction_read_only')::bool",
    )
    .fetch_one(db)
    .await
    .map_err(|error| place.failed(error))?;
    let (version, read_only): (i32, bool) = (
        row.try_get(0).map_err(|error| place.failed(error))?,
        row.try_get(1).map_err(|error| place.failed(error))?,
    );
    check_version(version, place.at)?;
    if read_only {
        return Err(OpenError::ReadOnly { at: place.at.to_owned() });
    }
    Ok(())
}

/// Older servers lack what the statements need. Newer ones have always understood what older ones did.
fn check_version(version: i32, at: &str) -> Result<(), OpenError> {
    let major = u32::try_from(version / 10_000).unwrap_or_default();
    if major < OLDEST {
        return Err(OpenError::Unsupported { at: at.to_owned(), found: major });
    }
    if major > NEWEST {
        tracing::warn!(at, major, "this PostgreSQL is newer than those that are supported");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_from_14_on_are_taken() {
        for version in [140_000, 150_018, 180_001, 190_000] {
            assert!(check_version(version, "here").is_ok(), "{version}");
        }
        let error = check_version(130_014, "here").unwrap_err();
        assert!(matches!(error, OpenError::Unsupported { found: 13, .. }), "{error}");
        assert!(error.to_string().contains("14 to 18"), "{error}");
    }
}
