//! What is only ever compared, and so kept as a hash: backup codes and session tokens.
//!
//! Backup codes are the app's and may be short, so they are hashed with Argon2id: one salt for the
//! whole set, since one user's codes are tried together, and a try should cost one derivation. A
//! session token is random and long (a UUID, 32 bytes), so SHA-256 without a salt does.

use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::fields::{Fields, decode, encode};
use super::kdf::{Costs, Kdf};
use super::secret::{KEY_LEN, Key, Secret};
use crate::error::{Code, Error, Issue, Result};

const VERSION: u32 = 1;
const MOST_CODES: usize = 100;
const TOKEN_HASH: &str = "sha256:";

/// The hashes of the codes that a user has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupCodes {
    kdf: Kdf,
    hashes: Vec<[u8; KEY_LEN]>,
}

/// The hash of a code that somebody has typed, for one set of codes.
#[derive(Debug, Clone)]
pub struct CodeHash {
    kdf: Kdf,
    hash: Key,
}

impl BackupCodes {
    /// Hashes a set of codes. Slow: one derivation each.
    ///
    /// # Errors
    /// `VALIDATION` for an empty code and for more than 100; `IO` without memory or random numbers.
    pub fn of(codes: &[Secret], costs: Costs) -> Result<BackupCodes> {
        if codes.len() > MOST_CODES {
            let received = format!("{} codes", codes.len());
            let issue = Issue::new("", format!("at most {MOST_CODES} codes"), received);
            return Err(Error::validation("the backup codes", vec![issue]));
        }
        let kdf = Kdf::new(costs)?;
        let hashes = codes.iter().map(|code| Ok(*hash(kdf, code)?.expose()));
        Ok(BackupCodes { kdf, hashes: hashes.collect::<Result<_>>()? })
    }

    /// Hashes what somebody has typed. Slow.
    ///
    /// # Errors
    /// `VALIDATION` for an empty code; `IO` without memory.
    pub fn hash(&self, code: &Secret) -> Result<CodeHash> {
        Ok(CodeHash { kdf: self.kdf, hash: hash(self.kdf, code)? })
    }

    /// Takes a code out of the set; `false` when it is not in it, which is also so for a hash that
    /// was made for another set. Takes the same time whichever code it is.
    pub fn consume(&mut self, typed: &CodeHash) -> bool {
        let before = self.hashes.len();
        if typed.kdf == self.kdf {
            let matches = |hash: &[u8; KEY_LEN]| bool::from(hash.ct_eq(typed.hash.expose()));
            self.hashes.retain(|hash| !matches(hash));
        }
        self.hashes.len() < before
    }

    /// So many codes are left.
    pub fn remaining(&self) -> usize {
        self.hashes.len()
    }

    /// As it is kept, sealed.
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("version".into(), VERSION.into());
        self.kdf.costs.write(&mut map);
        map.insert("salt".into(), encode(&self.kdf.salt).into());
        map.insert("hashes".into(), self.hashes.iter().map(|hash| encode(hash)).collect());
        Value::Object(map)
    }

    /// Reads what [`BackupCodes::to_value`] gave.
    ///
    /// # Errors
    /// `CORRUPT`; `UNSUPPORTED_VERSION` for a later version's.
    pub fn from_value(value: &Value) -> Result<BackupCodes> {
        let mut fields = Fields::of(value, "backupCodes");
        if fields.number("version") > VERSION {
            let message = "the backup codes are a later version's; use a newer quilltap-store";
            return Err(Error::new(Code::UnsupportedVersion, message));
        }
        let kdf = Kdf { costs: Costs::read(&mut fields)?, salt: fields.bytes("salt") };
        let read = |hash: &Value| decode(hash.as_str()?)?.try_into().ok();
        let hashes: Option<Vec<_>> = fields.list("hashes").iter().map(read).collect();
        if hashes.is_none() {
            fields.fault("hashes", "32 bytes in base64 each");
        }
        fields.done("the set of backup codes")?;
        Ok(BackupCodes { kdf, hashes: hashes.unwrap_or_default() })
    }
}

/// Hyphens, spaces and case do not matter: people type these from paper.
fn hash(kdf: Kdf, code: &Secret) -> Result<Key> {
    let mut typed = Zeroizing::new(Vec::with_capacity(code.expose().len()));
    typed.extend(code.expose().iter().filter(|byte| !matches!(byte, b'-' | b' ')));
    typed.make_ascii_uppercase();
    if typed.is_empty() {
        let issue = Issue::new("", "a code", "an empty one");
        return Err(Error::validation("the backup code", vec![issue]));
    }
    kdf.key(&Secret::copy_of(&typed))
}

/// A session token as it is kept.
pub fn session_token_hash(token: &str) -> String {
    format!("{TOKEN_HASH}{}", HEXLOWER.encode(&Sha256::digest(token)))
}

/// Is this a token as it is kept? Whoever presents one has read the file, and is nobody's session.
pub fn is_session_token_hash(token: &str) -> bool {
    token.starts_with(TOKEN_HASH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(code: &str) -> Secret {
        Secret::copy_of(code.as_bytes())
    }

    fn set(codes: &[&str]) -> BackupCodes {
        let codes: Vec<Secret> = codes.iter().map(|code| secret(code)).collect();
        BackupCodes::of(&codes, Costs::LOWEST).expect("codes")
    }

    #[test]
    fn a_code_is_consumed_once_however_it_is_typed() {
        let mut codes = set(&["abcd-1234", "EFGH-5678"]);
        let typed = codes.hash(&secret("ABCD 1234")).expect("a code");
        let wrong = codes.hash(&secret("abcd-1235")).expect("a code");
        assert!(!codes.consume(&wrong));
        assert!(codes.consume(&typed));
        assert!(!codes.consume(&typed));
        assert_eq!(codes.remaining(), 1);
        let mut others = set(&["abcd-1234"]);
        assert!(!others.consume(&typed), "a hash for another set");
    }

    #[test]
    fn codes_survive_a_round_trip_and_show_nothing() {
        let codes = set(&["abcd-1234"]);
        let value = codes.to_value();
        assert_eq!(BackupCodes::from_value(&value), Ok(codes.clone()));
        let typed = codes.hash(&secret("abcd-1234")).expect("a code");
        let all = format!("{codes:?}{value}{typed:?}").to_lowercase();
        assert!(!all.contains("abcd"));
        for (key, bad) in [
            ("salt", Value::from("AAAA")),
            ("hashes", Value::from(vec!["AAAA"])),
            ("version", Value::Null),
        ] {
            let mut broken = value.clone();
            broken[key] = bad;
            let error = BackupCodes::from_value(&broken).expect_err("broken");
            assert_eq!(error.code(), Code::Corrupt, "{key}");
        }
        let mut cheap = value;
        cheap["passes"] = 1.into();
        let cheap = BackupCodes::from_value(&cheap).expect("well-formed");
        assert_eq!(cheap.hash(&secret("x")).expect_err("edited").code(), Code::Tampered);
    }

    #[test]
    fn codes_that_are_none_are_refused() {
        let refused = |codes: &[Secret]| {
            let error = BackupCodes::of(codes, Costs::LOWEST).expect_err("refused");
            assert_eq!(error.code(), Code::Validation);
        };
        refused(&[secret(" - ")]);
        refused(&vec![secret("x"); MOST_CODES + 1]);
    }

    /// FIPS 180-4's examples, as NIST publishes them.
    #[test]
    fn sha256_vectors() {
        let hash = |text: &str| session_token_hash(text).split_off(TOKEN_HASH.len());
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash("abc"), abc);
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hash(""), empty);
        let two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let expected = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
        assert_eq!(hash(two_blocks), expected);
    }

    #[test]
    fn a_kept_token_is_known() {
        assert!(is_session_token_hash(&session_token_hash("token")));
        assert!(!is_session_token_hash("7f9c24e8-3b12-4fef-91e0-56a2d5ac3e6c"));
    }
}
