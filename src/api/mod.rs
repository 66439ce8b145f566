//! The roof over the calls: the table of them all, and what is generated from it.
//!
//! From the table follow the methods in JavaScript, `index.d.ts` and `docs/api.md`.

mod documentation;
mod generated;
mod table;

pub use generated::files;
pub use table::Calls;

use crate::calls::Call;
use crate::catalogue::{ModelId, models};
use crate::error::Result;
use crate::{auth, better_auth, prisma, repos, studio};

/// The collections that Better Auth's schema brings, each with the names of its calls, as JSON.
///
/// # Errors
/// `VALIDATION` for a schema that cannot be kept.
pub fn better_auth_collections(schema: &str) -> Result<String> {
    Ok(Calls::of(&better_auth::declaration(schema)?)?.of_collections())
}

/// Prisma's `datamodel` of the tables that its client sees, as JSON.
pub fn prisma_datamodel() -> String {
    prisma::types::datamodel(prisma::description()).to_string()
}

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
    repository("users", models::USER, repos::users::CALLS, "People who can sign in."),
    repository("characters", models::CHARACTER, repos::characters::CALLS, "Whom to chat with."),
    repository("personas", models::PERSONA, repos::personas::CALLS, "Who the user is in a chat."),
    repository("chats", models::CHAT, repos::chats::CALLS, "Conversations and their messages."),
    repository("tags", models::TAG, repos::tags::CALLS, "Labels."),
    repository(
        "connections",
        models::CONNECTION_PROFILE,
        repos::connections::CALLS,
        "How to reach language models, and the keys for it.",
    ),
    repository(
        "imageProfiles",
        models::IMAGE_PROFILE,
        repos::image_profiles::CALLS,
        "How to reach models that make images.",
    ),
    repository(
        "images",
        models::BINARY,
        repos::images::CALLS,
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
        "verifications",
        models::VERIFICATION,
        &[],
        "What Better Auth waits for: codes, tokens, states of sign-ins.",
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
        calls: repos::settings::CALLS,
        doc: "What belongs to the whole store.",
    },
    Repository {
        name: "sealing",
        model: models::SETTINGS,
        generic: false,
        calls: repos::sealing::CALLS,
        doc: "Sealing for the app's own use.",
    },
    Repository {
        name: "migration",
        model: models::SETTINGS,
        generic: false,
        calls: better_auth::MIGRATION,
        doc: "From one library for sign-in to another.",
    },
    Repository {
        name: "secrets",
        model: models::SETTINGS,
        generic: false,
        calls: repos::secrets::CALLS,
        doc: "The keys of the secrets.",
    },
    Repository {
        name: "auth",
        model: models::USER,
        generic: false,
        calls: auth::CALLS,
        doc: "The adapter for NextAuth 4 and Auth.js 5: what `QuilltapAdapter` gives.",
    },
    Repository {
        name: "prisma",
        model: models::USER,
        generic: false,
        calls: prisma::CALLS,
        doc: "Prisma's client: what `quilltap-store/prisma` gives.",
    },
    Repository {
        name: "betterAuth",
        model: models::USER,
        generic: false,
        calls: better_auth::CALLS,
        doc: "Better Auth's adapter: what `quilltap-store/better-auth` gives.",
    },
    Repository {
        name: "studio",
        model: models::SETTINGS,
        generic: false,
        calls: studio::CALLS,
        doc: "The studio: what its page asks for.",
    },
];
