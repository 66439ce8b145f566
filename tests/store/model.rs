//! Random calls give what a plain model in memory gives, whatever happens between them: closing
//! and opening, compaction, a kill, a crash of the machine, a second process.

use proptest::prelude::*;
use quilltap_store::disk::{Outcome, SimulatedDisk};
use quilltap_store::store::Store;
use serde_json::{Value, json};

use super::support::{call, open, try_call};

/// One step; the numbers name users, tags, characters, chats and messages.
#[derive(Debug, Clone)]
enum Step {
    CreateUser(u8),
    DeleteUser(u8),
    CreateTag(u8, u8, u8),
    DeleteTag(u8),
    CreateCharacter(u8, u8),
    DeleteCharacter(u8),
    AddTag(u8, u8),
    RemoveTag(u8, u8),
    CreateChat(u8, u8),
    DeleteChat(u8),
    Say(u8, u8),
    Edit(u8, u8),
    Unsay(u8, u8),
    Clear(u8),
    /// A transaction of two changes, committed or not.
    Both(u8, u8, bool),
    Flush,
    Compact,
    Reopen,
    Kill,
    Crash(u64),
    /// The other process goes on.
    Switch,
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0_u8..3;
    prop_oneof![
        3 => n.clone().prop_map(Step::CreateUser),
        1 => n.clone().prop_map(Step::DeleteUser),
        2 => (n.clone(), n.clone(), n.clone()).prop_map(|(t, u, name)| Step::CreateTag(t, u, name)),
        1 => n.clone().prop_map(Step::DeleteTag),
        3 => (n.clone(), n.clone()).prop_map(|(c, u)| Step::CreateCharacter(c, u)),
        1 => n.clone().prop_map(Step::DeleteCharacter),
        2 => (n.clone(), n.clone()).prop_map(|(c, t)| Step::AddTag(c, t)),
        1 => (n.clone(), n.clone()).prop_map(|(c, t)| Step::RemoveTag(c, t)),
        3 => (n.clone(), n.clone()).prop_map(|(chat, c)| Step::CreateChat(chat, c)),
        1 => n.clone().prop_map(Step::DeleteChat),
        5 => (n.clone(), 0_u8..6).prop_map(|(chat, m)| Step::Say(chat, m)),
        2 => (n.clone(), 0_u8..6).prop_map(|(chat, m)| Step::Edit(chat, m)),
        2 => (n.clone(), 0_u8..6).prop_map(|(chat, m)| Step::Unsay(chat, m)),
        1 => n.clone().prop_map(Step::Clear),
        2 => (n.clone(), n, any::<bool>()).prop_map(|(c, t, commit)| Step::Both(c, t, commit)),
        1 => Just(Step::Flush),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        2 => any::<u64>().prop_map(Step::Crash),
        3 => Just(Step::Switch),
    ]
}

/// What the store should hold, in creation order.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    users: Vec<u8>,
    tags: Vec<(u8, u8, u8)>,
    characters: Vec<(u8, u8, Vec<u8>)>,
    chats: Vec<(u8, u8)>,
    messages: Vec<(u8, u8, String)>,
}

type Said = Result<(), &'static str>;

impl Model {
    fn has_user(&self, user: u8) -> bool {
        self.users.contains(&user)
    }

    fn character(&mut self, id: u8) -> Option<&mut (u8, u8, Vec<u8>)> {
        self.characters.iter_mut().find(|character| character.0 == id)
    }

    fn delete_chats(&mut self, gone: impl Fn(&(u8, u8)) -> bool) {
        let chats: Vec<u8> = self.chats.iter().filter(|c| gone(c)).map(|c| c.0).collect();
        self.chats.retain(|chat| !chats.contains(&chat.0));
        self.messages.retain(|message| !chats.contains(&message.0));
    }

    fn delete_characters(&mut self, gone: impl Fn(&(u8, u8, Vec<u8>)) -> bool) {
        let ids: Vec<u8> = self.characters.iter().filter(|c| gone(c)).map(|c| c.0).collect();
        self.characters.retain(|character| !ids.contains(&character.0));
        self.delete_chats(|chat| ids.contains(&chat.1));
    }

    fn delete_tags(&mut self, gone: impl Fn(&(u8, u8, u8)) -> bool) {
        let ids: Vec<u8> = self.tags.iter().filter(|t| gone(t)).map(|t| t.0).collect();
        self.tags.retain(|tag| !ids.contains(&tag.0));
        self.characters.iter_mut().for_each(|c| c.2.retain(|tag| !ids.contains(tag)));
    }

    fn create_tag(&mut self, id: u8, user: u8, name: u8) -> Said {
        if self.tags.iter().any(|t| t.0 == id || (t.1, t.2) == (user, name)) {
            return Err("UNIQUE");
        }
        if !self.has_user(user) {
            return Err("FOREIGN_KEY");
        }
        self.tags.push((id, user, name));
        Ok(())
    }

    fn create_character(&mut self, id: u8, user: u8) -> Said {
        if self.character(id).is_some() {
            return Err("UNIQUE");
        }
        if !self.has_user(user) {
            return Err("FOREIGN_KEY");
        }
        self.characters.push((id, user, Vec::new()));
        Ok(())
    }

    fn add_tag(&mut self, id: u8, tag: u8) -> Said {
        let exists = self.tags.iter().any(|t| t.0 == tag);
        match self.character(id) {
            Some(character) if !character.2.contains(&tag) => {
                if !exists {
                    return Err("FOREIGN_KEY");
                }
                character.2.push(tag);
            }
            _ => {}
        }
        Ok(())
    }

    fn create_chat(&mut self, id: u8, character: u8) -> Said {
        if self.chats.iter().any(|chat| chat.0 == id) {
            return Err("UNIQUE");
        }
        if self.character(character).is_none() {
            return Err("FOREIGN_KEY");
        }
        self.chats.push((id, character));
        Ok(())
    }

    fn say(&mut self, chat: u8, id: u8) -> Said {
        if !self.chats.iter().any(|c| c.0 == chat) {
            return Err("FOREIGN_KEY");
        }
        if self.messages.iter().any(|m| (m.0, m.1) == (chat, id)) {
            return Err("UNIQUE");
        }
        self.messages.push((chat, id, "said".into()));
        Ok(())
    }

    fn take(&mut self, step: &Step) -> Said {
        match *step {
            Step::CreateUser(user) if self.has_user(user) => return Err("UNIQUE"),
            Step::CreateUser(user) => self.users.push(user),
            Step::DeleteUser(user) => {
                self.users.retain(|other| *other != user);
                self.delete_tags(|tag| tag.1 == user);
                self.delete_characters(|character| character.1 == user);
            }
            Step::CreateTag(id, user, name) => return self.create_tag(id, user, name),
            Step::DeleteTag(id) => self.delete_tags(|tag| tag.0 == id),
            Step::CreateCharacter(id, user) => return self.create_character(id, user),
            Step::DeleteCharacter(id) => self.delete_characters(|character| character.0 == id),
            Step::AddTag(id, tag) => return self.add_tag(id, tag),
            Step::RemoveTag(id, tag) => {
                self.character(id).into_iter().for_each(|c| c.2.retain(|other| *other != tag));
            }
            Step::CreateChat(id, character) => return self.create_chat(id, character),
            Step::DeleteChat(id) => self.delete_chats(|chat| chat.0 == id),
            Step::Say(chat, id) => return self.say(chat, id),
            Step::Edit(chat, id) => {
                let message = self.messages.iter_mut().find(|m| (m.0, m.1) == (chat, id));
                message.into_iter().for_each(|message| message.2 += "!");
            }
            Step::Unsay(chat, id) => self.messages.retain(|m| (m.0, m.1) != (chat, id)),
            Step::Clear(chat) => self.messages.retain(|m| m.0 != chat),
            Step::Both(id, user, commit) => {
                let mut next = self.clone();
                let done =
                    next.create_character(id, user).and_then(|()| next.create_tag(id, user, id));
                if commit && done.is_ok() {
                    *self = next;
                }
                return done;
            }
            _ => {}
        }
        Ok(())
    }
}

fn new_character(id: u8, user: u8) -> Value {
    json!([{"id": format!("c{id}"), "userId": format!("u{user}"), "name": "", "description": "",
        "personality": "", "scenario": "", "firstMessage": ""}])
}

fn new_tag(id: u8, user: u8, name: u8) -> Value {
    json!([{"id": format!("t{id}"), "userId": format!("u{user}"), "name": format!("n{name}")}])
}

/// Makes the step's calls; gives the code of what failed.
fn make(store: &Store, model: &Model, step: &Step) -> Said {
    let ask = |name: &str, args: Value| {
        try_call(store, name, args).map(|_| ()).map_err(|e| e.code().name())
    };
    let (chat, message) = (|n: u8| format!("chat{n}"), |n: u8| format!("m{n}"));
    match *step {
        Step::CreateUser(n) => {
            let user = format!("u{n}");
            let profile = json!([{"id": format!("p{n}"), "userId": user, "name": "", "provider": "OLLAMA", "modelName": ""}]);
            let made = store.transaction(|tx| {
                tx.call(
                    "users.create",
                    &json!([{"id": user, "email": format!("{user}@b.example")}]).to_string(),
                )?;
                tx.call("connections.create", &profile.to_string())
            });
            made.map(|_| ()).map_err(|error| error.code().name())
        }
        Step::DeleteUser(n) => ask("users.delete", json!([format!("u{n}")])),
        Step::CreateTag(id, user, name) => ask("tags.create", new_tag(id, user, name)),
        Step::DeleteTag(n) => ask("tags.delete", json!([format!("t{n}")])),
        Step::CreateCharacter(id, user) => ask("characters.create", new_character(id, user)),
        Step::DeleteCharacter(n) => ask("characters.delete", json!([format!("c{n}")])),
        Step::AddTag(c, t) => ask("characters.addTag", json!([format!("c{c}"), format!("t{t}")])),
        Step::RemoveTag(c, t) => {
            ask("characters.removeTag", json!([format!("c{c}"), format!("t{t}")]))
        }
        Step::CreateChat(id, c) => {
            let user =
                model.characters.iter().find(|other| other.0 == c).map_or(0, |other| other.1);
            let data = json!({"id": chat(id), "userId": format!("u{user}"), "characterId": format!("c{c}"),
                "connectionProfileId": format!("p{user}"), "title": ""});
            ask("chats.create", json!([data]))
        }
        Step::DeleteChat(n) => ask("chats.delete", json!([chat(n)])),
        Step::Say(n, m) => ask(
            "chats.addMessage",
            json!([chat(n), {"id": message(m), "role": "USER", "content": "said"}]),
        ),
        Step::Edit(n, m) => {
            let old = model.messages.iter().find(|other| (other.0, other.1) == (n, m));
            let content = format!("{}!", old.map_or("", |old| old.2.as_str()));
            ask("chats.updateMessage", json!([chat(n), message(m), {"content": content}]))
        }
        Step::Unsay(n, m) => ask("chats.deleteMessages", json!([chat(n), [message(m)]])),
        Step::Clear(n) => ask("chats.clearMessages", json!([chat(n)])),
        Step::Both(id, user, commit) => both(store, id, user, commit),
        Step::Flush => store.flush_now().map_err(|e| e.code().name()),
        Step::Compact => store.compact_now().map_err(|e| e.code().name()),
        _ => Ok(()),
    }
}

/// A transaction of two changes, given up at its end unless it is to be committed.
fn both(store: &Store, id: u8, user: u8, commit: bool) -> Said {
    let mut inside = Ok(());
    let ended = store.transaction(|tx| {
        tx.call("characters.create", &new_character(id, user).to_string())?;
        tx.call("tags.create", &new_tag(id, user, id).to_string())?;
        if commit {
            return Ok(());
        }
        inside = Err(());
        Err(quilltap_store::error::Error::new(quilltap_store::error::Code::Closed, "given up"))
    });
    match ended {
        Err(_) if inside.is_err() => Ok(()),
        other => other.map_err(|error| error.code().name()),
    }
}

fn number(value: &Value) -> u8 {
    value.as_str().unwrap().trim_start_matches(char::is_alphabetic).parse().unwrap()
}

/// What the store holds, as the model has it; the messages of each chat in their order.
fn look(store: &Store) -> Model {
    let list = |name: &str| call(store, name, json!([])).as_array().unwrap().clone();
    let mut seen = Model {
        users: list("users.findAll").iter().map(|user| number(&user["id"])).collect(),
        ..Model::default()
    };
    for tag in list("tags.findAll") {
        seen.tags.push((number(&tag["id"]), number(&tag["userId"]), number(&tag["name"])));
    }
    for character in list("characters.findAll") {
        let tags = character["tags"].as_array().unwrap().iter().map(number).collect();
        seen.characters.push((number(&character["id"]), number(&character["userId"]), tags));
    }
    for chat in list("chats.findAll") {
        let id = number(&chat["id"]);
        seen.chats.push((id, number(&chat["characterId"])));
        let messages = call(store, "chats.getMessages", json!([chat["id"]]));
        let messages = messages.as_array().unwrap();
        assert_eq!(chat["messageCount"], messages.len());
        let said = |m: &Value| (id, number(&m["id"]), m["content"].as_str().unwrap().to_owned());
        seen.messages.extend(messages.iter().map(said));
    }
    seen
}

/// The model with its messages chat by chat, as [`look`] gives them.
fn sorted(model: &Model) -> Model {
    let mut model = model.clone();
    let chats: Vec<u8> = model.chats.iter().map(|chat| chat.0).collect();
    model.messages.sort_by_key(|message| chats.iter().position(|chat| *chat == message.0));
    model
}

fn start(disk: &SimulatedDisk) -> Store {
    let store = open(disk);
    // One instant for all: creation order must not hang on the clock.
    store.hold_clock(1_780_000_000_000);
    store
}

fn play(steps: &[Step]) {
    let mut disk = SimulatedDisk::new();
    let mut model = Model::default();
    let (mut store, mut other) = (start(&disk), start(&disk));
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Switch => std::mem::swap(&mut store, &mut other),
            Step::Reopen => {
                store.close().unwrap();
                store = start(&disk);
            }
            Step::Kill | Step::Crash(_) => {
                disk = match step {
                    Step::Crash(seed) => disk.crash(Outcome::Seed(*seed)),
                    _ => disk.kill(),
                };
                let _ = (store.close(), other.close());
                (store, other) = (start(&disk), start(&disk));
            }
            _ => {
                let made = make(&store, &model, step);
                assert_eq!(made, model.take(step), "step {at}: {step:?}");
            }
        }
        assert_eq!(look(&store), sorted(&model), "step {at}: {step:?}");
    }
    store.close().unwrap();
    other.close().unwrap();
    assert_eq!(look(&start(&disk)), sorted(&model), "after all were closed");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_calls_give_what_the_model_gives(steps in proptest::collection::vec(step(), 1..60)) {
        play(&steps);
    }
}
