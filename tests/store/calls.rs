//! The calls that every repository has, and what they refuse.

use quilltap_store::disk::SimulatedDisk;
use serde_json::{Value, json};

use super::support::{World, call, character, code, id, open, try_call, world};
use quilltap_store::store::Store;

fn opened() -> (Store, World) {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    (store, world)
}

fn names(records: &Value) -> Vec<&str> {
    records.as_array().unwrap().iter().map(|record| record["name"].as_str().unwrap()).collect()
}

fn tag(store: &Store, user: &str, name: &str) -> String {
    id(&call(store, "tags.create", json!([{"userId": user, "name": name}])))
}

fn paths(store: &Store, name: &str, args: Value) -> Vec<String> {
    let error = try_call(store, name, args).expect_err(name);
    assert_eq!(error.code().name(), "VALIDATION", "{error}");
    error.all_issues().iter().map(|issue| issue.path.clone()).collect()
}

#[test]
fn what_is_not_there_is_null_or_false() {
    let (store, world) = opened();
    for repository in ["users", "characters", "personas", "chats", "tags", "connections", "images"]
    {
        let name = |call: &str| format!("{repository}.{call}");
        assert_eq!(call(&store, &name("findById"), json!(["gone"])), Value::Null);
        assert_eq!(call(&store, &name("update"), json!(["gone", {}])), Value::Null);
        assert_eq!(call(&store, &name("delete"), json!(["gone"])), json!(false));
    }
    let tag = tag(&store, &world.user, "Bard");
    assert_eq!(call(&store, "characters.addTag", json!(["gone", tag])), Value::Null);
    assert_eq!(call(&store, "characters.setFavorite", json!(["gone", true])), Value::Null);
    assert_eq!(call(&store, "connections.setDefault", json!(["gone"])), Value::Null);
    assert_eq!(call(&store, "chats.findMessage", json!(["gone"])), Value::Null);
    assert_eq!(call(&store, "users.updateChatSettings", json!(["gone", {}])), Value::Null);
}

#[test]
fn every_wrong_argument_is_named_at_once() {
    let (store, _) = opened();
    assert_eq!(paths(&store, "characters.update", json!([7])), ["id", "data"]);
    assert_eq!(paths(&store, "characters.setFavorite", json!(["a"])), ["isFavorite"]);
    let args = json!(["a", 1, "yes"]);
    assert_eq!(paths(&store, "characters.addPersona", args), ["personaId", "isDefault"]);
    assert_eq!(paths(&store, "tags.createMany", json!([[{}, 7], 1])), ["data[1]", "options"]);
    let args = json!([[], {"skipDuplicates": 1, "skip": true}]);
    assert_eq!(paths(&store, "tags.createMany", args), ["skipDuplicates", "skip"]);
    assert_eq!(paths(&store, "tags.upsert", json!([{"where": {}}])), ["create", "update"]);
    assert_eq!(
        paths(&store, "chats.getMessages", json!(["c", {"limit": -1, "befor": "x"}])).len(),
        2
    );
    assert_eq!(paths(&store, "images.findByType", json!(["song"])), ["type"]);
}

#[test]
fn every_fault_of_a_record_is_told_at_once() {
    let (store, world) = opened();
    let bad = json!({"userId": world.user, "name": 7, "isFavorite": "yes", "personality": "", "scenario": ""});
    let mut told = paths(&store, "characters.create", json!([bad]));
    told.sort_unstable();
    assert_eq!(told, ["description", "firstMessage", "isFavorite", "name"]);
    let many = json!([[character(&world.user, "Good"), bad, {}]]);
    let told = paths(&store, "characters.createMany", many);
    assert!(told.contains(&"[1].name".to_owned()) && told.contains(&"[2].userId".to_owned()));
    assert_eq!(call(&store, "characters.count", json!([])), 1);
}

#[test]
fn an_update_leaves_clears_and_keeps_what_it_does_not_know() {
    let (store, world) = opened();
    let mut given = character(&world.user, "Yorick");
    given["title"] = json!("Jester");
    given["skull"] = json!({"z": 1, "a": [null]});
    given["createdAt"] = json!("1601-01-01T00:00:00Z");
    let made = call(&store, "characters.create", json!([given]));
    assert_eq!(made["createdAt"], "1601-01-01T00:00:00.000Z");
    let changed =
        call(&store, "characters.update", json!([id(&made), {"title": null, "skull": 3}]));
    assert_eq!((&changed["title"], &changed["skull"]), (&Value::Null, &json!(3)));
    assert_eq!((&changed["name"], &changed["createdAt"]), (&made["name"], &made["createdAt"]));
    assert!(changed.get("systemPrompt").is_none());
    assert_eq!(call(&store, "characters.findById", json!([id(&made)])), changed);
}

#[test]
fn many_are_found_by_where_in_order() {
    let (store, world) = opened();
    let cast = ["Ophelia", "Gertrude", "Claudius"].map(|name| character(&world.user, name));
    call(&store, "characters.createMany", json!([cast]));
    let found = |options: Value| call(&store, "characters.findMany", json!([options]));
    assert_eq!(names(&found(json!({}))), ["Hamlet", "Ophelia", "Gertrude", "Claudius"]);
    let options =
        json!({"where": {"userId": world.user}, "orderBy": {"name": "asc"}, "skip": 1, "take": 2});
    assert_eq!(names(&found(options)), ["Gertrude", "Hamlet"]);
    let e = json!({"where": {"OR": [{"name": {"contains": "E", "mode": "insensitive"}}, {"name": "Claudius"}]}});
    assert_eq!(names(&found(e.clone())), ["Hamlet", "Ophelia", "Gertrude", "Claudius"]);
    assert_eq!(call(&store, "characters.count", json!([e])), 4);
    let one = json!({"where": {"id": world.character, "userId": "another"}});
    assert_eq!(found(one), json!([]));
    assert_eq!(code(&store, "characters.findMany", json!([{"where": {"nam": "x"}}])), "VALIDATION");
    assert_eq!(code(&store, "characters.count", json!([{"take": 1}])), "VALIDATION");
}

#[test]
fn upsert_goes_by_the_id_or_by_a_whole_unique() {
    let (store, world) = opened();
    let upsert = |wanted: Value, name: &str| {
        let create = json!({"userId": world.user, "name": name});
        let options = json!([{"where": wanted, "create": create, "update": {"name": name}}]);
        try_call(&store, "tags.upsert", options)
    };
    let fields = json!({"userId": world.user, "nameLower": "bard"});
    let made = upsert(fields.clone(), "Bard").unwrap();
    assert_eq!(id(&upsert(fields.clone(), "BARD").unwrap()), id(&made));
    let composite = json!({"userId_nameLower": fields});
    assert_eq!(upsert(composite, "bARD").unwrap()["name"], "bARD");
    assert_eq!(id(&upsert(json!({"id": id(&made)}), "Poet").unwrap()), id(&made));
    assert_eq!(call(&store, "tags.count", json!([])), 1);
    for wrong in [json!({}), json!({"userId": world.user}), json!({"id": id(&made), "userId": "x"})]
    {
        assert_eq!(upsert(wrong, "No").unwrap_err().code().name(), "VALIDATION");
    }
    let user = json!([{"where": {"email": "WILL@GLOBE.example"}, "create": {"email": "x@y.z"}, "update": {"name": "W"}}]);
    assert_eq!(id(&call(&store, "users.upsert", user)), world.user);
}

#[test]
fn a_tag_that_is_there_already_changes_nothing() {
    let (store, world) = opened();
    let tag = tag(&store, &world.user, "Bard");
    let tagged = call(&store, "characters.addTag", json!([world.character, tag]));
    assert_eq!(tagged["tags"], json!([tag]));
    assert_eq!(call(&store, "characters.addTag", json!([world.character, tag])), tagged);
    assert_eq!(code(&store, "characters.addTag", json!([world.character, "gone"])), "FOREIGN_KEY");
    let links = json!([{"id": "row", "tagId": tag, "createdAt": "2020-01-01T00:00:00Z"}]);
    call(&store, "characters.update", json!([world.character, {"tagLinks": links}]));
    let bare = call(&store, "characters.removeTag", json!([world.character, tag]));
    assert_eq!((&bare["tags"], &bare["tagLinks"]), (&json!([]), &json!([])));
    assert_eq!(call(&store, "characters.removeTag", json!([world.character, tag])), bare);
}

#[test]
fn what_fails_in_a_transaction_leaves_nothing_of_itself() {
    let (store, world) = opened();
    let done = store.transaction(|tx| {
        let many =
            json!([[{"userId": world.user, "name": "A"}, {"userId": world.user, "name": "a"}]]);
        assert_eq!(
            tx.call("tags.createMany", &many.to_string()).unwrap_err().code().name(),
            "UNIQUE"
        );
        assert_eq!(tx.call("tags.count", "[]").unwrap(), "0");
        tx.call("tags.create", &json!([{"userId": world.user, "name": "B"}]).to_string())?;
        tx.call("tags.count", "[]")
    });
    assert_eq!((done.unwrap().as_str(), call(&store, "tags.count", json!([]))), ("1", json!(1)));
}
