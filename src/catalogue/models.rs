//! Every built-in model, one line a field, and nothing else.

use super::declare::{
    directory, document, flag, id, integer, json, json_object, link, links, model, object, objects,
    one_of, rows, text, time,
};
use super::types::{Field, Model, ModelId, OnDelete, Place, Sealing, Times};
use OnDelete::{Cascade, NoAction, Restrict, SetNull};
use Sealing::{Asked, Parts};

/// Numbers the models in the order in which they are declared.
macro_rules! models {
    ($($id:ident = $declaration:expr;)*) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Number {
            $($id,)*
        }

        $(
            #[doc = concat!("The number of the model that `", stringify!($id), "` declares.")]
            pub const $id: ModelId = ModelId(Number::$id as u16);
        )*

        /// Every built-in model, in the order of the numbers.
        pub(super) fn all() -> Vec<Model> {
            vec![$({
                let declared: Model = $declaration;
                declared.finished()
            }),*]
        }
    };
}

const LLM_PROVIDERS: &[&str] = &[
    "OPENAI",
    "ANTHROPIC",
    "OLLAMA",
    "OPENROUTER",
    "OPENAI_COMPATIBLE",
    "GROK",
    "GAB_AI",
    "GOOGLE",
];

fn owned_by_user() -> Field {
    link("userId", USER, Cascade).doc("Whose it is.")
}

fn tags() -> Field {
    links("tags", TAG, SetNull).doc("Ids of tags; a tag that goes is taken out.")
}

/// What the rows that once joined a tag and its owner held besides the two ids.
fn tag_links() -> Field {
    let fields =
        vec![id("id").opt().indexed(), link("tagId", TAG, SetNull), time("createdAt").opt()];
    objects("tagLinks", fields).opt().doc("What a join row of the app's old database held.")
}

fn sealed(name: &str, more: Vec<Field>) -> Field {
    let mut fields = vec![text("ciphertext").opt(), text("iv").opt(), text("authTag").opt()];
    fields.extend(more);
    object(name, fields).opt().sealed(Parts)
}

models! {
    USER = model("User", "users", Place::Owner {
        first: "settings/general.json".into(), dir: "settings/users".into(), key: "user".into(),
    }, vec![
        text("email").doc("Unique, compared without case."),
        text("name").opt(),
        text("image").opt(),
        time("emailVerified").opt(),
        text("passwordHash").opt().private(),
        sealed("totp", vec![flag("enabled").default("false"), time("verifiedAt").opt()])
            .doc("The sealed secret of one-time passwords."),
        sealed("backupCodes", vec![time("createdAt").opt()]).doc("The sealed backup codes."),
    ]).unique(&["email"]).caseless().doc("A person who can sign in; the first one owns the store.");

    CHAT_SETTINGS = model("ChatSettings", "chatSettings", Place::Beside {
        of: USER, by: "userId".into(), key: "chatSettings".into(),
    }, vec![
        owned_by_user(),
        one_of("avatarDisplayMode", &["ALWAYS", "GROUP_ONLY", "NEVER"]).default("\"ALWAYS\""),
        text("avatarDisplayStyle").default("\"CIRCULAR\""),
    ]).unique(&["userId"]).doc("How a user's chats look; one per user, made with it.");

    ACCOUNT = model("Account", "accounts", document("auth/accounts.json", "accounts"), vec![
        owned_by_user(),
        text("type"),
        text("provider").lets_in(),
        text("providerAccountId").lets_in(),
        text("refresh_token").opt().sealed(Asked),
        text("access_token").opt().sealed(Asked),
        integer("expires_at").opt().doc("Seconds since 1970."),
        text("token_type").opt(),
        text("scope").opt(),
        text("id_token").opt().sealed(Asked),
        text("session_state").opt(),
        text("oauth_token").opt().sealed(Asked),
        text("oauth_token_secret").opt().sealed(Asked),
        text("password").opt().private().doc("The hash of a password, in an account of Better Auth's."),
        time("accessTokenExpiresAt").opt().doc("`expires_at` to the millisecond, as Better Auth has it."),
        time("refreshTokenExpiresAt").opt(),
        time("createdAt").opt().doc("Better Auth's."),
        time("updatedAt").opt().doc("Better Auth's."),
    ]).times(Times::None).unique(&["provider", "providerAccountId"])
        .doc("A user's account at an OAuth or OpenID provider.");

    SESSION = model("Session", "sessions", rows("auth/sessions.jsonl"), vec![
        text("sessionToken").private().lets_in(),
        owned_by_user(),
        time("expires"),
        text("ipAddress").opt().doc("Better Auth's."),
        text("userAgent").opt().doc("Better Auth's."),
        time("createdAt").opt().doc("Better Auth's."),
        time("updatedAt").opt().doc("Better Auth's."),
    ]).times(Times::None).unique(&["sessionToken"]).doc("A signed-in browser.");

    VERIFICATION_TOKEN = model("VerificationToken", "verificationTokens",
        rows("auth/verification-tokens.jsonl"), vec![
        text("identifier").lets_in(),
        text("token").private().lets_in(),
        time("expires"),
    ]).keyed_by("token").times(Times::None).unique(&["identifier", "token"])
        .doc("A one-time token for signing in by e-mail.");

    VERIFICATION = model("Verification", "verifications", rows("auth/verifications.jsonl"), vec![
        text("identifier"),
        text("value").private(),
        time("expiresAt"),
    ]).sorted(&["identifier"], &["createdAt"])
        .doc("What Better Auth waits for: a code, a token, the state of a sign-in.");

    AUTHENTICATOR = model("Authenticator", "authenticators",
        document("auth/authenticators.json", "authenticators"), vec![
        text("credentialID").lets_in(),
        owned_by_user(),
        text("providerAccountId"),
        text("credentialPublicKey"),
        integer("counter"),
        text("credentialDeviceType"),
        flag("credentialBackedUp"),
        text("transports").opt(),
    ]).times(Times::None).unique(&["credentialID"]).doc("A WebAuthn credential.");

    API_KEY = model("ApiKey", "apiKeys",
        document("settings/connection-profiles.json", "apiKeys"), vec![
        owned_by_user(),
        one_of("provider", LLM_PROVIDERS).binding(),
        text("label"),
        text("ciphertext").private(),
        text("iv").private(),
        text("authTag").private(),
        flag("isActive").default("true"),
        time("lastUsed").opt(),
    ]).sealed_as("key").doc("A sealed key for a model provider.");

    CONNECTION_PROFILE = model("ConnectionProfile", "connections",
        document("settings/connection-profiles.json", "llmProfiles"), vec![
        owned_by_user(),
        text("name"),
        one_of("provider", LLM_PROVIDERS),
        link("apiKeyId", API_KEY, SetNull).opt(),
        text("baseUrl").opt(),
        text("modelName"),
        json("parameters").default("{}"),
        flag("isDefault").default("false"),
        tags(),
        tag_links(),
    ]).doc("How to reach a language model.");

    IMAGE_PROFILE = model("ImageProfile", "imageProfiles",
        document("image-profiles/image-profiles.json", "profiles"), vec![
        owned_by_user(),
        text("name"),
        one_of("provider", &["OPENAI", "GROK", "GOOGLE_IMAGEN"]),
        link("apiKeyId", API_KEY, SetNull).opt(),
        text("baseUrl").opt(),
        text("modelName"),
        json("parameters").default("{}"),
        flag("isDefault").default("false"),
        tags(),
        tag_links(),
    ]).unique(&["userId", "name"]).doc("How to reach a model that makes images.");

    CHARACTER = model("Character", "characters", directory("characters"), vec![
        owned_by_user(),
        text("name"),
        text("title").opt(),
        text("description"),
        text("personality"),
        text("scenario"),
        text("firstMessage"),
        text("exampleDialogues").opt(),
        text("systemPrompt").opt(),
        text("avatarUrl").opt(),
        link("defaultImageId", BINARY, SetNull).opt(),
        json("sillyTavernData").opt(),
        flag("isFavorite").default("false"),
        objects("personaLinks", vec![
            link("personaId", PERSONA, Cascade),
            flag("isDefault").default("false"),
        ]).default("[]").one_per("personaId").doc("The personas that go with it."),
        tags(),
        tag_links(),
        objects("avatarOverrides", vec![
            id("id").filled().indexed(),
            link("chatId", CHAT, Cascade),
            link("imageId", BINARY, Cascade),
            time("createdAt").filled(),
        ]).default("[]").one_per("chatId").doc("Its avatar in single chats."),
    ]).mirror(&["personaLinks", "personaId"], PERSONA, "characterLinks")
        .sorted(&["userId"], &["updatedAt", "name"])
        .sorted(&[], &["updatedAt"])
        .doc("Somebody to chat with.");

    PERSONA = model("Persona", "personas", directory("personas"), vec![
        owned_by_user(),
        text("name"),
        text("title").opt(),
        text("description"),
        text("personalityTraits").opt(),
        text("avatarUrl").opt(),
        link("defaultImageId", BINARY, SetNull).opt(),
        json("sillyTavernData").opt(),
        links("characterLinks", CHARACTER, Cascade)
            .doc("The characters that it goes with; the reverse of their personaLinks."),
        tags(),
        tag_links(),
    ]).sorted(&["userId"], &["updatedAt", "name"]).doc("Who the user is in a chat.");

    CHAT = model("Chat", "chats", rows("chats/index.jsonl"), vec![
        owned_by_user(),
        link("characterId", CHARACTER, Cascade),
        link("personaId", PERSONA, SetNull).opt(),
        link("connectionProfileId", CONNECTION_PROFILE, Restrict),
        link("imageProfileId", IMAGE_PROFILE, SetNull).opt(),
        text("title"),
        text("contextSummary").opt(),
        json("sillyTavernMetadata").opt(),
        tags(),
        tag_links(),
        integer("messageCount").default("0").derived().doc("How many messages its log holds."),
        time("lastMessageAt").opt().derived().doc("The latest time of a message in its log."),
    ]).sorted(&["userId"], &["updatedAt", "lastMessageAt"])
        .sorted(&[], &["updatedAt"])
        .doc("A conversation with a character.");

    MESSAGE = model("Message", "messages", Place::Log {
        dir: "chats".into(), owner: CHAT, owner_field: "chatId".into(), schema: "chats/log".into(),
    }, vec![
        id("id").doc("The message's key; a UUID v4 when the store makes it."),
        one_of("type", &["message"]).default("\"message\"").doc("Always `message`; events of other types are free."),
        one_of("role", &["SYSTEM", "USER", "ASSISTANT", "TOOL"]),
        text("content"),
        json("rawResponse").opt(),
        integer("tokenCount").opt(),
        text("swipeGroupId").opt().doc("Alternative answers share it."),
        integer("swipeIndex").opt(),
        links("attachments", BINARY, NoAction)
            .doc("Ids of images and files; kept when one goes, for a log is not rewritten for that."),
    ]).times(Times::Created).counted("message", "messageCount", "lastMessageAt")
        .doc("What somebody said in a chat.");

    BINARY = model("Binary", "images", rows("binaries/index.jsonl"), vec![
        owned_by_user(),
        text("sha256").opt().indexed().doc("Without it the bytes are not in the store."),
        one_of("type", &["image", "chat_file", "avatar"]),
        text("filename"),
        text("relativePath"),
        text("mimeType"),
        integer("size").doc("Bytes."),
        integer("width").opt().doc("Pixels."),
        integer("height").opt().doc("Pixels."),
        text("url").opt(),
        one_of("source", &["upload", "import", "generated"]).default("\"upload\""),
        text("generationPrompt").opt(),
        text("generationModel").opt(),
        link("chatId", CHAT, Cascade).opt(),
        link("messageId", MESSAGE, SetNull).opt(),
        link("characterId", CHARACTER, NoAction).opt().doc("Kept when the character goes."),
        flag("sentToProvider").default("false"),
        text("providerError").opt(),
        links("tags", TAG, SetNull)
            .unchecked()
            .doc("Ids of tags, or of the characters, personas, chats and themes it is tagged with."),
        objects("tagLinks", vec![
            id("id").opt().indexed(),
            one_of("tagType", &["CHARACTER", "PERSONA", "CHAT", "THEME"]).opt(),
            link("tagId", TAG, SetNull).unchecked(),
            time("createdAt").opt(),
        ]).opt().doc("What a join row of the app's old database held."),
    ]).payload("binaries", "sha256")
        .doc("An image or a file: its row; the payload lies under its SHA-256.");

    TAG = model("Tag", "tags", document("tags/tags.json", "tags"), vec![
        owned_by_user(),
        text("name"),
        text("nameLower").lower_case_of("name").doc("The name in lower case, unless given."),
    ]).unique(&["userId", "nameLower"]).sorted(&["userId"], &["name"]).doc("A label for anything.");

    SETTINGS = model("Settings", "settings", Place::Single {
        file: "settings/general.json".into(),
    }, vec![
        json_object("encryption").opt().private().doc("How the secrets are sealed; never a key."),
        json_object("flags").default("{}").doc("Onboarding step, telemetry opt-in and the like."),
    ]).doc("What belongs to the whole store.");

    DECLARATION = model("Declaration", "declarations",
        document("settings/collections.json", "collections"), vec![
        id("id").doc("The name of a collection of the app's own, or of a built-in model."),
        text("model").opt(),
        text("description").opt(),
        text("file").opt().doc("Where its records are; none for fields of a built-in model."),
        text("key").opt(),
        json_object("fields"),
    ]).times(Times::None).doc("What an app declared besides the built-in models.");
}
