//! The adapter's calls: what they give, and a first sign-in that was cut off or met another.

use quilltap_store::disk::SimulatedDisk;
use quilltap_store::store::Store;
use serde_json::{Value, json};

use super::support::{call, code, id, open};

const EMAIL: &str = "viola@illyria.example";
const FAR: &str = "2099-01-01T00:00:00.000Z";
/// 2026-01-01, in milliseconds.
const NOON: i64 = 1_767_225_600_000;

fn store() -> Store {
    let store = open(&SimulatedDisk::new());
    store.hold_clock(NOON);
    store
}

fn create(store: &Store) -> Value {
    call(
        store,
        "auth.createUser",
        json!([{"email": EMAIL, "name": "Viola", "emailVerified": null}]),
    )
}

fn account(user: &str, provider: &str) -> Value {
    json!({"userId": user, "type": "oauth", "provider": provider, "providerAccountId": "1",
        "not-before-policy": 0, "scope": "openid"})
}

fn link(store: &Store, user: &str, provider: &str) -> Value {
    call(store, "auth.linkAccount", json!([account(user, provider)]))
}

fn sign_in(store: &Store, user: &str) {
    let session = json!({"userId": user, "sessionToken": format!("of {user}"), "expires": FAR});
    call(store, "auth.createSession", json!([session]));
}

fn by_email(store: &Store) -> Value {
    call(store, "auth.getUserByEmail", json!([EMAIL]))
}

#[test]
fn a_user_is_given_key_for_key_and_without_secrets() {
    let store = store();
    let given =
        json!({"id": "kept", "email": "Viola@Illyria.example", "emailVerified": FAR, "shoe": 7});
    let mut user = call(&store, "auth.createUser", json!([given]));
    assert_eq!(user, given);
    assert_eq!(by_email(&store), given);
    call(
        &store,
        "users.update",
        json!(["kept", {"passwordHash": "secret",
        "totp": {"ciphertext": "c", "iv": "i", "authTag": "t"}}]),
    );
    assert_eq!(call(&store, "auth.getUser", json!(["kept"])), given);
    user = call(&store, "auth.updateUser", json!([{"id": "kept", "name": "Cesario"}]));
    assert_eq!(user["name"], "Cesario");
    assert_eq!(code(&store, "auth.updateUser", json!([{"id": "gone", "name": ""}])), "VALIDATION");
    assert_eq!(code(&store, "auth.createUser", json!([{"email": EMAIL}])), "UNIQUE");
    assert_eq!(call(&store, "auth.deleteUser", json!(["kept"])), user);
    assert_eq!(call(&store, "auth.deleteUser", json!(["kept"])), Value::Null);
}

#[test]
fn an_account_keeps_whatever_its_provider_says() {
    let store = store();
    let user = id(&create(&store));
    assert_eq!(link(&store, &user, "one"), account(&user, "one"));
    let pair = json!({"provider": "one", "providerAccountId": "1"});
    assert_eq!(id(&call(&store, "auth.getUserByAccount", json!([pair]))), user);
    assert_eq!(call(&store, "auth.getAccount", json!(["1", "one"])), account(&user, "one"));
    let other = id(&call(&store, "auth.createUser", json!([{"email": "orsino@illyria.example"}])));
    assert_eq!(code(&store, "auth.linkAccount", json!([account(&other, "one")])), "UNIQUE");
    assert_eq!(code(&store, "auth.linkAccount", json!([account("gone", "two")])), "FOREIGN_KEY");
    assert_eq!(call(&store, "auth.unlinkAccount", json!([pair])), account(&user, "one"));
    assert_eq!(call(&store, "auth.unlinkAccount", json!([pair])), Value::Null);
    assert_eq!(call(&store, "auth.getUserByAccount", json!([pair])), Value::Null);
}

#[test]
fn sessions_come_with_their_user_until_they_are_deleted_or_expire() {
    let store = store();
    let user = create(&store);
    let session =
        json!({"sessionToken": "t", "userId": id(&user), "expires": "2020-01-01T00:00:00.000Z"});
    assert_eq!(call(&store, "auth.createSession", json!([session])), session);
    let both = json!({"session": session, "user": user});
    assert_eq!(call(&store, "auth.getSessionAndUser", json!(["t"])), both);
    let later = call(&store, "auth.updateSession", json!([{"sessionToken": "t", "expires": FAR}]));
    assert_eq!(later["expires"], FAR);
    let gone = json!([{"sessionToken": "gone", "expires": FAR}]);
    assert_eq!(call(&store, "auth.updateSession", gone), Value::Null);
    assert_eq!(call(&store, "auth.deleteSession", json!(["t"])), later);
    assert_eq!(call(&store, "auth.deleteSession", json!(["t"])), Value::Null);
    call(&store, "auth.createSession", json!([session]));
    sign_in(&store, &id(&user));
    store.compact_now().unwrap();
    assert_eq!(call(&store, "sessions.count", json!([])), 1);
}

#[test]
fn a_one_time_token_is_given_once() {
    let store = store();
    let token = |name: &str| json!({"identifier": EMAIL, "token": name, "expires": FAR});
    for name in ["a", "b"] {
        assert_eq!(call(&store, "auth.createVerificationToken", json!([token(name)])), token(name));
    }
    let take = |params: Value| call(&store, "auth.useVerificationToken", json!([params]));
    assert_eq!(take(json!({"identifier": "mallory", "token": "a"})), Value::Null);
    assert_eq!(take(json!({"identifier": EMAIL, "token": "a"})), token("a"));
    assert_eq!(take(json!({"identifier": EMAIL, "token": "a"})), Value::Null);
    assert_eq!(take(json!({"token": "b"})), token("b"));
}

#[test]
fn a_credential_counts_and_an_unknown_one_throws() {
    let store = store();
    let user = id(&create(&store));
    let credential = json!({"credentialID": "c", "userId": user, "providerAccountId": "p",
        "credentialPublicKey": "k", "counter": 0, "credentialDeviceType": "singleDevice",
        "credentialBackedUp": false});
    assert_eq!(call(&store, "auth.createAuthenticator", json!([credential])), credential);
    assert_eq!(call(&store, "auth.getAuthenticator", json!(["c"])), credential);
    assert_eq!(call(&store, "auth.listAuthenticatorsByUserId", json!([user])), json!([credential]));
    assert_eq!(call(&store, "auth.listAuthenticatorsByUserId", json!(["gone"])), json!([]));
    assert_eq!(call(&store, "auth.updateAuthenticatorCounter", json!(["c", 5]))["counter"], 5);
    assert_eq!(code(&store, "auth.updateAuthenticatorCounter", json!(["gone", 5])), "VALIDATION");
    assert_eq!(id(&by_email(&store)), user);
}

#[test]
fn a_sign_in_that_was_cut_off_is_taken_up() {
    let disk = SimulatedDisk::new();
    let cut = open(&disk);
    let first = create(&cut);
    let store = open(&disk.kill());
    assert_eq!(by_email(&store), Value::Null);
    let again = call(
        &store,
        "auth.createUser",
        json!([{"id": "new", "email": "VIOLA@illyria.example", "image": "i"}]),
    );
    assert_eq!(
        (id(&again), &again["image"], &again["name"]),
        (id(&first), &json!("i"), &Value::Null)
    );
    link(&store, &id(&again), "one");
    assert_eq!(id(&by_email(&store)), id(&first));
    assert_eq!(call(&store, "users.count", json!([])), 1);
    assert_eq!(code(&store, "auth.createUser", json!([{"email": EMAIL}])), "UNIQUE");
}

#[test]
fn two_first_sign_ins_of_one_person_both_come_in() {
    let store = store();
    assert_eq!((by_email(&store), by_email(&store)), (Value::Null, Value::Null));
    let (one, two) = (create(&store), create(&store));
    assert_eq!(one, two);
    assert_eq!(link(&store, &id(&one), "one"), link(&store, &id(&two), "one"));
    sign_in(&store, &id(&one));
    assert_eq!(call(&store, "accounts.count", json!([])), 1);
}

#[test]
fn two_strangers_at_one_address_do_not_share_a_user() {
    let store = store();
    let user = id(&create(&store));
    assert_eq!(id(&create(&store)), user);
    link(&store, &user, "honest");
    assert_eq!(code(&store, "auth.linkAccount", json!([account(&user, "mallory")])), "UNIQUE");
    assert_eq!(code(&store, "auth.createUser", json!([{"email": EMAIL}])), "UNIQUE");
    store.hold_clock(NOON + 3_600_000);
    // Signed in, the owner may link another account once nobody can be left over.
    link(&store, &user, "second");
}

#[test]
fn who_proves_the_address_keeps_out_who_came_before() {
    let store = store();
    let user = id(&create(&store));
    let verified = json!([{"email": EMAIL, "emailVerified": FAR}]);
    let proven = call(&store, "auth.createUser", verified);
    assert_eq!((id(&proven), &proven["name"]), (user.clone(), &Value::Null));
    assert_eq!(code(&store, "auth.linkAccount", json!([account(&user, "mallory")])), "UNIQUE");
    sign_in(&store, &user);
    assert_eq!(code(&store, "auth.linkAccount", json!([account(&user, "mallory")])), "UNIQUE");
}

#[test]
fn only_a_user_that_nobody_owns_is_taken_up() {
    let refused = |own: &dyn Fn(&Store, &str)| {
        let store = store();
        let user = id(&create(&store));
        own(&store, &user);
        assert_eq!(id(&by_email(&store)), user);
        assert_eq!(code(&store, "auth.createUser", json!([{"email": EMAIL}])), "UNIQUE");
        assert_eq!(call(&store, "users.findById", json!([user]))["signUp"], Value::Null);
    };
    refused(&|store, user| drop(link(store, user, "one")));
    refused(&sign_in);
    refused(&|store, user| {
        let verified = json!([{"id": user, "emailVerified": FAR}]);
        drop(call(store, "auth.updateUser", verified));
    });
    refused(&|store, user| {
        drop(call(store, "users.update", json!([user, {"passwordHash": "h"}])));
        drop(call(store, "users.update", json!([user, {"passwordHash": null}])));
    });
    // What was owned once stays so, also when nothing is left of it.
    refused(&|store, user| {
        link(store, user, "one");
        let pair = json!({"provider": "one", "providerAccountId": "1"});
        drop(call(store, "auth.unlinkAccount", json!([pair])));
    });
    refused(&|store, user| {
        let tag = id(&call(store, "tags.create", json!([{"userId": user, "name": "mine"}])));
        drop(call(store, "tags.delete", json!([tag])));
    });
}

#[test]
fn a_user_that_the_adapter_did_not_make_is_never_taken_up() {
    let store = store();
    let made = id(&call(&store, "users.create", json!([{"email": EMAIL}])));
    assert_eq!(id(&by_email(&store)), made);
    assert_eq!(code(&store, "auth.createUser", json!([{"email": EMAIL}])), "UNIQUE");
}
