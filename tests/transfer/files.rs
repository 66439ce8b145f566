//! Files below the public folder.

use std::fs;

use quilltap_store::progress::Unheard;
use quilltap_store::store::{Options, Store};
use quilltap_store::transfer::import;

use super::dumps::with_row;
use super::{asked, files_of, fixture, verified};

const USER: &str = "02704c99-2824-4f8d-bb53-c492026c6ade";

fn image<'a>(id: &'a str, path: &'a str, size: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("id", id),
        ("userId", USER),
        ("filename", "x.png"),
        ("filepath", path),
        ("mimeType", "image/png"),
        ("size", size),
        ("source", "upload"),
        ("createdAt", "2025-01-01 00:00:00"),
        ("updatedAt", "2025-01-02 00:00:00"),
    ]
}

fn dump(rows: &[(&str, &str, &str)]) -> String {
    let world = fs::read_to_string(fixture("world.sql")).unwrap();
    let add = |dump: String, (id, path, size): &(&str, &str, &str)| {
        with_row(&dump, "images", &image(id, path, size))
    };
    rows.iter().fold(world, add)
}

#[test]
fn they_are_taken_in_by_content_and_those_that_are_missing_are_told() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    fs::create_dir_all(at("public/uploads/images")).unwrap();
    fs::write(at("public/uploads/images/a.png"), b"same bytes").unwrap();
    fs::write(at("public/uploads/images/b.png"), b"same bytes").unwrap();
    let rows = [
        ("a", "uploads/images/a.png", "10"),
        ("b", "/uploads/images/b.png", "10"),
        ("other-size", "uploads/images/a.png", "11"),
        ("none", "uploads/images/none.png", "10"),
    ];
    fs::write(at("dump.sql"), dump(&rows)).unwrap();
    let mut asked = asked(&at("dump.sql"), &at("data"));
    asked.public_dir = Some(at("public"));
    let report = import(&asked, &Unheard).unwrap();
    assert!(report.written, "{:?}", report.problems);
    assert_eq!((report.files, report.file_bytes), (2, 20));
    let missing: Vec<&str> = report.missing.told.iter().map(|one| one.key.as_str()).collect();
    assert!(missing.contains(&"none") && missing.contains(&"other-size"));
    // Every image and file of the recorded world lacks its file as well.
    assert_eq!(report.missing.len(), 2 + 14 + 8);
    let store = Store::open(Options::new(at("data"))).unwrap();
    for id in ["a", "b"] {
        assert_eq!(store.read_now(id, None).unwrap().as_deref(), Some(&b"same bytes"[..]));
    }
    assert!(store.read_now("none", None).is_err());
    // That bytes are not in the store is no fault of it.
    assert!(
        store.check_now().unwrap().contains(r#""faults":[]"#),
        "{}",
        store.check_now().unwrap()
    );
    store.close().unwrap();
    assert_eq!(fs::read_dir(at("data/binaries")).unwrap().count(), 2, "the rows, and one payload");
    assert!(verified(&at("dump.sql"), &at("data")).clean);
    let files = files_of(&at("data"));
    import(&asked, &Unheard).unwrap();
    assert_eq!(files_of(&at("data")), files);
}

#[test]
fn a_path_that_leaves_the_folder_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    fs::create_dir_all(at("public/uploads")).unwrap();
    fs::write(at("secret"), b"secret").unwrap();
    let mut rows = vec![
        ("up", "../secret", "6"),
        ("hidden", "uploads/../../secret", "6"),
        ("rooted", "/../secret", "6"),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(at("secret"), at("public/uploads/link")).unwrap();
        rows.push(("link", "uploads/link", "6"));
    }
    fs::write(at("dump.sql"), dump(&rows)).unwrap();
    let mut asked = asked(&at("dump.sql"), &at("data"));
    asked.public_dir = Some(at("public"));
    let report = import(&asked, &Unheard).unwrap();
    let mut told: Vec<&str> =
        report.problems.told.iter().filter_map(|problem| problem.key.as_deref()).collect();
    told.sort_unstable();
    let mut expected: Vec<&str> = rows.iter().map(|(id, ..)| *id).collect();
    expected.sort_unstable();
    assert_eq!(told, expected);
    assert!(!at("data").exists());
}
