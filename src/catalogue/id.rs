//! What an id may look like.

/// Names that some file system keeps for itself.
const RESERVED: &[&str] = &["con", "prn", "aux", "nul", "index", "lock"];
/// The longest of them, in bytes.
const LONGEST_RESERVED: usize = 5;

/// Is this 1 to 64 of `A-Z a-z 0-9 _ -`, and no name that a file system, or a file of the
/// store, takes?
pub fn is_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&bytes.len()) && bytes.iter().all(allowed) && !is_reserved(text)
}

fn is_reserved(text: &str) -> bool {
    if text.len() > LONGEST_RESERVED {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let port = lower.len() == 4
        && (lower.starts_with("com") || lower.starts_with("lpt"))
        && lower.as_bytes()[3].is_ascii_digit();
    port || RESERVED.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_RESERVED, RESERVED, is_id};

    #[test]
    fn no_reserved_name_is_longer_than_is_looked_for() {
        assert_eq!(RESERVED.iter().map(|name| name.len()).max(), Some(LONGEST_RESERVED));
    }

    #[test]
    fn ids() {
        for good in ["a", "A_b-9", "7f9c24e8-3b12-4fef-91e0-56a2d5ac3e6c", &"x".repeat(64), "com10"]
        {
            assert!(is_id(good), "{good}");
        }
        for bad in [
            "",
            "..",
            "a/b",
            "a.b",
            "é",
            "a b",
            "CON",
            "nul",
            "Com1",
            "lpt9",
            "index",
            &"x".repeat(65),
        ] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
