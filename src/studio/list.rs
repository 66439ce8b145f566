//! Pages of records: planned by the indexes, and gone on with where the page before has ended.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::short::{self, model_of};
use crate::calls::{Args, Reply};
use crate::catalogue::ModelId;
use crate::engine::{Record, View};
use crate::error::{Error, Issue, Result};
use crate::json;
use crate::query::{Plan, Query};
use crate::repos::find;

/// Rows of a page, unless the request says how many; and at most.
const PAGE: usize = 100;
const LARGEST: usize = 500;

/// Where a page has ended: so many records that match and so many that were walked over lie before it,
/// the last of which has this key. By the key it is seen whether others have come or gone meanwhile.
struct Cursor {
    matched: usize,
    walked: usize,
    key: String,
}

impl Cursor {
    fn read(text: &str) -> Option<Cursor> {
        let (matched, rest) = text.split_once(':')?;
        let (walked, key) = rest.split_once(':')?;
        Some(Cursor {
            matched: matched.parse().ok()?,
            walked: walked.parse().ok()?,
            key: key.to_owned(),
        })
    }

    fn text(&self) -> String {
        format!("{}:{}:{}", self.matched, self.walked, self.key)
    }
}

/// What is asked for.
struct Asked {
    model: ModelId,
    query: Query,
    /// Is an order asked for?
    is_ordered: bool,
    search: Option<Search>,
    skip: usize,
    take: usize,
    cursor: Option<Cursor>,
    columns: Vec<String>,
}

impl Asked {
    fn of(view: &View<'_>, args: &Args) -> Result<Asked> {
        let model = model_of(view, args.text("model")?)?;
        let options = args.options("options")?;
        let number = |name: &str, usual: usize| {
            let value = options.get(name).and_then(Value::as_u64);
            value.map_or(usual, |value| usize::try_from(value).unwrap_or(usize::MAX))
        };
        let text = |name: &str| options.get(name).and_then(Value::as_str);
        let given = |name: &&str| options.get(*name).is_some_and(|value| !value.is_null());
        let kept = ["where", "orderBy"].into_iter().filter(given);
        let mut asked: Map<String, Value> =
            kept.map(|name| (name.to_owned(), options[name].clone())).collect();
        let take = number("take", PAGE).min(LARGEST);
        // Who takes a few wants them found in an order that is kept.
        asked.insert("take".into(), take.into());
        let query = Query::parse(view.catalogue().model(model), Some(&Value::Object(asked)))?;
        let columns = options.get("columns").and_then(Value::as_array).into_iter().flatten();
        Ok(Asked {
            model,
            query,
            is_ordered: given(&"orderBy"),
            search: text("search").and_then(Search::of),
            skip: number("skip", 0),
            take,
            cursor: text("cursor").map(read_cursor).transpose()?,
            columns: columns.filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    fn fits(&self, record: &Record) -> bool {
        self.search.as_ref().is_none_or(|search| search.finds(record.text()))
    }
}

fn read_cursor(text: &str) -> Result<Cursor> {
    let fault = || Issue::new("cursor", "the `next` of a page", "something else");
    Cursor::read(text).ok_or_else(|| Error::validation("Arguments", vec![fault()]))
}

/// A text that is looked for in every value, without case.
pub(super) struct Search {
    wanted: String,
    /// As it stands in JSON text: most records are ruled out by that.
    quoted: String,
}

impl Search {
    pub(super) fn of(text: &str) -> Option<Search> {
        let wanted = text.trim().to_lowercase();
        let quoted = json::quote(&wanted).trim_matches('"').to_owned();
        (!wanted.is_empty()).then_some(Search { wanted, quoted })
    }

    /// Is the text in a value of this JSON object?
    pub(super) fn finds(&self, object: &str) -> bool {
        object.to_lowercase().contains(&self.quoted)
            && json::parse(object).is_ok_and(|value| self.is_in(&value))
    }

    fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => text.to_lowercase().contains(&self.wanted),
            Value::Number(number) => number.to_string() == self.wanted,
            Value::Array(items) => items.iter().any(|item| self.is_in(item)),
            Value::Object(map) => map.values().any(|value| self.is_in(value)),
            _ => false,
        }
    }
}

pub(super) fn list(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let asked = Asked::of(view, args)?;
    let declared = view.catalogue().model(asked.model);
    let plan = asked.query.plan(declared, &view.sizes(asked.model));
    let (records, next) = match asked.is_ordered && !plan.ordered {
        true => sorted_page(view, &asked)?,
        false => walked_page(view, &asked, &plan)?,
    };
    let rows = records.iter().map(|record| short::row(view, declared, &asked.columns, record));
    Ok(Reply::Value(json!({ "rows": rows.collect::<Result<Value>>()?, "next": next })))
}

/// A page in an order that no index keeps: all that match are sorted for it.
fn sorted_page(view: &View<'_>, asked: &Asked) -> Result<(Vec<Arc<Record>>, Option<String>)> {
    let whole = asked.query.clone().without_page();
    let all = find::select(view, asked.model, &whole)?.records;
    let mut fitting = all.into_iter().filter(|record| asked.fits(record)).skip(asked.skip);
    let page: Vec<_> = fitting.by_ref().take(asked.take).collect();
    let next = fitting.next().is_some().then(|| {
        let matched = asked.skip + page.len();
        let key = page.last().map_or_else(String::new, |record| record.key().to_owned());
        Cursor { matched, walked: matched, key }.text()
    });
    Ok((page, next))
}

/// A page on the way of a plan, which is gone on with where the cursor says.
fn walked_page(
    view: &View<'_>,
    asked: &Asked,
    plan: &Plan,
) -> Result<(Vec<Arc<Record>>, Option<String>)> {
    let fields = asked.query.fields();
    let start = start(view, asked, plan)?;
    let mut at = Cursor { key: String::new(), ..start };
    let mut page = Vec::new();
    let mut walk = view.walk(asked.model, &plan.access, None)?;
    if let Some(last) = at.walked.checked_sub(1) {
        walk.nth(last);
    }
    for record in walk {
        let matches = plan.exact || asked.query.matches(&view.look(&record, &fields)?);
        if matches && asked.fits(&record) {
            if page.len() == asked.take {
                return Ok((page, Some(at.text())));
            }
            at.matched += 1;
            if at.matched > asked.skip {
                page.push(Arc::clone(&record));
            }
        }
        at.walked += 1;
        record.key().clone_into(&mut at.key);
    }
    Ok((page, None))
}

/// Where to go on: at the cursor, at where its record stands by now, or at the beginning.
fn start(view: &View<'_>, asked: &Asked, plan: &Plan) -> Result<Cursor> {
    let beginning = Cursor { matched: 0, walked: 0, key: String::new() };
    let Some(cursor) = asked.cursor.as_ref().filter(|cursor| cursor.matched <= asked.skip) else {
        return Ok(beginning);
    };
    let Cursor { matched, walked, ref key } = *cursor;
    let mut walk = view.walk(asked.model, &plan.access, None)?;
    let stands = walked == 0 || walk.nth(walked - 1).is_some_and(|record| record.key() == key);
    let moved = || -> Result<Option<usize>> {
        Ok(view.walk(asked.model, &plan.access, None)?.position(|record| record.key() == key))
    };
    let walked = if stands { walked } else { moved()?.map_or(walked, |at| at + 1) };
    Ok(Cursor { matched, walked, key: String::new() })
}

pub(super) fn count(view: &View<'_>, _model: ModelId, args: &Args) -> Result<Reply> {
    let asked = Asked::of(view, args)?;
    let whole = asked.query.clone().without_page();
    if asked.search.is_none() {
        return find::count(view, asked.model, &whole).map(Reply::Count);
    }
    let all = find::select(view, asked.model, &whole)?.records;
    Ok(Reply::Count(all.iter().filter(|record| asked.fits(record)).count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_values_and_not_in_keys() {
        let finds =
            |text: &str, object: &str| Search::of(text).is_some_and(|search| search.finds(object));
        assert!(finds("ROMEO", r#"{"name":"Romeo"}"#));
        assert!(finds("\"so\" it", r#"{"a":["he said \"so\" it is"]}"#));
        assert!(finds("é\n", r#"{"a":{"b":"CAFÉ\nx"}}"#) || finds("é", r#"{"a":{"b":"CAFÉ"}}"#));
        assert!(!finds("name", r#"{"name":"Romeo"}"#));
        assert!(Search::of("  ").is_none());
    }

    #[test]
    fn a_cursor_reads_what_it_has_written() {
        let cursor = Cursor { matched: 7, walked: 12, key: "a:b".into() };
        let read = Cursor::read(&cursor.text()).expect("a cursor");
        assert_eq!((read.matched, read.walked, read.key.as_str()), (7, 12, "a:b"));
        assert!(Cursor::read("7").is_none() && Cursor::read("x:1:k").is_none());
    }
}
