//! A call's parameters, read from their TypeScript declaration: what is declared is checked.

use serde_json::Value;

use crate::error::Issue;
use crate::json;

/// One parameter of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    optional: bool,
    shape: Shape,
}

/// What a parameter takes, as far as JSON tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Number,
    Flag,
    Texts,
    Object,
    Objects,
    /// Any JSON value.
    Any,
    /// A passphrase, which is given apart where it is one in bytes.
    Passphrase,
    /// Bytes, which are given apart.
    Bytes,
}

impl Shape {
    fn of(declared: &str) -> Shape {
        match declared {
            "string" => Shape::Text,
            "number" => Shape::Number,
            "boolean" => Shape::Flag,
            "string | string[]" | "string[]" => Shape::Texts,
            "string | Uint8Array" => Shape::Passphrase,
            "Uint8Array" => Shape::Bytes,
            "unknown" => Shape::Any,
            // The type of a field that is a word of a list: `Binary['type']`.
            field if field.ends_with("']") => Shape::Text,
            list if list.ends_with("[]") => Shape::Objects,
            _ => Shape::Object,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Shape::Text => "a text",
            Shape::Number => "a number",
            Shape::Flag => "true or false",
            Shape::Texts => "a text or a list of texts",
            Shape::Object => "an object",
            Shape::Objects => "a list of objects",
            Shape::Any => "a value",
            Shape::Passphrase => "a text or bytes",
            Shape::Bytes => "bytes",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Shape::Text | Shape::Passphrase => value.is_string(),
            Shape::Any | Shape::Bytes => true,
            Shape::Number => value.is_number(),
            Shape::Flag => value.is_boolean(),
            Shape::Texts => value.is_string() || value.is_array(),
            Shape::Object => value.is_object(),
            Shape::Objects => value.is_array(),
        }
    }

    /// What the items of a list are.
    fn item(self) -> Option<Shape> {
        match self {
            Shape::Texts => Some(Shape::Text),
            Shape::Objects => Some(Shape::Object),
            _ => None,
        }
    }
}

impl Param {
    /// The parameters in a declaration: `id: string, data: { key?: string }`.
    pub(crate) fn all(declared: &'static str) -> Vec<Param> {
        let (mut params, mut depth, mut start) = (Vec::new(), 0, 0);
        for (at, letter) in declared.char_indices() {
            match letter {
                '{' | '<' | '(' | '[' => depth += 1,
                '}' | '>' | ')' | ']' => depth -= 1,
                ',' if depth == 0 => {
                    params.extend(Param::one(&declared[start..at]));
                    start = at + 1;
                }
                _ => {}
            }
        }
        params.extend(Param::one(&declared[start..]));
        params
    }

    fn one(declared: &'static str) -> Option<Param> {
        let (name, shape) = declared.split_once(':')?;
        let (name, shape) = (name.trim(), Shape::of(shape.trim()));
        let bare = name.trim_end_matches('?');
        Some(Param { name: bare, optional: bare != name, shape })
    }

    /// Which of them is a passphrase.
    pub(crate) fn passphrase(params: &[Param]) -> Option<usize> {
        params.iter().position(|param| param.shape == Shape::Passphrase)
    }

    /// Adds what is wrong with the value that came for it; of a secret one only its kind is told.
    pub(super) fn check(&self, value: &Value, secret: bool, issues: &mut Vec<Issue>) {
        if self.optional && value.is_null() {
            return;
        }
        let issue = |path: String, shape: Shape, value: &Value| {
            let came = if secret { kind(value) } else { came(value) };
            Issue::new(path, shape.expected(), came)
        };
        if !self.shape.fits(value) {
            issues.push(issue(self.name.to_owned(), self.shape, value));
            return;
        }
        let (Some(shape), Some(items)) = (self.shape.item(), value.as_array()) else { return };
        let wrong = items.iter().enumerate().filter(|(_, item)| !shape.fits(item));
        issues.extend(wrong.map(|(at, item)| issue(format!("{}[{at}]", self.name), shape, item)));
    }
}

/// What came, without the value.
pub(super) fn kind(value: &Value) -> String {
    came(value).split(" (").next().unwrap_or_default().to_owned()
}

/// What came, for a message.
pub(crate) fn came(value: &Value) -> String {
    if value.is_null() { "nothing".to_owned() } else { json::describe(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_declaration_is_split_at_its_own_commas() {
        let params = Param::all("a: { x: string, y?: F<A, B> }, b?: string, c: string | string[]");
        let names: Vec<(&str, bool)> = params.iter().map(|p| (p.name, p.optional)).collect();
        assert_eq!(names, [("a", false), ("b", true), ("c", false)]);
        let shapes: Vec<Shape> = params.iter().map(|p| p.shape).collect();
        assert_eq!(shapes, [Shape::Object, Shape::Text, Shape::Texts]);
        assert_eq!(Param::all(""), []);
    }

    #[test]
    fn a_fault_names_the_parameter_and_the_item() {
        let mut issues = Vec::new();
        let params = Param::all("data: TagCreate[], type: Binary['type'], n: number, f?: boolean");
        let values = [json!([{}, 7]), json!(null), json!("1"), json!(null)];
        params
            .iter()
            .zip(&values)
            .for_each(|(param, value)| param.check(value, false, &mut issues));
        let paths: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
        assert_eq!(paths, ["data[1]", "type", "n"]);
        assert_eq!(issues[1].received, "nothing");
        Param::all("codes: string[]")[0].check(&json!([123_456]), true, &mut issues);
        assert_eq!(issues[3].received, "a number");
    }
}
