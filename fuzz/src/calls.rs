//! Calls with any arguments.

use crate::world::{ask, assert_same, at_rest, calls, look, open};

/// A byte for which call, then its arguments as text: the answer is JSON or an error with a
/// sentence; a read, and a call that fails, change nothing; what was changed is there again after
/// a close.
pub fn arguments(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Ok(args) = std::str::from_utf8(rest) else { return };
    let call = &calls()[usize::from(*first) % calls().len()];
    holds(&call.name, call.write, args);
}

/// What holds of each call, whatever it is given.
pub(crate) fn holds(name: &str, writes: bool, args: &str) {
    let disk = at_rest();
    let store = open(&disk);
    let before = look(&store);
    let answer = ask(&store, name, args);
    let after = look(&store);
    if answer.is_err() || !writes {
        assert_same(&before, &after, &format!("after {name}({args}) gave {answer:?}"));
        return;
    }
    if let Some(error) = after.values().find_map(|answer| answer.as_ref().err()) {
        panic!("after {name}({args}): {error}");
    }
    store.close().unwrap_or_else(|error| panic!("close: {error}"));
    let store = open(&disk);
    assert_same(&after, &look(&store), &format!("reopened after {name}({args})"));
}
