//! The recovery key: 160 random bits for a drawer, in a form that survives being typed.
//!
//! `7K3VD-…`: eight groups of four characters in Crockford's base32 (which has no I, L, O and U), each
//! with a fifth that checks the group and its position. One wrong character, two neighbours swapped
//! and two groups swapped are always found, and the group is named. Case, spaces, hyphens and the
//! usual confusions (O for 0, I and L for 1) do not matter.

use zeroize::Zeroizing;

use super::secret::{Secret, fill_random};
use crate::error::{Error, Issue, Result};

const GROUPS: usize = 8;
const GROUP_LEN: usize = 5;
const KEY_BYTES: usize = 20;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What opens the recovery slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryKey(Secret);

impl RecoveryKey {
    /// A new one.
    ///
    /// # Errors
    /// `IO` without random numbers.
    pub fn random() -> Result<RecoveryKey> {
        let mut key = Secret::copy_of(&[0; KEY_BYTES]);
        fill_random(key.expose_mut())?;
        Ok(RecoveryKey(key))
    }

    /// What its slot's key is derived from.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// As it is shown, once.
    pub fn text(&self) -> Secret {
        let length = GROUPS * (GROUP_LEN + 1) - 1;
        let mut text = Zeroizing::new(Vec::with_capacity(length));
        for (index, values) in values(self.0.expose()).chunks_exact(GROUP_LEN - 1).enumerate() {
            if index > 0 {
                text.push(b'-');
            }
            let whole = values.iter().copied().chain([check(index, values)]);
            text.extend(whole.map(|value| ALPHABET[usize::from(value)]));
        }
        Secret::copy_of(&text)
    }

    /// Reads what somebody typed.
    ///
    /// # Errors
    /// `VALIDATION` that names each group in which something is mistyped, and shows none.
    pub fn read(typed: &str) -> Result<RecoveryKey> {
        let groups = groups(typed)?;
        let mut issues = Vec::new();
        let mut key = Zeroizing::new(Vec::with_capacity(GROUPS * (GROUP_LEN - 1)));
        for (index, group) in groups.iter().enumerate() {
            match read_group(index, group) {
                Ok(values) => key.extend_from_slice(&values[..GROUP_LEN - 1]),
                Err(received) => {
                    let path = format!("group {}", index + 1);
                    issues.push(Issue::new(path, "the five characters on the paper", received));
                }
            }
        }
        if issues.is_empty() {
            Ok(RecoveryKey(bytes(&key)))
        } else {
            Err(Error::validation("the recovery key", issues))
        }
    }
}

/// The typed characters, group by group.
fn groups(typed: &str) -> Result<Vec<Zeroizing<String>>> {
    let separated = typed.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty());
    let pieces: Vec<Zeroizing<String>> = separated.map(|piece| piece.to_owned().into()).collect();
    if pieces.len() == GROUPS {
        return Ok(pieces);
    }
    let mut all: Zeroizing<Vec<char>> = Zeroizing::new(Vec::with_capacity(typed.len()));
    all.extend(typed.chars().filter(|c| c.is_alphanumeric()));
    if all.len() != GROUPS * GROUP_LEN {
        let received = format!("{} characters", all.len());
        let expected = format!("{GROUPS} groups of {GROUP_LEN} characters");
        return Err(Error::validation(
            "the recovery key",
            vec![Issue::new("", expected, received)],
        ));
    }
    Ok(all.chunks(GROUP_LEN).map(|group| group.iter().collect::<String>().into()).collect())
}

/// The values of a group, or what is wrong with it.
fn read_group(index: usize, group: &str) -> std::result::Result<[u8; GROUP_LEN], &'static str> {
    let count = group.chars().count();
    if count != GROUP_LEN {
        return Err(if count < GROUP_LEN { "too few" } else { "too many" });
    }
    let mut values = [0; GROUP_LEN];
    for (value, letter) in values.iter_mut().zip(group.chars()) {
        *value = value_of(letter).ok_or("a character that no recovery key has")?;
    }
    let [given @ .., last] = values;
    if check(index, &given) == last {
        Ok(values)
    } else {
        Err("characters that do not fit together")
    }
}

fn value_of(letter: char) -> Option<u8> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let at = ALPHABET.iter().position(|known| char::from(*known) == letter)?;
    u8::try_from(at).ok()
}

/// The check of a group: a polynomial over GF(32), in which every position has another weight.
fn check(index: usize, values: &[u8]) -> u8 {
    let first = index as u8 + 1;
    values.iter().fold(times(first), |sum, value| times(sum ^ value))
}

/// Times the generator of GF(32), modulo x⁵ + x² + 1.
fn times(value: u8) -> u8 {
    let doubled = value << 1;
    if doubled & 32 == 0 { doubled } else { doubled ^ 0b10_0101 }
}

/// Five bits at a time.
fn values(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut values = Zeroizing::new(Vec::with_capacity(bytes.len() * 8 / 5));
    for five in bytes.chunks_exact(5) {
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        values.extend((0..8).rev().map(|at| (bits >> (5 * at) & 31) as u8));
    }
    values
}

fn bytes(values: &[u8]) -> Secret {
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES));
    for eight in values.chunks_exact(8) {
        let bits = eight.iter().fold(0_u64, |bits, value| bits << 5 | u64::from(*value));
        bytes.extend_from_slice(&bits.to_be_bytes()[3..]);
    }
    Secret::copy_of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    fn key(bytes: [u8; KEY_BYTES]) -> RecoveryKey {
        RecoveryKey(Secret::copy_of(&bytes))
    }

    fn shown(bytes: [u8; KEY_BYTES]) -> String {
        key(bytes).text().expose_text().expect("base32").to_owned()
    }

    fn named_groups(typed: &str) -> Vec<String> {
        let error = RecoveryKey::read(typed).expect_err("mistyped");
        assert_eq!(error.code(), Code::Validation);
        error.all_issues().iter().map(|issue| issue.path.clone()).collect()
    }

    #[test]
    fn the_form() {
        assert_eq!(shown([0; KEY_BYTES]), FORM_OF_ZEROS);
        let key = RecoveryKey::random().expect("random");
        assert_ne!(key, RecoveryKey::random().expect("random"));
        assert_eq!(RecoveryKey::read(key.text().expose_text().expect("text")), Ok(key));
    }

    /// Written down, since it is on people's paper.
    const FORM_OF_ZEROS: &str = "00005-0000A-0000F-0000M-0000H-0000Y-0000V-0000D";

    #[test]
    fn faults_that_are_no_substitution() {
        assert_eq!(named_groups(""), [""]);
        assert_eq!(named_groups(&"7".repeat(39)), [""]);
        let text = shown([0xA7; KEY_BYTES]);
        let mut groups: Vec<&str> = text.split('-').collect();
        groups[2] = &groups[2][..4];
        assert_eq!(named_groups(&groups.join(" ")), ["group 3"]);
        groups[5] = "ABUDE";
        assert_eq!(named_groups(&groups.join(" ")), ["group 3", "group 6"]);
        assert!(RecoveryKey::read(&"é".repeat(40)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_however_it_is_typed(
            bytes: [u8; KEY_BYTES], lower: bool, gap in "[-– \n]{0,2}", confused: bool,
        ) {
            let mut typed = shown(bytes).replace('-', &gap);
            if confused {
                typed = typed.replace('0', "o").replace('1', "L");
            }
            if lower {
                typed = typed.to_lowercase();
            }
            prop_assert_eq!(RecoveryKey::read(&typed), Ok(key(bytes)));
        }

        #[test]
        fn a_wrong_character_is_found_and_its_group_named(
            bytes: [u8; KEY_BYTES], at in 0..40_usize, other in 0..31_usize,
        ) {
            let text = shown(bytes);
            let mut letters: Vec<char> = text.chars().filter(|c| *c != '-').collect();
            let own = usize::from(value_of(letters[at]).expect("ours"));
            letters[at] = char::from(ALPHABET[(own + 1 + other) % 32]);
            let typed: String = letters.iter().collect();
            prop_assert_eq!(named_groups(&typed), [format!("group {}", at / 5 + 1)]);
            let error = RecoveryKey::read(&typed).expect_err("mistyped");
            let group: String = letters[at / 5 * 5..][..5].iter().collect();
            let told = format!("{error:?}");
            prop_assert!(!told.contains(&group));
        }

        #[test]
        fn swaps_are_found(bytes: [u8; KEY_BYTES], at in 0..39_usize, group in 0..8_usize) {
            let text = shown(bytes);
            let mut letters: Vec<char> = text.chars().filter(|c| *c != '-').collect();
            prop_assume!(at % 5 != 4 && letters[at] != letters[at + 1]);
            letters.swap(at, at + 1);
            let typed: String = letters.iter().collect();
            prop_assert_eq!(named_groups(&typed), [format!("group {}", at / 5 + 1)]);
            let mut groups: Vec<&str> = text.split('-').collect();
            groups.swap(group, (group + 1) % 8);
            prop_assert!(RecoveryKey::read(&groups.join("-")).is_err());
        }

        #[test]
        fn nothing_makes_the_reader_panic(typed in ".*") {
            let _ = RecoveryKey::read(&typed);
        }
    }
}
