//! What a call may change, by a table of calls.

use serde_json::{Value, json};

use crate::dual::scope::Scope;
use crate::dual::touched::{asked, touched, touched_by_sql};
use crate::prisma::description;

fn scopes(model: &str, action: &str, arguments: Value) -> Vec<String> {
    let query = json!({ "arguments": arguments, "selection": {} });
    let request = json!({ "modelName": model, "action": action, "query": query });
    let shown = |scope: Scope| {
        let parts: Vec<String> =
            scope.equals.iter().map(|(name, text)| format!("{name}={text}")).collect();
        format!("{} {}", scope.model, parts.join(","))
    };
    touched(&request).scopes.into_iter().map(shown).collect()
}

#[test]
fn what_a_call_may_change() {
    let table: &[(&str, &str, Value, &[&str])] = &[
        ("Tag", "createOne", json!({ "data": { "id": "t", "name": "x" } }), &["Tag id=t"]),
        (
            "Session",
            "updateOne",
            json!({ "where": { "sessionToken": "s" }, "data": { "expires": "2030" } }),
            &["Session sessionToken=s"],
        ),
        (
            "User",
            "updateOne",
            json!({ "where": { "email": "a" }, "data": { "email": { "set": "b" } } }),
            &["User email=a", "User email=b"],
        ),
        (
            "VerificationToken",
            "deleteOne",
            json!({ "where": { "identifier_token": { "identifier": "i", "token": "t" } } }),
            &["VerificationToken identifier=i,token=t"],
        ),
        (
            "ConnectionProfile",
            "updateMany",
            json!({ "where": { "userId": "u", "isDefault": true }, "data": { "isDefault": false } }),
            &["ConnectionProfile userId=u"],
        ),
        (
            "Message",
            "deleteMany",
            json!({ "where": { "id": { "in": ["a", "b"] }, "OR": [{ "chatId": "c" }] } }),
            &["ChatFile messageId=a", "ChatFile messageId=b", "Message id=a", "Message id=b"],
        ),
        (
            "Persona",
            "deleteOne",
            json!({ "where": { "id": "p" } }),
            &[
                "CharacterPersona personaId=p",
                "Chat personaId=p",
                "Persona id=p",
                "PersonaTag personaId=p",
            ],
        ),
        (
            "Chat",
            "deleteMany",
            json!({}),
            &["Chat ", "ChatAvatarOverride ", "ChatFile ", "ChatTag ", "Message "],
        ),
        (
            "ConnectionProfile",
            "updateMany",
            json!({ "where": { "apiKeyId": "k" }, "data": { "apiKeyId": null } }),
            &["ConnectionProfile ", "ConnectionProfile apiKeyId=k"],
        ),
        (
            "CharacterPersona",
            "createOne",
            json!({ "data": { "persona": { "connect": { "id": "p" } }, "characterId": "c" } }),
            &["CharacterPersona characterId=c,personaId=p"],
        ),
        (
            "Chat",
            "createOne",
            json!({ "data": { "id": "c", "messages": { "create": [{ "id": "m" }, { "id": "n" }] } } }),
            &["Chat id=c", "Message id=m", "Message id=n"],
        ),
        (
            "Chat",
            "updateOne",
            json!({ "where": { "id": "c" }, "data": { "messages": { "deleteMany": { "role": "USER" } } } }),
            &["Chat id=c", "ChatFile ", "Message chatId=c"],
        ),
        (
            "User",
            "upsertOne",
            json!({ "where": { "email": "a" }, "create": { "id": "u", "email": "a" }, "update": { "name": "n" } }),
            &["User email=a", "User id=u"],
        ),
    ];
    for (model, action, arguments, expected) in table {
        assert_eq!(scopes(model, action, arguments.clone()), *expected, "{action} {arguments}");
    }
}

#[test]
fn the_tables_of_sql_and_of_reads() {
    let scopes = touched_by_sql(r#"UPDATE "messages" SET content = 'x'"#).scopes;
    assert!(scopes.contains(&Scope::whole("Message")) && !scopes.contains(&Scope::whole("Chat")));
    let all = touched_by_sql("SELECT do_something()").scopes;
    let all: std::collections::BTreeSet<Scope> = all.into_iter().collect();
    assert_eq!(all.len(), description().tables.len());
    let number = |name: &str| description().by_name(name).expect("a table");
    let query = json!({
        "arguments": { "where": { "character": { "is": { "tags": { "some": {} } } } } },
        "selection": { "messages": { "selection": { "attachments": { "selection": {} } } } },
    });
    let request = json!({ "modelName": "Chat", "action": "findMany", "query": query });
    let expected = ["Chat", "Character", "CharacterTag", "Message", "ChatFile"];
    assert_eq!(asked(&request), expected.iter().fold(0, |all, name| all | 1 << number(name)));
}
