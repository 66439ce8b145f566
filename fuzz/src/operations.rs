//! Sequences of calls, transactions, flushes, reopenings and crashes.

use quilltap_store::disk::{Outcome, SimulatedDisk};
use quilltap_store::error::{Code, Error};
use quilltap_store::store::Store;

use crate::world::{Shown, ask, assert_same, at_rest, look, open};

/// Calls, with `$` for a byte's choice: `$u` an id of a user, `$t` of a tag, `$c` of a character,
/// `$n` of a persona, `$h` of a chat, `$m` of a message, `$p` of a connection, `$v` a text, `$j`
/// any JSON value, `$b` true or false.
const TEMPLATES: &[(&str, &str)] = &[
    ("users.create", r#"[{"id":"$u","email":"$v@a.example"}]"#),
    ("users.update", r#"["$u",{"name":"$v","extra":$j}]"#),
    ("users.delete", r#"["$u"]"#),
    ("tags.create", r#"[{"id":"$t","userId":"$u","name":"$v"}]"#),
    ("tags.update", r#"["$t",{"name":"$v"}]"#),
    ("tags.delete", r#"["$t"]"#),
    (
        "characters.create",
        r#"[{"id":"$c","userId":"$u","name":"$v","description":"","personality":"","scenario":"","firstMessage":"","tags":["$t"]}]"#,
    ),
    ("characters.update", r#"["$c",{"title":"$v","sillyTavernData":$j}]"#),
    (
        "characters.upsert",
        r#"[{"id":"$c","userId":"$u","name":"$v","description":"","personality":"","scenario":"","firstMessage":"$v"}]"#,
    ),
    ("characters.delete", r#"["$c"]"#),
    ("characters.addTag", r#"["$c","$t"]"#),
    ("characters.removeTag", r#"["$c","$t"]"#),
    ("characters.addPersona", r#"["$c","$n",$b]"#),
    ("characters.removePersona", r#"["$c","$n"]"#),
    ("characters.setAvatarOverride", r#"["$c","$h","b0"]"#),
    ("characters.clearAvatarOverride", r#"["$c","$h"]"#),
    (
        "personas.create",
        r#"[{"id":"$n","userId":"$u","name":"$v","description":"","characterLinks":["$c"]}]"#,
    ),
    ("personas.addCharacterLink", r#"["$n","$c"]"#),
    ("personas.removeCharacterLink", r#"["$n","$c"]"#),
    ("personas.delete", r#"["$n"]"#),
    (
        "chats.create",
        r#"[{"id":"$h","userId":"$u","characterId":"$c","connectionProfileId":"$p","title":"$v"}]"#,
    ),
    ("chats.update", r#"["$h",{"title":"$v","personaId":"$n"}]"#),
    ("chats.delete", r#"["$h"]"#),
    ("chats.addMessage", r#"["$h",{"id":"$m","role":"USER","content":"$v"}]"#),
    (
        "chats.addMessages",
        r#"["$h",[{"id":"$m","role":"USER","content":"$v"},{"id":"$m","role":"TOOL","content":"","rawResponse":$j}]]"#,
    ),
    ("chats.updateMessage", r#"["$h","$m",{"content":"$v"}]"#),
    ("chats.deleteMessages", r#"["$h",["$m","$m"]]"#),
    ("chats.clearMessages", r#"["$h"]"#),
    ("chats.addEvent", r#"["$h",{"id":"$m","type":"system-note","note":$j}]"#),
    (
        "connections.create",
        r#"[{"id":"$p","userId":"$u","name":"$v","provider":"OLLAMA","modelName":""}]"#,
    ),
    ("connections.setDefault", r#"["$u","$p"]"#),
    ("connections.delete", r#"["$p"]"#),
    ("images.update", r#"["b0",{"tags":["$t"],"providerError":"$v"}]"#),
    ("images.delete", r#"["b0"]"#),
    (
        "auth.createSession",
        r#"[{"sessionToken":"$v","userId":"$u","expires":"2099-01-01T00:00:00.000Z"}]"#,
    ),
    ("auth.deleteSession", r#"["$v"]"#),
    ("auth.deleteUser", r#"["$u"]"#),
    ("auth.useVerificationToken", r#"[{"identifier":"will@globe.example","token":"v0"}]"#),
    ("store.updateSettings", r#"[{"flags":{"$v":$j}}]"#),
];

const TEXTS: &[&str] =
    &["", "a", "A", "é", "\\n", "\\u2028", "Ghosts", "s0", "\\\"}]", "__proto__"];
const VALUES: &[&str] = &[
    "null",
    "0",
    "-0.0",
    "1e300",
    "[]",
    "{}",
    "{\"b\":[null,{\"a\":1}],\"a\":2}",
    "\"x\"",
    "1e-7",
];

/// The bytes as choices, zeros behind the end.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn next(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    fn call(&mut self) -> (&'static str, String) {
        let (name, template) = TEMPLATES[self.next() % TEMPLATES.len()];
        let mut parts = template.split('$');
        let mut args = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let choice = self.next();
            match part.as_bytes()[0] {
                b'v' => args += TEXTS[choice % TEXTS.len()],
                b'j' => args += VALUES[choice % VALUES.len()],
                b'b' => args += if choice.is_multiple_of(2) { "false" } else { "true" },
                letter => args += &format!("{}{}", letter as char, choice % 4),
            }
            args += &part[1..];
        }
        (name, args)
    }
}

/// Bytes as a sequence of steps: a call that fails, a read and a transaction given up change
/// nothing; what was answered is shown ever after, over flushes, compactions, reopenings, kills
/// and power cuts; and every other handle shows it.
pub fn operations(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let mut disk = at_rest();
    let mut store = open(&disk);
    let mut shown = look(&store);
    for _ in 0..24 {
        if choices.0.is_empty() {
            break;
        }
        let before = shown;
        match choices.next() {
            0..180 => {
                let (name, args) = choices.call();
                let answer = ask(&store, name, &args);
                shown = look(&store);
                if answer.is_err() {
                    assert_same(&before, &shown, &format!("after {name}{args} gave {answer:?}"));
                }
            }
            number @ 180..205 => shown = transaction(&store, &mut choices, number, &before),
            205..215 => {
                store.flush_now().expect("a flush");
                shown = kept(&store, before, "after a flush");
            }
            215..225 => {
                store.compact_now().expect("a compaction");
                shown = kept(&store, before, "after a compaction");
            }
            225..230 => shown = kept(&open(&disk), before, "in another process"),
            number => {
                disk = next_life(&disk, &store, number);
                drop(store);
                store = open(&disk);
                shown = kept(&store, before, "after a reopening");
            }
        }
    }
    store.close().expect("a close");
    kept(&open(&disk), shown, "at the end");
}

#[track_caller]
fn kept(store: &Store, before: Shown, when: &str) -> Shown {
    assert_same(&before, &look(store), when);
    before
}

fn next_life(disk: &SimulatedDisk, store: &Store, number: usize) -> SimulatedDisk {
    match number {
        0..240 => {
            store.close().expect("a close");
            disk.clone()
        }
        240..246 => disk.kill(),
        seed => disk.crash(Outcome::Seed(seed as u64)),
    }
}

/// Two or three calls as one; the number says whether they are given up in the end.
fn transaction(store: &Store, choices: &mut Choices<'_>, number: usize, before: &Shown) -> Shown {
    let done = store.transaction(|inside| {
        for _ in 0..2 + number % 2 {
            let (name, args) = choices.call();
            inside.call(name, &args)?;
        }
        if number.is_multiple_of(3) { Err(Error::new(Code::Closed, "given up")) } else { Ok(()) }
    });
    let shown = look(store);
    if let Err(error) = done {
        assert_same(before, &shown, &format!("after a transaction that gave {error}"));
    }
    shown
}
