//! What a server says in one of our errors.

use tokio_postgres::Error as ServerError;

use crate::error::{Code, Error};

/// What a server says holds no password.
pub(crate) fn failed(what: &str, error: &ServerError) -> Error {
    let why = match error.as_db_error() {
        Some(told) => format!("{} (SQLSTATE {})", told.message(), told.code().code()),
        None => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(inner) = cause {
                text = format!("{text}: {inner}");
                cause = inner.source();
            }
            text
        }
    };
    Error::new(Code::Io, format!("cannot {what}: {why}"))
}
