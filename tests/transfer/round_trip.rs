//! Rows go in and come back the same.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use quilltap_store::error::{Code, Result};
use quilltap_store::progress::{Progress, Unheard, Unit, given_up};
use quilltap_store::store::{Options, Store};
use quilltap_store::transfer::{Format, export_to, import};

use super::dumps::rows_of;
use super::{asked, files_of, fixture, imported, verified};

const WORLDS: [&str; 2] = ["world.sql", "odd.sql"];

fn exported(folder: &Path, file: &Path, format: Format) {
    let store = Store::open(Options::new(folder)).unwrap();
    export_to(&store, format, file, &Unheard).unwrap();
    store.close().unwrap();
}

#[test]
fn every_row_of_every_table_comes_over_and_back() {
    for world in WORLDS {
        let (source, scratch) = (fixture(world), tempfile::tempdir().unwrap());
        let (folder, back) = (scratch.path().join("data"), scratch.path().join("back.sql"));
        let report = imported(&source, &folder);
        assert!(report.written, "{world}: {:?}", report.problems);
        assert!(report.tables.iter().all(|table| table.rows == table.made && table.rows > 0));
        let check = verified(&source, &folder);
        assert!(check.clean, "{world}: {:?} {:?}", check.differences, check.problems);
        exported(&folder, &back, Format::Postgres { replace: true });
        let (before, after) =
            (fs::read_to_string(&source).unwrap(), fs::read_to_string(&back).unwrap());
        let (after, before) = (rows_of(&after), rows_of(&before));
        assert!(after.keys().eq(before.keys()));
        for (table, rows) in &before {
            let differing = rows.iter().zip(&after[table]).find(|(before, after)| before != after);
            assert_eq!(differing, None, "{world} {table}");
            assert_eq!(rows.len(), after[table].len(), "{world} {table}");
        }
        // What is exported is a source again.
        let other = scratch.path().join("other");
        assert!(imported(&back, &other).written);
        assert!(verified(&source, &other).clean);
    }
}

#[test]
fn a_second_import_changes_nothing() {
    for world in WORLDS {
        let (source, folder) = (fixture(world), tempfile::tempdir().unwrap());
        imported(&source, folder.path());
        let files = files_of(folder.path());
        let again = imported(&source, folder.path());
        assert!(again.written, "{:?}", again.problems);
        assert!(again.tables.iter().all(|table| table.rows == table.same));
        assert_eq!(files_of(folder.path()), files, "{world}");
    }
}

#[test]
fn ndjson_has_a_line_a_row() {
    let (source, scratch) = (fixture("odd.sql"), tempfile::tempdir().unwrap());
    let (folder, out) = (scratch.path().join("data"), scratch.path().join("rows.ndjson"));
    imported(&source, &folder);
    exported(&folder, &out, Format::Ndjson);
    let lines = fs::read_to_string(out).unwrap();
    let rows: usize = rows_of(&fs::read_to_string(source).unwrap()).values().map(Vec::len).sum();
    assert_eq!(lines.lines().count(), rows);
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["table"].is_string() && line["row"].is_object());
    }
}

#[test]
fn a_change_on_either_side_is_named_by_its_field_and_without_its_value() {
    let (source, scratch) = (fixture("world.sql"), tempfile::tempdir().unwrap());
    let folder = scratch.path().join("data");
    imported(&source, &folder);
    let dump = fs::read_to_string(&source).unwrap();
    let edited = scratch.path().join("edited.sql");
    let dump =
        dump.replacen("Ada Quill", "Ada Q", 1).replacen("\tAdventure\t", "\tAdventures\t", 1);
    fs::write(&edited, dump).unwrap();
    let check = verified(&edited, &folder);
    assert!(!check.clean);
    let told: Vec<(&str, Vec<&str>)> = check
        .differences
        .told
        .iter()
        .map(|one| (one.table.as_str(), one.columns.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(told, [("users", vec!["name"]), ("tags", vec!["name"])]);
    let text = serde_json::to_string(&check).unwrap();
    assert!(!text.contains("Ada") && !text.contains("Adventure"));
}

/// Gives up at the step that it counts down to.
struct GivesUp(AtomicU64);

impl Progress for GivesUp {
    fn begin(&self, _what: &str, _unit: Unit, _total: Option<u64>) {}

    fn advance(&self, steps: u64) -> Result<()> {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(steps), Ordering::Relaxed);
        if left < steps { Err(given_up()) } else { Ok(()) }
    }
}

#[test]
fn an_import_that_is_given_up_goes_on_where_it_was() {
    let source = fixture("world.sql");
    for steps in [0, 30, 530, 600, 900, 1040] {
        let folder = tempfile::tempdir().unwrap();
        let asked = asked(&source, &folder.path().join("data"));
        let error = import(&asked, &GivesUp(AtomicU64::new(steps))).unwrap_err();
        assert_eq!(error.code(), Code::Closed);
        let report = import(&asked, &Unheard).unwrap();
        assert!(report.written, "{steps}: {:?}", report.problems);
        assert!(verified(&source, &folder.path().join("data")).clean, "{steps}");
    }
}

/// Changes the store at its first step.
struct Changes(Store, AtomicU64);

impl Progress for Changes {
    fn begin(&self, _what: &str, _unit: Unit, _total: Option<u64>) {}

    fn advance(&self, _steps: u64) -> Result<()> {
        if self.1.fetch_add(1, Ordering::Relaxed) == 0 {
            self.0.call("users.create", r#"[{"email":"late@example.test"}]"#)?;
        }
        Ok(())
    }
}

#[test]
fn an_export_is_of_one_moment_or_is_not_there() {
    let (source, scratch) = (fixture("world.sql"), tempfile::tempdir().unwrap());
    let (folder, out) = (scratch.path().join("data"), scratch.path().join("back.sql"));
    imported(&source, &folder);
    let store = Store::open(Options::new(&folder)).unwrap();
    let format = Format::Postgres { replace: false };
    let changes = Changes(store.clone(), AtomicU64::new(0));
    let error = export_to(&store, format, &out, &changes).unwrap_err();
    assert_eq!(error.code(), Code::Locked);
    assert!(!out.exists());
    export_to(&store, format, &out, &Unheard).unwrap();
    assert!(fs::read_to_string(&out).unwrap().contains("late@example.test"));
    store.close().unwrap();
}
