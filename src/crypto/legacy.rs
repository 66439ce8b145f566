//! What the app encrypted itself, before it had this store: opened, never made.
//!
//! The key is PBKDF2-HMAC-SHA256 of the user's id, salted with the app's pepper; the nonce has 16
//! bytes, everything is hex, and nothing is bound, so a value opens in whatever record it stands.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::U16;
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, KeyInit};
use data_encoding::HEXLOWER_PERMISSIVE as HEX;

use super::aead::leaving_no_copies;
use super::kdf::pbkdf2;
use super::secret::{Key, Secret};
use crate::error::{Code, Error, Result};

const ITERATIONS: u32 = 100_000;

/// The key under which the app kept one user's secrets.
#[derive(Debug, Clone)]
pub struct LegacyKey(Key);

impl LegacyKey {
    /// Derives the key of a user. Slow.
    ///
    /// # Errors
    /// `NO_PASSPHRASE` for an empty pepper.
    pub fn derive(user_id: &str, pepper: &Secret) -> Result<LegacyKey> {
        if pepper.expose().is_empty() {
            let message = "the app's pepper is needed; give what ENCRYPTION_MASTER_PEPPER was";
            return Err(Error::new(Code::NoPassphrase, message));
        }
        let key = Key::filled(|key| {
            pbkdf2(user_id.as_bytes(), pepper.expose(), ITERATIONS, key);
            Ok(())
        })?;
        Ok(LegacyKey(key))
    }

    /// Opens a value from its three parts in hex.
    ///
    /// # Errors
    /// `TAMPERED`: another pepper or user cannot be told from an edited value.
    pub fn open(&self, ciphertext: &str, iv: &str, auth_tag: &str) -> Result<Secret> {
        let parts = || {
            let mut clear = Secret::from(HEX.decode(ciphertext.as_bytes()).ok()?);
            let nonce: [u8; 16] = HEX.decode(iv.as_bytes()).ok()?.try_into().ok()?;
            let tag: [u8; 16] = HEX.decode(auth_tag.as_bytes()).ok()?.try_into().ok()?;
            AesGcm::<Aes256, U16>::new(self.0.expose().into())
                .decrypt_inout_detached(
                    (&nonce).into(),
                    b"",
                    clear.expose_mut().into(),
                    (&tag).into(),
                )
                .ok()?;
            Some(clear)
        };
        leaving_no_copies(parts).ok_or_else(|| {
            let message = "a value of the app's older encryption cannot be opened: its pepper or \
                           its user is another, or it was edited";
            Error::new(Code::Tampered, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Node's own crypto, as the app did.
    const USER: &str = "clx0user0000";
    const CIPHERTEXT: &str = "536895fa8f8f283ea2ae710d435f584667aa";
    const IV: &str = "000102030405060708090a0b0c0d0e0f";
    const TAG: &str = "08459bbeb069a45bf9000ddb9535dc9a";

    fn key(user_id: &str, pepper: &str) -> LegacyKey {
        LegacyKey::derive(user_id, &Secret::copy_of(pepper.as_bytes())).expect("a pepper")
    }

    #[test]
    fn what_the_app_encrypted_opens() {
        let key = key(USER, "pepper of the app");
        let open = |ciphertext: &str| key.open(ciphertext, IV, TAG);
        let clear = open(CIPHERTEXT).expect("the app's own");
        assert_eq!(clear.expose_text(), Ok("sk-legacy-ключ"));
        assert_eq!(open(&CIPHERTEXT.to_uppercase()), Ok(clear));
    }

    #[test]
    fn anything_else_is_refused() {
        let good = key(USER, "pepper of the app");
        let refused = |key: &LegacyKey, ciphertext: &str, iv: &str, tag: &str| {
            let error = key.open(ciphertext, iv, tag).expect_err("not the app's");
            assert_eq!(error.code(), Code::Tampered);
        };
        refused(&key("other", "pepper of the app"), CIPHERTEXT, IV, TAG);
        refused(&key(USER, "other"), CIPHERTEXT, IV, TAG);
        refused(&good, &CIPHERTEXT[2..], IV, TAG);
        refused(&good, CIPHERTEXT, &IV[2..], TAG);
        refused(&good, CIPHERTEXT, IV, &TAG[..8]);
        refused(&good, "not hex", IV, TAG);
        let error = LegacyKey::derive(USER, &Secret::copy_of(b"")).expect_err("no pepper");
        assert_eq!(error.code(), Code::NoPassphrase);
    }
}
