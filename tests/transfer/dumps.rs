//! Dumps as tests make and read them, by rules of their own.

use std::collections::BTreeMap;

/// The rows of every table, each with its values by column, in an order that does not count.
pub(crate) fn rows_of(dump: &str) -> BTreeMap<String, Vec<BTreeMap<String, String>>> {
    let mut tables = BTreeMap::new();
    let mut lines = dump.split('\n');
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("COPY public.") else { continue };
        let (table, columns) = head.split_once(" (").unwrap();
        let columns = columns.strip_suffix(") FROM stdin;").unwrap();
        let columns: Vec<&str> = columns.split(", ").map(|name| name.trim_matches('"')).collect();
        let rows = lines.by_ref().take_while(|line| *line != "\\.");
        let mut rows: Vec<BTreeMap<String, String>> = rows
            .map(|row| {
                let values = row.split('\t').map(plain);
                columns.iter().map(|name| (*name).to_owned()).zip(values).collect()
            })
            .collect();
        rows.sort();
        tables.insert(table.trim_matches('"').to_owned(), rows);
    }
    tables
}

/// The same text for the same value: times without trailing zeros, JSON without spaces and with its
/// keys sorted. Numbers are left alone, but for the zeros of `1.10`.
fn plain(value: &str) -> String {
    let is_time = value.starts_with(|c: char| c.is_ascii_digit())
        && value.len() >= 19
        && value.is_ascii()
        && value.as_bytes()[value.len() - 9..].contains(&b':');
    if is_time && value.contains('.') {
        return value.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let text = value.replace("\\\\", "\\");
    match serde_json::from_str::<serde_json::Value>(&text) {
        Ok(json) if text.starts_with(['{', '[']) => sorted(&json).to_string(),
        Ok(json) if json.is_f64() => json.to_string(),
        _ => value.to_owned(),
    }
}

fn sorted(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let keys: BTreeMap<&String, Value> = map.iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(keys.into_iter().map(|(k, v)| (k.clone(), v)).collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Number(number) => serde_json::json!(number.as_f64()),
        other => other.clone(),
    }
}

/// The dump with another row in a table.
pub(crate) fn with_row(dump: &str, table: &str, row: &[(&str, &str)]) -> String {
    let start = dump.find(&format!("COPY public.{table} (")).unwrap();
    let head_end = start + dump[start..].find('\n').unwrap();
    let head = &dump[start..head_end];
    let columns = head.split_once('(').unwrap().1.split_once(')').unwrap().0;
    let value = |column: &str| {
        let name = column.trim_matches('"');
        row.iter().find(|(other, _)| *other == name).map_or("\\N", |(_, value)| value)
    };
    let line: Vec<&str> = columns.split(", ").map(value).collect();
    let end = head_end + dump[head_end..].find("\n\\.").unwrap();
    format!("{}\n{}{}", &dump[..end], line.join("\t"), &dump[end..])
}
