//! The keys under which the indexes find a record, in as few bytes as they need: every record in memory
//! has them.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use hashbrown::Equivalent;
use serde_json::{Map, Value};

use super::index::keys;
use super::types::Model;

/// A key of an index. Most are the ids of other records, which are 16 bytes written as 36.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexKey<'k> {
    /// A UUID as it is usually written: in lower case, with hyphens.
    Id([u8; 16]),
    /// Any other text.
    Text(&'k str),
}

/// The length of a UUID's text.
const ID_LEN: usize = 36;

impl<'k> IndexKey<'k> {
    /// The key of a text.
    pub fn of(text: &'k str) -> IndexKey<'k> {
        id_of(text).map_or(IndexKey::Text(text), IndexKey::Id)
    }

    /// The text whose key it is.
    pub fn text(&self) -> Cow<'k, str> {
        match self {
            IndexKey::Id(id) => Cow::Owned(uuid::Uuid::from_bytes(*id).to_string()),
            IndexKey::Text(text) => Cow::Borrowed(text),
        }
    }
}

fn id_of(text: &str) -> Option<[u8; 16]> {
    if text.len() != ID_LEN || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    uuid::Uuid::try_parse(text).ok().map(uuid::Uuid::into_bytes)
}

/// A key that owns its text.
#[derive(Debug, Clone)]
pub enum OwnedIndexKey {
    /// As in [`IndexKey`].
    Id([u8; 16]),
    /// As in [`IndexKey`].
    Text(Box<str>),
}

impl OwnedIndexKey {
    /// The same key.
    pub fn key(&self) -> IndexKey<'_> {
        match self {
            OwnedIndexKey::Id(id) => IndexKey::Id(*id),
            OwnedIndexKey::Text(text) => IndexKey::Text(text),
        }
    }
}

impl From<IndexKey<'_>> for OwnedIndexKey {
    fn from(key: IndexKey<'_>) -> OwnedIndexKey {
        match key {
            IndexKey::Id(id) => OwnedIndexKey::Id(id),
            IndexKey::Text(text) => OwnedIndexKey::Text(text.into()),
        }
    }
}

impl PartialEq for OwnedIndexKey {
    fn eq(&self, other: &OwnedIndexKey) -> bool {
        self.key() == other.key()
    }
}

impl Eq for OwnedIndexKey {}

impl Hash for OwnedIndexKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.key().hash(hasher);
    }
}

impl Equivalent<OwnedIndexKey> for IndexKey<'_> {
    fn equivalent(&self, other: &OwnedIndexKey) -> bool {
        *self == other.key()
    }
}

/// For each index of a model, the keys under which it finds a record: sorted, each once. A list gives a
/// key for each entry; what is null, absent or no single value gives none, and so does an index over all
/// records, which has them under no key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexKeys(
    /// One key behind the other, by the number of the index: twice this in two bytes, and one more for a
    /// text, then the id, or the length of the text in four bytes and the text.
    Box<[u8]>,
);

impl IndexKeys {
    /// The keys of a record.
    pub fn of(model: &Model, map: &Map<String, Value>) -> IndexKeys {
        let mut bytes = Vec::new();
        for (number, index) in model.indexes.iter().enumerate() {
            let found = keys(index, map);
            let mut found: Vec<IndexKey<'_>> = found.iter().map(|key| IndexKey::of(key)).collect();
            found.sort_unstable();
            found.dedup();
            found.into_iter().for_each(|key| put(&mut bytes, number, key));
        }
        IndexKeys(bytes.into())
    }

    /// Every key, with the number of its index.
    pub fn iter(&self) -> impl Iterator<Item = (usize, IndexKey<'_>)> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || take(&mut rest))
    }

    /// The keys of one index.
    pub fn under(&self, index: usize) -> impl Iterator<Item = IndexKey<'_>> {
        let keys = self.iter().skip_while(move |(number, _)| *number < index);
        keys.take_while(move |(number, _)| *number == index).map(|(_, key)| key)
    }
}

fn put(bytes: &mut Vec<u8>, number: usize, key: IndexKey<'_>) {
    let kind = usize::from(matches!(key, IndexKey::Text(_)));
    // No model has so many indexes, nor a record such a text.
    bytes.extend(u16::try_from(2 * number + kind).unwrap_or(u16::MAX).to_le_bytes());
    match key {
        IndexKey::Id(id) => bytes.extend(id),
        IndexKey::Text(text) => {
            bytes.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
    }
}

fn take<'b>(rest: &mut &'b [u8]) -> Option<(usize, IndexKey<'b>)> {
    let (head, behind) = rest.split_first_chunk()?;
    let head = usize::from(u16::from_le_bytes(*head));
    let (key, behind) = if head.is_multiple_of(2) {
        let (id, behind) = behind.split_first_chunk()?;
        (IndexKey::Id(*id), behind)
    } else {
        let (len, behind) = behind.split_first_chunk()?;
        let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
        let (text, behind) = behind.split_at_checked(len)?;
        (IndexKey::Text(std::str::from_utf8(text).ok()?), behind)
    };
    *rest = behind;
    Some((head / 2, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_text() -> impl Strategy<Value = String> {
        let id = any::<[u8; 16]>().prop_map(|id| uuid::Uuid::from_bytes(id).to_string());
        prop_oneof![id.clone(), id.prop_map(|id| id.to_uppercase()), ".{0,40}", "[0-9a-f-]{36}"]
    }

    proptest! {
        #[test]
        fn a_key_is_that_of_one_text(one in any_text(), other in any_text()) {
            let (key, owned) = (IndexKey::of(&one), OwnedIndexKey::from(IndexKey::of(&one)));
            prop_assert_eq!(&*key.text(), &one);
            prop_assert_eq!(key, owned.key());
            prop_assert_eq!(key == IndexKey::of(&other), one == other);
        }

        #[test]
        fn keys_come_back(texts in proptest::collection::vec((0..9_usize, any_text()), 0..8)) {
            let mut texts = texts;
            texts.sort();
            let mut bytes = Vec::new();
            texts.iter().for_each(|(number, text)| put(&mut bytes, *number, IndexKey::of(text)));
            let keys = IndexKeys(bytes.into());
            let back: Vec<_> = keys.iter().map(|(number, key)| (number, key.text().into_owned())).collect();
            prop_assert_eq!(&back, &texts);
            for number in 0..9 {
                let under: Vec<_> = keys.under(number).map(|key| key.text().into_owned()).collect();
                let of_number = texts.iter().filter(|(of, _)| *of == number).map(|(_, text)| text);
                prop_assert!(under.iter().eq(of_number));
            }
        }
    }
}
