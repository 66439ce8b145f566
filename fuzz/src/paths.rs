//! Ids and paths: nothing leads out of the folder.

use std::path::{Component, Path};

use quilltap_store::catalogue::is_id;
use quilltap_store::disk::SafePath;
use quilltap_store::error::Code;
use quilltap_store::json::quote;

use crate::world::{ask, assert_same, at_rest, content, look, open, sound};

/// Any text, as a path and as an id: a path that is accepted has only plain names, and is the same
/// when it is built from them; an id that is accepted makes exactly its own file, and any other
/// changes nothing.
pub fn paths(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match SafePath::new(text) {
        Ok(path) => plain(&path, text),
        Err(error) => {
            sound(&error);
            assert_eq!(error.code(), Code::Validation);
            assert!(!is_id(text), "an id that is no path: {text:?}");
        }
    }
    as_id(text);
}

fn plain(path: &SafePath, text: &str) {
    assert_eq!(path.as_str(), text);
    let mut parts = 0;
    for part in Path::new(text).components() {
        assert!(matches!(part, Component::Normal(_)), "{text:?} has a part {part:?}");
        parts += 1;
    }
    assert_eq!(parts, text.split('/').count(), "{text:?}");
    let joined = text.split('/').try_fold(SafePath::root(), |folder, name| folder.join(name));
    assert_eq!(joined.as_ref(), Ok(path));
    assert!(text.ends_with(path.file_name()) && !path.file_name().is_empty());
    assert!(!text.contains(['\\', ':', '\0']));
}

fn as_id(text: &str) {
    let disk = at_rest();
    let store = open(&disk);
    let (before, files) = (look(&store), content(&disk));
    let id = quote(text);
    for name in ["characters.findById", "chats.getEvents", "chats.findMessage"] {
        let answer = ask(&store, name, &format!("[{id}]"));
        let told = answer.as_ref().err().map(|error| error.code());
        assert!(!matches!(told, Some(Code::Io | Code::Corrupt)), "{name}({id}): {answer:?}");
    }
    let record = r#""userId":"u0","name":"","description":"","personality":"","scenario":"","firstMessage":"""#;
    let made = ask(&store, "characters.create", &format!("[{{\"id\":{id},{record}}}]"));
    store.flush_now().expect("a flush");
    let mut now = content(&disk);
    match made {
        Ok(_) => {
            assert!(is_id(text));
            assert!(now.remove(&format!("characters/{text}.json")).is_some(), "no file for {id}");
            now.retain(|path, bytes| files.get(path) != Some(bytes));
            assert!(now.is_empty(), "{id} changed {:?}", now.keys());
        }
        Err(error) => {
            let taken = ["c0", "c1"].iter().any(|id| id.eq_ignore_ascii_case(text));
            assert!(!is_id(text) || taken, "{id} is refused: {error}");
            assert_same(&before, &look(&store), "after a refused id");
        }
    }
    store.close().expect("a close");
}
