//! What the server says of itself, for those who look after it.

use std::time::Instant;

use serde_json::{Value, json};

use super::server::Server;
use super::tables::FORM;
use crate::error::Result;

/// So often the server is asked for nothing, to know how long an answer takes.
const ASKED: usize = 5;

/// A client on the server's own machine, or one whose way is encrypted, is `is_private`.
const QUESTION: &str = "SELECT current_setting('server_version'), current_setting('fsync') = 'on',
       current_setting('synchronous_commit') <> 'off', current_setting('max_connections')::int,
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
       coalesce(inet_client_addr() <<= '127.0.0.0/8' OR inet_client_addr() <<= '::1/128', true)";

impl Server {
    /// Its version, whether what it has acknowledged is on its disk, how it is reached and how fast it answers.
    ///
    /// # Errors
    /// `IO` where it cannot be reached.
    pub(super) fn facts(&self) -> Result<Value> {
        let schema = self.pool.schema();
        self.pool.with(|link| {
            let rows = link.ask(None, QUESTION, &[])?;
            let mut times = Vec::new();
            for _ in 0..ASKED {
                let began = Instant::now();
                link.ask(None, "SELECT 1", &[])?;
                times.push(began.elapsed());
            }
            times.sort_unstable();
            let answers_in_us = times[ASKED / 2].as_micros();
            let told = rows.first().map(|row| {
                json!({
                    "version": row.get::<_, String>(0),
                    "syncs": row.get::<_, bool>(1),
                    "waitsForSync": row.get::<_, bool>(2),
                    "maxConnections": row.get::<_, i32>(3),
                    "tls": row.get::<_, bool>(4),
                    "sameMachine": row.get::<_, bool>(5),
                    "schema": schema,
                    "form": FORM,
                    "answersInMicroseconds": u64::try_from(answers_in_us).unwrap_or(u64::MAX),
                })
            });
            Ok(told.unwrap_or_default())
        })
    }
}
