//! Sealing: a clear text becomes one that only this store can open, and only at its place.
//!
//! | | as | bound to |
//! | --- | --- | --- |
//! | field | `ciphertext` `qts1.<key id>.<base64 of salt, ciphertext>`, `iv` and `authTag` in base64 | model, record, field |
//! | text | `qts1.<key id>.<base64 of salt, nonce, ciphertext, tag>` | model, record, field |
//! | JSON | the same | what the caller says |
//! | buffer | `qts1`, key id (16 bytes), salt, nonce, ciphertext, tag | what the caller says |
//!
//! All are also bound to their kind, the format's version, the store and the data key. The key id
//! rides along, so that what is sealed under an old key can be opened, during a rotation and after.
//!
//! Each value has an AES-256-GCM key of its own, by HKDF from the data key, 16 random bytes of salt
//! and everything it is bound to; the nonce is random too. So no number of values comes near the
//! 2³² of SP 800-38D, and nothing has to be counted.

use uuid::Uuid;

use super::aead::{self, NONCE_LEN, TAG_LEN, bind};
use super::fields::{decode, encode};
use super::keyring::Keyring;
use super::secret::{Secret, random};
use crate::error::{Code, Error, Result};

const SALT_LEN: usize = 16;
const MARK: &str = "qts";
const VERSION: &str = "1";
const BUFFER_HEAD: &[u8; 4] = b"qts1";
const ID_LEN: usize = 16;

/// Where a field of a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// What it is a record of, by a name that never changes.
    pub model: &'a str,
    /// The record's id. It appears in no error, since that of a session is a token.
    pub id: &'a str,
    /// The field's path.
    pub field: &'a str,
}

/// A sealed field, as it stands in its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedField {
    /// Version, key id, and the ciphertext in base64.
    pub ciphertext: String,
    /// The nonce, in base64.
    pub iv: String,
    /// The tag, in base64.
    pub auth_tag: String,
}

/// Is this a text that some version of the store has sealed? Tells it from clear text and from what
/// an app sealed itself; says nothing about its being genuine.
pub fn is_sealed(text: &str) -> bool {
    let rest = text.strip_prefix(MARK).and_then(|rest| rest.split_once('.'));
    rest.is_some_and(|(digits, _)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The id of the data key of a sealed text, or of the `ciphertext` of a field; `None` for what this
/// version has not sealed.
pub fn key_id_of(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(MARK)?.strip_prefix(VERSION)?.strip_prefix('.')?;
    rest.split_once('.').map(|(id, _)| id)
}

/// What a value is and where it belongs.
struct Home<'a> {
    kind: &'a str,
    parts: &'a [&'a [u8]],
    /// For errors.
    name: String,
}

/// What AES-GCM gives and needs.
struct Message {
    salt: [u8; SALT_LEN],
    nonce: [u8; NONCE_LEN],
    text: Vec<u8>,
    tag: [u8; TAG_LEN],
}

impl Keyring {
    /// Seals a field into its three parts.
    ///
    /// # Errors
    /// `IO` without random numbers; `TOO_LARGE` over 64 GiB.
    pub fn seal_field(&self, place: &Place<'_>, clear: &[u8]) -> Result<SealedField> {
        let sealed = self.seal(&place.home("quilltap field", &place.parts()), clear)?;
        let text = [sealed.salt.as_slice(), &sealed.text].concat();
        Ok(SealedField {
            ciphertext: self.headed(&text),
            iv: encode(&sealed.nonce),
            auth_tag: encode(&sealed.tag),
        })
    }

    /// Opens a field.
    ///
    /// # Errors
    /// `TAMPERED` for anything but what was sealed here; `UNSUPPORTED_VERSION` for a later version's.
    pub fn open_field(
        &self,
        place: &Place<'_>,
        ciphertext: &str,
        iv: &str,
        auth_tag: &str,
    ) -> Result<Secret> {
        let parts = place.parts();
        let home = place.home("quilltap field", &parts);
        let (key_id, text) = home.head(ciphertext)?;
        let message = || {
            let all = decode(text)?;
            let (salt, text) = all.split_first_chunk()?;
            let nonce = decode(iv)?.try_into().ok()?;
            let tag = decode(auth_tag)?.try_into().ok()?;
            Some(Message { salt: *salt, nonce, text: text.to_vec(), tag })
        };
        self.open(&home, key_id, message())
    }

    /// Seals a field into one text.
    ///
    /// # Errors
    /// As [`Keyring::seal_field`].
    pub fn seal_text(&self, place: &Place<'_>, clear: &[u8]) -> Result<String> {
        self.seal_whole(&place.home("quilltap text", &place.parts()), clear)
    }

    /// Opens a field that is one text.
    ///
    /// # Errors
    /// As [`Keyring::open_field`].
    pub fn open_text(&self, place: &Place<'_>, sealed: &str) -> Result<Secret> {
        self.open_whole(&place.home("quilltap text", &place.parts()), sealed)
    }

    /// Seals a JSON text for whoever opens it with the same context.
    ///
    /// # Errors
    /// As [`Keyring::seal_field`].
    pub fn seal_json(&self, context: &[u8], json: &str) -> Result<String> {
        self.seal_whole(&of_caller("quilltap json", &[context]), json.as_bytes())
    }

    /// Opens a JSON text.
    ///
    /// # Errors
    /// As [`Keyring::open_field`].
    pub fn open_json(&self, context: &[u8], sealed: &str) -> Result<Secret> {
        self.open_whole(&of_caller("quilltap json", &[context]), sealed)
    }

    /// Seals bytes for whoever opens them with the same context.
    ///
    /// # Errors
    /// As [`Keyring::seal_field`].
    pub fn seal_buffer(&self, context: &[u8], clear: &[u8]) -> Result<Vec<u8>> {
        let sealed = self.seal(&of_caller("quilltap buffer", &[context]), clear)?;
        let id = Uuid::parse_str(self.envelope().current_key_id()).unwrap_or_default();
        Ok([BUFFER_HEAD.as_slice(), id.as_bytes(), &sealed.whole()].concat())
    }

    /// Opens bytes.
    ///
    /// # Errors
    /// As [`Keyring::open_field`].
    pub fn open_buffer(&self, context: &[u8], sealed: &[u8]) -> Result<Secret> {
        let parts = [context];
        let home = of_caller("quilltap buffer", &parts);
        let Some(rest) = sealed.strip_prefix(BUFFER_HEAD) else {
            let other = sealed.starts_with(MARK.as_bytes())
                && sealed.get(MARK.len()).is_some_and(u8::is_ascii_digit);
            return Err(if other { home.of_later_version() } else { home.not_as_sealed() });
        };
        let (id, whole) = rest.split_first_chunk::<ID_LEN>().ok_or_else(|| home.not_as_sealed())?;
        self.open(&home, &Uuid::from_bytes(*id).to_string(), Message::of_whole(whole))
    }

    fn seal_whole(&self, home: &Home<'_>, clear: &[u8]) -> Result<String> {
        Ok(self.headed(&self.seal(home, clear)?.whole()))
    }

    fn open_whole(&self, home: &Home<'_>, sealed: &str) -> Result<Secret> {
        let (key_id, text) = home.head(sealed)?;
        self.open(home, key_id, decode(text).and_then(|whole| Message::of_whole(&whole)))
    }

    fn headed(&self, bytes: &[u8]) -> String {
        format!("{MARK}{VERSION}.{}.{}", self.envelope().current_key_id(), encode(bytes))
    }

    fn seal(&self, home: &Home<'_>, clear: &[u8]) -> Result<Message> {
        let (salt, nonce) = (random()?, random()?);
        let key_id = self.envelope().current_key_id();
        let bound = home.bound(self.envelope().store_id(), key_id);
        let key = self.value_key(key_id, &salt, &bound).ok_or_else(|| home.no_such_key())?;
        // Encrypted where it stands: no copy of the clear text is left behind.
        let mut text = clear.to_vec();
        let tag = aead::encrypt(&key, &nonce, &bound, &mut text)?;
        Ok(Message { salt, nonce, text, tag })
    }

    fn open(&self, home: &Home<'_>, key_id: &str, message: Option<Message>) -> Result<Secret> {
        let Message { salt, nonce, text, tag } = message.ok_or_else(|| home.not_as_sealed())?;
        let bound = home.bound(self.envelope().store_id(), key_id);
        let key = self.value_key(key_id, &salt, &bound).ok_or_else(|| home.no_such_key())?;
        let mut clear = Secret::copy_of(&text);
        aead::decrypt(&key, &nonce, &bound, clear.expose_mut(), &tag)
            .map_err(|aead::Rejected| home.not_as_sealed())?;
        Ok(clear)
    }

    fn value_key(&self, key_id: &str, salt: &[u8], bound: &[u8]) -> Option<aead::ShortKey> {
        self.key(key_id).map(|key| aead::derive(key.expose(), salt, bound))
    }
}

impl Message {
    fn whole(&self) -> Vec<u8> {
        [self.salt.as_slice(), &self.nonce, &self.text, &self.tag].concat()
    }

    fn of_whole(whole: &[u8]) -> Option<Message> {
        let (salt, rest) = whole.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (text, tag) = rest.split_last_chunk()?;
        Some(Message { salt: *salt, nonce: *nonce, text: text.to_vec(), tag: *tag })
    }
}

impl Place<'_> {
    fn parts(&self) -> [&[u8]; 3] {
        [self.model.as_bytes(), self.id.as_bytes(), self.field.as_bytes()]
    }

    fn home<'a>(&self, kind: &'a str, parts: &'a [&'a [u8]]) -> Home<'a> {
        Home { kind, parts, name: format!("the secret {}.{}", self.model, self.field) }
    }
}

fn of_caller<'a>(kind: &'a str, parts: &'a [&'a [u8]]) -> Home<'a> {
    Home { kind, parts, name: "the sealed value".to_owned() }
}

impl Home<'_> {
    fn bound(&self, store_id: &str, key_id: &str) -> Vec<u8> {
        let mut all: Vec<&[u8]> =
            vec![self.kind.as_bytes(), VERSION.as_bytes(), store_id.as_bytes(), key_id.as_bytes()];
        all.extend(self.parts);
        bind(&all)
    }

    /// The key id, and what follows it.
    fn head<'t>(&self, sealed: &'t str) -> Result<(&'t str, &'t str)> {
        let Some(key_id) = key_id_of(sealed) else {
            let later = is_sealed(sealed) && !sealed.starts_with("qts1.");
            return Err(if later { self.of_later_version() } else { self.not_as_sealed() });
        };
        let start = MARK.len() + VERSION.len() + 1 + key_id.len() + 1;
        Ok((key_id, &sealed[start..]))
    }

    fn not_as_sealed(&self) -> Error {
        let why = "is not as it was sealed here: it was edited, cut or moved, or is from elsewhere; \
                   set it anew or restore it from a backup";
        Error::new(Code::Tampered, format!("{} {why}", self.name))
    }

    fn no_such_key(&self) -> Error {
        let why = "is sealed under a key that this store does not have: it is from another store or \
                   was edited; set it anew or restore it from a backup";
        Error::new(Code::Tampered, format!("{} {why}", self.name))
    }

    fn of_later_version(&self) -> Error {
        let why = "was sealed by a later version of quilltap-store; use that";
        Error::new(Code::UnsupportedVersion, format!("{} {why}", self.name))
    }
}
