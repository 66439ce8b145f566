//! Folders as sources: another store, and the app's earlier one.

use std::fs;
use std::path::Path;

use quilltap_store::progress::Unheard;
use quilltap_store::transfer::import;

use super::{asked, files_of, fixture, imported, verified};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}

#[test]
fn another_store_is_copied_as_a_whole() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    imported(&fixture("world.sql"), &at("first"));
    // More than the app's old tables held.
    let general = at("first/settings/general.json");
    let text =
        fs::read_to_string(&general).unwrap().replacen("{\n", "{\n  \"theme\": \"dark\",\n", 1);
    fs::write(&general, text).unwrap();
    let report = imported(&at("first"), &at("second"));
    assert!(report.written);
    assert!(report.tables.iter().all(|table| table.made == table.rows));
    assert!(verified(&at("first"), &at("second")).clean);
    assert!(fs::read_to_string(at("second/settings/general.json")).unwrap().contains("dark"));
    let files = files_of(&at("second"));
    let again = imported(&at("first"), &at("second"));
    assert!(again.tables.iter().all(|table| table.same == table.rows));
    assert_eq!(files_of(&at("second")), files);
}

#[test]
fn a_folder_is_not_mixed_with_another() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    imported(&fixture("world.sql"), &at("first"));
    imported(&fixture("odd.sql"), &at("second"));
    let files = files_of(&at("second"));
    let error = import(&asked(&at("first"), &at("second")), &Unheard).unwrap_err();
    assert!(error.message().contains("into a new one"), "{}", error.message());
    assert_eq!(files_of(&at("second")), files);
}

#[test]
fn the_apps_earlier_folder_comes_over_with_its_files_and_stays_as_it_is() {
    let older = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/older");
    for entry in fs::read_dir(older).unwrap() {
        let scratch = tempfile::tempdir().unwrap();
        let (source, folder) = (scratch.path().join("older"), scratch.path().join("data"));
        copy(&entry.unwrap().path(), &source);
        let before = files_of(&source);
        let mut dry = asked(&source, &folder);
        dry.dry_run = true;
        assert!(!import(&dry, &Unheard).unwrap().written && !folder.exists());
        let report = imported(&source, &folder);
        assert!(report.written);
        assert!(verified(&source, &folder).clean);
        let kept = files_of(&source);
        for (path, bytes) in before {
            assert_eq!(kept.get(&path), Some(&bytes), "{}", path.display());
        }
    }
}
