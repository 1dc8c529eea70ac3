//! What the stores of one process in one database share: the connections that read, and the one that listens.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use commerce_core::store::StoreError;
use futures_util::{StreamExt, TryStreamExt};
use sqlx::postgres::{PgArguments, PgListener, PgPoolOptions, PgRow};
use sqlx::{Arguments, AssertSqlSafe, Connection, PgConnection, Row};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use super::connect::{Address, NOTICED_WITHIN, no_answer_within};
use super::error::{self, Class, OpenError, store_error};
use super::options::PgOptions;
use super::wake::{CHANNEL, Wake};

/// At most so many connections read at a time, unless set.
const READERS: usize = 8;
/// Whoever has got no answer by then, not even a connection to ask on, is told.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// A connection whose user has gone away in the middle is closed unless what is left on it can be read so soon.
const DRAINED_WITHIN: Duration = Duration::from_secs(1);

/// One database, as this process sees it. Stores of several schemas share its reading connections, of which there are
/// eight at most, and the one that hears of other processes' commits.
///
/// ```no_run
/// use commerce_adapters::postgres::PgDatabase;
///
/// # async fn example() -> Result<(), commerce_adapters::postgres::OpenError> {
/// let database = PgDatabase::new("postgres://shop@localhost/shop")?;
/// let orders = database.store("orders").migrate().await?;
/// let payments = database.store("payments").migrate().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PgDatabase(pub(super) Database);

impl PgDatabase {
    /// A database at `postgres://USER:PASSWORD@HOST:PORT/NAME`, with the parameters that libpq knows (`sslmode`, …). It is
    /// not connected to yet.
    ///
    /// # Errors
    /// [`OpenError::Address`] if it can't be read.
    pub fn new(url: &str) -> Result<Self, OpenError> {
        Self::with_readers(url, READERS)
    }

    /// The same with so many connections at most that read.
    ///
    /// # Errors
    /// [`OpenError::Address`] if it can't be read.
    pub fn with_readers(url: &str, readers: usize) -> Result<Self, OpenError> {
        let readers = Readers {
            idle: Mutex::default(),
            made: AtomicU64::new(0),
            room: Arc::new(Semaphore::new(readers.max(1))),
        };
        let shared = Shared { address: Address::parse(url)?, readers, ears: Mutex::default() };
        Ok(Self(Database(Arc::new(shared))))
    }

    /// A store in a schema of this database.
    pub fn store(&self, schema: impl Into<String>) -> PgOptions {
        PgOptions::new(Ok(self.clone())).schema(schema)
    }
}

impl fmt::Debug for PgDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgDatabase").field("at", &self.0.address().at).finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(super) struct Database(Arc<Shared>);

struct Shared {
    address: Address,
    readers: Readers,
    ears: Mutex<Ears>,
}

/// Who is to be told of other processes' commits, by schema.
#[derive(Default)]
struct Ears {
    stores: HashMap<String, Vec<Weak<Wake>>>,
    listening: Option<AbortHandle>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        let ears = self.ears.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(listening) = &ears.listening {
            listening.abort();
        }
    }
}

/// A statement's text, made once.
pub(super) type Text = Arc<str>;

/// Texts that the database itself needs.
pub(super) struct Texts {
    oldest: Text,
    notify: Text,
}

impl Texts {
    pub(super) fn new(xid_offset: i64) -> Self {
        let bits = super::statement::BITS;
        Self {
            oldest: format!(
                "SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::int8 + {xid_offset}) << {bits}"
            )
            .into(),
            // A hint need not be durable, and the transaction that carries it would hide what is committed meanwhile from
            // readers of logs for as long as the disk takes.
            notify: "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)".into(),
        }
    }
}

/// The arguments of a statement, made anew for each attempt.
pub(super) type Bind<'b> =
    dyn Fn(&mut PgArguments) -> Result<(), sqlx::error::BoxDynError> + Send + Sync + 'b;

impl Database {
    pub(super) fn address(&self) -> &Address {
        &self.0.address
    }

    /// Runs one statement that may run twice: once more if the connection turns out to be gone.
    pub(super) async fn rows(&self, text: &Text, bind: &Bind<'_>) -> Result<Vec<PgRow>, StoreError> {
        self.read(text, bind, Ok).await
    }

    /// The same, where each row is read as it comes, while the server is at the next. What was read before the connection
    /// turned out to be gone is read again.
    pub(super) async fn read<T: Send>(
        &self,
        text: &Text,
        bind: &Bind<'_>,
        read: impl FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
    ) -> Result<Vec<T>, StoreError> {
        self.answered(self.read_at_last(text, bind, read)).await
    }

    /// Gives up work that gets no answer, as in a network that swallows everything. Its connection is closed then.
    pub(super) async fn answered<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(ANSWERED_WITHIN, work).await {
            Ok(result) => result,
            Err(_) => {
                // All others that idle may have been forgotten on the way as well.
                self.0.readers.forget();
                Err(store_error(&self.0.address.at, no_answer_within(ANSWERED_WITHIN)))
            }
        }
    }

    async fn read_at_last<T: Send>(
        &self,
        text: &Text,
        bind: &Bind<'_>,
        mut read: impl FnMut(PgRow) -> Result<T, sqlx::Error> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let at = &self.0.address.at;
        let mut again = true;
        loop {
            let mut arguments = PgArguments::default();
            bind(&mut arguments).map_err(|source| store_error(at, sqlx::Error::Encode(source)))?;
            let mut reader = self.reader().await?;
            let query = sqlx::query_with(AssertSqlSafe(text.clone()), arguments);
            let result = query.fetch(reader.db()).map(|row| row.and_then(&mut read)).try_collect().await;
            let class = result.as_ref().err().map(error::class);
            let lost = class == Some(Class::Lost);
            let was_idle = reader.was_idle;
            match class {
                Some(Class::Lost) => reader.close(),
                // A database that may be written again, or another in its place, is found by connecting anew.
                Some(Class::ReadOnly) => {
                    reader.close();
                    self.0.readers.forget();
                }
                _ => reader.put_back(),
            }
            match result {
                Err(_) if lost && was_idle && again => {
                    // All others that idled may be gone as well.
                    self.0.readers.forget();
                    again = false;
                }
                result => return result.map_err(|error| store_error(at, error)),
            }
        }
    }

    /// A connection for one statement, or more.
    pub(super) async fn reader(&self) -> Result<Reader, StoreError> {
        let readers = &self.0.readers;
        let Ok(room) = readers.room.clone().acquire_owned().await else {
            return Err(StoreError::Unavailable { source: error::Closed.into() });
        };
        let idle = readers.idle().pop_first();
        let was_idle = idle.is_some();
        let (number, db) = match idle {
            Some(idle) => idle,
            None => {
                let connected = self.0.address.connect_reader().await;
                let db = connected.map_err(|error| store_error(&self.0.address.at, error))?;
                (readers.made.fetch_add(1, Ordering::Relaxed), db)
            }
        };
        Ok(Reader { held: Some((db, room)), number, was_idle, shared: self.0.clone() })
    }

    /// The first position of the oldest transaction under way.
    pub(super) async fn oldest(&self, texts: &Texts) -> Result<i64, StoreError> {
        let rows = self.rows(&texts.oldest, &|_| Ok(())).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound);
        row.and_then(|row| row.try_get(0)).map_err(|error| store_error(&self.0.address.at, error))
    }

    pub(super) async fn notify(&self, texts: &Texts, payload: &str) -> Result<(), StoreError> {
        self.rows(&texts.notify, &|to| {
            to.add(CHANNEL)?;
            to.add(payload)
        })
        .await
        .map(|_| ())
    }

    /// From now on a store is told of what other processes commit.
    pub(super) fn listen(&self, schema: &str, wake: &Arc<Wake>) {
        let mut ears = self.0.ears.lock().unwrap_or_else(PoisonError::into_inner);
        ears.stores.entry(schema.to_owned()).or_default().push(Arc::downgrade(wake));
        if ears.listening.is_none() {
            let shared = Arc::downgrade(&self.0);
            ears.listening = Some(tokio::spawn(listen(shared)).abort_handle());
        }
    }
}

impl Shared {
    fn heard(&self, payload: &str) {
        let Some((base, (from, schema))) =
            payload.split_once(' ').and_then(|(base, rest)| Some((base, rest.split_once(' ')?)))
        else {
            return;
        };
        let (base, from) = (base.parse().unwrap_or_default(), from.parse().unwrap_or_default());
        self.each(|name| name == schema, |wake| wake.heard(base, from));
    }

    fn each(&self, of: impl Fn(&str) -> bool, tell: impl Fn(&Wake)) {
        let mut ears = self.ears.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, stores) in ears.stores.iter_mut().filter(|(name, _)| of(name)) {
            stores.retain(|store| match store.upgrade() {
                Some(wake) => {
                    tell(&wake);
                    true
                }
                None => false,
            });
        }
    }
}

/// Listens for as long as the database is in use; reconnects by itself.
async fn listen(shared: Weak<Shared>) {
    let Some(options) = shared.upgrade().map(|shared| shared.address.options().clone()) else { return };
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    loop {
        if let Ok(mut listener) = PgListener::connect_with(&pool).await
            && listener.listen(CHANNEL).await.is_ok()
        {
            // Something may have been missed before.
            if let Some(shared) = shared.upgrade() {
                shared.each(|_| true, |wake| wake.changes.notify());
            }
            loop {
                let heard = listener.try_recv().await;
                let Some(shared) = shared.upgrade() else { return };
                match heard {
                    Ok(Some(notification)) => shared.heard(notification.payload()),
                    // The connection was gone: something may have been missed.
                    Ok(None) => shared.each(|_| true, |wake| wake.changes.notify()),
                    Err(_) => break,
                }
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

struct Readers {
    /// By number. The first is taken: of as few server processes as will do, what they work on stays in the processor's caches.
    idle: Mutex<BTreeMap<u64, PgConnection>>,
    /// How many have been made.
    made: AtomicU64,
    room: Arc<Semaphore>,
}

impl Readers {
    fn idle(&self) -> MutexGuard<'_, BTreeMap<u64, PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self) {
        self.idle().clear();
    }

    fn put_back(&self, number: u64, db: PgConnection) {
        self.idle().insert(number, db);
    }
}

/// A connection that reads, with its share of the room there is for them. Whoever has no more use for it puts it back or
/// closes it. If its user goes away in the middle, as those do who wait for several things at once, what is left on it is
/// read to the end first: a connection costs more than most answers.
pub(super) struct Reader {
    held: Option<(PgConnection, OwnedSemaphorePermit)>,
    number: u64,
    was_idle: bool,
    shared: Arc<Shared>,
}

impl Reader {
    pub(super) fn db(&mut self) -> &mut PgConnection {
        match &mut self.held {
            Some((db, _)) => db,
            None => unreachable!("it is held until it is put back or closed, which take it away"),
        }
    }

    pub(super) fn put_back(mut self) {
        if let Some((db, _room)) = self.held.take() {
            self.shared.readers.put_back(self.number, db);
        }
    }

    /// It is of no use to anyone.
    pub(super) fn close(mut self) {
        self.held = None;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let (Some((mut db, room)), Ok(runtime)) = (self.held.take(), Handle::try_current()) else { return };
        let (shared, number) = (Arc::downgrade(&self.shared), self.number);
        runtime.spawn(async move {
            let is_clean =
                tokio::time::timeout(DRAINED_WITHIN, db.ping()).await.is_ok_and(|ended| ended.is_ok());
            if !is_clean {
                drop(db);
                // So long the server's process may stay: there is no room for another meanwhile.
                tokio::time::sleep(NOTICED_WITHIN).await;
            } else if let Some(shared) = shared.upgrade() {
                shared.readers.put_back(number, db);
            }
            drop(room);
        });
    }
}
