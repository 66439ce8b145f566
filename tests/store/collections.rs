//! Collections of the app's own, and fields added to built-in models: the same promises, and
//! kept by processes that did not declare them.

use quilltap_store::disk::{Fault, Outcome, SimulatedDisk};
use quilltap_store::error::Error;
use quilltap_store::store::{Declaration, Options, Store};
use serde_json::{Value, json};

use super::support::{call, character, code, id, open, try_call, world};

const FILE: &str = "settings/collections.json";

fn memories() -> Value {
    json!({ "file": "memories/{id}.json", "model": "Memory", "fields": {
        "characterId": {"type": "id", "references": "Character", "onDelete": "Cascade"},
        "chatId": {"type": "id", "references": "Chat", "optional": true},
        "content": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "id", "references": "Tag"}, "default": []},
        "importance": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
    }})
}

/// A collection for each kind of place.
fn declaration() -> Value {
    json!({ "collections": {
        "memories": memories(),
        "profiles": { "file": "settings/embedding-profiles.json", "key": "profiles",
            "unique": [["userId", "name"]], "fields": {
            "userId": {"type": "id", "references": "User", "onDelete": "Cascade"},
            "name": {"type": "string"},
            "memoryId": {"type": "id", "references": "Memory", "onDelete": "Restrict", "optional": true},
        }},
        "files": { "file": "files/files.jsonl", "fields": { "name": {"type": "string"} } },
        "notes": { "file": "notes/{characterId}.jsonl", "type": "note", "fields": {
            "characterId": {"type": "id", "references": "Character"},
            "text": {"type": "string"},
        }},
    }, "fields": {
        "Chat": { "participants": { "type": "array", "default": [], "items": { "type": "object",
            "fields": {
                "characterId": {"type": "id", "references": "Character", "onDelete": "Cascade", "optional": true},
                "profileId": {"type": "id", "references": "connections", "optional": true},
            }}}},
        "ConnectionProfile": { "provider": {"type": "string"} },
        "ImageProfile": { "provider": {"enum": ["OPENROUTER"]} },
    }})
}

fn try_open(disk: &SimulatedDisk, declared: &Value) -> Result<Store, Error> {
    let mut options = Options::new("unused");
    options.declaration = Declaration::parse(&declared.to_string())?;
    crate::support::open_with(disk, options)
}

fn open_with(disk: &SimulatedDisk, declared: &Value) -> Store {
    try_open(disk, declared).unwrap_or_else(|error| panic!("{error}"))
}

/// The paths of the faults of a declaration.
fn faults(declared: &Value) -> Vec<String> {
    let error = Declaration::parse(&declared.to_string()).expect_err("faults");
    assert_eq!(error.code().name(), "VALIDATION");
    error.all_issues().iter().map(|issue| issue.path.clone()).collect()
}

fn text(disk: &SimulatedDisk, path: &str) -> String {
    String::from_utf8(disk.files()[path].clone()).unwrap()
}

#[test]
fn every_fault_is_told_at_once() {
    let declared = json!({ "collections": {
        "a-b": {"file": "x/{id}.json", "fields": {}},
        "a": {"file": "a/{id}.json", "fields": {"x": {"type": "strin"}, "y": {"type": "object", "fields": {"z": {"type": "string", "secret": true}}}},
            "uniqe": []},
        "b": {"file": "b/{ownerId}.jsonl", "fields": {"text": {"type": "string"}}},
        "c": {"fields": {"x": {"type": "id", "references": "Nobody"}}},
        "d": {"file": "d/d.jsonl", "key": "x", "fields": {"x": {"type": "integer", "minLength": 1}}},
        "e": {"file": "e/{id}.json", "fields": {"x": {"type": "array", "items": {"type": "object",
            "fields": {"y": {"type": "array", "items": {"type": "id", "references": "Tag"}}}}}}},
    }, "fields": {
        "Chat": {"x": {"type": "string"}, "messageCount": {"type": "integer"}, "title": {"type": "integer"}},
        "Nobody": {"x": {"type": "string"}},
    }, "other": 1 });
    let told = faults(&declared);
    for path in [
        "collections.a-b",
        "collections.a.fields.x.type",
        "collections.a.fields.y.fields.z.secret",
        "collections.a.uniqe",
        "collections.b.fields.ownerId",
        "collections.c.file",
        "collections.c.fields.x.references",
        "collections.d.key",
        "collections.d.fields.x.minLength",
        "collections.e.fields.x.items.fields.y.items",
        "fields.Chat.x",
        "fields.Chat.messageCount",
        "fields.Chat.title",
        "fields.Nobody",
        "other",
    ] {
        assert!(told.iter().any(|other| other == path), "{path}: {told:#?}");
    }
    let contradiction = |field: Value| {
        faults(&json!({"collections": {"a": {"file": "a/{id}.json", "fields": {"x": field}}}}))
    };
    assert_eq!(contradiction(json!({"type": "integer", "default": "x"})), ["collections.a"]);
    let set_null = json!({"type": "id", "references": "Tag", "onDelete": "SetNull"});
    assert_eq!(contradiction(set_null), ["collections.a"]);
}

#[test]
fn a_place_that_is_taken_is_refused() {
    let at = |file: &str| json!({"collections": {"mine": {"file": file, "fields": {}}}});
    for file in [
        "characters/{id}.json",
        "Characters/{id}.json",
        "characters/mine/{id}.json",
        "chats/mine.jsonl",
        "chats/{id}.json",
        "settings/{id}.json",
        "settings/general.json",
        "settings/users/mine.json",
        "tags/tags.json",
        "settings/collections.json",
        "journal/mine.jsonl",
        "cache/mine.json",
        "auth/mine.json",
        "binaries/mine/mine.json",
        "../mine.json",
        "/mine.json",
        "a/../mine.json",
        "nul/mine.json",
        "mine/{name}.json",
        "{id}.json",
        "mine",
        "",
    ] {
        assert_eq!(faults(&at(file)), ["collections.mine.file"], "{file}");
    }
    for file in ["settings/mine.json", "tags/mine.json", "mine.jsonl", "a/b/{id}.json"] {
        Declaration::parse(&at(file).to_string()).unwrap_or_else(|error| panic!("{error}"));
    }
    let two = |one: &str, other: &str| {
        json!({"collections": {
            "one": {"file": one, "fields": {}}, "two": {"file": other, "fields": {}}}})
    };
    assert_eq!(faults(&two("a/{id}.json", "A/{id}.json")), ["collections.two.file"]);
    assert_eq!(faults(&two("a/{id}.json", "a/list.json")), ["collections.two.file"]);
    Declaration::parse(&two("a/list.json", "a/list.json").to_string()).unwrap();
}

#[test]
fn a_declared_collection_keeps_every_promise() {
    let disk = SimulatedDisk::new();
    let store = open_with(&disk, &declaration());
    let w = world(&store);
    let memory = call(
        &store,
        "memories.create",
        json!([{"characterId": w.character, "content": "A ghost", "chatId": w.chat, "odd": 1}]),
    );
    assert_eq!(memory["importance"], 0.5);
    assert_eq!(memory["odd"], 1);
    let too_much = json!([{"characterId": w.character, "content": "", "importance": 2}]);
    assert_eq!(code(&store, "memories.create", too_much), "VALIDATION");
    let nobody = json!([{"characterId": "nobody", "content": ""}]);
    assert_eq!(code(&store, "memories.create", nobody), "FOREIGN_KEY");
    let tag = id(&call(&store, "tags.create", json!([{"userId": w.user, "name": "t"}])));
    call(&store, "memories.addTag", json!([memory["id"], tag]));
    assert_eq!(call(&store, "memories.findByTag", json!([tag])).as_array().unwrap().len(), 1);
    call(&store, "tags.delete", json!([tag]));
    assert_eq!(call(&store, "memories.findById", json!([memory["id"]]))["tags"], json!([]));

    let profile = json!([{"userId": w.user, "name": "p", "memoryId": memory["id"]}]);
    call(&store, "profiles.create", profile.clone());
    assert_eq!(code(&store, "profiles.create", profile), "UNIQUE");
    assert_eq!(code(&store, "memories.delete", json!([memory["id"]])), "FOREIGN_KEY");
    let where_name = json!({"userId_name": {"userId": w.user, "name": "p"}});
    call(
        &store,
        "profiles.upsert",
        json!([{"where": where_name, "create": {}, "update": {"memoryId": null}}]),
    );
    let many = json!([[{"id": "f1", "name": "a"}, {"id": "f2", "name": "b"}]]);
    call(&store, "files.createMany", many);
    call(&store, "files.delete", json!(["f1"]));

    call(&store, "connections.update", json!([w.profile, {"provider": "A plug-in"}]));
    let provider =
        |word: &str| json!([{"userId": w.user, "name": word, "provider": word, "modelName": "m"}]);
    call(&store, "imageProfiles.create", provider("OPENROUTER"));
    assert_eq!(code(&store, "imageProfiles.create", provider("OTHER")), "VALIDATION");

    // Of a list of objects an entry goes, or only its field where that may be null.
    let other = id(&call(&store, "characters.create", json!([character(&w.user, "Ophelia")])));
    let participants =
        json!([{"characterId": w.character}, {"characterId": other, "profileId": w.profile}]);
    call(&store, "chats.update", json!([w.chat, {"participants": participants}]));
    let free = call(
        &store,
        "connections.create",
        json!([{"userId": w.user, "name": "n", "provider": "x", "modelName": "m"}]),
    );
    call(&store, "chats.update", json!([w.chat, {"connectionProfileId": free["id"]}]));
    call(&store, "connections.delete", json!([w.profile]));
    let participants =
        json!([{"characterId": w.character}, {"characterId": other, "profileId": null}]);
    let chat = call(&store, "chats.findById", json!([w.chat]));
    assert_eq!(chat["participants"], participants);
    call(&store, "characters.delete", json!([other]));
    let chat = call(&store, "chats.findById", json!([w.chat]));
    assert_eq!(chat["participants"], json!([{"characterId": w.character}]));
    store.close().unwrap();

    let files = disk.files();
    let memory_file = format!("memories/{}.json", memory["id"].as_str().unwrap());
    for path in [&*memory_file, "settings/embedding-profiles.json", "files/files.jsonl"] {
        assert!(files.contains_key(path), "{path}");
    }
    let store = open_with(&disk, &declaration());
    assert_eq!(call(&store, "memories.count", json!([])), 1);
    call(&store, "users.delete", json!([w.user]));
    assert_eq!(call(&store, "memories.count", json!([])), 0);
    assert_eq!(call(&store, "profiles.count", json!([])), 0);
}

#[test]
fn a_log_of_ones_own_has_the_same_calls() {
    let disk = SimulatedDisk::new();
    let store = open_with(&disk, &declaration());
    let w = world(&store);
    let note = |id: &str, text: &str| json!({"id": id, "characterId": w.character, "text": text});
    call(&store, "notes.createMany", json!([[note("n1", "one"), note("n2", "two")]]));
    assert_eq!(code(&store, "notes.create", json!([note("n1", "again")])), "UNIQUE");
    let skip = json!([[note("n1", "again"), note("n3", "three")], {"skipDuplicates": true}]);
    assert_eq!(call(&store, "notes.createMany", skip).as_array().unwrap().len(), 1);
    let bad = json!([{"characterId": w.character, "text": "", "type": "other"}]);
    assert_eq!(code(&store, "notes.create", bad), "VALIDATION");
    assert_eq!(code(&store, "notes.create", json!([{"text": "whose?"}])), "VALIDATION");
    let nobody = json!([{"characterId": "nobody", "text": ""}]);
    assert_eq!(code(&store, "notes.create", nobody), "FOREIGN_KEY");

    call(&store, "notes.update", json!(["n2", {"text": "TWO"}]));
    let moved = json!(["n2", {"characterId": "other"}]);
    assert_eq!(code(&store, "notes.update", moved), "VALIDATION");
    assert_eq!(call(&store, "notes.update", json!(["none", {"text": ""}])), Value::Null);
    let upsert = json!([{"where": {"id": "n4"}, "create": note("n4", "four"), "update": {}}]);
    call(&store, "notes.upsert", upsert);
    assert_eq!(call(&store, "notes.delete", json!(["n1"])), true);
    assert_eq!(call(&store, "notes.delete", json!(["n1"])), false);
    for _ in 0..2 {
        let found = call(
            &store,
            "notes.findMany",
            json!([{"where": {"characterId": w.character, "text": {"not": "three"}}, "orderBy": {"text": "desc"}}]),
        );
        let ids: Vec<&str> =
            found.as_array().unwrap().iter().map(|n| n["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["n4", "n2"]);
        let newest = call(&store, "notes.findByOwner", json!([w.character, {"limit": 1}]));
        assert_eq!(newest[0]["id"], "n4");
        assert_eq!(call(&store, "notes.count", json!([])), 3);
        assert_eq!(call(&store, "notes.findById", json!(["n2"]))["text"], "TWO");
        store.flush_now().unwrap();
    }
    let own = store.transaction(|tx| {
        tx.call("notes.create", &json!([note("n5", "five")]).to_string())?;
        tx.call("notes.findById", &json!(["n5"]).to_string())
    });
    assert!(own.unwrap().contains("five"));
    store.compact_now().unwrap();
    let path = format!("notes/{}.jsonl", w.character);
    assert!(text(&disk, &path).starts_with("{\"type\":\"header\",\"schema\":\"notes/log\""));
    call(&store, "characters.delete", json!([w.character]));
    assert_eq!(call(&store, "notes.findAll", json!([])), json!([]));
    store.close().unwrap();
    assert!(!disk.files().contains_key(&path));
}

#[test]
fn a_process_that_declares_nothing_keeps_what_others_declared() {
    let disk = SimulatedDisk::new();
    let plain = open(&disk);
    let w = world(&plain);
    // It is open already when another process comes with its declaration.
    let declaring = open_with(&disk, &declaration());
    let memory =
        |content: &str| json!([{"id": content, "characterId": w.character, "content": content}]);
    call(&declaring, "memories.create", memory("m1"));
    call(&declaring, "notes.create", json!([{"characterId": w.character, "text": "x"}]));
    call(&plain, "characters.update", json!([w.character, {"title": "Prince"}]));
    let other = id(&call(&plain, "characters.create", json!([character(&w.user, "Ophelia")])));
    call(&declaring, "memories.create", memory("m2"));
    declaring.close().unwrap();
    // Alone, it brings into the files what it never declared, and follows its relations.
    plain.compact_now().unwrap();
    assert!(disk.files().contains_key("memories/m2.json"));
    call(&plain, "chats.delete", json!([w.chat]));
    call(&plain, "characters.delete", json!([w.character]));
    plain.close().unwrap();
    assert!(
        !disk
            .files()
            .keys()
            .any(|path| path.starts_with("memories/") || path.starts_with("notes/"))
    );
    let store = open_with(&disk, &declaration());
    assert_eq!(call(&store, "memories.count", json!([])), 0);
    assert_eq!(call(&store, "characters.count", json!([])), 1);
    assert!(try_call(&store, "characters.findById", json!([other])).is_ok());
}

#[test]
fn a_crash_is_healed_by_whoever_comes_next() {
    let run = |disk: &SimulatedDisk| -> Result<Vec<String>, (Vec<String>, Error)> {
        let mut known = Vec::new();
        let mut steps = || -> Result<(), Error> {
            let store = try_open(disk, &declaration())?;
            let user = store.call("users.create", "[{\"id\":\"u\",\"email\":\"a@b.c\"}]");
            user?;
            store.call(
                "characters.create",
                &json!([{"id": "c", "userId": "u", "name": "", "description": "",
                "personality": "", "scenario": "", "firstMessage": ""}])
                .to_string(),
            )?;
            for (number, call) in ["memories", "files", "notes", "memories"].iter().enumerate() {
                let key = format!("{call}{number}");
                let data =
                    json!([{"id": key, "characterId": "c", "content": "", "name": "", "text": ""}]);
                store.call(&format!("{call}.create"), &data.to_string())?;
                known.push(key);
                store.flush_now()?;
            }
            store.close()
        };
        let done = steps();
        done.map_or_else(|error| Err((known.clone(), error)), |()| Ok(known.clone()))
    };
    let disk = SimulatedDisk::new();
    assert_eq!(run(&disk).unwrap().len(), 4);
    for operation in 1..disk.operations() {
        for outcome in [Outcome::Lost, Outcome::Done, Outcome::Seed(operation)] {
            let disk = SimulatedDisk::new();
            disk.fail_from(operation, Fault::Crash);
            let known = run(&disk).unwrap_or_else(|(known, _)| known);
            let disk = disk.crash(outcome);
            open(&disk).close().unwrap();
            let store = open_with(&disk, &declaration());
            for key in known {
                let collection = key.trim_end_matches(|c: char| c.is_ascii_digit());
                let found = call(&store, &format!("{collection}.findById"), json!([key]));
                assert_eq!(found["id"], key, "operation {operation}, {outcome:?}");
            }
        }
    }
}

#[test]
fn declarations_are_joined_and_contradictions_refused() {
    let disk = SimulatedDisk::new();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut declared = json!({"collections": {"memories": memories()}});
        change(&mut declared["collections"]["memories"]);
        declared
    };
    let same = with(&|_| {});
    let other_type = with(&|m| m["fields"]["content"]["type"] = json!("any"));
    let one_more = with(&|m| m["fields"]["mood"] = json!({"type": "string", "optional": true}));
    let moved = with(&|m| m["file"] = json!("remembered/{id}.json"));
    let required = with(&|m| m["fields"]["mood"] = json!({"type": "string"}));
    let fewer = json!({"collections": {"memories": {"file": "memories/{id}.json", "model": "Memory",
        "fields": {"content": {"type": "string", "description": "said otherwise"}}}}});

    let first = open_with(&disk, &same);
    // Beside others: the same, less, or more, but nothing else.
    let refused = |declared: &Value| try_open(&disk, declared).err().expect("refused");
    assert_eq!(refused(&other_type).code().name(), "VALIDATION");
    assert!(refused(&other_type).message().contains("another process"));
    assert_eq!(refused(&moved).code().name(), "VALIDATION");
    assert_eq!(refused(&required).code().name(), "VALIDATION");
    open_with(&disk, &fewer).close().unwrap();
    let second = open_with(&disk, &one_more);
    let w = world(&second);
    let mood = |mood: Value| json!([{"characterId": w.character, "content": "x", "mood": mood}]);
    assert_eq!(code(&first, "memories.create", mood(json!(7))), "VALIDATION");
    call(&first, "memories.create", mood(json!("glad")));
    first.close().unwrap();
    second.close().unwrap();

    // Alone: its own collections anew, where their records are.
    assert_eq!(refused(&moved).code().name(), "VALIDATION");
    assert_eq!(
        refused(&with(&|m| m["fields"]["more"] = json!({"type": "string"}))).code().name(),
        "VALIDATION"
    );
    let alone = open_with(&disk, &other_type);
    call(&alone, "memories.create", json!([{"characterId": w.character, "content": 7}]));
    alone.close().unwrap();
    // What no longer fits is told, and kept.
    let before = disk.files();
    let back = open_with(&disk, &same);
    let all = call(&back, "memories.findAll", json!([]));
    assert_eq!(all.as_array().unwrap().len(), 1);
    back.close().unwrap();
    let memories = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        files
            .iter()
            .filter(|(path, _)| path.starts_with("memories/"))
            .map(|(_, b)| b.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(memories(&disk.files()), memories(&before));
}

#[test]
fn a_broken_file_of_declarations_harms_nothing_else() {
    let disk = SimulatedDisk::new();
    let store = open_with(&disk, &declaration());
    let w = world(&store);
    call(
        &store,
        "memories.create",
        json!([{"id": "m1", "characterId": w.character, "content": "x"}]),
    );
    store.close().unwrap();
    let whole = text(&disk, FILE);
    let cut = whole.replace("\"collections\"", "\"collections");
    let contradiction = whole.replace("\"Character\"", "\"Nobody\"");
    for (broken, mends) in [(cut, false), (contradiction, true)] {
        disk.plant(FILE, broken.as_bytes());
        // Who does not declare the collections cannot know them.
        let store = open(&disk);
        assert!(store.stats().contains("collections.json"), "{}", store.stats());
        call(&store, "characters.update", json!([w.character, {"title": "Prince"}]));
        store.close().unwrap();
        assert_eq!(text(&disk, FILE), broken);
        // Who does goes on, and what can be read but makes no sense is as declared now.
        let store = open_with(&disk, &declaration());
        assert!(store.stats().contains("collections.json"), "{}", store.stats());
        assert_eq!(call(&store, "memories.count", json!([])), 1);
        call(&store, "characters.update", json!([w.character, {"title": "King"}]));
        store.close().unwrap();
        assert_eq!(text(&disk, FILE) == broken, !mends);
        disk.plant(FILE, whole.as_bytes());
        open_with(&disk, &declaration()).close().unwrap();
        assert_eq!(text(&disk, FILE), whole);
    }
}

/// Keys that belong to clients, which they name by a field that is no id.
fn clients(on_delete: &str) -> Value {
    json!({ "collections": {
        "clients": { "file": "auth/plugins/clients.jsonl", "model": "Client", "fields": {
            "name": {"type": "string", "unique": true},
        }},
        "keys": { "file": "auth/plugins/keys.jsonl", "model": "Key", "fields": {
            "client": {"type": "string", "references": "clients", "by": "name",
                "onDelete": on_delete, "optional": true},
        }},
    }})
}

#[test]
fn a_reference_by_another_field_holds_like_one_by_id() {
    let outcomes = [
        ("Cascade", None, json!([])),
        ("SetNull", None, json!([null])),
        ("Restrict", Some("FOREIGN_KEY"), json!(["a client: 1"])),
        ("NoAction", None, json!(["a client: 1"])),
    ];
    for (on_delete, refused, left) in outcomes {
        let disk = SimulatedDisk::new();
        let store = open_with(&disk, &clients(on_delete));
        let key = |client: &str| json!([{ "client": client }]);
        let checked = on_delete != "NoAction";
        if checked {
            assert_eq!(code(&store, "keys.create", key("nobody")), "FOREIGN_KEY", "{on_delete}");
        }
        let one = call(&store, "clients.create", json!([{"name": "a client: 1"}]));
        let other = call(&store, "clients.create", json!([{"name": "another"}]));
        call(&store, "keys.create", key("a client: 1"));
        let renamed = json!([one["id"], {"name": "renamed"}]);
        if checked {
            assert_eq!(code(&store, "clients.update", renamed), "FOREIGN_KEY", "{on_delete}");
        }
        call(&store, "clients.update", json!([other["id"], {"name": "renamed"}]));
        match refused {
            Some(refused) => {
                assert_eq!(code(&store, "clients.delete", json!([one["id"]])), refused)
            }
            None => drop(call(&store, "clients.delete", json!([one["id"]]))),
        }
        let keys = call(&store, "keys.findAll", json!([]));
        let told = keys.as_array().unwrap().iter().map(|key| key["client"].clone());
        assert_eq!(Value::from_iter(told), left, "{on_delete}");
        let found: Value = serde_json::from_str(&store.check_now().unwrap()).unwrap();
        assert_eq!(found["faults"], json!([]), "{on_delete}");
        store.close().unwrap();
    }
}

#[test]
fn what_a_reference_names_must_be_unique_in_a_collection() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut declared = clients("Cascade");
        change(&mut declared["collections"]);
        faults(&declared)
    };
    let not_unique = with(&|all| all["clients"]["fields"]["name"]["unique"] = json!(false));
    assert_eq!(not_unique, ["collections.keys"]);
    let built_in = with(&|all| all["keys"]["fields"]["client"]["references"] = json!("User"));
    assert_eq!(built_in, ["collections.keys.fields.client.references"]);
    let of_an_id = with(&|all| all["keys"]["fields"]["client"]["type"] = json!("id"));
    assert!(of_an_id.contains(&"collections.keys.fields.client.by".to_owned()), "{of_an_id:?}");
}
