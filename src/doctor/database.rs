//! The database that has the store: how it is reached, and whether it keeps what it has acknowledged.

use serde_json::Value;

use super::contents::{PATIENCE, look_into, parsed};
use super::{Patient, Report};
use crate::error::Result;
use crate::store::{DatabaseOptions, Options, Store};

/// A server that takes longer for an answer to nothing is far away, in microseconds: every call waits for it.
const FAR: u64 = 5_000;

/// Opens the store and looks at its server and at what is in it.
pub(super) fn look(patient: &Patient, address: &str, report: &mut Report) {
    let options = Options {
        lock_timeout: PATIENCE,
        database: Some(DatabaseOptions::new(address)),
        ..Options::new(&patient.data_dir)
    };
    let looked = Store::open(options).and_then(|store| {
        look_at_server(&store, report)?;
        look_into(patient, &store, report)?;
        store.close()
    });
    if let Err(error) = looked {
        report.failure("database", &error);
    }
}

fn look_at_server(store: &Store, report: &mut Report) -> Result<()> {
    let stats = parsed(&store.stats());
    let server = &stats["server"];
    let says = |name: &str| server[name] == Value::Bool(true);
    let version = server["version"].as_str().unwrap_or("of an unknown version");
    let took = server["answersInMicroseconds"].as_u64().unwrap_or_default();
    let what = format!("PostgreSQL {version} answers in {:.2} ms", took as f64 / 1000.0);
    if took > FAR {
        report.warning(
            "database",
            what,
            "run the app near its database: each call waits for it once or twice",
        );
    } else {
        report.good("database", what);
    }
    match (says("tls"), says("sameMachine")) {
        (true, _) => report.good("connection", "over TLS"),
        (false, true) => report.good("connection", "without TLS, on this machine"),
        (false, false) => report.warning(
            "connection",
            "without TLS, to another machine",
            "add sslmode=verify-full to the address: whoever is in between reads everything",
        ),
    }
    match (says("syncs"), says("waitsForSync")) {
        (true, true) => report.good("durability", "the server syncs what it has acknowledged"),
        (true, false) => report.warning(
            "durability",
            "synchronous_commit is off: a crash takes what was acknowledged in the last moments",
            "set it to on, at least for the role of the app",
        ),
        (false, _) => report.fault(
            "durability",
            "fsync is off: a crash of the server's machine may spoil all of it",
            "set it to on in postgresql.conf",
        ),
    }
    Ok(())
}
