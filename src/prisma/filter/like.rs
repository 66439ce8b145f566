//! `LIKE` and `ILIKE`: `%`, `_` and `\` in a searched text are wildcards, for Prisma does not
//! escape them.

use super::Part;

enum Step {
    /// This character.
    One(char),
    /// Any character.
    AnyOne,
    /// Any characters.
    Any,
}

/// Is what is searched for a text without wildcards?
pub(crate) fn is_plain(pattern: &str) -> bool {
    !pattern.contains(['%', '_', '\\'])
}

/// Does a text have a pattern in it?
pub(super) fn like(text: &str, pattern: &str, part: Part, caseless: bool) -> bool {
    if !caseless && is_plain(pattern) {
        return match part {
            Part::Anywhere => text.contains(pattern),
            Part::Start => text.starts_with(pattern),
            Part::End => text.ends_with(pattern),
        };
    }
    // What `contains` looks for is the pattern between two `%`, which a `\` before it escapes.
    let before = if part == Part::Start { "" } else { "%" };
    let behind = if part == Part::End { "" } else { "%" };
    is_like(text, &format!("{before}{pattern}{behind}"), caseless)
}

/// Is a text as a whole like a pattern?
pub(super) fn is_like(text: &str, pattern: &str, caseless: bool) -> bool {
    let fold = |c: char| if caseless { lower(c) } else { c };
    let text: Vec<char> = text.chars().map(fold).collect();
    let mut chars = pattern.chars().map(fold);
    let mut steps = Vec::new();
    while let Some(c) = chars.next() {
        steps.push(match c {
            '%' => Step::Any,
            '_' => Step::AnyOne,
            '\\' => Step::One(chars.next().unwrap_or('\\')),
            c => Step::One(c),
        });
    }
    matches(&text, &steps)
}

/// One character in lower case, as PostgreSQL folds it: never to several.
pub(super) fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// After a wildcard fails, only the last one before it need be tried anew, so this takes no more
/// than the product of the lengths.
fn matches(text: &[char], steps: &[Step]) -> bool {
    let (mut at, mut step) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        let fits = match steps.get(step) {
            Some(Step::Any) => {
                retry = Some((at, step));
                step += 1;
                continue;
            }
            Some(Step::AnyOne) => true,
            Some(Step::One(c)) => *c == text[at],
            None => false,
        };
        if fits {
            (at, step) = (at + 1, step + 1);
        } else if let Some((from, any)) = retry {
            retry = Some((from + 1, any));
            (at, step) = (from + 1, any + 1);
        } else {
            return false;
        }
    }
    steps[step..].iter().all(|step| matches!(step, Step::Any))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_not_escaped() {
        let cases = [
            ("100%", "\\", Part::Anywhere, true),
            ("a\\b", "\\", Part::Anywhere, false),
            ("anything", "%", Part::Anywhere, true),
            ("", "_", Part::Anywhere, false),
            ("abc", "a_c", Part::Start, true),
            ("100%", "0%", Part::End, true),
            ("aXbXc", "X", Part::Anywhere, true),
            ("abab", "ab", Part::End, true),
            ("abac", "ab", Part::End, false),
        ];
        for (text, pattern, part, expected) in cases {
            assert_eq!(like(text, pattern, part, false), expected, "{text} {pattern}");
        }
        assert!(like("Émilie", "éMIL", Part::Start, true));
        assert!(is_like("Émilie", "ÉM%IE", true));
    }
}
