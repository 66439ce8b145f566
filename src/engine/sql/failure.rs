//! Why a statement failed, as far as that tells what to do next.

use tokio_postgres::error::SqlState;

use crate::error::{Code, Error};
use crate::postgres::failed;

/// Why a statement failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Others have changed what was read: all of it is to be done again.
    Collided(Error),
    /// The connection is gone, and with it what was under way.
    Lost(Error),
    /// It cannot be done.
    Refused(Error),
}

impl Failure {
    pub(super) fn of(error: &tokio_postgres::Error) -> Failure {
        let told = failed("ask the database", error);
        match error.code() {
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => {
                Failure::Collided(told)
            }
            Some(&SqlState::QUERY_CANCELED | &SqlState::LOCK_NOT_AVAILABLE) => {
                Failure::Refused(took_too_long(&told))
            }
            Some(
                &SqlState::ADMIN_SHUTDOWN
                | &SqlState::CRASH_SHUTDOWN
                | &SqlState::CANNOT_CONNECT_NOW
                | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            ) => Failure::Lost(told),
            Some(_) => Failure::Refused(told),
            // Without a code it did not come from the server.
            None if error.is_closed() || is_of_connection(error) => Failure::Lost(told),
            None => Failure::Refused(told),
        }
    }

    /// The error as a caller is told it.
    pub(super) fn into_error(self) -> Error {
        let (Failure::Collided(error) | Failure::Lost(error) | Failure::Refused(error)) = self;
        error
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Refused(error)
    }
}

fn took_too_long(told: &Error) -> Error {
    let message = format!(
        "the database, or a transaction that everybody waits for, took longer than `lockTimeout`; try again ({})",
        told.message()
    );
    Error::new(Code::Locked, message)
}

fn is_of_connection(error: &tokio_postgres::Error) -> bool {
    let cause = std::error::Error::source(error);
    cause.is_some_and(|cause| cause.downcast_ref::<std::io::Error>().is_some())
}

/// The failure of a server that says nothing.
pub(super) fn unreachable(why: &str) -> Failure {
    Failure::Lost(Error::new(Code::Io, format!("the database cannot be reached: {why}")))
}
