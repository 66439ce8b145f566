//! The 23 models of the app's Prisma schema, as tables over the catalogue, and nothing else.
//!
//! A column's type, default and nullability, unique fields and what a deletion leads to are those
//! of the catalogue's field; here stands only where a table and its fields are, and what differs.

use super::declare::{Draft, EnumDraft, entries, enumeration, log, records};
use crate::catalogue::ModelId;
use crate::catalogue::models::{
    ACCOUNT, API_KEY, BINARY, CHARACTER, CHAT, CHAT_SETTINGS, CONNECTION_PROFILE, IMAGE_PROFILE,
    MESSAGE, PERSONA, SESSION, TAG, USER, VERIFICATION_TOKEN,
};

/// The enumerations, in the order of the app's schema.
pub(super) fn enums() -> Vec<EnumDraft> {
    vec![
        enumeration("Provider", API_KEY, "provider").without("GOOGLE"),
        enumeration("ImageProvider", IMAGE_PROFILE, "provider"),
        enumeration("Role", MESSAGE, "role"),
        enumeration("ImageTagType", BINARY, "tagLinks.tagType"),
        enumeration("AvatarDisplayMode", CHAT_SETTINGS, "avatarDisplayMode"),
    ]
}

/// A join row of a tag and what has it: an id in `tags`, with the rest beside it in `tagLinks`.
fn tag_rows(name: &str, db_name: &str, model: ModelId, owner: &str) -> Draft {
    let id = format!("{owner}Id");
    entries(name, db_name, model, "tagLinks", &id)
        .ids("tags", "tagId")
        .columns(&format!("id {id} tagId createdAt"))
        .unique(&format!("{id} tagId"))
}

/// The tables, in the order of the app's schema.
pub(super) fn tables() -> Vec<Draft> {
    [people(), keys(), characters(), chats(), images(), tags(), image_profiles()]
        .into_iter()
        .flatten()
        .collect()
}

fn people() -> Vec<Draft> {
    vec![
        records("User", "users", USER)
            .columns("id email name image emailVerified passwordHash")
            .at("totpSecret", "totp.ciphertext")
            .at("totpSecretIv", "totp.iv")
            .at("totpSecretAuthTag", "totp.authTag")
            .at("totpEnabled", "totp.enabled")
            .at("totpVerifiedAt", "totp.verifiedAt")
            .at("backupCodes", "backupCodes.ciphertext")
            .at("backupCodesIv", "backupCodes.iv")
            .at("backupCodesAuthTag", "backupCodes.authTag")
            .columns("createdAt updatedAt")
            .many("accounts", "Account")
            .many("sessions", "Session")
            .many("apiKeys", "ApiKey")
            .many("profiles", "ConnectionProfile")
            .many("imageProfiles", "ImageProfile")
            .many("characters", "Character")
            .many("personas", "Persona")
            .many("chats", "Chat")
            .many("images", "Image")
            .many("tags", "Tag")
            .maybe("chatSettings", "ChatSettings"),
        records("ChatSettings", "chat_settings", CHAT_SETTINGS)
            .columns("id userId avatarDisplayMode avatarDisplayStyle createdAt updatedAt")
            .one("user", "User", "userId"),
        records("Account", "accounts", ACCOUNT)
            .columns("id userId type provider providerAccountId refresh_token access_token")
            .columns("expires_at token_type scope id_token session_state")
            .one("user", "User", "userId"),
        records("Session", "sessions", SESSION)
            .columns("id sessionToken userId expires")
            .one("user", "User", "userId"),
        records("VerificationToken", "verification_tokens", VERIFICATION_TOKEN)
            .columns("identifier token expires"),
    ]
}

fn keys() -> Vec<Draft> {
    vec![
        records("ApiKey", "api_keys", API_KEY)
            .columns("id userId provider label")
            .at("keyEncrypted", "ciphertext")
            .at("keyIv", "iv")
            .at("keyAuthTag", "authTag")
            .columns("isActive lastUsed createdAt updatedAt")
            .one("user", "User", "userId")
            .many("profiles", "ConnectionProfile")
            .many("imageProfiles", "ImageProfile"),
        records("ConnectionProfile", "connection_profiles", CONNECTION_PROFILE)
            .columns("id userId name provider apiKeyId baseUrl modelName parameters isDefault")
            .columns("createdAt updatedAt")
            .one("user", "User", "userId")
            .one("apiKey", "ApiKey", "apiKeyId")
            .many("chats", "Chat")
            .many("tags", "ConnectionProfileTag"),
    ]
}

fn characters() -> Vec<Draft> {
    vec![
        records("Character", "characters", CHARACTER)
            .columns("id userId name title description personality scenario firstMessage")
            .columns("exampleDialogues systemPrompt avatarUrl defaultImageId sillyTavernData")
            .columns("isFavorite createdAt updatedAt")
            .one("user", "User", "userId")
            .one("defaultImage", "Image", "defaultImageId")
            .named("CharacterDefaultImage")
            .many("chats", "Chat")
            .many("personas", "CharacterPersona")
            .many("chatAvatarOverrides", "ChatAvatarOverride")
            .many("tags", "CharacterTag"),
        records("Persona", "personas", PERSONA)
            .columns("id userId name title description personalityTraits avatarUrl")
            .columns("defaultImageId sillyTavernData createdAt updatedAt")
            .one("user", "User", "userId")
            .one("defaultImage", "Image", "defaultImageId")
            .named("PersonaDefaultImage")
            .many("characters", "CharacterPersona")
            .many("chats", "Chat")
            .many("tags", "PersonaTag"),
        entries("CharacterPersona", "character_personas", CHARACTER, "personaLinks", "characterId")
            .columns("characterId personaId isDefault")
            .id("characterId personaId")
            .one("character", "Character", "characterId")
            .one("persona", "Persona", "personaId"),
    ]
}

fn chats() -> Vec<Draft> {
    vec![
        records("Chat", "chats", CHAT)
            .columns("id userId characterId personaId connectionProfileId imageProfileId title")
            .columns("contextSummary sillyTavernMetadata createdAt updatedAt")
            .one("user", "User", "userId")
            .one("character", "Character", "characterId")
            .one("persona", "Persona", "personaId")
            .one("connectionProfile", "ConnectionProfile", "connectionProfileId")
            .one("imageProfile", "ImageProfile", "imageProfileId")
            .many("messages", "Message")
            .many("files", "ChatFile")
            .many("avatarOverrides", "ChatAvatarOverride")
            .many("tags", "ChatTag"),
        log("Message", "messages", MESSAGE, "chatId")
            .columns("id chatId role content rawResponse tokenCount swipeGroupId swipeIndex")
            .columns("createdAt")
            .one("chat", "Chat", "chatId")
            .many("attachments", "ChatFile"),
        records("ChatFile", "chat_files", BINARY)
            .only("type", "chat_file")
            .inherits("userId", "chatId")
            .columns("id chatId messageId filename")
            .at("filepath", "relativePath")
            .columns("mimeType size width height sentToProvider providerError createdAt")
            .not_null("chatId")
            .one("chat", "Chat", "chatId")
            .one("message", "Message", "messageId"),
    ]
}

fn images() -> Vec<Draft> {
    vec![
        records("Image", "images", BINARY)
            .only("type", "image avatar")
            .columns("id userId filename")
            .at("filepath", "relativePath")
            .columns("url mimeType size width height source generationPrompt generationModel")
            .columns("createdAt updatedAt")
            .plain_text("source")
            .one("user", "User", "userId")
            .many("tags", "ImageTag")
            .many("charactersUsingAsDefault", "Character")
            .many("personasUsingAsDefault", "Persona")
            .many("chatAvatarOverrides", "ChatAvatarOverride"),
        entries("ImageTag", "image_tags", BINARY, "tagLinks", "imageId")
            .ids("tags", "tagId")
            .columns("id imageId tagType tagId createdAt")
            .not_null("tagType")
            .unique("imageId tagType tagId")
            .one("image", "Image", "imageId"),
        entries(
            "ChatAvatarOverride",
            "chat_avatar_overrides",
            CHARACTER,
            "avatarOverrides",
            "characterId",
        )
        .columns("id chatId characterId imageId createdAt")
        .unique("chatId characterId")
        .one("chat", "Chat", "chatId")
        .one("character", "Character", "characterId")
        .one("image", "Image", "imageId"),
    ]
}

fn tags() -> Vec<Draft> {
    vec![
        records("Tag", "tags", TAG)
            .columns("id userId name nameLower createdAt updatedAt")
            .not_null("nameLower")
            .one("user", "User", "userId")
            .many("characterTags", "CharacterTag")
            .many("personaTags", "PersonaTag")
            .many("chatTags", "ChatTag")
            .many("connectionProfileTags", "ConnectionProfileTag")
            .many("imageProfileTags", "ImageProfileTag"),
        tag_rows("CharacterTag", "character_tags", CHARACTER, "character")
            .one("character", "Character", "characterId")
            .one("tag", "Tag", "tagId"),
        tag_rows("PersonaTag", "persona_tags", PERSONA, "persona")
            .one("persona", "Persona", "personaId")
            .one("tag", "Tag", "tagId"),
        tag_rows("ChatTag", "chat_tags", CHAT, "chat")
            .one("chat", "Chat", "chatId")
            .one("tag", "Tag", "tagId"),
        tag_rows(
            "ConnectionProfileTag",
            "connection_profile_tags",
            CONNECTION_PROFILE,
            "connectionProfile",
        )
        .one("connectionProfile", "ConnectionProfile", "connectionProfileId")
        .one("tag", "Tag", "tagId"),
    ]
}

fn image_profiles() -> Vec<Draft> {
    vec![
        records("ImageProfile", "image_profiles", IMAGE_PROFILE)
            .columns("id userId name provider apiKeyId baseUrl modelName parameters isDefault")
            .columns("createdAt updatedAt")
            .one("user", "User", "userId")
            .one("apiKey", "ApiKey", "apiKeyId")
            .many("tags", "ImageProfileTag")
            .many("chats", "Chat"),
        tag_rows("ImageProfileTag", "image_profile_tags", IMAGE_PROFILE, "imageProfile")
            .one("imageProfile", "ImageProfile", "imageProfileId")
            .one("tag", "Tag", "tagId"),
    ]
}
