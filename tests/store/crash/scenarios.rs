//! Scenarios that together make every kind of change.

use serde_json::{Value, json};

use super::step::{Call, Step};
use Step::{Compact, Edit, Flush, Kill, Reopen, Switch, Together, Transaction};

fn change(name: &'static str, args: Value) -> Step {
    Step::Call((name, args))
}

fn character(id: &str) -> Value {
    json!({"id": id, "userId": "u", "name": id, "description": "", "personality": "",
        "scenario": "", "firstMessage": ""})
}

fn chat(id: &str, character: &str) -> Value {
    json!({"id": id, "userId": "u", "characterId": character, "connectionProfileId": "p", "title": "t"})
}

fn said(chat: &str, id: &str) -> Call {
    let text = format!("{id} {}", "x".repeat(700));
    ("chats.addMessage", json!([chat, {"id": id, "role": "USER", "content": text}]))
}

fn message(chat: &str, id: &str) -> Step {
    Step::Call(said(chat, id))
}

fn tag(id: &str) -> Call {
    ("tags.create", json!([{"id": id, "userId": "u", "name": id}]))
}

fn session(id: &str, user: &str) -> Call {
    let session = json!({"id": id, "sessionToken": format!("of {id}"), "userId": user, "expires": "2100-01-01"});
    ("sessions.create", json!([session]))
}

fn world() -> Vec<Step> {
    vec![
        change("users.create", json!([{"id": "u", "email": "will@globe.example"}])),
        change(
            "connections.create",
            json!([{"id": "p", "userId": "u", "name": "n", "provider": "OLLAMA", "modelName": "m"}]),
        ),
        change("characters.create", json!([character("c1")])),
        change("characters.create", json!([character("c2")])),
        change("chats.create", json!([chat("chat1", "c1")])),
    ]
}

fn after_world(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    world().into_iter().chain(steps).collect()
}

/// Records of every place: a folder, a document, rows, an owner and what stands beside it, the
/// one record of the store.
pub(crate) fn records() -> Vec<Step> {
    let key = json!([{"id": "k", "userId": "u", "provider": "OPENAI", "label": "l",
        "ciphertext": "c", "iv": "i", "authTag": "t"}]);
    let account = json!([{"id": "a", "userId": "u2", "type": "oauth", "provider": "google",
        "providerAccountId": "1", "access_token": "secret"}]);
    let token =
        json!([{"identifier": "kit@globe.example", "token": "once", "expires": "2100-01-01"}]);
    let authenticator = json!([{"id": "w", "credentialID": "c", "userId": "u",
        "providerAccountId": "x", "credentialPublicKey": "k", "counter": 0,
        "credentialDeviceType": "d", "credentialBackedUp": false}]);
    let profile =
        json!([{"id": "ip", "userId": "u", "name": "n", "provider": "GROK", "modelName": "m"}]);
    let image = json!([{"id": "i", "userId": "u", "sha256": "a".repeat(64), "type": "avatar",
        "filename": "f.png", "relativePath": "r", "mimeType": "image/png", "size": 1}]);
    let persona = json!([{"id": "me", "userId": "u", "name": "me", "description": ""}]);
    after_world([
        Flush,
        Step::Call(tag("t")),
        change("characters.addTag", json!(["c1", "t"])),
        change("users.create", json!([{"id": "u2", "email": "kit@globe.example"}])),
        change("users.updateChatSettings", json!(["u2", {"avatarDisplayMode": "NEVER"}])),
        change("store.updateSettings", json!([{"flags": {"step": 2}}])),
        Step::Call(session("s", "u")),
        change("accounts.create", account),
        change("verificationTokens.create", token),
        Compact,
        change("authenticators.create", authenticator),
        change("connections.createApiKey", key),
        change("connections.update", json!(["p", {"apiKeyId": "k"}])),
        change("imageProfiles.create", profile),
        change("images.create", image),
        change("personas.create", persona),
        change("characters.addPersona", json!(["c1", "me", true])),
        change("characters.setAvatarOverride", json!(["c1", "chat1", "i"])),
        Flush,
        change("sessions.update", json!(["s", {"expires": "2100-02-01"}])),
        change(
            "auth.useVerificationToken",
            json!([{"identifier": "kit@globe.example", "token": "once"}]),
        ),
        change("tags.delete", json!(["t"])),
        change("images.delete", json!(["i"])),
        Flush,
        change("connections.deleteApiKey", json!(["k"])),
        change("sessions.delete", json!(["s"])),
        change("users.delete", json!(["u2"])),
    ])
}

/// Logs that grow, are changed where they stand, and start anew.
pub(crate) fn logs() -> Vec<Step> {
    let many: Vec<Value> = (0..6)
        .map(|n| json!({"id": format!("n{n}"), "role": "USER", "content": "y".repeat(600)}))
        .collect();
    after_world([
        message("chat1", "m1"),
        message("chat1", "m2"),
        Flush,
        message("chat1", "m3"),
        change("chats.updateMessage", json!(["chat1", "m2", {"content": "other"}])),
        change("chats.deleteMessages", json!(["chat1", ["m1"]])),
        change("chats.addEvent", json!(["chat1", {"id": "e", "type": "tool", "name": "dice"}])),
        Compact,
        message("chat1", "m4"),
        change("chats.addMessages", json!(["chat1", many])),
        Flush,
        change("chats.clearMessages", json!(["chat1"])),
        message("chat1", "m5"),
        Flush,
        message("chat1", "m6"),
        Reopen,
        message("chat1", "m7"),
        change("chats.update", json!(["chat1", {"title": "another"}])),
        change("chats.delete", json!(["chat1"])),
    ])
}

/// Logs of which it is known, and kept in the cache, which has which rows.
pub(crate) fn logs_that_are_looked_up() -> Vec<Step> {
    let look = || change("chats.findMessage", json!(["m1"]));
    after_world([
        change("chats.create", json!([chat("chat2", "c2")])),
        message("chat1", "m1"),
        look(),
        Compact,
        message("chat2", "m2"),
        Compact,
        message("chat1", "m4"),
        Flush,
        change("chats.deleteMessages", json!(["chat1", ["m1"]])),
        Reopen,
        look(),
        message("chat2", "m5"),
        change("chats.clearMessages", json!(["chat1"])),
        Reopen,
        look(),
        change("chats.delete", json!(["chat2"])),
        change("chats.create", json!([chat("chat2", "c2")])),
        message("chat2", "m1"),
    ])
}

/// Files that are edited by hand while the store is open, some of them while a change of the same
/// record is on its way into them.
pub(crate) fn hand_edits() -> Vec<Step> {
    let character = "characters/c1.json";
    after_world([
        Compact,
        Edit(character, "\"description\": \"\"", "\"description\": \"by hand\""),
        change("characters.update", json!(["c1", {"title": "by the app"}])),
        Edit(character, "\"scenario\": \"\"", "\"scenario\": \"by hand\""),
        change("characters.update", json!(["c2", {"title": "by the app"}])),
        Step::Call(tag("t")),
        Step::Call(tag("u")),
        Flush,
        Edit("tags/tags.json", "\"name\": \"t\"", "\"name\": \"T\""),
        change("tags.update", json!(["u", {"quickHide": true}])),
        Edit("tags/tags.json", "\"name\": \"u\"", "\"name\": \"U\""),
        Edit("chats/index.jsonl", "\"title\":\"t\"", "\"title\":\"by hand\""),
        Compact,
        message("chat1", "m1"),
        Flush,
        Edit("settings/general.json", "will@globe", "ill@globe"),
        Compact,
        Edit("chats/chat1.jsonl", "m1 xxx", "by hand"),
        message("chat1", "m2"),
        Switch,
        Edit(character, "\"personality\": \"\"", "\"personality\": \"by hand\""),
        Switch,
        change("characters.update", json!(["c1", {"firstMessage": "by the app"}])),
        Reopen,
        change("characters.delete", json!(["c1"])),
    ])
}

/// A cascade, and records of the same ids after it.
pub(crate) fn cascade() -> Vec<Step> {
    after_world([
        message("chat1", "m1"),
        Reopen,
        change("characters.delete", json!(["c1"])),
        Flush,
        change("chats.create", json!([chat("chat1", "c2")])),
        message("chat1", "m9"),
        change("users.delete", json!(["u"])),
        change("users.create", json!([{"id": "u3", "email": "a@b.example"}])),
    ])
}

/// A user goes with `number` characters and as many chats, half of them in the files.
pub(crate) fn great_cascade(number: usize) -> Vec<Step> {
    let ids = |from: usize, to: usize| (from..to).map(|n| format!("x{n}")).collect::<Vec<_>>();
    let characters = |ids: &[String]| -> Value { ids.iter().map(|id| character(id)).collect() };
    let chats =
        |ids: &[String]| -> Value { ids.iter().map(|id| chat(&format!("of-{id}"), id)).collect() };
    let (first, second) = (ids(0, number / 2), ids(number / 2, number));
    let mut steps = world();
    steps.push(change("characters.createMany", json!([characters(&first)])));
    steps.push(change("chats.createMany", json!([chats(&first)])));
    let sayings = first.iter().map(|id| said(&format!("of-{id}"), &format!("m-{id}")));
    steps.push(Transaction(sayings.collect()));
    steps.push(Compact);
    steps.push(change("characters.createMany", json!([characters(&second)])));
    steps.push(change("chats.createMany", json!([chats(&second)])));
    steps.push(change("users.delete", json!(["u"])));
    steps.push(Flush);
    steps
}

/// Changes of several calls, and several changes with one sync.
pub(crate) fn several_at_once() -> Vec<Step> {
    let one = vec![
        tag("t1"),
        ("characters.addTag", json!(["c1", "t1"])),
        said("chat1", "m1"),
        ("chats.update", json!(["chat1", {"title": "told"}])),
    ];
    let two = vec![
        ("chats.create", json!([chat("chat2", "c2")])),
        said("chat2", "m2"),
        ("characters.delete", json!(["c1"])),
        session("s2", "u"),
    ];
    after_world([
        Transaction(one),
        Together(vec![tag("t2"), said("chat1", "m3"), session("s1", "u"), tag("t3")]),
        Flush,
        Together(vec![said("chat1", "m4"), said("chat1", "m5")]),
        Transaction(two),
        Together(vec![
            ("tags.delete", json!(["t2"])),
            said("chat2", "m6"),
            ("characters.update", json!(["c2", {"name": "x".repeat(1500)}])),
        ]),
    ])
}

/// Rows that are gone again when their file is compacted: it is then shorter than it was.
pub(crate) fn rows_that_shrink() -> Vec<Step> {
    let user = json!([{"id": "u", "email": "will@globe.example"}]);
    let mut steps = vec![change("users.create", user)];
    steps.extend(["s1", "s2", "s3"].map(|id| Step::Call(session(id, "u"))));
    steps.push(Compact);
    steps.push(Step::Call(session("s4", "u")));
    steps.extend(["s1", "s2", "s3"].map(|id| change("sessions.delete", json!([id]))));
    steps
}

/// Lines of a log that are gone again when it is compacted: it is then shorter than where the journal
/// says that its last lines stand.
pub(crate) fn logs_that_shrink() -> Vec<Step> {
    after_world([
        message("chat1", "m1"),
        message("chat1", "m2"),
        message("chat1", "m3"),
        Compact,
        message("chat1", "m4"),
        change("chats.deleteMessages", json!(["chat1", ["m1", "m4"]])),
        Compact,
        message("chat1", "m5"),
        Flush,
        change("chats.deleteMessages", json!(["chat1", ["m2"]])),
        Reopen,
        message("chat1", "m6"),
    ])
}

/// Users come and go, and with the first of them the owner of the store.
pub(crate) fn owners() -> Vec<Step> {
    let user = |id: &str| {
        change("users.create", json!([{"id": id, "email": format!("{id}@globe.example")}]))
    };
    vec![
        user("u1"),
        user("u2"),
        change("store.updateSettings", json!([{"flags": {"step": 1}}])),
        Flush,
        user("u3"),
        change("users.update", json!(["u2", {"name": "Kit", "future": [1, 2]}])),
        change("users.delete", json!(["u1"])),
        Flush,
        change("users.updateChatSettings", json!(["u3", {"avatarDisplayMode": "NEVER"}])),
        change("users.delete", json!(["u3"])),
        Compact,
        change("users.delete", json!(["u2"])),
        user("u1"),
    ]
}

/// Records that need more room in the journal than a segment has at first.
pub(crate) fn large() -> Vec<Step> {
    let great = |id: &str| {
        let text = format!("{id}{}", "z".repeat(400_000));
        change("chats.addMessage", json!(["chat1", {"id": id, "role": "USER", "content": text}]))
    };
    after_world([
        great("g1"),
        great("g2"),
        great("g3"),
        change("characters.update", json!(["c1", {"description": "d".repeat(200_000)}])),
        Flush,
        Step::Call(tag("t")),
        change("chats.deleteMessages", json!(["chat1", ["g2"]])),
    ])
}

/// A folder as the app's own earlier store wrote it: no headers, a bare array, no journal.
pub(crate) fn older_folder() -> Vec<Step> {
    let row = |value: Value| format!("{value}\n");
    let time = "2025-01-01T00:00:00.000Z";
    let chat = json!({"id": "old", "userId": "u", "characterId": "c1", "connectionProfileId": "p",
        "title": "t", "messageCount": 2, "lastMessageAt": time, "createdAt": time, "updatedAt": time});
    let said = |id: &str| json!({"id": id, "type": "message", "role": "USER", "content": id, "createdAt": time});
    let account = json!([{"id": "a", "userId": "u", "type": "oauth", "provider": "google",
        "providerAccountId": "1"}]);
    let session = json!({"id": "s", "sessionToken": "t", "userId": "u", "expires": "2100-01-01T00:00:00.000Z"});
    after_world([
        Step::Plant(vec![
            ("chats/index.jsonl", row(chat)),
            ("chats/old.jsonl", row(said("m1")) + &row(said("m2"))),
            ("auth/accounts.json", account.to_string()),
            ("auth/sessions.jsonl", row(session)),
        ]),
        message("old", "m3"),
        change("sessions.update", json!(["s", {"expires": "2100-02-01"}])),
        Flush,
        change("auth.deleteUser", json!(["u"])),
    ])
}

/// Processes that die, and two that take turns.
pub(crate) fn processes() -> Vec<Step> {
    after_world([
        message("chat1", "m1"),
        Kill,
        message("chat1", "m2"),
        Step::Call(session("s1", "u")),
        Flush,
        Step::Call(session("s2", "u")),
        Kill,
        Switch,
        Step::Call(tag("t1")),
        message("chat1", "m3"),
        Flush,
        Switch,
        Step::Call(tag("t2")),
        message("chat1", "m4"),
        Compact,
        Switch,
        change("characters.delete", json!(["c2"])),
        message("chat1", "m5"),
        Switch,
        Flush,
        Step::Call(tag("t3")),
        Kill,
        Reopen,
        Step::Call(tag("t4")),
    ])
}
