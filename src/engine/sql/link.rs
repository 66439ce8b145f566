//! One connection to the database. Whoever has it waits for its answers on a thread of their own.
//!
//! Statements that are sent together cost one wait: the server answers them one after the other, and once
//! one has failed it refuses the rest of its transaction.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{join, join_all};
use hashbrown::HashMap;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::failure::{Failure, unreachable};
use crate::error::{Code, Error};
use crate::postgres::{Address, connector, failed, quoted};

/// A server that starts is asked again after this.
const STARTS_FOR: Duration = Duration::from_millis(100);

/// The value of a statement's parameter.
pub(super) type Param<'p> = &'p (dyn ToSql + Sync);

/// A statement with values of its own.
pub(super) struct Bound {
    pub(super) text: String,
    pub(super) params: Vec<Box<dyn ToSql + Sync>>,
}

impl Bound {
    pub(super) fn new(text: String, params: Vec<Box<dyn ToSql + Sync>>) -> Bound {
        Bound { text, params }
    }

    pub(super) fn params(&self) -> Vec<Param<'_>> {
        self.params.iter().map(|param| &**param as Param<'_>).collect()
    }
}

/// How long one waits for the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) to_connect: Duration,
    /// For the answer of statements that are sent together.
    pub(super) to_answer: Duration,
}

/// A connection.
pub(super) struct Link {
    runtime: Runtime,
    client: Client,
    patience: Patience,
    /// Prepared statements by their text.
    statements: RefCell<HashMap<Box<str>, Statement>>,
    /// Is a transaction open, or may one be?
    is_open: Cell<bool>,
    /// How often anybody has waited for the server.
    trips: Arc<AtomicU64>,
}

/// What holds of every connection. Scans of whole tables would let changes that have nothing to do with each
/// other collide, for they lock all that they see.
fn settings(schema: &str, patience: Patience) -> String {
    let answer = patience.to_answer.as_millis();
    format!(
        "SET search_path = {}; SET TimeZone = 'UTC'; SET client_encoding = 'UTF8'; SET enable_seqscan = off;
         SET plan_cache_mode = force_generic_plan; SET statement_timeout = {answer};
         SET idle_in_transaction_session_timeout = {answer}",
        quoted(schema)
    )
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// `IO` for a server that cannot be reached or refuses.
    pub(super) fn open(
        address: &Address,
        schema: &str,
        patience: Patience,
        trips: Arc<AtomicU64>,
    ) -> Result<Link, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::io("start", "a connection", &error))?;
        let tls = connector(&address.tls)?;
        let connect = async {
            let connecting = || address.config.connect(tls.clone());
            let mut connected = connecting().await;
            // A server that starts, or has been killed and finds out what it had done, is waited for.
            while let Err(error) = &connected
                && error.code() == Some(&SqlState::CANNOT_CONNECT_NOW)
            {
                sleep(STARTS_FOR).await;
                connected = connecting().await;
            }
            let (client, connection) = connected?;
            // It ends with the client, or fails, which the next statement tells.
            drop(tokio::spawn(connection));
            client.batch_execute(&settings(schema, patience)).await?;
            Ok(client)
        };
        let connected = runtime.block_on(async { timeout(patience.to_connect, connect).await });
        let client = connected
            .map_err(|_| unreachable("it did not answer in time"))?
            .map_err(|error| Failure::Lost(failed("connect to the database", &error)))?;
        let (statements, is_open) = (RefCell::default(), Cell::new(false));
        Ok(Link { runtime, client, patience, statements, is_open, trips })
    }

    /// May it be used again?
    pub(super) fn is_usable(&self) -> bool {
        !self.client.is_closed()
    }

    fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        // The server gives up a statement itself; who hears nothing even then has lost it.
        let patience = self.patience.to_answer + self.patience.to_connect;
        let answered = self.runtime.block_on(async { timeout(patience, work).await });
        answered.map_err(|_| unreachable("it did not answer in time"))?.map_err(|e| Failure::of(&e))
    }

    fn prepared(&self, text: &str) -> Result<Statement, Failure> {
        if let Some(statement) = self.statements.borrow().get(text) {
            return Ok(statement.clone());
        }
        let statement = self.wait(self.client.prepare(text))?;
        self.statements.borrow_mut().insert(text.into(), statement.clone());
        Ok(statement)
    }

    fn all_prepared<'b>(
        &self,
        all: &'b [Bound],
    ) -> Result<Vec<(Statement, Vec<Param<'b>>)>, Failure> {
        all.iter().map(|bound| Ok((self.prepared(&bound.text)?, bound.params()))).collect()
    }

    /// Begins a transaction where there is something to begin. It stands first in what is joined: who is polled first is
    /// sent first.
    async fn begun(&self, begin: Option<&str>) -> Result<(), tokio_postgres::Error> {
        match begin {
            Some(begin) => self.client.batch_execute(begin).await,
            None => Ok(()),
        }
    }

    /// Asks for rows; `begin` begins a transaction with the question.
    pub(super) fn ask(
        &self,
        begin: Option<&str>,
        text: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Failure> {
        let statement = self.prepared(text)?;
        let query = self.client.query(&statement, params);
        if begin.is_none() {
            return self.wait(query);
        }
        self.is_open.set(true);
        self.wait(async {
            let (begun, rows) = join(self.begun(begin), query).await;
            begun.and(rows)
        })
    }

    /// Asks several things at once, within the transaction that is open or that `begin` begins.
    pub(super) fn ask_all(
        &self,
        begin: Option<&str>,
        asked: &[Bound],
    ) -> Result<Vec<Vec<Row>>, Failure> {
        let asked = self.all_prepared(asked)?;
        let each = asked.iter().map(|(statement, params)| self.client.query(statement, params));
        self.is_open.set(true);
        let all = join(self.begun(begin), join_all(each));
        self.wait(async {
            let (begun, answers) = all.await;
            begun?;
            answers.into_iter().collect()
        })
    }

    /// Does some things within the transaction that is open, or that `begin` begins, and commits.
    /// Gives how many rows the last of them changed.
    pub(super) fn commit(&self, begin: Option<&str>, work: &[Bound]) -> Result<u64, Failure> {
        let work = self.all_prepared(work)?;
        let each = work.iter().map(|(statement, params)| self.client.execute(statement, params));
        self.is_open.set(true);
        let done = join(join_all(each), self.client.batch_execute("COMMIT"));
        let all = join(self.begun(begin), done);
        let changed = self.wait(async {
            let (begun, (done, committed)) = all.await;
            begun?;
            let done = done.into_iter().collect::<Result<Vec<u64>, _>>()?;
            committed.map(|()| done.last().copied().unwrap_or_default())
        })?;
        self.is_open.set(false);
        Ok(changed)
    }

    /// Begins a transaction by statements that have no parameters.
    pub(super) fn begin(&self, text: &str) -> Result<(), Failure> {
        self.is_open.set(true);
        self.batch(text)
    }

    /// Ends a transaction that has only read, whose answers count only then.
    pub(super) fn end(&self) -> Result<(), Failure> {
        if self.is_open.get() {
            self.wait(self.client.batch_execute("COMMIT"))?;
            self.is_open.set(false);
        }
        Ok(())
    }

    /// Ends a transaction that has only read and that nothing can refuse any more, without waiting for
    /// the server's answer.
    pub(super) fn let_go(&self, how: &str) {
        if !self.is_open.replace(false) {
            return;
        }
        self.runtime.block_on(async {
            let mut end = pin!(self.client.batch_execute(how));
            // Asked once, it is on its way; the connection sends it when it has its turn.
            poll_fn(|context| Poll::Ready(end.as_mut().poll(context).is_ready())).await;
            tokio::task::yield_now().await;
        });
    }

    /// Does one thing.
    pub(super) fn run(&self, bound: &Bound) -> Result<u64, Failure> {
        let statement = self.prepared(&bound.text)?;
        self.wait(self.client.execute(&statement, &bound.params()))
    }

    /// Runs statements that have no parameters.
    pub(super) fn batch(&self, text: &str) -> Result<(), Failure> {
        self.wait(self.client.batch_execute(text))
    }
}

/// The error of a call whose change may be made or not.
pub(super) fn outcome_unknown(cause: &Error) -> Error {
    let message = format!(
        "the connection to the database was lost while a change was being committed, and it cannot be asked whether \
         it was made ({}): look at the records before you try again",
        cause.message()
    );
    Error::new(Code::OutcomeUnknown, message)
}
