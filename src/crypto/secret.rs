//! Bytes that cannot be printed, are wiped when they go, and come from the system's random numbers.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;

use memmap2::MmapMut;
use serde_json::Value;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Code, Error, Result};

/// A key has so many bytes.
pub(super) const KEY_LEN: usize = 32;

/// Secret bytes of any length: a passphrase, a clear text.
///
/// Their one allocation never grows, so it leaves no copies behind, and is wiped when the value is
/// dropped. What was read out of it ([`Secret::expose`]) is the reader's to wipe.
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    /// Copies bytes; the caller wipes its own.
    pub fn copy_of(bytes: &[u8]) -> Secret {
        let secret = black_box(Secret(Zeroizing::new(bytes.into())));
        // A copy goes through vector registers that little else uses: what they hold stays, and the
        // dynamic linker writes it to the stack when it next looks a function up. A copy of as many
        // zeros takes the same registers.
        drop(black_box(black_box(vec![0_u8; bytes.len()]).clone()));
        secret
    }

    /// The bytes. Every place that reads a secret says this word.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as a text.
    ///
    /// # Errors
    /// `CORRUPT` when they are no UTF-8.
    pub fn expose_text(&self) -> Result<&str> {
        // The error underneath would tell where the bytes stop being a text: it stays here.
        std::str::from_utf8(&self.0).map_err(|_| {
            Error::new(Code::Corrupt, "the secret is not a text; read it as bytes instead")
        })
    }

    /// The text as a JSON string, written in one allocation, which is wiped too.
    ///
    /// # Errors
    /// As for [`Secret::expose_text`].
    pub fn quoted(&self) -> Result<Zeroizing<String>> {
        let text = self.expose_text()?;
        // A character takes six bytes at most: the buffer never grows.
        let mut json = Zeroizing::new(Vec::with_capacity(6 * text.len() + 2));
        serde_json::to_writer(&mut *json, text).expect("a text is always written");
        let json = String::from_utf8(std::mem::take(&mut *json)).expect("JSON is UTF-8");
        Ok(Zeroizing::new(json))
    }

    pub(super) fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Clone for Secret {
    fn clone(&self) -> Secret {
        Secret::copy_of(self.expose())
    }
}

impl From<Vec<u8>> for Secret {
    /// Copies once, so that no spare room is left, and wipes the original.
    fn from(mut bytes: Vec<u8>) -> Secret {
        let secret = Secret::copy_of(&bytes);
        bytes.zeroize();
        secret
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret::from(text.into_bytes())
    }
}

impl PartialEq for Secret {
    /// Takes the same time wherever the two differ.
    fn eq(&self, other: &Secret) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The text of a JSON value with clear texts in it, written in one allocation, which is wiped.
pub fn clear_json(value: &Value) -> Zeroizing<String> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value).expect("a value is always written");
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *json, value).expect("a value is always written");
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *json)).expect("JSON is UTF-8"))
}

/// Counts what is written.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A key of 256 bits, in a page of its own that the system neither swaps nor dumps, where it lets
/// us say so. Clones share the page; the last one wipes it.
#[derive(Clone)]
pub struct Key(Arc<Page>);

struct Page(MmapMut);

impl Drop for Page {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Key {
    /// A new random key.
    ///
    /// # Errors
    /// `IO` when the system has no memory or no random numbers.
    pub fn random() -> Result<Key> {
        Key::filled(fill_random)
    }

    /// A key of the given bytes, which the caller wipes.
    ///
    /// # Errors
    /// `IO` when the system has no memory.
    pub fn copy_of(bytes: &[u8; KEY_LEN]) -> Result<Key> {
        Key::filled(|key| {
            key.copy_from_slice(bytes);
            Ok(())
        })
    }

    /// A key that `fill` writes straight into its page.
    pub(super) fn filled(fill: impl FnOnce(&mut [u8]) -> Result<()>) -> Result<Key> {
        let mut page = Page(MmapMut::map_anon(KEY_LEN).map_err(|error| {
            Error::new(Code::Io, format!("cannot get a page of memory for a key: {error}"))
        })?);
        keep_private(&page.0);
        fill(&mut page.0)?;
        Ok(Key(Arc::new(page)))
    }

    pub(super) fn expose(&self) -> &[u8; KEY_LEN] {
        self.0.0.first_chunk().expect("a page has room for a key")
    }
}

impl PartialEq for Key {
    /// Takes the same time wherever the two differ.
    fn eq(&self, other: &Key) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Best effort: a system with a tight limit on locked memory refuses, and the key is used all the
/// same.
#[cfg(target_os = "linux")]
fn keep_private(page: &MmapMut) {
    let _ = page.lock();
    let _ = page.advise(memmap2::Advice::DontDump);
}

#[cfg(all(unix, not(target_os = "linux")))]
fn keep_private(page: &MmapMut) {
    let _ = page.lock();
}

#[cfg(not(unix))]
fn keep_private(_page: &MmapMut) {}

/// Fills bytes with the system's random numbers. No state of our own: a fork or a restored
/// snapshot of a machine must not repeat a nonce.
pub(super) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| {
        Error::new(Code::Io, format!("the system gives no random numbers: {error}"))
    })
}

/// Random bytes that are no secret: a salt, a nonce.
pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill_random(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_a_secret() {
        let secret = Secret::from("hunter2".to_owned());
        let key = Key::copy_of(&[7; KEY_LEN]).expect("a page");
        assert_eq!(format!("{secret:?} {secret:#?} {key:?}"), "Secret(…) Secret(…) Key(…)");
        let error = Secret::copy_of(b"hunter2\xff").expose_text().expect_err("no text");
        assert!(!format!("{error:?} {error} {}", error.to_json()).contains("hunter2"));
    }

    #[test]
    fn a_json_string_takes_one_allocation() {
        let text = "\"\\\n\u{1}é😀\u{2028}".repeat(100);
        let quoted = Secret::from(text.clone()).quoted().expect("a text");
        assert_eq!(*quoted, serde_json::to_string(&text).expect("a text"));
        assert_eq!(quoted.capacity(), 6 * text.len() + 2);
        assert!(Secret::copy_of(b"\xff").quoted().is_err());
        let value = serde_json::json!({"a": [text, 1.5, null]});
        let json = clear_json(&value);
        assert_eq!((json.as_str(), json.capacity()), (&*value.to_string(), json.len()));
    }

    #[test]
    fn compared_by_content() {
        assert_eq!(Secret::copy_of(b"a"), Secret::from(b"a".to_vec()));
        assert_ne!(Secret::copy_of(b"a"), Secret::copy_of(b"ab"));
        assert_ne!(Key::random().expect("random"), Key::random().expect("random"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_key_is_locked_and_stays_out_of_core_dumps() {
        let key = Key::random().expect("random");
        let address = key.expose().as_ptr() as usize;
        #[allow(clippy::disallowed_methods, reason = "what the system tells of this process")]
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("smaps");
        let mut inside = false;
        let mut flags = None;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            if let Some((from, to)) = range
                && let (Ok(from), Ok(to)) =
                    (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16))
            {
                inside = (from..to).contains(&address);
            }
            if inside && line.starts_with("VmFlags:") {
                flags = Some(line.to_owned());
            }
        }
        let flags = flags.expect("the page of the key");
        assert!(flags.contains(" dd"), "not kept out of dumps: {flags}");
        let allowed = MmapMut::map_anon(KEY_LEN).is_ok_and(|page| page.lock().is_ok());
        assert_eq!(flags.contains(" lo"), allowed, "locked or not: {flags}");
    }
}
