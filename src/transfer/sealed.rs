//! The values that the app encrypted itself: which columns hold their three parts.

use crate::prisma::{Place, Table};

/// The columns of ciphertext, nonce and tag of each sealed value of a table.
pub(super) fn triples(table: &Table) -> Vec<[usize; 3]> {
    let triple = |column: &crate::prisma::Column| {
        let Place::Path(path) = &column.place else { return None };
        let (last, above) = path.split_last()?;
        let beside = |name: &str| {
            let path: Vec<String> = above.iter().cloned().chain([name.to_owned()]).collect();
            table.column_at(&path)
        };
        if last != "ciphertext" {
            return None;
        }
        Some([beside("ciphertext")?, beside("iv")?, beside("authTag")?])
    };
    table.columns.iter().filter_map(triple).collect()
}
