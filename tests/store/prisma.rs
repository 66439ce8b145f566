//! Prisma's requests over the records of the store: what the recorded answers of Prisma cannot
//! tell, since they know nothing of the store's own calls and files.

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::store::Store;
use serde_json::{Value, json};

use crate::support::{call, character, code, id, open, try_call, world};

/// Sends a request; gives its data.
fn ask(store: &Store, model: &str, action: &str, arguments: Value) -> Value {
    let answer = answer(store, model, action, arguments);
    assert!(answer.get("error").is_none(), "{model}.{action}: {answer}");
    answer["data"].clone()
}

fn answer(store: &Store, model: &str, action: &str, arguments: Value) -> Value {
    let call_name = if action.starts_with("find") { "prisma.read" } else { "prisma.write" };
    call(store, call_name, json!([request(model, action, arguments)]))
}

/// The milliseconds of a time that a record holds, as answers about rows have them.
fn ms(time: &Value) -> Value {
    let time = chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).unwrap();
    time.timestamp_millis().into()
}

fn request(model: &str, action: &str, arguments: Value) -> Value {
    let selection = if action.ends_with("Many") && !action.starts_with("find") {
        json!({ "count": true })
    } else {
        json!({ "$scalars": true })
    };
    json!({
        "modelName": model, "action": action,
        "query": { "arguments": arguments, "selection": selection },
    })
}

/// The pages of all tags in an order that ends in the id.
fn pages(store: &Store, user: &str, direction: &str, take: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let order = json!([{"updatedAt": direction}, {"id": "desc"}]);
        let mut asked = json!({"where": {"userId": user}, "orderBy": order, "take": take});
        if let Some(cursor) = cursor {
            asked["cursor"] = json!({ "id": cursor });
            asked["skip"] = 1.into();
        }
        let page = ask(store, "Tag", "findMany", asked);
        let page = page.as_array().unwrap();
        all.extend(page.iter().cloned());
        let Some(last) = page.last() else { return all };
        cursor = Some(last["id"].clone());
    }
}

#[test]
fn pages_in_an_order_that_ends_in_the_id_are_whole_however_many_are_equal_before_it() {
    let store = open(&SimulatedDisk::new());
    let user = world(&store).user;
    for equal in [1, 3, 30, 70] {
        let row = |n: usize| {
            // One that the store keeps in another form, so that it stands elsewhere in an index.
            let id = if n.is_multiple_of(5) {
                format!("{}.{n:02}", n % 3)
            } else {
                format!("t{}{n:02}", n % 7)
            };
            let time = format!("2026-01-01T00:00:{:02}.000Z", n / equal);
            let time = json!({"$type": "DateTime", "value": time});
            json!({"id": id, "userId": user, "name": id, "nameLower": id, "updatedAt": time})
        };
        ask(&store, "Tag", "createMany", json!({ "data": (0..59).map(row).collect::<Vec<_>>() }));
        for direction in ["asc", "desc"] {
            let mut expected = ask(&store, "Tag", "findMany", json!({}));
            let expected = expected.as_array_mut().unwrap();
            expected.sort_by(|a, b| {
                let by_time = a["updatedAt"].as_i64().cmp(&b["updatedAt"].as_i64());
                let by_time = if direction == "asc" { by_time } else { by_time.reverse() };
                by_time.then_with(|| b["id"].as_str().cmp(&a["id"].as_str()))
            });
            for take in [1, 7, 20] {
                assert_eq!(pages(&store, &user, direction, take), *expected, "{equal} {take}");
            }
        }
        ask(&store, "Tag", "deleteMany", json!({}));
    }
}

#[test]
fn a_tag_that_the_stores_own_call_set_is_a_row_with_an_id_of_its_own() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    let tag = id(&call(&store, "tags.create", json!([{"userId": world.user, "name": "Blue"}])));
    call(&store, "characters.addTag", json!([world.character, tag]));
    let row = ask(&store, "CharacterTag", "findFirst", json!({}));
    assert_eq!((&row["tagId"], &row["characterId"]), (&json!(tag), &json!(world.character)));
    let unique = json!({ "where": { "id": row["id"] } });
    assert_eq!(ask(&store, "CharacterTag", "findUnique", unique.clone()), row);
    drop(store);
    let store = open(&disk);
    assert_eq!(ask(&store, "CharacterTag", "findUnique", unique.clone()), row);
    ask(&store, "CharacterTag", "deleteOne", unique);
    let character = call(&store, "characters.findById", json!([world.character]));
    assert_eq!(character["tags"], json!([]));
}

#[test]
fn a_row_that_joins_is_an_entry_of_the_record() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let tag = id(&call(&store, "tags.create", json!([{"userId": world.user, "name": "Blue"}])));
    let data = json!({ "data": { "chatId": world.chat, "tagId": tag } });
    let before = call(&store, "chats.findById", json!([world.chat]));
    let row = ask(&store, "ChatTag", "createOne", data.clone());
    let chat = call(&store, "chats.findById", json!([world.chat]));
    assert_eq!(chat["tags"], json!([tag]));
    let at = &chat["tagLinks"][0]["createdAt"];
    assert_eq!(ms(at), row["createdAt"]);
    let link = json!([{ "id": row["id"], "tagId": tag, "createdAt": at }]);
    assert_eq!((&chat["tagLinks"], &chat["updatedAt"]), (&link, &before["updatedAt"]));
    assert_eq!(answer(&store, "ChatTag", "createOne", data)["error"]["code"], "P2002");
    call(&store, "tags.delete", json!([tag]));
    assert_eq!(ask(&store, "ChatTag", "findMany", json!({})), json!([]));
}

#[test]
fn a_message_is_a_line_of_its_chats_log() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let data = json!({ "chatId": world.chat, "role": "USER", "content": "Hello" });
    let row = ask(&store, "Message", "createOne", json!({ "data": data }));
    let messages = call(&store, "chats.getMessages", json!([world.chat]));
    assert_eq!(messages[0]["content"], "Hello");
    let counted = call(&store, "chats.findById", json!([world.chat]));
    assert_eq!(
        (&counted["messageCount"], &ms(&counted["lastMessageAt"])),
        (&json!(1), &row["createdAt"])
    );
    let unique = json!({ "id": row["id"] });
    let later = json!({ "content": "Bye", "createdAt": "2031-01-01T00:00:00Z" });
    ask(&store, "Message", "updateOne", json!({ "where": unique, "data": later }));
    let counted = call(&store, "chats.findById", json!([world.chat]));
    assert_eq!(counted["lastMessageAt"], "2031-01-01T00:00:00.000Z");
    ask(&store, "Message", "deleteMany", json!({ "where": { "content": "Bye" } }));
    let counted = call(&store, "chats.findById", json!([world.chat]));
    assert_eq!((&counted["messageCount"], &counted["lastMessageAt"]), (&json!(0), &Value::Null));
}

#[test]
fn a_user_has_the_parts_of_secrets_that_were_stored_and_no_settings() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let data = json!({ "email": "a@b.example", "totpSecretIv": "iv", "backupCodes": "codes" });
    let user = ask(&store, "User", "createOne", json!({ "data": data }));
    assert_eq!(ask(&store, "ChatSettings", "findMany", json!({})), json!([]));
    drop(store);
    let store = open(&disk);
    let again = ask(&store, "User", "findUnique", json!({ "where": { "id": user["id"] } }));
    assert_eq!(again, user);
    let parts = ["totpSecret", "totpSecretIv", "totpEnabled", "backupCodes", "backupCodesIv"];
    let parts: Vec<&Value> = parts.iter().map(|part| &again[*part]).collect();
    assert_eq!(json!(parts), json!([null, "iv", false, "codes", null]));
    let clear = json!({ "where": { "id": user["id"] }, "data": { "totpSecretIv": null } });
    ask(&store, "User", "updateOne", clear);
    let record = call(&store, "users.findById", json!([user["id"]]));
    assert_eq!(record.get("totp"), None);
}

#[test]
fn nothing_and_jsons_null_are_two_things() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    for (name, value) in [("none", None), ("null", Some(json!(null))), ("list", Some(json!([1])))] {
        let mut data = character(&world.user, name);
        value.into_iter().for_each(|value| data["sillyTavernData"] = value);
        call(&store, "characters.create", json!([data]));
    }
    drop(store);
    let store = open(&disk);
    let named = |word: &str| {
        let word = json!({ "$type": "Enum", "value": word });
        let only = json!({ "sillyTavernData": { "equals": word }, "name": { "not": "Hamlet" } });
        let found = ask(&store, "Character", "findMany", json!({ "where": only }));
        found.as_array().unwrap().iter().map(|row| row["name"].clone()).collect::<Value>()
    };
    assert_eq!((named("DbNull"), named("JsonNull")), (json!(["none"]), json!(["null"])));
    let list = json!({ "where": { "sillyTavernData": { "array_contains": 1 } } });
    assert_eq!(ask(&store, "Character", "findFirst", list)["sillyTavernData"], json!([1]));
}

#[test]
fn a_file_without_a_hash_has_a_row_and_no_bytes() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let data = json!({
        "chatId": world.chat, "filename": "a.png", "filepath": "uploads/a.png",
        "mimeType": "image/png", "size": 4,
    });
    let row = ask(&store, "ChatFile", "createOne", json!({ "data": data }));
    let record = call(&store, "images.findById", json!([row["id"]]));
    let known = [&record["userId"], &record["type"], &record["relativePath"]];
    assert_eq!(known, [&json!(world.user), &json!("chat_file"), &json!("uploads/a.png")]);
    assert_eq!(record.get("sha256"), None);
    assert_eq!(ask(&store, "Image", "findMany", json!({})), json!([]));
}

#[test]
fn an_avatar_for_a_chat_gets_its_id_and_time() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    let image = json!({
        "userId": world.user, "filename": "a.png", "filepath": "a.png", "mimeType": "image/png",
        "size": 1,
    });
    let image = ask(&store, "Image", "createOne", json!({ "data": image }));
    let only = json!([{ "chatId": world.chat, "imageId": image["id"] }]);
    let patch = json!([world.character, { "avatarOverrides": only }]);
    let updated = call(&store, "characters.update", patch);
    let own = &updated["avatarOverrides"][0];
    assert!(own["id"].is_string() && own["createdAt"] == updated["updatedAt"], "{own}");
    let row = ask(&store, "ChatAvatarOverride", "findMany", json!({}));
    assert_eq!((&row[0]["id"], &row[0]["characterId"]), (&own["id"], &json!(world.character)));
}

#[test]
fn an_id_of_any_form_is_kept_and_found() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    let data =
        json!({ "id": "b lue/é", "userId": world.user, "name": "Blue", "nameLower": "blue" });
    let tag = ask(&store, "Tag", "createOne", json!({ "data": data }));
    let link = json!({ "data": { "characterId": world.character, "tagId": "b lue/é" } });
    ask(&store, "CharacterTag", "createOne", link);
    drop(store);
    let store = open(&disk);
    assert_eq!(ask(&store, "Tag", "findUnique", json!({ "where": { "id": "b lue/é" } })), tag);
    let of_tag = json!({ "where": { "tag": { "name": "Blue" } } });
    assert_eq!(ask(&store, "CharacterTag", "findFirst", of_tag)["tagId"], "b lue/é");
}

#[test]
fn references_are_checked_at_the_end_of_a_statement() {
    let store = open(&SimulatedDisk::new());
    let mine = world(&store);
    let other = json!({ "data": { "email": "other@b.example" } });
    let other = ask(&store, "User", "createOne", other);
    let theirs = json!([{
        "userId": other["id"], "name": "Theirs", "provider": "OLLAMA", "modelName": "none",
    }]);
    let theirs = id(&call(&store, "connections.create", theirs));
    let borrowed = json!({ "connectionProfileId": theirs });
    call(&store, "chats.update", json!([mine.chat, borrowed]));
    let alone = answer(&store, "User", "deleteOne", json!({ "where": { "id": other["id"] } }));
    assert_eq!(alone["error"]["code"], "P2003");
    let meta = json!({ "modelName": "User", "constraint": "chats_connectionProfileId_fkey" });
    assert_eq!(alone["error"]["meta"], meta);
    assert_eq!(ask(&store, "User", "deleteMany", json!({}))["count"], 2);
}

#[test]
fn requests_of_a_batch_are_made_all_or_none() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let tag = |name: &str| {
        let data = json!({ "userId": world.user, "name": name, "nameLower": name });
        request("Tag", "createOne", json!({ "data": data }))
    };
    let failed = call(&store, "prisma.batch", json!([[tag("a"), tag("b"), tag("a")]]));
    assert_eq!((&failed["error"]["code"], &failed["error"]["index"]), (&json!("P2002"), &json!(2)));
    assert_eq!(ask(&store, "Tag", "findMany", json!({})), json!([]));
    let read = request("Tag", "findMany", json!({}));
    let done = call(&store, "prisma.batch", json!([[tag("a"), read]]));
    assert_eq!(done["data"][0], done["data"][1][0]);
}

#[test]
fn an_answer_never_leaves_out_what_cannot_be_read() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    let other = id(&call(&store, "characters.create", json!([character(&world.user, "Yorick")])));
    store.close().unwrap();
    disk.plant(&format!("characters/{other}.json"), b"{");
    let store = open(&disk);
    let of_user = json!({ "where": { "userId": world.user } });
    for arguments in [json!({}), of_user, json!({ "where": { "id": other } })] {
        let ask = json!([request("Character", "findMany", arguments)]);
        assert_eq!(code(&store, "prisma.read", ask), "CORRUPT");
    }
    let one = json!({ "where": { "id": world.character } });
    assert_eq!(ask(&store, "Character", "findUnique", one)["name"], "Hamlet");
}

#[test]
fn a_file_that_cannot_be_read_is_the_stores_error() {
    let disk = SimulatedDisk::new();
    let store = open(&disk);
    let world = world(&store);
    call(&store, "tags.create", json!([{"userId": world.user, "name": "Blue"}]));
    store.close().unwrap();
    disk.plant("tags/tags.json", b"{");
    let store = open(&disk);
    let ask = json!([request("Tag", "findMany", json!({}))]);
    assert_eq!(code(&store, "prisma.read", ask.clone()), "CORRUPT");
    let error = try_call(&store, "prisma.read", ask).unwrap_err();
    assert!(error.file().is_some_and(|file| file.starts_with("tags/tags.json")), "{error}");
}

/// How a request finds its rows: a line for each way, with how often it was taken and to how many rows.
fn ways(store: &Store, model: &str, arguments: Value, selection: Value) -> Vec<String> {
    let query = json!({ "arguments": arguments, "selection": selection });
    let request = json!({ "modelName": model, "action": "findMany", "query": query });
    let looks = call(store, "prisma.explain", json!([request]));
    let text = |look: &Value, key: &str| look[key].as_str().unwrap().to_owned();
    let line = |look: &Value| {
        let (table, by) = (text(look, "table"), text(look, "by"));
        format!("{table} by {by}: {} × {}", look["times"], look["rows"])
    };
    looks.as_array().unwrap_or_else(|| panic!("{looks}")).iter().map(line).collect()
}

#[test]
fn requests_find_their_rows_by_the_indexes() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let user = &world.user;
    let many = |model: &str, rows: Vec<Value>| {
        ask(&store, model, "createMany", json!({ "data": rows }));
    };
    many("Tag", (0..6).map(|n| json!({"id": format!("t{n}"), "userId": user, "name": format!("T{n}"), "nameLower": format!("t{n}")})).collect());
    let texts = json!({"userId": user, "description": "", "personality": "", "scenario": "", "firstMessage": ""});
    let character = |n: usize| {
        let mut row = texts.clone();
        row["id"] = format!("c{n}").into();
        row["name"] = format!("C{n}").into();
        row["updatedAt"] =
            json!({"$type": "DateTime", "value": format!("2026-01-01T00:00:{n:02}.000Z")});
        row
    };
    many("Character", (0..60).map(character).collect());
    many(
        "CharacterTag",
        (0..60)
            .map(|n| json!({"characterId": format!("c{n}"), "tagId": format!("t{}", n % 6)}))
            .collect(),
    );
    let chat = |n: usize| json!({"id": format!("h{n}"), "userId": user, "characterId": format!("c{n}"), "connectionProfileId": world.profile, "title": format!("H{n}")});
    many("Chat", (0..10).map(chat).collect());
    many(
        "Message",
        (0..40)
            .map(|n| json!({"chatId": format!("h{}", n % 10), "role": "USER", "content": "x"}))
            .collect(),
    );
    let session = |n: usize| json!({"id": format!("s{n}"), "sessionToken": format!("s{n}"), "userId": user, "expires": {"$type": "DateTime", "value": "2099-01-01T00:00:00.000Z"}});
    many("Session", (0..20).map(session).collect());
    let id = || json!({"id": true});
    let newest = json!([{"updatedAt": "desc"}, {"name": "asc"}]);
    let by_id = json!([{"updatedAt": "desc"}, {"id": "asc"}]);
    let cases = [
        // A condition on joined rows is begun at their index, where that has fewer rows.
        (
            "Character",
            json!({"where": {"userId": user, "tags": {"some": {"tagId": "t1"}}}}),
            id(),
            vec!["Character by its index tags: 1 × 10"],
        ),
        (
            "Character",
            json!({"where": {"name": "C7", "tags": {"some": {"tagId": "t1"}}, "userId": user}}),
            id(),
            vec!["Character by its index tags: 1 × 10"],
        ),
        (
            "Character",
            json!({"where": {"id": "c3", "tags": {"some": {"tagId": "t3"}}}}),
            id(),
            vec!["Character by key: 1 × 1", "CharacterTag by owner: 1 × 1"],
        ),
        // What an index keeps in order is not sorted, and not read beyond the page.
        (
            "Character",
            json!({"where": {"userId": user}, "orderBy": {"updatedAt": "desc"}, "take": 5}),
            id(),
            vec!["Character by index userId updatedAt: 1 × 5"],
        ),
        (
            "Character",
            json!({"where": {"userId": user}, "orderBy": {"updatedAt": "desc"}, "take": 5, "cursor": {"id": "c40"}}),
            id(),
            vec!["Character by key: 1 × 1", "Character by index userId updatedAt: 1 × 21"],
        ),
        (
            "Character",
            json!({"where": {"userId": user}, "orderBy": newest, "take": 5, "skip": 1, "cursor": {"id": "c4"}}),
            id(),
            vec!["Character by key: 1 × 1", "Character by index userId updatedAt: 1 × 5"],
        ),
        // An id may be kept in another form, so no index has its order: a few are read beyond the page.
        (
            "Character",
            json!({"where": {"userId": user}, "orderBy": by_id, "take": 5}),
            id(),
            vec!["Character by index userId updatedAt: 1 × 21"],
        ),
        (
            "Character",
            json!({"where": {"userId": user}, "orderBy": by_id, "take": 5, "skip": 1, "cursor": {"id": "c50"}}),
            id(),
            vec!["Character by key: 1 × 1", "Character by index userId updatedAt: 1 × 38"],
        ),
        (
            "Session",
            json!({"where": {"sessionToken": "s1", "userId": user}}),
            id(),
            vec!["Session by index sessionToken: 1 × 1"],
        ),
        (
            "Tag",
            json!({"where": {"userId": user, "nameLower": "t2"}}),
            id(),
            vec!["Tag by index userId nameLower: 1 × 1"],
        ),
        // Of an include each row is looked up once, however many refer to it.
        (
            "Chat",
            json!({"where": {"userId": user}, "take": 5}),
            json!({
                "id": true,
                "connectionProfile": {"arguments": {}, "selection": {"id": true}},
                "messages": {"arguments": {"orderBy": {"createdAt": "desc"}, "take": 1}, "selection": {"id": true}},
                "_count": {"arguments": {}, "selection": {"messages": true}},
            }),
            vec![
                "Chat by index userId: 1 × 11",
                "ConnectionProfile by key: 1 × 1",
                "Message by the end of its log: 5 × 4",
            ],
        ),
        (
            "Message",
            json!({"where": {"chatId": "h3", "role": "USER"}}),
            id(),
            vec!["Message by owner: 1 × 4"],
        ),
        (
            "Tag",
            json!({"where": {"id": "t1"}}),
            json!({"_count": {"arguments": {}, "selection": {"characterTags": true}}}),
            vec!["Tag by key: 1 × 1", "CharacterTag by index tags: 1 × 10"],
        ),
    ];
    for (model, arguments, selection, expected) in cases {
        assert_eq!(ways(&store, model, arguments.clone(), selection), expected, "{arguments}");
    }
}
