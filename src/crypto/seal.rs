//! Sealing: a clear text becomes one that only this store can open, and only at its place.
//!
//! | | as | bound to |
//! | --- | --- | --- |
//! | field | `ciphertext` `qts2.<key id>.<base64 of salt, ciphertext>`, `iv` and `authTag` in base64 | model, record, field, owner and use |
//! | text | `qts2.<key id>.<base64 of salt, nonce, ciphertext, tag>` | model, record, field, owner and use |
//! | JSON | `qts1.<key id>.<base64 of salt, nonce, ciphertext, tag>` | what the caller says |
//! | buffer | `qts1`, key id (16 bytes), salt, nonce, ciphertext, tag | what the caller says |
//!
//! All are also bound to their kind, the format's version, the store and the data key. The key id
//! rides along, so that what is sealed under an old key can be opened, during a rotation and after.
//!
//! A field or text of version 1 (`qts1`) was not bound to owner and use: whoever could write the files
//! could give it to another user. It opens under the data keys of that time only.
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
/// What the caller keeps.
const KEPT: &str = "1";
/// What stands in a record, and what did before owner and use were bound in.
const BOUND: &str = "2";
const UNBOUND: &str = "1";
const BUFFER_HEAD: &[u8; 4] = b"qts1";
const ID_LEN: usize = 16;

/// Where a field of a record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place<'a> {
    /// What it is a record of, by a name that never changes.
    pub model: &'a str,
    /// The record's id. It appears in no error, since that of a session is a token.
    pub id: &'a str,
    /// The field's path.
    pub field: &'a str,
    /// Whose it is and what it is used with: names of fields of the record and their values.
    pub bound: Vec<(&'a str, &'a str)>,
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
    head_of(text).map(|head| head.key_id)
}

/// Is this a text of a record that was sealed before owner and use were bound in?
pub fn is_unbound(text: &str) -> bool {
    head_of(text).is_some_and(|head| head.version == UNBOUND)
}

/// What stands before the bytes of a sealed text.
struct Head<'t> {
    version: &'t str,
    key_id: &'t str,
    rest: &'t str,
}

fn head_of(text: &str) -> Option<Head<'_>> {
    let (version, rest) = text.strip_prefix(MARK)?.split_once('.')?;
    let (key_id, rest) = rest.split_once('.')?;
    [UNBOUND, BOUND].contains(&version).then_some(Head { version, key_id, rest })
}

/// What a value is and where it belongs.
struct Home<'a> {
    kind: &'a str,
    version: &'a str,
    parts: Vec<&'a [u8]>,
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
        let home = place.home("quilltap field", BOUND);
        let sealed = self.seal(&home, clear)?;
        let text = [sealed.salt.as_slice(), &sealed.text].concat();
        Ok(SealedField {
            ciphertext: self.headed(&home, &text),
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
        let (home, head) = self.home_of(place, "quilltap field", ciphertext)?;
        let message = || {
            let all = decode(head.rest)?;
            let (salt, text) = all.split_first_chunk()?;
            let nonce = decode(iv)?.try_into().ok()?;
            let tag = decode(auth_tag)?.try_into().ok()?;
            Some(Message { salt: *salt, nonce, text: text.to_vec(), tag })
        };
        self.open(&home, head.key_id, message())
    }

    /// Seals a field into one text.
    ///
    /// # Errors
    /// As [`Keyring::seal_field`].
    pub fn seal_text(&self, place: &Place<'_>, clear: &[u8]) -> Result<String> {
        self.seal_whole(&place.home("quilltap text", BOUND), clear)
    }

    /// Opens a field that is one text.
    ///
    /// # Errors
    /// As [`Keyring::open_field`].
    pub fn open_text(&self, place: &Place<'_>, sealed: &str) -> Result<Secret> {
        let (home, head) = self.home_of(place, "quilltap text", sealed)?;
        self.open_whole(&home, &head)
    }

    /// Seals a JSON text for whoever opens it with the same context.
    ///
    /// # Errors
    /// As [`Keyring::seal_field`].
    pub fn seal_json(&self, context: &[u8], json: &str) -> Result<String> {
        self.seal_whole(&of_caller("quilltap json", context), json.as_bytes())
    }

    /// Opens a JSON text.
    ///
    /// # Errors
    /// As [`Keyring::open_field`].
    pub fn open_json(&self, context: &[u8], sealed: &str) -> Result<Secret> {
        let home = of_caller("quilltap json", context);
        let head = home.head(sealed)?;
        if head.version != KEPT {
            return Err(home.not_as_sealed());
        }
        self.open_whole(&home, &head)
    }

    /// Seals bytes for whoever opens them with the same context.
    ///
    /// # Errors
    /// As [`Keyring::seal_field`].
    pub fn seal_buffer(&self, context: &[u8], clear: &[u8]) -> Result<Vec<u8>> {
        let sealed = self.seal(&of_caller("quilltap buffer", context), clear)?;
        let id = Uuid::parse_str(self.envelope().current_key_id()).unwrap_or_default();
        Ok([BUFFER_HEAD.as_slice(), id.as_bytes(), &sealed.whole()].concat())
    }

    /// Opens bytes.
    ///
    /// # Errors
    /// As [`Keyring::open_field`].
    pub fn open_buffer(&self, context: &[u8], sealed: &[u8]) -> Result<Secret> {
        let home = of_caller("quilltap buffer", context);
        let Some(rest) = sealed.strip_prefix(BUFFER_HEAD) else {
            let other = sealed.starts_with(MARK.as_bytes())
                && sealed.get(MARK.len()).is_some_and(u8::is_ascii_digit);
            return Err(if other { home.of_later_version() } else { home.not_as_sealed() });
        };
        let (id, whole) = rest.split_first_chunk::<ID_LEN>().ok_or_else(|| home.not_as_sealed())?;
        self.open(&home, &Uuid::from_bytes(*id).to_string(), Message::of_whole(whole))
    }

    fn seal_whole(&self, home: &Home<'_>, clear: &[u8]) -> Result<String> {
        Ok(self.headed(home, &self.seal(home, clear)?.whole()))
    }

    fn open_whole(&self, home: &Home<'_>, head: &Head<'_>) -> Result<Secret> {
        let whole = decode(head.rest).and_then(|whole| Message::of_whole(&whole));
        self.open(home, head.key_id, whole)
    }

    fn headed(&self, home: &Home<'_>, bytes: &[u8]) -> String {
        let key_id = self.envelope().current_key_id();
        format!("{MARK}{}.{key_id}.{}", home.version, encode(bytes))
    }

    /// What a sealed value of a record claims to be.
    ///
    /// A key of today has sealed nothing that is not bound: such a value was put there by somebody who
    /// wants to move it.
    fn home_of<'a, 't: 'a>(
        &self,
        place: &'a Place<'_>,
        kind: &'a str,
        sealed: &'t str,
    ) -> Result<(Home<'a>, Head<'t>)> {
        let head = place.home(kind, BOUND).head(sealed)?;
        let home = place.home(kind, head.version);
        if head.version == UNBOUND && self.envelope().always_binds(head.key_id) {
            return Err(home.not_as_sealed());
        }
        Ok((home, head))
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
    fn home<'a>(&'a self, kind: &'a str, version: &'a str) -> Home<'a> {
        let mut parts = vec![self.model.as_bytes(), self.id.as_bytes(), self.field.as_bytes()];
        if version != UNBOUND {
            parts.extend(
                self.bound.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]),
            );
        }
        let name = format!("the secret {}.{}", self.model, self.field);
        Home { kind, version, parts, name }
    }
}

fn of_caller<'a>(kind: &'a str, context: &'a [u8]) -> Home<'a> {
    Home { kind, version: KEPT, parts: vec![context], name: "the sealed value".to_owned() }
}

impl Home<'_> {
    fn bound(&self, store_id: &str, key_id: &str) -> Vec<u8> {
        let mut all: Vec<&[u8]> = vec![
            self.kind.as_bytes(),
            self.version.as_bytes(),
            store_id.as_bytes(),
            key_id.as_bytes(),
        ];
        all.extend(&self.parts);
        bind(&all)
    }

    /// The key id, and what follows it.
    fn head<'t>(&self, sealed: &'t str) -> Result<Head<'t>> {
        head_of(sealed).ok_or_else(|| {
            let known = [UNBOUND, BOUND].map(|version| format!("{MARK}{version}."));
            let later = is_sealed(sealed) && !known.iter().any(|known| sealed.starts_with(known));
            if later { self.of_later_version() } else { self.not_as_sealed() }
        })
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
