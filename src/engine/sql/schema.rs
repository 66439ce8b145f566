//! Opens a store in a database: makes its schema and tables, and brings both and the records in them to what
//! this version and this process's declarations ask for. One process at a time does so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};

use super::changes;
use super::database::Known;
use super::failure::Failure;
use super::link::{Link, Patience};
use super::pool::Pool;
use super::renew::renew;
use super::runtime::Site;
use super::server::Server;
use super::tables::{self, FORM, Table, name_of_index, name_of_order};
use super::uniques;
use super::uploads::Uploads;
use crate::catalogue::{self, Catalogue, Declaration, Model, Place};
use crate::engine::clock::Clock;
use crate::engine::core::Settings;
use crate::engine::journal::Change;
use crate::engine::keys::Keys;
use crate::engine::memory::Record;
use crate::error::{Code, Error, Issue, Result};
use crate::json;
use crate::postgres::{Address, quoted};
use crate::sync::{self, locked};

/// The schema that everything is in, where the address names none.
const SCHEMA: &str = "quilltap";
type Done<T> = std::result::Result<T, Failure>;

fn refused(issues: Vec<Issue>) -> Error {
    Error::validation("Collections", issues)
}

/// What the database says of itself.
struct Meta(BTreeMap<String, String>);

impl Meta {
    /// All of it; nothing, where no store was opened there yet.
    fn read(link: &Link) -> Done<Meta> {
        let is_there = link.ask(None, "SELECT to_regclass('\".meta\"') IS NOT NULL", &[])?;
        if !is_there.first().is_some_and(|row| row.get(0)) {
            return Ok(Meta(BTreeMap::new()));
        }
        let rows = link.ask(None, "SELECT name, value FROM \".meta\"", &[])?;
        Ok(Meta(rows.iter().map(|row| (row.get(0), row.get(1))).collect()))
    }

    /// Are the tables as an older version of this package made them?
    fn is_of_older_form(&self) -> bool {
        self.number("form").is_some_and(|form| form < FORM)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.parse().ok()
    }

    /// Makes what a text makes, unless that was done with the very same one.
    fn make(&self, link: &Link, name: &str, text: &str) -> Done<()> {
        let digest = tables::hashed(text);
        if self.0.get(name) == Some(&digest) {
            return Ok(());
        }
        link.batch(text)?;
        self.set(link, name, &digest)
    }

    fn set(&self, link: &Link, name: &str, value: &str) -> Done<()> {
        if self.0.get(name).is_some_and(|known| known == value) {
            return Ok(());
        }
        let text = "INSERT INTO \".meta\" (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        link.ask(None, text, &[&name, &value]).map(drop)
    }
}

impl Server {
    /// Opens the store in a database.
    ///
    /// # Errors
    /// `VALIDATION` for an address that is none or a declaration that contradicts what there is; `IO`,
    /// `UNSUPPORTED_VERSION`.
    pub(crate) fn open(
        site: Site<'_>,
        declaration: Declaration,
        settings: Settings,
    ) -> Result<Server> {
        let address = Address::of(site.url)?;
        let schema = address.schema.clone().unwrap_or_else(|| SCHEMA.to_owned());
        let patience = Patience {
            to_connect: settings.lock_timeout.min(std::time::Duration::from_secs(10)),
            to_answer: settings.lock_timeout,
        };
        let pool = Arc::new(Pool::new(address, schema.clone(), patience, site.connections));
        let uploads = Arc::new(Uploads::new(Arc::clone(&pool), site.payloads)?);
        let catalogue = Arc::new(Catalogue::builtin().with_migrations(settings.migrations));
        let server = Server {
            pool,
            uploads,
            settings,
            declared: RwLock::new((catalogue, 0)),
            joined: Mutex::default(),
            own: Mutex::new(declaration),
            added: Mutex::default(),
            keys: Keys::new(settings.costs),
            known: Known::default(),
            clock: Clock::held_at(settings.held_clock),
            listeners: Default::default(),
            ears: Default::default(),
        };
        let link = server.pool.apart().map_err(Failure::into_error)?;
        make_schema(&link, &schema).map_err(Failure::into_error)?;
        server.learn(&link)?;
        Ok(server)
    }

    /// Adds what another handle declares, or with `in_addition` what does not change what is declared already.
    ///
    /// # Errors
    /// `VALIDATION` when it contradicts what there is.
    pub(super) fn declare(&self, own: &Declaration, in_addition: bool) -> Result<()> {
        // What comes in addition may go beyond what others have declared; see `with_addition`.
        let known = if in_addition { &self.added } else { &self.own };
        let before = {
            let mut known = locked(known);
            let joined = match in_addition {
                true => known.with_addition(own),
                false => known.joined(own, false).map_err(refused)?,
            };
            std::mem::replace(&mut *known, joined)
        };
        let link = self.pool.apart().map_err(Failure::into_error)?;
        let learnt = self.learn(&link);
        if learnt.is_err() {
            *locked(known) = before;
        }
        learnt
    }

    /// Brings the tables and this process's knowledge of them together.
    ///
    /// # Errors
    /// As for [`Server::open`].
    pub(super) fn learn(&self, link: &Link) -> Result<()> {
        link.let_go("ROLLBACK");
        // Whatever makes an index waits for changes of its table, and changes for it: all of them wait at one place.
        let begun = link.batch(
            "BEGIN; SELECT pg_advisory_xact_lock(hashtext('quilltap'), hashtext(current_schema()));
             CREATE TABLE IF NOT EXISTS \".turns\" (); LOCK TABLE \".turns\" IN EXCLUSIVE MODE",
        );
        let done = begun.map_err(Failure::into_error).and_then(|()| self.bring_together(link));
        let how = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = link.batch(how).map_err(Failure::into_error);
        let (catalogue, number, joined) = done.and_then(|known| ended.map(|()| known))?;
        *sync::write(&self.declared) = (catalogue, number);
        *locked(&self.joined) = joined;
        Ok(())
    }

    fn bring_together(&self, link: &Link) -> Result<(Arc<Catalogue>, i64, Declaration)> {
        let error = Failure::into_error;
        let builtin = Catalogue::builtin().with_migrations(self.settings.migrations);
        let meta = Meta::read(link).map_err(error)?;
        self.check_versions(&meta)?;
        if meta.is_of_older_form() {
            drop_keys(link).map_err(error)?;
        }
        let text = tables::create_common() + &tables::create(&builtin);
        meta.make(link, "tables of the package", &text).map_err(error)?;
        let kept = kept(link, &builtin)?;
        let joined = kept.joined(&locked(&self.own), false).map_err(refused)?;
        let joined = joined.with_addition(&locked(&self.added));
        let catalogue = Catalogue::declared(&joined).map_err(refused)?;
        let catalogue = catalogue.with_migrations(self.settings.migrations);
        meta.make(link, "tables", &tables::create(&catalogue)).map_err(error)?;
        let missing = missing(&catalogue, &kept, &joined);
        let number = meta.number("declared").unwrap_or(0) + i64::from(!missing.is_empty());
        self.renew_all(link, &catalogue, &meta).map_err(error)?;
        if !missing.is_empty() {
            let known = Catalogue::declared(&kept).map_err(refused)?;
            uniques::check_new(link, &known, &catalogue).map_err(error)?;
        }
        for bound in changes::statements(&catalogue, &missing, |_, _| None) {
            link.run(&bound).map_err(error)?;
        }
        let version = self.settings.migrations.version().to_string();
        let values =
            [("form", FORM.to_string()), ("records", version), ("declared", number.to_string())];
        for (name, value) in values {
            meta.set(link, name, &value).map_err(error)?;
        }
        Ok((Arc::new(catalogue), number, joined))
    }

    fn check_versions(&self, meta: &Meta) -> Result<()> {
        let version = i64::try_from(self.settings.migrations.version()).unwrap_or(i64::MAX);
        let is_newer = meta.number("form").is_some_and(|form| form > FORM)
            || meta.number("records").is_some_and(|records| records > version);
        if is_newer {
            let message = "a newer version of quilltap-store has changed the database; let all processes use that one";
            return Err(Error::new(Code::UnsupportedVersion, message));
        }
        Ok(())
    }

    /// Writes all of each model anew that is of an older version, or was found by other indexes.
    fn renew_all(&self, link: &Link, catalogue: &Catalogue, meta: &Meta) -> Done<()> {
        let version = meta.number("records").and_then(|version| u64::try_from(version).ok());
        for id in catalogue.ids() {
            let model = catalogue.model(id);
            let name = format!("indexes of {}", model.collection);
            let indexes = names_of_indexes(model);
            let is_older = version.is_some_and(|version| catalogue.migrations.concern(id, version));
            let lacks_keys = meta.is_of_older_form() && !matches!(model.place, Place::Log { .. });
            if is_older || lacks_keys || meta.0.get(&name).is_some_and(|known| *known != indexes) {
                renew(link, catalogue, id, version.unwrap_or_default())?;
            }
            meta.set(link, &name, &indexes)?;
        }
        Ok(())
    }
}

/// Makes the schema, unless somebody has made it for a role that may not.
fn make_schema(link: &Link, schema: &str) -> Done<()> {
    let question = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    if link.ask(None, question, &[&schema])?.first().is_some_and(|row| row.get(0)) {
        return Ok(());
    }
    link.batch(&format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema)))
}

fn names_of_indexes(model: &Model) -> String {
    let orders = |number: usize| {
        let sorts = model.indexes[number].sorts.iter();
        sorts.map(move |sort| name_of_order(model, number, *sort))
    };
    let numbers = 0..model.indexes.len();
    let names = numbers
        .flat_map(|number| std::iter::once(name_of_index(model, number)).chain(orders(number)));
    names.collect::<Vec<_>>().join(" ")
}

/// Removes the keys tables, whose rows follow from the records.
fn drop_keys(link: &Link) -> Done<()> {
    let question = "SELECT tablename::text FROM pg_tables
         WHERE schemaname = current_schema() AND tablename LIKE '%.keys'";
    for row in link.ask(None, question, &[])? {
        link.batch(&format!("DROP TABLE {}", quoted(row.get(0))))?;
    }
    Ok(())
}

/// What is declared in the database.
fn kept(link: &Link, builtin: &Catalogue) -> Result<Declaration> {
    let model = builtin.model(builtin.declaring());
    let Table { records, .. } = Table::of(model);
    let question = format!("SELECT text FROM {records} ORDER BY created_ms, seq");
    let rows = link.ask(None, &question, &[]).map_err(Failure::into_error)?;
    let mut declaration = Declaration::default();
    for row in rows {
        let map = json::parse_object(row.get(0)).unwrap_or_default();
        if let Some(name) = map.get("id").and_then(|id| id.as_str()).map(str::to_owned) {
            declaration.keep(&name, Some(map));
        }
    }
    Ok(declaration)
}

/// What must still be kept of a declaration.
fn missing(catalogue: &Catalogue, kept: &Declaration, joined: &Declaration) -> Vec<Change> {
    let model = catalogue.declaring();
    let declared = catalogue.model(model);
    let change = |(name, map): (String, json::Object)| {
        let map = catalogue::validate_stored(declared, map.clone()).unwrap_or(map);
        let record = Arc::new(Record::from_map(declared, &name, &map));
        Change::Put { model, record, new: !kept.has(&name) }
    };
    joined.records_beyond(kept).into_iter().map(change).collect()
}
