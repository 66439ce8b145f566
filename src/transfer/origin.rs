//! Where rows come from: a server, a dump, a folder. Whatever it is, it gives lines in COPY's format;
//! here they become cells, and what cannot become one is told.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::SystemTime;

use siphasher::sip128::SipHasher13;

use super::copy::{self, Field};
use super::report::Problem;
use super::sort::Sorter;
use super::values;
use crate::error::Result;
use crate::prisma::{Cell, Column, Description, Source, Table, description};

/// What a source has of a table.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    /// The columns, in the order of a line's fields.
    pub(super) columns: Vec<String>,
    /// How many rows there are.
    pub(super) rows: u64,
    /// How many bytes they take, as far as it is known.
    pub(super) bytes: u64,
}

/// A source of rows.
pub(super) trait Rows: Send {
    /// What it has of which table, by its name in the database.
    fn layouts(&self) -> &BTreeMap<String, Layout>;

    /// Can it give the rows of tables whose rows belong to a record owner by owner, in the order in
    /// which they were made?
    fn can_group(&self) -> bool;

    /// Gives each row of a table, as a line: grouped, or as they stand there.
    ///
    /// # Errors
    /// Those of reading and of `each`.
    fn read(
        &mut self,
        table: &Table,
        grouped: bool,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()>;
}

/// A row of a source.
pub(super) enum Found {
    /// Its cells, and how many bytes it took.
    Row(Vec<Cell>, usize),
    /// What of it cannot become cells.
    Faulty(Vec<Problem>),
}

/// A source of rows with the columns of the tables looked up in it.
pub(super) struct Origin {
    rows: Box<dyn Rows>,
    now: Now,
    /// For each table and column the number of the field in a line.
    places: Vec<Vec<Option<usize>>>,
}

impl Origin {
    pub(super) fn new(rows: Box<dyn Rows>) -> Origin {
        let places = description().tables.iter().map(|table| {
            let layout = rows.layouts().get(&table.db_name);
            let place = |name: &str| layout?.columns.iter().position(|column| column == name);
            table.columns.iter().map(|column| place(&column.name)).collect()
        });
        let places = places.collect();
        Origin { rows, places, now: Now::read() }
    }

    /// How many rows a table has, and how many bytes they take.
    pub(super) fn size(&self, table: &Table) -> (u64, u64) {
        self.rows.layouts().get(&table.db_name).map_or((0, 0), |layout| (layout.rows, layout.bytes))
    }

    /// Tables and columns that the app's schema has and the source has not, and the other way round.
    pub(super) fn gaps(&self) -> Vec<Problem> {
        let mut gaps = Vec::new();
        for (table, places) in description().tables.iter().zip(&self.places) {
            let Some(layout) = self.rows.layouts().get(&table.db_name) else {
                let message = "is not in the source";
                let mend = "bring the database to the app's last schema: npx prisma migrate deploy";
                gaps.push(Problem::of_table(table, message, mend));
                continue;
            };
            let missing = table.columns.iter().zip(places).filter(|(_, place)| place.is_none());
            for (column, _) in missing {
                let mend = "bring the database to the app's last schema: npx prisma migrate deploy";
                let problem = Problem::of_table(table, "the source lacks this column", mend);
                gaps.push(problem.of_column(&column.name));
            }
            for name in layout.columns.iter().filter(|name| table.column(name).is_none()) {
                let message = "the app's schema has no such column, so it would be lost";
                let mend = "drop the column, or keep its values elsewhere first";
                gaps.push(Problem::of_table(table, message, mend).of_column(name));
            }
        }
        gaps
    }

    /// Tables of the source that are none of the app's, and hold rows.
    pub(super) fn left_out(&self) -> Vec<String> {
        let ours = |name: &str| description().tables.iter().any(|table| table.db_name == name);
        let layouts = self.rows.layouts().iter();
        let others = layouts.filter(|(name, layout)| {
            !ours(name) && layout.rows > 0 && name.as_str() != "_prisma_migrations"
        });
        others.map(|(name, _)| name.clone()).collect()
    }

    /// Gives each row of a table; those that belong to a record owner by owner, in the order in which
    /// they were made.
    ///
    /// # Errors
    /// Those of reading and of `each`.
    pub(super) fn each(
        &mut self,
        table: usize,
        each: &mut dyn FnMut(Found) -> Result<()>,
    ) -> Result<()> {
        let reading = self.reading(table);
        let of = reading.table;
        let each = &mut |line: &[u8]| reading.found(line).map_or(Ok(()), &mut *each);
        let grouped = of.owner_column().is_some();
        if self.rows.can_group() || !grouped {
            return self.rows.read(of, grouped, each);
        }
        let mut sorter = Sorter::new();
        self.rows.read(of, false, &mut |line| sorter.add(&reading.sort_key(line), line))?;
        sorter.finish()?.each(|_, line| each(line))
    }

    /// Gives each line of a table as it stands there; `reading` makes rows of them.
    ///
    /// # Errors
    /// Those of reading and of `each`.
    pub(super) fn each_line(
        &mut self,
        table: usize,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.rows.read(&description().tables[table], false, each)
    }

    /// How the lines of a table are read.
    pub(super) fn reading(&self, table: usize) -> Reading {
        let (description, places) = (description(), self.places[table].clone());
        Reading { description, table: &description.tables[table], places, now: self.now }
    }
}

/// The time at which an import, or a verification, began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now(i64);

impl Now {
    pub(super) fn read() -> Now {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Now(i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
    }

    /// Is it a session or a token that is good no more? The store drops such, so they do not come over.
    pub(super) fn has_expired(self, table: &Table, cells: &[Cell]) -> bool {
        let expires = table.column_at(&["expires".to_owned()]).map(|at| &cells[at]);
        matches!(expires, Some(Cell::Time(ms)) if *ms <= self.0)
    }
}

/// The tables, each behind those that it refers to.
pub(crate) fn in_order() -> Vec<usize> {
    let tables = &description().tables;
    let mut order: Vec<usize> = Vec::with_capacity(tables.len());
    while order.len() < tables.len() {
        let ready = |at: &usize| {
            let targets = tables[*at].relations.iter().filter(|r| r.foreign_key.is_some());
            let mut targets = targets.map(|relation| relation.target);
            !order.contains(at) && targets.all(|target| target == *at || order.contains(&target))
        };
        // A circle of tables would have no first one; the app's have none.
        let next = (0..tables.len()).find(ready);
        order.push(next.or_else(|| (0..tables.len()).find(|at| !order.contains(at))).unwrap_or(0));
    }
    order
}

/// How the lines of a table are read, on any thread.
pub(super) struct Reading {
    description: &'static Description,
    table: &'static Table,
    /// For each column the number of the field in a line.
    places: Vec<Option<usize>>,
    now: Now,
}

impl Reading {
    /// The row that a line is; none where it has expired.
    pub(super) fn found(&self, line: &[u8]) -> Option<Found> {
        let found = self.row(line);
        let is_over = match &found {
            Found::Row(cells, _) => self.now.has_expired(self.table, cells),
            Found::Faulty(_) => false,
        };
        (!is_over).then_some(found)
    }

    fn row(&self, line: &[u8]) -> Found {
        let fields = match copy::fields(line) {
            Ok(fields) => fields,
            Err(at) => {
                let mend = "store it as UTF-8: the database says SQL_ASCII, or the file was edited";
                let problem = Problem::of_table(self.table, "a text is not UTF-8", mend);
                let column = self.places.iter().position(|place| *place == Some(at));
                let name = column.map_or("", |at| self.table.columns[at].name.as_str());
                return Found::Faulty(vec![problem.of_column(name)]);
            }
        };
        if let Some(cells) = self.cells(fields) {
            return Found::Row(cells, line.len());
        }
        self.faults(&copy::fields(line).unwrap_or_default())
    }

    fn cells(&self, mut fields: Vec<Field<'_>>) -> Option<Vec<Cell>> {
        let columns = self.table.columns.iter().zip(&self.places);
        let cell = |(column, place): (&Column, &Option<usize>)| {
            let field = place.and_then(|place| fields.get_mut(place)).and_then(Option::take);
            values::cell(self.description, column, field).ok()
        };
        columns.map(cell).collect()
    }

    fn faults(&self, fields: &[Field<'_>]) -> Found {
        let field = |at: usize| self.places[at].and_then(|place| fields.get(place)?.as_deref());
        let key = self.table.keys().next().unwrap_or_default();
        let key: Vec<&str> = key.iter().filter_map(|at| field(*at)).collect();
        let columns = self.table.columns.iter().enumerate();
        let faults = columns.filter_map(|(at, column)| {
            let text = field(at).map(Cow::Borrowed);
            let fault = values::cell(self.description, column, text).err()?;
            let problem = Problem::of_table(self.table, &fault.message, fault.mend);
            Some(problem.of_column(&column.name).of_key(&shown_key(self.table, &key)))
        });
        Found::Faulty(faults.collect())
    }

    /// By owner, by the time at which the row was made.
    fn sort_key(&self, line: &[u8]) -> Vec<u8> {
        let field = |at: Option<usize>| copy::field_at(line, self.places[at?]?).flatten();
        let owner = field(self.table.owner_column()).unwrap_or_default();
        let made = field(self.table.column("createdAt"));
        let time = made.as_deref().and_then(values::order_of_time);
        let mut key = Vec::with_capacity(owner.len() + 9);
        push_sort_key(&mut key, &owner, time);
        key
    }
}

/// Adds what brings rows into the order of their owners, and those of one owner into that of their times.
pub(super) fn push_sort_key(key: &mut Vec<u8>, owner: &str, time: Option<i64>) {
    key.extend_from_slice(owner.as_bytes());
    key.push(0);
    // The sign turned, so that the bytes sort as the numbers do.
    key.extend_from_slice(&(time.unwrap_or(i64::MIN) ^ i64::MIN).to_be_bytes());
}

/// Sixteen bytes that stand for an id: what is kept of each of many millions.
pub(super) fn digest(id: &str) -> u128 {
    SipHasher13::new().hash(id.as_bytes()).as_u128()
}

/// The key of a row as a message shows it: its id, or where it has none the first column; the
/// others may be secret.
pub(super) fn shown_key(table: &Table, key: &[&str]) -> String {
    let shown = if table.id.len() > 1 { key.len() } else { 1 };
    key.iter().take(shown).copied().collect::<Vec<_>>().join("/")
}

/// The key of a row as a message shows it.
pub(super) fn key_of(table: &Table, cells: &[Cell]) -> String {
    let key = table.keys().next().unwrap_or_default();
    let texts: Vec<&str> = key.iter().filter_map(|at| cells[*at].text()).collect();
    shown_key(table, &texts)
}

/// The columns of a table that refer to lines of logs, each with the table of these.
pub(super) fn log_references(table: &Table) -> impl Iterator<Item = (usize, usize)> {
    table.relations.iter().filter_map(|relation| {
        let key = relation.foreign_key.as_ref()?;
        let target = &description().tables[relation.target];
        let to_lines = matches!(target.source, Source::Log { .. });
        to_lines.then(|| (key.columns[0], relation.target))
    })
}
