//! What a sign-in library may hand on from a client: any type in each place of the adapter's arguments.

use serde_json::{Map, Value, json};

use crate::calls::holds;
use crate::world::{ask, at_rest, open};

/// Calls that tell who somebody is, or let go of what they have, with the places of their arguments.
/// They do so only where each place has what the world's user has.
const KNOWING: &[(&str, &str)] = &[
    ("auth.getSessionAndUser", r#"["$session"]"#),
    ("auth.getUserByAccount", r#"[{"provider":"$provider","providerAccountId":"$account"}]"#),
    ("auth.getAccount", r#"["$account","$provider"]"#),
    ("auth.unlinkAccount", r#"[{"provider":"$provider","providerAccountId":"$account"}]"#),
    ("auth.getUser", r#"["$user"]"#),
    ("auth.getUserByEmail", r#"["$email"]"#),
    ("auth.updateSession", r#"[{"sessionToken":"$session"}]"#),
    ("auth.deleteSession", r#"["$session"]"#),
    ("auth.useVerificationToken", r#"[{"identifier":"$email","token":"$token"}]"#),
    ("auth.getAuthenticator", r#"["$credential"]"#),
    ("auth.updateAuthenticatorCounter", r#"["$credential",1]"#),
    ("auth.deleteUser", r#"["$user"]"#),
];

/// The others, which make or change something.
const MAKING: &[(&str, &str)] = &[
    (
        "auth.createUser",
        r#"[{"id":"$user","email":"$email","emailVerified":"$other","signUp":"$other"}]"#,
    ),
    (
        "auth.updateUser",
        r#"[{"id":"$user","email":"$email","passwordHash":"$other","signUp":"$other"}]"#,
    ),
    (
        "auth.linkAccount",
        r#"[{"userId":"$user","type":"$other","provider":"$provider","providerAccountId":"$account","scope":"$other","expires_at":"$other"}]"#,
    ),
    ("auth.createSession", r#"[{"sessionToken":"$session","userId":"$user","expires":"$other"}]"#),
    ("auth.updateSession", r#"[{"sessionToken":"$session","userId":"$user","expires":"$other"}]"#),
    (
        "auth.createVerificationToken",
        r#"[{"identifier":"$email","token":"$token","expires":"$other"}]"#,
    ),
    (
        "auth.createAuthenticator",
        r#"[{"credentialID":"$credential","userId":"$user","providerAccountId":"$account","credentialPublicKey":"$other","counter":"$other","credentialDeviceType":"$other","credentialBackedUp":"$other","transports":"$other"}]"#,
    ),
    ("auth.updateAuthenticatorCounter", r#"["$credential","$other"]"#),
    ("auth.listAuthenticatorsByUserId", r#"["$user"]"#),
];

/// What the world's user has in each place.
const OWN: &[(&str, &str)] = &[
    ("$session", "s0"),
    ("$provider", "github"),
    ("$account", "1"),
    ("$user", "u0"),
    ("$email", "will@globe.example"),
    ("$token", "v0"),
    ("$credential", "w0"),
];

/// The one place that says less when it is left out.
const MAY_BE_ABSENT: (&str, &str) = ("auth.useVerificationToken", "$email");

/// What may come in place of it; the first is that nothing does.
fn strange(choice: usize) -> Option<Value> {
    let all = [
        Value::Null,
        json!(true),
        json!(0),
        json!(1),
        json!(-1.5e300),
        json!(""),
        json!(" s0"),
        json!("s0\u{0}"),
        json!("S0"),
        json!("u9"),
        json!("sha256:s0"),
        json!("__proto__"),
        json!("2099-01-01T00:00:00.000Z"),
        json!([]),
        json!(["s0"]),
        json!([["u0"]]),
        json!({}),
        json!({ "not": "" }),
        json!({ "contains": "" }),
        json!({ "$ne": null }),
        json!({ "toString": "s0", "length": 2 }),
        json!("x".repeat(5_000)),
    ];
    choice.checked_sub(1).map(|at| all[at % all.len()].clone())
}

/// A byte for which call, then one for each place: a low one gives it what the user has. Whoever has not
/// the right thing in each place is nobody, and gets an error or null; whoever has is known.
pub fn adapter(bytes: &[u8]) {
    let Some((first, places)) = bytes.split_first() else { return };
    let which = usize::from(*first) % (KNOWING.len() + MAKING.len());
    let knows = which < KNOWING.len();
    let (name, template) = KNOWING.iter().chain(MAKING).nth(which).expect("it is one of them");
    let mut filling = Filling { name, places: places.iter(), all_right: true };
    let template: Value = serde_json::from_str(template).expect("a template");
    let args = filling.fill(&template).unwrap_or_default().to_string();
    if knows {
        assert_eq!(is_known(name, &args), filling.all_right, "{name}({args})");
    }
    holds(name, true, &args);
}

fn is_known(name: &str, args: &str) -> bool {
    let answer = ask(&open(&at_rest()), name, args);
    answer.is_ok_and(|text| text != "null" && text != "[]")
}

struct Filling<'a> {
    name: &'a str,
    places: std::slice::Iter<'a, u8>,
    /// Has each place what the user has?
    all_right: bool,
}

impl Filling<'_> {
    /// A template with something in each place; `None` for what is left out.
    fn fill(&mut self, template: &Value) -> Option<Value> {
        match template {
            Value::Array(items) => {
                let fill = |item| self.fill(item).unwrap_or_default();
                Some(Value::Array(items.iter().map(fill).collect()))
            }
            Value::Object(map) => {
                let filled =
                    map.iter().filter_map(|(key, value)| Some((key.clone(), self.fill(value)?)));
                Some(Value::Object(filled.collect::<Map<_, _>>()))
            }
            Value::String(place) if place.starts_with('$') => self.place(place),
            other => Some(other.clone()),
        }
    }

    fn place(&mut self, place: &str) -> Option<Value> {
        let choice = usize::from(self.places.next().copied().unwrap_or_default());
        let own = OWN.iter().find(|(name, _)| *name == place).map(|(_, own)| json!(own));
        if let Some(own) = own.clone().filter(|_| choice < 64) {
            return Some(own);
        }
        let value = strange(choice % 64);
        // A number is a provider's id too, and an address is one in any case of its letters.
        let right = match &value {
            Some(value) => Some(value) == own.as_ref() || (place == "$account" && *value == 1),
            None => (self.name, place) == MAY_BE_ABSENT,
        };
        self.all_right &= right;
        value
    }
}
