//! What is left in the memory of a process when its secrets are gone. In a process of its own, since
//! it looks at all of it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use quilltap_store::crypto::{
    BackupCodes, Costs, Envelope, Keyring, LegacyKey, Place, RecoveryKey, Secret, SlotId, SlotKey,
};
use zeroize::Zeroize;

const NOW: &str = "2026-11-23T10:00:00.000Z";
const PLACE: Place<'static> = Place { model: "ApiKey", id: "a1", field: "key" };

/// A secret repeats so many bytes, and one repetition is looked for: whatever piece of it an allocator
/// or a later call has left is enough.
const PIECE: usize = 16;

/// What is looked for is kept turned over, or it would be found here.
struct Needle {
    turned: [u8; PIECE],
    length: usize,
}

impl Needle {
    fn new(seed: u16, length: usize) -> Needle {
        // Upper case, as a backup code is hashed.
        let letter = |at: usize| !(b'A' + (at as u16 * seed % 26) as u8);
        Needle { turned: std::array::from_fn(letter), length }
    }

    /// The end, where an allocator writes over the beginning of what is freed.
    fn of(secret: &[u8]) -> Needle {
        let end = secret.last_chunk::<PIECE>().unwrap();
        Needle { turned: end.map(|byte| !byte), length: secret.len() }
    }

    fn is_at(&self, bytes: &[u8]) -> bool {
        bytes.len() >= PIECE && self.turned.iter().zip(bytes).all(|(own, byte)| *own == !byte)
    }

    fn plant(&self) -> Secret {
        let bytes = self.turned.iter().cycle().take(self.length).map(|byte| !byte);
        // With spare room, as texts that were read or joined have.
        let mut vec = Vec::with_capacity(self.length + 100);
        vec.extend(bytes);
        Secret::from(vec)
    }
}

/// Every place where one of them stands in memory that can be written to.
fn found(needles: &[(&'static str, Needle)]) -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut memory = File::open("/proc/self/mem").unwrap();
    let mut places = Vec::new();
    let mut page = [0; 4096 + PIECE];
    let own = page.as_ptr() as u64;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let number = |hex| u64::from_str_radix(hex, 16).unwrap();
        for at in (number(from)..number(to)).step_by(4096) {
            let length = usize::min(page.len(), (number(to) - at) as usize);
            memory.seek(SeekFrom::Start(at)).unwrap();
            if memory.read_exact(&mut page[..length]).is_err() {
                continue;
            }
            for (name, needle) in needles {
                let hits = (0..4096).filter(|start| needle.is_at(&page[*start..length]));
                let hits = hits.map(|start| at + start as u64);
                // This page, which is on the stack, is no place of its own.
                let hits = hits.filter(|hit| !(own..own + page.len() as u64).contains(hit));
                places.extend(hits.map(|hit| format!("{name} at {hit:#x}: {line}")));
            }
        }
    }
    page.zeroize();
    places
}

/// Everything that handles a secret, from the first passphrase to a rotation.
#[inline(never)]
fn live(passphrase: &Needle, next: &Needle, clear: &Needle, code: &Needle) -> Needle {
    let slot = SlotKey::derive(SlotId::Passphrase, &passphrase.plant(), Costs::LOWEST).unwrap();
    let keyring = Keyring::create(&slot, NOW).unwrap();
    let paper = RecoveryKey::random().unwrap();
    let shown = Needle::of(paper.text().expose());
    let read = RecoveryKey::read(paper.text().expose_text().unwrap()).unwrap();
    let slot = SlotKey::derive(SlotId::Recovery, read.secret(), Costs::LOWEST).unwrap();
    let keyring = keyring.with_slot(&slot, NOW).unwrap();
    let envelope = Envelope::from_value(&keyring.envelope().to_value()).unwrap();
    let slot = envelope.slot_key(SlotId::Recovery, paper.secret()).unwrap();
    let keyring = envelope.unlock(&slot).unwrap();
    let slow = Costs::from_value(&serde_json::json!({"kdf": "pbkdf2-sha256"})).unwrap();
    let slot = SlotKey::derive(SlotId::Passphrase, &next.plant(), slow).unwrap();
    let keyring = keyring.with_slot(&slot, NOW).unwrap();

    let field = keyring.seal_field(&PLACE, clear.plant().expose()).unwrap();
    let text = keyring.seal_text(&PLACE, clear.plant().expose()).unwrap();
    let buffer = keyring.seal_buffer(b"", clear.plant().expose()).unwrap();
    let rotating = keyring.with_new_key(NOW).unwrap();
    rotating.open_field(&PLACE, &field.ciphertext, &field.iv, &field.auth_tag).unwrap();
    rotating.open_text(&PLACE, &text).unwrap();
    rotating.open_text(&Place { id: "a2", ..PLACE }, &text).unwrap_err();
    rotating.open_buffer(b"", &buffer).unwrap();
    let mut codes = BackupCodes::of(&[code.plant()], Costs::LOWEST).unwrap();
    let typed = codes.hash(&code.plant()).unwrap();
    assert!(codes.consume(&typed));
    LegacyKey::derive("u1", &passphrase.plant()).unwrap();
    shown
}

#[test]
fn no_secret_outlives_its_value() {
    let passphrase = Needle::new(3, 300);
    let next = Needle::new(5, 200);
    let clear = Needle::new(7, 5000);
    let code = Needle::new(9, 120);
    let shown = live(&passphrase, &next, &clear, &code);
    let all = [
        ("the passphrase", passphrase),
        ("the next passphrase", next),
        ("the clear text", clear),
        ("the backup code", code),
        ("the recovery key", shown),
    ];
    assert_eq!(found(&all), Vec::<String>::new());
    let kept = all[0].1.plant();
    assert_eq!(found(&all).len(), 300 / PIECE, "the search finds what is there");
    drop(kept);
    assert_eq!(found(&all), Vec::<String>::new());
}
