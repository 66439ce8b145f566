//! The generated files are those that the catalogue and the table of calls give now.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it looks at the files themselves"
)]

#[test]
fn generated_files_are_fresh() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for (path, text) in quilltap_store::api::files().expect("a sound catalogue") {
        let now = std::fs::read_to_string(root.join(&path)).unwrap_or_default();
        assert!(now == text, "{path} is stale: run `cargo run --bin generate`");
    }
}
