//! One open store in a database: what its threads share, and how reads and changes run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, RwLock};
use std::thread::sleep;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::changes;
use super::database::{Begin, Database, Known};
use super::failure::Failure;
use super::link::{Bound, Link, outcome_unknown};
use super::listen::Ears;
use super::pool::{Lent, Pool};
use super::uploads::Uploads;
use crate::catalogue::{Catalogue, Declaration, ModelId};
use crate::engine::clock::Clock;
use crate::engine::commit::{Listeners, Settled, internal};
use crate::engine::core::Settings;
use crate::engine::journal::Change;
use crate::engine::keys::Keys;
use crate::engine::txn::{Base, Context, Overlay, Tx, View};
use crate::error::{Code, Error, Result};
use crate::sync;

/// What a change does; it may be done more than once, until it collides with nobody.
pub(crate) type Work<'w> = &'w mut dyn FnMut(&mut Tx<'_>) -> Result<Settled>;

/// So often a change is tried that collides with others.
const MOST_TRIES: u32 = 30;
/// So long, at most, is waited before it is tried again.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// One open store.
pub(crate) struct Server {
    pub(super) pool: Arc<Pool>,
    pub(super) uploads: Arc<Uploads>,
    pub(super) settings: Settings,
    /// What is declared, as this process knows it, with the number that the database has for it.
    pub(super) declared: RwLock<(Arc<Catalogue>, i64)>,
    pub(super) joined: Mutex<Declaration>,
    pub(super) own: Mutex<Declaration>,
    /// What this process declares in addition to whatever there is.
    pub(super) added: Mutex<Declaration>,
    pub(super) keys: Keys,
    pub(super) known: Known,
    pub(super) clock: Clock,
    pub(super) listeners: Listeners,
    pub(super) ears: Ears,
}

/// How an attempt at a change ended.
enum Attempt {
    Done(Settled),
    /// It collided, or never got as far as to be committed.
    Again(Error),
    /// It is not known whether it was made.
    Unknown(Error, Settled),
    Failed(Error),
}

/// Waits longer the more often a change has collided; not all for the same time.
fn pause(attempt: u32) {
    let most = Duration::from_millis(1 << attempt.min(8)).min(LONGEST_PAUSE);
    let part = u32::from(Uuid::new_v4().as_bytes()[0]);
    sleep(most * part / 255);
}

impl Server {
    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&sync::read(&self.declared).0)
    }

    fn context<'a>(&'a self, now: &'a str) -> Context<'a> {
        Context { keys: &self.keys, now, max_record_bytes: self.settings.max_record_bytes }
    }

    /// How often anybody has waited for the database.
    pub(crate) fn round_trips(&self) -> u64 {
        self.pool.trips().load(Ordering::Relaxed)
    }

    /// Answers from what is committed at one moment.
    ///
    /// # Errors
    /// Those of the call; `IO` where the database cannot be reached.
    pub(crate) fn read<T>(&self, read: impl Fn(&View<'_>) -> Result<T>) -> Result<T> {
        self.read_database(|_, view| read(view))
    }

    /// The same, with what the view asks.
    ///
    /// # Errors
    /// As for [`Server::read`].
    pub(super) fn read_database<T>(
        &self,
        read: impl Fn(&Database<'_>, &View<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut lent = self.pool.take().map_err(Failure::into_error)?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let link = lent.link().map_err(Failure::into_error)?;
            let (answer, failure) = self.read_once(link, &read);
            match failure {
                None => {
                    link.let_go("COMMIT");
                    return answer;
                }
                Some(Failure::Collided(_)) if attempt < MOST_TRIES => link.let_go("ROLLBACK"),
                Some(Failure::Lost(_)) if attempt < 3 => {
                    lent.renew().map_err(Failure::into_error)?;
                }
                Some(failure) => return Err(failure.into_error()),
            }
        }
    }

    fn read_once<T>(
        &self,
        link: &Link,
        read: &impl Fn(&Database<'_>, &View<'_>) -> Result<T>,
    ) -> (Result<T>, Option<Failure>) {
        let now = self.clock.now();
        let database =
            Database::new((link, &self.uploads), self.catalogue(), Begin::Read, &self.known);
        let view = View::new(Base::Database(&database), None, self.context(&now));
        let answer = read(&database, &view);
        (answer, database.take_failure())
    }

    /// Makes a change of one call, and tries it again while it collides with others.
    ///
    /// # Errors
    /// Those of the call; `LOCKED` where it always collides, `OUTCOME_UNKNOWN`.
    pub(crate) fn write(&self, work: Work<'_>) -> Result<Settled> {
        self.ears.wait(self.pool.patience().to_connect);
        let mut lent = self.pool.take().map_err(Failure::into_error)?;
        let mut last = None;
        for attempt in 0..MOST_TRIES {
            if last.is_some() {
                pause(attempt);
            }
            // Each attempt has a name of its own, by which one can ask whether it was made.
            let id = Uuid::new_v4();
            match self.try_write(&mut lent, id, work)? {
                Attempt::Done(answer) => return Ok(answer),
                Attempt::Failed(error) => return Err(error),
                Attempt::Again(error) => last = Some(error),
                Attempt::Unknown(error, answer) => match self.was_made(id) {
                    Some(true) => return Ok(answer),
                    Some(false) => last = Some(error),
                    None => return Err(outcome_unknown(&error)),
                },
            }
        }
        Err(collided(&last.unwrap_or_else(internal)))
    }

    fn try_write(&self, lent: &mut Lent<'_>, id: Uuid, work: Work<'_>) -> Result<Attempt> {
        let link = lent.link().map_err(Failure::into_error)?;
        let now = self.clock.now();
        let catalogue = self.catalogue();
        let database =
            Database::new((link, &self.uploads), Arc::clone(&catalogue), Begin::Write, &self.known);
        let mut overlay = Overlay::default();
        let answer = self.run(&database, &mut overlay, &now, work);
        let changes = overlay.take_changes();
        let failure = database.take_failure();
        let (failure, answer) = match (failure, answer) {
            (Some(failure), _) => (failure, None),
            (None, Err(error)) => match link.end() {
                Ok(()) => return Ok(Attempt::Failed(error)),
                Err(failure) => (failure, None),
            },
            (None, Ok(answer)) if changes.is_empty() => match link.end() {
                Ok(()) => return Ok(Attempt::Done(answer)),
                Err(failure) => (failure, None),
            },
            (None, Ok(answer)) => match self.commit(link, &database, id, &changes) {
                Ok(true) => return Ok(Attempt::Done(answer)),
                Ok(false) => {
                    self.learn(link)?;
                    return Ok(Attempt::Again(declared_meanwhile()));
                }
                Err(failure) => (failure, Some(answer)),
            },
        };
        self.after(lent, failure, answer)
    }

    /// What to do after an attempt has failed; `answer` is there where it was being committed.
    fn after(
        &self,
        lent: &mut Lent<'_>,
        failure: Failure,
        answer: Option<Settled>,
    ) -> Result<Attempt> {
        match (failure, answer) {
            (Failure::Collided(error), _) => {
                lent.link().map_err(Failure::into_error)?.let_go("ROLLBACK");
                Ok(Attempt::Again(error))
            }
            (Failure::Refused(error), _) => {
                lent.link().map_err(Failure::into_error)?.let_go("ROLLBACK");
                Ok(Attempt::Failed(error))
            }
            (Failure::Lost(error), Some(answer)) => Ok(Attempt::Unknown(error, answer)),
            (Failure::Lost(error), None) => {
                lent.renew().map_err(Failure::into_error)?;
                Ok(Attempt::Again(error))
            }
        }
    }

    fn run(
        &self,
        database: &Database<'_>,
        overlay: &mut Overlay,
        now: &str,
        work: &mut dyn FnMut(&mut Tx<'_>) -> Result<Settled>,
    ) -> Result<Settled> {
        let mark = overlay.mark();
        let mut tx = Tx { base: Base::Database(database), overlay, context: self.context(now) };
        let done = catch_unwind(AssertUnwindSafe(|| {
            let answer = work(&mut tx)?;
            tx.make_single()?;
            Ok(answer)
        }));
        let done = done.unwrap_or_else(|_| Err(internal()));
        if done.is_err() {
            overlay.roll_back(mark);
        }
        done
    }

    /// Makes changes and commits them in one go; false, with nothing made, where others have declared what
    /// this process does not know.
    fn commit(
        &self,
        link: &Link,
        database: &Database<'_>,
        id: Uuid,
        changes: &[Change],
    ) -> std::result::Result<bool, Failure> {
        let (catalogue, number) = {
            let declared = sync::read(&self.declared);
            (Arc::clone(&declared.0), declared.1)
        };
        let before = |model: ModelId, key: &str| database.seen(model, key);
        let mut work = changes::statements(&catalogue, changes, before);
        work.extend(changes::contents_let_go(&catalogue, changes, before));
        let told = format!("{} {}", self.pool.schema(), changes::told(&catalogue, changes));
        // Fails where the number is another one, and with it everything.
        work.push(Bound::new(
            "WITH told AS (SELECT pg_notify('quilltap', $3))
             INSERT INTO \".calls\" (id) SELECT $1 FROM told WHERE 1 / (
               SELECT count(*) FROM \".meta\" WHERE name = 'declared' AND value = $2)::int = 1"
                .to_owned(),
            vec![Box::new(id.to_string()), Box::new(number.to_string()), Box::new(told)],
        ));
        match link.commit(database.to_begin(), &work) {
            Ok(_) => Ok(true),
            Err(Failure::Refused(error)) if error.message().contains("22012") => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Was the change of this name made? Asked over a new connection, in a way that the lost one, should it still be
    /// at work, can no longer make it when the answer is no. None where nobody can say.
    fn was_made(&self, id: Uuid) -> Option<bool> {
        // As long as a server needs that starts again, or another one that takes its place.
        let until = Instant::now() + self.pool.patience().to_answer;
        let mut attempt = 0;
        while Instant::now() < until {
            attempt += 1;
            pause(attempt + 4);
            let Ok(link) = self.pool.apart() else { continue };
            let claim = "INSERT INTO \".calls\" (id) VALUES ($1) ON CONFLICT DO NOTHING";
            let work = [Bound::new(claim.to_owned(), vec![Box::new(id.to_string())])];
            if let Ok(claimed) = link.commit(Some("BEGIN"), &work) {
                return Some(claimed == 0);
            }
        }
        None
    }
}

impl Server {
    /// What is committed, as a number: every change leaves its name.
    ///
    /// # Errors
    /// `IO` where the database cannot be reached.
    pub(super) fn committed(&self) -> Result<u64> {
        let rows = self.pool.with(|link| link.ask(None, "SELECT count(*) FROM \".calls\"", &[]))?;
        let count: i64 = rows.first().map_or(0, |row| row.get(0));
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Forgets the names of changes that were made long ago, for whoever made them has asked by now, and removes
    /// bytes that no record stands for.
    ///
    /// # Errors
    /// `IO` where the database cannot be reached.
    pub(super) fn sweep(&self) -> Result<()> {
        let old = "DELETE FROM \".calls\" WHERE at < now() - interval '1 day'";
        self.pool.with(|link| link.batch(old))?;
        self.uploads.sweep()
    }
}

fn collided(last: &Error) -> Error {
    let message = format!(
        "others changed the same records at the same time, {MOST_TRIES} times in a row; try again ({})",
        last.message()
    );
    Error::new(Code::Locked, message)
}

fn declared_meanwhile() -> Error {
    Error::new(Code::Locked, "another process has declared collections meanwhile; try again")
}

/// Calls that are one atomic change.
pub(crate) struct Transaction<'s> {
    server: &'s Server,
    database: Database<'s>,
    link: &'s Link,
    overlay: Overlay,
    changes: Vec<Change>,
    now: String,
    pub(super) until: Instant,
}

impl<'s> Transaction<'s> {
    /// Begins one once no other is under way, and no change. Whoever makes it may be gone any time: the server ends
    /// one in which nothing happens.
    ///
    /// # Errors
    /// `Lost` where the connection is gone.
    pub(super) fn begin(
        server: &'s Server,
        link: &'s Link,
        timeout: Duration,
    ) -> std::result::Result<Transaction<'s>, Failure> {
        server.ears.wait(server.pool.patience().to_connect);
        let database = Database::new(
            (link, &server.uploads),
            server.catalogue(),
            Begin::WriteAlone,
            &server.known,
        );
        let most = timeout.as_millis().saturating_add(1_000).min(i32::MAX as u128);
        database.begin(&format!("SET LOCAL idle_in_transaction_session_timeout = {most}"))?;
        Ok(Transaction {
            server,
            database,
            link,
            overlay: Overlay::default(),
            changes: Vec::new(),
            now: server.clock.now(),
            until: Instant::now() + timeout,
        })
    }

    /// Makes a call in it.
    ///
    /// # Errors
    /// Those of the call; `LOCKED` where others have changed what was read.
    pub(super) fn call(
        &mut self,
        work: &mut dyn FnMut(&mut Tx<'_>) -> Result<Settled>,
    ) -> Result<Settled> {
        let answer = self.server.run(&self.database, &mut self.overlay, &self.now, work);
        self.changes.extend(self.overlay.take_changes());
        answer
    }

    /// Commits it.
    ///
    /// # Errors
    /// `LOCKED` where others have changed what was read, `OUTCOME_UNKNOWN`.
    pub(super) fn commit(self) -> Result<()> {
        let failed = |failure| match failure {
            Failure::Collided(error) => collided_once(&error),
            other => other.into_error(),
        };
        if let Some(failure) = self.database.take_failure() {
            self.link.let_go("ROLLBACK");
            return Err(failed(failure));
        }
        if self.changes.is_empty() {
            return self.link.end().map_err(failed);
        }
        let id = Uuid::new_v4();
        match self.server.commit(self.link, &self.database, id, &self.changes) {
            Ok(true) => Ok(()),
            Err(Failure::Lost(error)) => match self.server.was_made(id) {
                Some(true) => Ok(()),
                Some(false) => Err(error),
                None => Err(outcome_unknown(&error)),
            },
            Ok(false) => {
                self.link.let_go("ROLLBACK");
                self.server.learn(self.link)?;
                Err(declared_meanwhile())
            }
            Err(failure) => {
                let error = failed(failure);
                self.link.let_go("ROLLBACK");
                Err(error)
            }
        }
    }
}

fn collided_once(error: &Error) -> Error {
    let message = format!(
        "others changed what this transaction has read; nothing of it was kept, so do it again ({})",
        error.message()
    );
    Error::new(Code::Locked, message)
}
