//! A PostgreSQL server, read in one snapshot: rows come as COPY writes them, so as they are.

use std::collections::BTreeMap;
use std::io::{BufRead, Read};

use postgres::{Client, Config};

use super::copy;
use super::origin::{Layout, Rows};
use crate::error::{Error, Result};
use crate::postgres::{Address, connector, failed, quoted};
use crate::prisma::Table;

/// The whole import sees one moment of the database. What is written as text does not depend on the
/// settings of the server, or of this machine; rows of one time come in the order in which they stand there.
const BEGIN: &str = "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET client_encoding = 'UTF8';
    SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
    SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0;
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const COLUMNS: &str = "SELECT c.table_name, c.column_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = $1 AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position";

/// A connection, within its transaction.
pub(super) struct Server {
    client: Client,
    schema: String,
    layouts: BTreeMap<String, Layout>,
}

impl Server {
    /// Connects, and begins to look at one moment of the database.
    ///
    /// # Errors
    /// `VALIDATION` for an address that is none, `IO` for a server that cannot be reached or refuses.
    pub(super) fn open(address: &str) -> Result<Server> {
        let Address { config, schema, tls } = Address::of(address)?;
        let client = Config::from(config).connect(connector(&tls)?);
        let client = client.map_err(|error| failed("connect to the database", &error))?;
        let schema = schema.unwrap_or_else(|| "public".to_owned());
        let mut server = Server { client, schema, layouts: BTreeMap::new() };
        server.client.batch_execute(BEGIN).map_err(|error| failed("begin a snapshot", &error))?;
        server.look_around()?;
        Ok(server)
    }

    fn look_around(&mut self) -> Result<()> {
        let rows = self.client.query(COLUMNS, &[&self.schema]);
        for row in rows.map_err(|error| failed("look for the tables", &error))? {
            let (table, column): (String, String) = (row.get(0), row.get(1));
            self.layouts.entry(table).or_default().columns.push(column);
        }
        for (table, layout) in &mut self.layouts {
            let count = format!("SELECT count(*) FROM {}.{}", quoted(&self.schema), quoted(table));
            let row = self.client.query_one(&count, &[]);
            let count: i64 = row.map_err(|error| failed("count the rows", &error))?.get(0);
            layout.rows = u64::try_from(count).unwrap_or_default();
        }
        Ok(())
    }
}

impl Rows for Server {
    fn layouts(&self) -> &BTreeMap<String, Layout> {
        &self.layouts
    }

    fn can_group(&self) -> bool {
        true
    }

    fn read(
        &mut self,
        table: &Table,
        grouped: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let Some(layout) = self.layouts.get(&table.db_name) else { return Ok(()) };
        let columns: Vec<String> = layout.columns.iter().map(|name| quoted(name)).collect();
        let (schema, name) = (quoted(&self.schema), quoted(&table.db_name));
        let copy = format!(
            "COPY (SELECT {} FROM {schema}.{name}{}) TO STDOUT",
            columns.join(", "),
            if grouped { order(table) } else { String::new() }
        );
        let reading = |error: &postgres::Error| failed(&format!("read {}", table.db_name), error);
        let mut lines = self.client.copy_out(&copy).map_err(|error| reading(&error))?;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut lines)
                .take(copy::LONGEST_ROW as u64)
                .read_until(b'\n', &mut line)
                .map_err(|error| Error::io("read from the database", &table.db_name, &error))?;
            match read {
                0 => return Ok(()),
                copy::LONGEST_ROW => return Err(copy::too_long(&table.db_name)),
                _ => {}
            }
            each(line.strip_suffix(b"\n").unwrap_or(&line))?;
        }
    }
}

/// Rows that belong to a record come with their neighbours, in the order in which they were made.
fn order(table: &Table) -> String {
    let Some(owner) = table.owner_column() else { return String::new() };
    let owner = quoted(&table.columns[owner].name);
    let made = table.column("createdAt").map_or("", |_| "\"createdAt\", ");
    format!(" ORDER BY {owner}, {made}ctid")
}
