//! What refers to what: refusals, cascades, set null, restrict, and lists kept in step.

use quilltap_store::disk::SimulatedDisk;
use serde_json::{Value, json};

use super::support::{call, character, code, id, open, try_call, world};

#[test]
fn a_reference_to_nothing_is_refused_and_changes_nothing() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let mut chat = json!({"userId": world.user, "characterId": "gone", "connectionProfileId": "gone", "title": ""});
    let error = try_call(&store, "chats.create", json!([chat])).unwrap_err();
    assert_eq!(error.code().name(), "FOREIGN_KEY");
    assert_eq!(error.all_issues().len(), 2);
    assert_eq!(call(&store, "chats.count", json!([])), 1);
    chat["characterId"] = world.character.into();
    assert_eq!(code(&store, "chats.create", json!([chat])), "FOREIGN_KEY");
    assert_eq!(
        code(
            &store,
            "characters.update",
            json!([id(&call(&store, "characters.findAll", json!([]))[0]), {"defaultImageId": "gone"}])
        ),
        "FOREIGN_KEY"
    );
}

#[test]
fn a_profile_in_use_is_not_deleted_but_goes_with_its_user() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let error = try_call(&store, "connections.delete", json!([world.profile])).unwrap_err();
    assert_eq!(error.code().name(), "FOREIGN_KEY");
    assert!(error.message().contains(&world.chat), "{error}");
    assert_eq!(call(&store, "users.delete", json!([world.user])), json!(true));
    for name in ["users", "connections", "characters", "chats"] {
        assert_eq!(call(&store, &format!("{name}.count"), json!([])), 0, "{name}");
    }
    assert_eq!(call(&store, "users.getChatSettings", json!([world.user])), Value::Null);
    assert_eq!(call(&store, "chats.getMessages", json!([world.chat])), json!([]));
}

#[test]
fn a_deleted_key_or_tag_is_taken_out_of_everything() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let key = id(&call(
        &store,
        "connections.createApiKey",
        json!([{
            "userId": world.user, "provider": "OPENAI", "label": "l", "ciphertext": "c", "iv": "i", "authTag": "t",
        }]),
    ));
    call(&store, "connections.update", json!([world.profile, {"apiKeyId": key}]));
    let tag = id(&call(&store, "tags.create", json!([{"userId": world.user, "name": "Tag"}])));
    call(&store, "characters.addTag", json!([world.character, tag]));
    call(&store, "chats.addTag", json!([world.chat, tag]));
    assert_eq!(call(&store, "characters.findByTag", json!([tag])).as_array().unwrap().len(), 1);
    call(&store, "connections.deleteApiKey", json!([key]));
    call(&store, "tags.delete", json!([tag]));
    assert_eq!(
        call(&store, "connections.findById", json!([world.profile]))["apiKeyId"],
        Value::Null
    );
    assert_eq!(call(&store, "characters.findById", json!([world.character]))["tags"], json!([]));
    assert_eq!(call(&store, "chats.findById", json!([world.chat]))["tags"], json!([]));
    assert_eq!(call(&store, "characters.findByTag", json!([tag])), json!([]));
}

#[test]
fn personas_and_characters_are_linked_on_both_sides() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let persona = id(&call(
        &store,
        "personas.create",
        json!([{
            "userId": world.user, "name": "Me", "description": "", "characterLinks": [world.character],
        }]),
    ));
    let links = |store: &_| {
        call(store, "characters.findById", json!([world.character]))["personaLinks"].clone()
    };
    assert_eq!(links(&store), json!([{"personaId": persona, "isDefault": false}]));
    call(&store, "characters.addPersona", json!([world.character, persona, true]));
    assert_eq!(links(&store), json!([{"personaId": persona, "isDefault": true}]));
    call(&store, "characters.removePersona", json!([world.character, persona]));
    assert_eq!(call(&store, "personas.findById", json!([persona]))["characterLinks"], json!([]));
    call(&store, "personas.addCharacterLink", json!([persona, world.character]));
    call(&store, "personas.delete", json!([persona]));
    assert_eq!(links(&store), json!([]));
}

#[test]
fn a_deleted_message_is_forgotten_by_its_image() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let message = id(&call(
        &store,
        "chats.addMessage",
        json!([world.chat, {"role": "USER", "content": "look"}]),
    ));
    let image = json!({"userId": world.user, "sha256": "s", "type": "image", "filename": "f", "relativePath": "r",
        "mimeType": "image/png", "size": 3, "chatId": world.chat, "messageId": message});
    let image = id(&call(&store, "images.create", json!([image])));
    assert_eq!(id(&call(&store, "images.findByMessageId", json!([message]))[0]), image);
    call(&store, "chats.deleteMessages", json!([world.chat, message]));
    assert_eq!(call(&store, "images.findById", json!([image]))["messageId"], Value::Null);
    call(&store, "chats.delete", json!([world.chat]));
    assert_eq!(call(&store, "images.count", json!([])), 0);
}

#[test]
fn uniques_hold_without_case_and_over_a_batch() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    assert_eq!(code(&store, "users.create", json!([{"email": "WILL@globe.example"}])), "UNIQUE");
    let tags =
        json!([[{"userId": world.user, "name": "One"}, {"userId": world.user, "name": "ONE"}]]);
    assert_eq!(code(&store, "tags.createMany", tags.clone()), "UNIQUE");
    assert_eq!(call(&store, "tags.count", json!([])), 0);
    let made = call(&store, "tags.createMany", json!([tags[0], {"skipDuplicates": true}]));
    assert_eq!(made.as_array().unwrap().len(), 1);
    let mut twin = character(&world.user, "Twin");
    twin["id"] = "Abc".into();
    call(&store, "characters.create", json!([twin]));
    twin["id"] = "aBC".into();
    assert_eq!(code(&store, "characters.create", json!([twin])), "UNIQUE");
}

#[test]
fn a_deleted_chat_has_no_messages_whatever_its_file_still_shows() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    call(&store, "chats.addMessage", json!([world.chat, {"role": "USER", "content": "x"}]));
    store.flush_now().unwrap();
    call(&store, "chats.delete", json!([world.chat]));
    assert_eq!(call(&store, "chats.getMessages", json!([world.chat])), json!([]));
}

#[test]
fn a_bound_that_names_no_message_is_an_error_and_a_deleted_one_names_none() {
    let store = open(&SimulatedDisk::new());
    let world = world(&store);
    let said = ["a", "b", "c"].map(|text| json!({"id": text, "role": "USER", "content": text}));
    call(&store, "chats.addMessages", json!([world.chat, said]));
    let before =
        |id: &str| try_call(&store, "chats.getMessages", json!([world.chat, {"before": id}]));
    assert_eq!(before("c").unwrap().as_array().unwrap().len(), 2);
    assert_eq!(before("z").unwrap_err().code().name(), "VALIDATION");
    call(&store, "chats.deleteMessages", json!([world.chat, ["c"]]));
    assert_eq!(before("c").unwrap_err().code().name(), "VALIDATION");
    let bad = json!([world.chat, [said[0].clone(), {"role": "NOBODY", "content": 1}]]);
    let error = try_call(&store, "chats.addMessages", bad).unwrap_err();
    assert_eq!(error.code().name(), "UNIQUE");
    let bad =
        json!([world.chat, [{"role": "USER", "content": ""}, {"role": "NOBODY", "content": 1}]]);
    let error = try_call(&store, "chats.addMessages", bad).unwrap_err();
    let paths: Vec<&str> = error.all_issues().iter().map(|issue| issue.path.as_str()).collect();
    assert_eq!(paths, ["[1].role", "[1].content"]);
}
