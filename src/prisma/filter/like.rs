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

/// Does a text have a pattern in it?
pub(super) fn like(text: &str, pattern: &str, part: Part, caseless: bool) -> bool {
    let fold = |c: char| if caseless { lower(c) } else { c };
    let text: Vec<char> = text.chars().map(fold).collect();
    let mut steps = Vec::new();
    if part != Part::Start {
        steps.push(Step::Any);
    }
    let mut chars = pattern.chars().map(fold);
    let at_end = if part == Part::End { None } else { Some('%') };
    while let Some(c) = chars.next() {
        steps.push(match c {
            '%' => Step::Any,
            '_' => Step::AnyOne,
            // The wildcard that `contains` adds is what a backslash at the end escapes.
            '\\' => match chars.next().or(at_end) {
                Some(c) => Step::One(c),
                None => Step::One('\\'),
            },
            c => Step::One(c),
        });
    }
    let escaped_end = pattern.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1;
    if part != Part::End && !escaped_end {
        steps.push(Step::Any);
    }
    matches(&text, &steps)
}

/// Does a text equal a pattern, without case?
pub(super) fn equals_caseless(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().map(lower).collect();
    let mut steps = Vec::new();
    let mut chars = pattern.chars().map(lower);
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
        assert!(equals_caseless("Émilie", "ÉM%IE"));
    }
}
