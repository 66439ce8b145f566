//! AES-256-GCM and the derivation of keys, as everything in this module uses them.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::secret::KEY_LEN;
use crate::error::{Code, Error, Result};

/// Bytes of a nonce.
pub(super) const NONCE_LEN: usize = 12;
/// Bytes of a tag.
pub(super) const TAG_LEN: usize = 16;

/// The ciphertext is not what was encrypted with this key and these associated data. Nothing more
/// can be known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rejected;

/// A key that lives as long as one call.
pub(super) type ShortKey = Zeroizing<[u8; KEY_LEN]>;

/// Parts as one text that no other parts make: each behind its length.
pub(super) fn bind(parts: &[&[u8]]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        bound.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bound.extend_from_slice(part);
    }
    bound
}

/// A key for one purpose, by HKDF-SHA256.
pub(super) fn derive(key: &[u8], salt: &[u8], purpose: &[u8]) -> ShortKey {
    let mut derived = ShortKey::default();
    leaving_no_copies(|| {
        Hkdf::<Sha256>::new(Some(salt), key)
            .expand(purpose, derived.as_mut())
            .expect("HKDF gives up to 255 times 32 bytes");
    });
    derived
}

/// Encrypts in place and gives the tag.
pub(super) fn encrypt(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    associated: &[u8],
    buffer: &mut [u8],
) -> Result<[u8; TAG_LEN]> {
    let tag = leaving_no_copies(|| {
        Aes256Gcm::new(key.into()).encrypt_inout_detached(nonce.into(), associated, buffer.into())
    });
    tag.map(Into::into).map_err(|_| {
        Error::new(Code::TooLarge, "a secret can have 64 GiB at most; seal it in parts")
    })
}

/// Decrypts in place; `buffer` is left as it was when it is rejected.
pub(super) fn decrypt(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    associated: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> std::result::Result<(), Rejected> {
    let opened = leaving_no_copies(|| {
        Aes256Gcm::new(key.into()).decrypt_inout_detached(
            nonce.into(),
            associated,
            buffer.into(),
            tag.into(),
        )
    });
    opened.map_err(|_| Rejected)
}

/// Wipes what the work has left on the stack: blocks of clear text and of key, which would travel on in the
/// padding of whatever is moved there next.
pub(super) fn leaving_no_copies<T>(work: impl FnOnce() -> T) -> T {
    let done = in_its_own_frame(work);
    wipe_stack();
    done
}

/// What is inlined into its caller keeps its blocks in the caller's frame, which is not wiped.
#[inline(never)]
fn in_its_own_frame<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// AES-GCM goes down to 9 KiB, without link-time optimisation.
#[inline(never)]
fn wipe_stack() {
    let mut left = [0_u64; 2048];
    left.zeroize();
    std::hint::black_box(&left);
}

#[cfg(test)]
mod tests {
    use super::super::test_hex::{array, bytes};
    use super::*;

    /// McGrew and Viega's test cases 13 to 16, from which NIST's are drawn.
    #[test]
    fn nist_vectors() {
        let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
        let clear = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
        let cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                      8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
        let zeros = "0".repeat(64);
        let nonce = "cafebabefacedbaddecaf888";
        let associated = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
        let cases = [
            (&*zeros, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
            (
                &*zeros,
                "000000000000000000000000",
                "",
                "00000000000000000000000000000000",
                "cea7403d4d606b6e074ec5d3baf39d18",
                "d0d1c8a799996bf0265b98b5d48ab919",
            ),
            (key, nonce, "", clear, cipher, "b094dac5d93471bdec1a502270e3cc6c"),
            (
                key,
                nonce,
                associated,
                &clear[..120],
                &cipher[..120],
                "76fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ];
        for (key, nonce, associated, clear, cipher, tag) in cases {
            let (key, nonce, associated) = (array(key), array(nonce), bytes(associated));
            let mut buffer = bytes(clear);
            let made = encrypt(&key, &nonce, &associated, &mut buffer).expect("short");
            assert_eq!((buffer.clone(), made), (bytes(cipher), array(tag)));
            assert_eq!(decrypt(&key, &nonce, &associated, &mut buffer, &made), Ok(()));
            assert_eq!(buffer, bytes(clear));
        }
    }

    /// RFC 5869, appendix A.1 and A.3, the first 32 bytes.
    #[test]
    fn hkdf_vectors() {
        let key = [0x0b; 22];
        let salt = bytes("000102030405060708090a0b0c");
        let info = bytes("f0f1f2f3f4f5f6f7f8f9");
        let first = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
        assert_eq!(*derive(&key, &salt, &info), array(first));
        let third = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d";
        assert_eq!(*derive(&key, b"", b""), array(third));
    }

    #[test]
    fn parts_cannot_move_over_their_border() {
        assert_ne!(bind(&[b"ab", b"c"]), bind(&[b"a", b"bc"]));
        assert_ne!(bind(&[b"a", b""]), bind(&[b"a"]));
        assert_ne!(bind(&[b"", b"a"]), bind(&[b"a", b""]));
    }
}
