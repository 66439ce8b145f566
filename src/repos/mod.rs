//! The calls: what a user of the store can ask and change.
//!
//! Each is one function over a view or a transaction, declared in the table of its repository.
//! This room must not know of files, nor of JavaScript.

mod args;
mod characters;
mod chats;
mod connections;
mod documentation;
pub(crate) mod follow;
mod generic;
mod image_profiles;
mod images;
mod logs;
mod param;
mod payloads;
mod personas;
mod reply;
mod sealing;
mod second_factor;
mod secrets;
mod settings;
mod step;
mod table;
mod tags;
mod users;

pub use args::Args;
pub(crate) use args::Wiped;
pub use documentation::{markdown, typescript_repositories};
pub(crate) use payloads::{derive, locate, put};
pub use reply::{Answer, Reply, Shown};
pub use step::{ChangeStep, LookStep, Step};
pub use table::Calls;
pub(crate) use table::{Call, payload, read, write};

use crate::auth;
use crate::catalogue::{ModelId, models};

/// The calls on the records of one model.
pub(crate) struct Repository {
    /// `characters`.
    pub(crate) name: &'static str,
    pub(crate) model: ModelId,
    /// Has it the calls that every repository has?
    pub(crate) generic: bool,
    pub(crate) calls: &'static [Call],
    /// One sentence for the documentation.
    pub(crate) doc: &'static str,
}

const fn repository(
    name: &'static str,
    model: ModelId,
    calls: &'static [Call],
    doc: &'static str,
) -> Repository {
    Repository { name, model, generic: true, calls, doc }
}

/// Every repository, in the order of the documentation.
pub(crate) static REPOSITORIES: &[Repository] = &[
    repository("users", models::USER, users::CALLS, "People who can sign in."),
    repository("characters", models::CHARACTER, characters::CALLS, "Whom to chat with."),
    repository("personas", models::PERSONA, personas::CALLS, "Who the user is in a chat."),
    repository("chats", models::CHAT, chats::CALLS, "Conversations and their messages."),
    repository("tags", models::TAG, tags::CALLS, "Labels."),
    repository(
        "connections",
        models::CONNECTION_PROFILE,
        connections::CALLS,
        "How to reach language models, and the keys for it.",
    ),
    repository(
        "imageProfiles",
        models::IMAGE_PROFILE,
        image_profiles::CALLS,
        "How to reach models that make images.",
    ),
    repository(
        "images",
        models::BINARY,
        images::CALLS,
        "Images and files: their rows, and the bytes that these stand for.",
    ),
    repository(
        "accounts",
        models::ACCOUNT,
        &[],
        "Accounts at OAuth providers, as the adapter keeps them.",
    ),
    repository("sessions", models::SESSION, &[], "Signed-in browsers, as the adapter keeps them."),
    repository(
        "verificationTokens",
        models::VERIFICATION_TOKEN,
        &[],
        "One-time tokens, as the adapter keeps them.",
    ),
    repository(
        "authenticators",
        models::AUTHENTICATOR,
        &[],
        "WebAuthn credentials, as the adapter keeps them.",
    ),
    Repository {
        name: "store",
        model: models::SETTINGS,
        generic: false,
        calls: settings::CALLS,
        doc: "What belongs to the whole store.",
    },
    Repository {
        name: "sealing",
        model: models::SETTINGS,
        generic: false,
        calls: sealing::CALLS,
        doc: "Sealing for the app's own use.",
    },
    Repository {
        name: "secrets",
        model: models::SETTINGS,
        generic: false,
        calls: secrets::CALLS,
        doc: "The keys of the secrets.",
    },
    Repository {
        name: "auth",
        model: models::USER,
        generic: false,
        calls: auth::CALLS,
        doc: "The adapter for NextAuth 4 and Auth.js 5: what `QuilltapAdapter` gives.",
    },
];
