//! The calls that single repositories have of their own.

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::store::Store;
use serde_json::{Value, json};

use super::support::{World, call, code, id, open, try_call, world};

fn opened() -> (Store, World) {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    (store, world)
}

fn contents(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["content"].as_str().unwrap_or("-")).collect()
}

fn say(store: &Store, world: &World, content: &str) -> String {
    let message = json!({"role": "USER", "content": content});
    id(&call(store, "chats.addMessage", json!([world.chat, message])))
}

#[test]
fn a_user_is_found_without_case_and_has_settings() {
    let (store, world) = opened();
    call(&store, "users.create", json!([{"email": "second@globe.example"}]));
    assert_eq!(id(&call(&store, "users.findByEmail", json!(["wILL@globe.example"]))), world.user);
    assert_eq!(call(&store, "users.getCurrentUser", json!([]))["email"], "Will@Globe.example");
    let settings = call(&store, "users.getChatSettings", json!([world.user]));
    assert_eq!(settings["avatarDisplayMode"], "ALWAYS");
    let never = json!([world.user, {"avatarDisplayMode": "NEVER"}]);
    assert_eq!(id(&call(&store, "users.updateChatSettings", never)), id(&settings));
    let wrong = json!([world.user, {"avatarDisplayMode": "SOMETIMES"}]);
    assert_eq!(code(&store, "users.updateChatSettings", wrong), "VALIDATION");
}

#[test]
fn a_character_has_one_default_persona_and_one_avatar_a_chat() {
    let (store, world) = opened();
    let persona = |name: &str| {
        let data = json!([{"userId": world.user, "name": name, "description": ""}]);
        id(&call(&store, "personas.create", data))
    };
    let (one, two) = (persona("One"), persona("Two"));
    call(&store, "characters.addPersona", json!([world.character, one, true]));
    let both = call(&store, "characters.addPersona", json!([world.character, two, true]));
    let links =
        json!([{"personaId": one, "isDefault": false}, {"personaId": two, "isDefault": true}]);
    assert_eq!(both["personaLinks"], links);
    assert_eq!(call(&store, "characters.addPersona", json!([world.character, two])), both);
    assert_eq!(
        code(&store, "characters.addPersona", json!([world.character, "gone"])),
        "FOREIGN_KEY"
    );

    let image = |sha: &str| {
        let data = json!({"userId": world.user, "sha256": sha, "type": "avatar", "filename": "f",
            "relativePath": "r", "mimeType": "image/png", "size": 1});
        id(&call(&store, "images.create", json!([data])))
    };
    let (face, mask) = (image("a"), image("b"));
    let set = |image: &str| {
        let args = json!([world.character, world.chat, image]);
        call(&store, "characters.setAvatarOverride", args)["avatarOverrides"].clone()
    };
    let (first, second) = (set(&face), set(&mask));
    assert_eq!((first[0]["id"].is_string(), first[0]["createdAt"].is_string()), (true, true));
    assert_eq!((second.as_array().unwrap().len(), &second[0]["imageId"]), (1, &json!(mask)));
    assert_eq!(second[0]["id"], first[0]["id"]);
    let cleared =
        call(&store, "characters.clearAvatarOverride", json!([world.character, world.chat]));
    assert_eq!(cleared["avatarOverrides"], json!([]));
    assert_eq!(call(&store, "images.deleteBySha256", json!(["a"])), 1);
    assert_eq!(call(&store, "images.findBySha256", json!(["a"])), json!([]));
    assert_eq!(id(&call(&store, "images.findByType", json!(["avatar", world.user]))[0]), mask);
}

#[test]
fn a_page_of_messages_is_asked_by_limit_and_bounds() {
    let (store, world) = opened();
    let ids: Vec<String> = ["a", "b", "c", "d"].iter().map(|c| say(&store, &world, c)).collect();
    call(&store, "chats.addEvent", json!([world.chat, {"type": "system-note", "text": "n"}]));
    let page = |options: Value| call(&store, "chats.getMessages", json!([world.chat, options]));
    assert_eq!(contents(&page(json!({}))), ["a", "b", "c", "d"]);
    assert_eq!(contents(&page(json!({"limit": 2}))), ["c", "d"]);
    assert_eq!(contents(&page(json!({"limit": 2, "before": ids[2]}))), ["a", "b"]);
    assert_eq!(contents(&page(json!({"limit": 1, "after": ids[0]}))), ["b"]);
    assert_eq!(contents(&page(json!({"after": "2000-01-01T00:00:00Z", "before": ids[1]}))), ["a"]);
    assert_eq!(page(json!({"types": ["system-note"]}))[0]["text"], "n");
    assert_eq!(call(&store, "chats.getEvents", json!([world.chat])).as_array().unwrap().len(), 5);
    assert_eq!(call(&store, "chats.getMessageCount", json!([world.chat])), 4);
    let found = call(&store, "chats.findMessage", json!([ids[1]]));
    assert_eq!((&found["content"], &found["chatId"]), (&json!("b"), &json!(world.chat)));
}

#[test]
fn the_count_follows_the_log() {
    let (store, world) = opened();
    let many = json!([world.chat, [
        {"role": "USER", "content": "1", "createdAt": "2020-01-01T00:00:00Z"},
        {"role": "ASSISTANT", "content": "2", "createdAt": "2020-01-02T00:00:00Z"},
        {"type": "context-summary", "context": "…", "createdAt": "2021-01-01T00:00:00Z"},
    ]]);
    let added = call(&store, "chats.addMessages", many);
    let chat = || call(&store, "chats.findById", json!([world.chat]));
    let counted = |chat: Value| (chat["messageCount"].clone(), chat["lastMessageAt"].clone());
    assert_eq!(counted(chat()), (json!(2), json!("2020-01-02T00:00:00.000Z")));
    let gone = json!([world.chat, [id(&added[1]), id(&added[1]), "gone"]]);
    assert_eq!(call(&store, "chats.deleteMessages", gone), 1);
    assert_eq!(counted(chat()), (json!(1), json!("2020-01-01T00:00:00.000Z")));
    assert_eq!(call(&store, "chats.clearMessages", json!([world.chat])), 2);
    assert_eq!(counted(chat()), (json!(0), Value::Null));
    assert_eq!(call(&store, "chats.clearMessages", json!(["gone"])), 0);
    let message = json!({"role": "USER", "content": ""});
    assert_eq!(code(&store, "chats.addMessage", json!(["gone", message])), "FOREIGN_KEY");
    let bad = json!([world.chat, [message, {"role": "GHOST"}]]);
    assert_eq!(try_call(&store, "chats.addMessages", bad).unwrap_err().all_issues().len(), 2);
    assert_eq!(counted(chat()).0, 0);
}

#[test]
fn swipes_come_by_their_index() {
    let (store, world) = opened();
    let swipe = |index: u8| json!({"role": "ASSISTANT", "content": index.to_string(), "swipeGroupId": "g", "swipeIndex": index});
    call(&store, "chats.addMessages", json!([world.chat, [swipe(2), swipe(0), swipe(1)]]));
    say(&store, &world, "other");
    let swipes = call(&store, "chats.getSwipes", json!([world.chat, "g"]));
    assert_eq!(contents(&swipes), ["0", "1", "2"]);
    assert_eq!(
        call(&store, "chats.findByCharacterId", json!([world.character])).as_array().unwrap().len(),
        1
    );
    assert_eq!(call(&store, "chats.findByPersonaId", json!(["gone"])), json!([]));
}

#[test]
fn a_user_has_one_default_of_a_kind() {
    let (store, world) = opened();
    let profile = |name: &str, default: bool| {
        let data = json!({"userId": world.user, "name": name, "provider": "OPENAI", "modelName": "m", "isDefault": default});
        id(&call(&store, "imageProfiles.create", json!([data])))
    };
    let default = || call(&store, "imageProfiles.findDefault", json!([world.user]));
    let (one, two) = (profile("One", true), profile("Two", true));
    assert_eq!(id(&default()), two);
    call(&store, "imageProfiles.setDefault", json!([one]));
    assert_eq!(id(&default()), one);
    call(&store, "imageProfiles.update", json!([two, {"isDefault": true}]));
    assert_eq!(
        (
            id(&default()),
            call(&store, "imageProfiles.count", json!([{"where": {"isDefault": true}}]))
        ),
        (two, json!(1))
    );
    assert_eq!(call(&store, "imageProfiles.unsetAllDefaults", json!([world.user])), 1);
    assert_eq!(default(), Value::Null);
    assert_eq!(id(&call(&store, "imageProfiles.findByName", json!([world.user, "One"]))), one);
    assert_eq!(call(&store, "connections.findDefault", json!([world.user])), Value::Null);
}

#[test]
fn a_key_in_clear_text_is_never_kept() {
    let (store, world) = opened();
    let sealed = json!({"userId": world.user, "provider": "OPENAI", "label": "l", "ciphertext": "c", "iv": "i", "authTag": "t"});
    let key = id(&call(&store, "connections.createApiKey", json!([sealed])));
    let mut clear = sealed.clone();
    clear["key"] = json!("sk-secret");
    for (name, args, code) in [
        ("connections.createApiKey", json!([clear]), "VALIDATION"),
        ("connections.updateApiKey", json!([key, {"key": ["sk-secret"]}]), "VALIDATION"),
        ("connections.updateApiKey", json!([key, {"key": "sk-secret"}]), "NO_PASSPHRASE"),
    ] {
        let error = try_call(&store, name, args).unwrap_err();
        assert_eq!(error.code().name(), code);
        assert!(!error.to_json().contains("sk-secret"), "{error}");
    }
    assert!(call(&store, "connections.recordApiKeyUsage", json!([key]))["lastUsed"].is_string());
    assert_eq!(call(&store, "connections.findApiKeyById", json!([key, "another"])), Value::Null);
    assert_eq!(id(&call(&store, "connections.findApiKeyById", json!([key, world.user]))), key);
    assert_eq!(
        call(&store, "connections.getAllApiKeys", json!([world.user])).as_array().unwrap().len(),
        1
    );
}

#[test]
fn settings_merge_their_flags() {
    let (store, _) = opened();
    call(&store, "store.updateSettings", json!([{"flags": {"step": 1, "telemetry": false}}]));
    let settings =
        call(&store, "store.updateSettings", json!([{"flags": {"step": 2, "telemetry": null}}]));
    assert_eq!(settings["flags"], json!({"step": 2}));
    assert_eq!(call(&store, "store.getSettings", json!([])), settings);
    assert_eq!(code(&store, "store.updateSettings", json!([{"encryption": {}}])), "VALIDATION");
    for name in ["user", "chatSettings", "version"] {
        assert_eq!(code(&store, "store.updateSettings", json!([{name: "x"}])), "VALIDATION");
    }
    assert_eq!(call(&store, "tags.findByName", json!(["nobody", "x"])), Value::Null);
}
