//! What a log's lines come to, line by line.

use std::collections::BTreeMap;

use crate::dual::fold::State;
use crate::dual::line::{Ended, Kind, Line, What};
use crate::dual::scope::Scope;

/// Lines of a log, said shortly.
#[derive(Default)]
struct Lines {
    state: State,
    number: u64,
}

impl Lines {
    fn line(&mut self, writer: &str, what: What) {
        self.number += 1;
        let (writer, number, time) = (writer.to_owned(), self.number, 0);
        self.state.apply(Line { writer, number, time, what });
    }

    fn begin(&mut self, writer: &str, op: u64, kind: Kind, row: &str, with: &[u64]) {
        let equals = BTreeMap::from([("id".to_owned(), row.to_owned())]);
        let scopes = vec![Scope { model: "Tag".to_owned(), equals }];
        self.line(writer, What::Begin { op, kind, scopes, tables: 1, with: with.to_vec() });
    }

    fn write(&mut self, writer: &str, op: u64, row: &str) {
        self.begin(writer, op, Kind::Write, row, &[]);
    }

    fn end(&mut self, writer: &str, op: u64, how: Ended) {
        self.line(writer, What::End { op, how, code: None, difference: None });
    }

    fn copied(&mut self, writer: &str, op: u64) {
        self.line(writer, What::Copied { op, failed: Vec::new() });
    }

    fn waiting(&self) -> Vec<&str> {
        self.state.marks().map(|mark| mark.scope.equals["id"].as_str()).collect()
    }
}

#[test]
fn writes_of_one_row_that_meet_leave_a_mark() {
    let mut lines = Lines::default();
    lines.write("a", 1, "x");
    lines.write("b", 1, "x");
    lines.write("b", 2, "y");
    lines.end("a", 1, Ended::Agreed);
    assert!(lines.waiting().is_empty(), "the other one ends later, and sees this one");
    lines.end("b", 2, Ended::Agreed);
    lines.end("b", 1, Ended::Agreed);
    assert_eq!(lines.waiting(), ["x"]);
}

#[test]
fn a_writer_knows_the_order_of_its_own() {
    let mut lines = Lines::default();
    lines.write("a", 1, "x");
    // The primary has answered the first: the store gets them in this order.
    lines.begin("a", 2, Kind::Write, "x", &[]);
    lines.end("a", 1, Ended::Agreed);
    lines.end("a", 2, Ended::Agreed);
    assert!(lines.waiting().is_empty());
    lines.write("a", 3, "x");
    lines.begin("a", 4, Kind::Write, "x", &[3]);
    lines.end("a", 3, Ended::Agreed);
    lines.end("a", 4, Ended::Agreed);
    assert_eq!(lines.waiting(), ["x"]);
}

#[test]
fn what_fails_or_may_have_been_done_leaves_a_mark() {
    let ends = [
        (Ended::Agreed, 0),
        (Ended::Refused, 0),
        (Ended::Differed, 1),
        (Ended::Behind, 1),
        (Ended::Failed, 1),
        (Ended::Overflowed, 1),
        (Ended::Unrepeated, 1),
        (Ended::Unknown, 1),
    ];
    for (how, marks) in ends {
        let mut lines = Lines::default();
        lines.write("a", 1, "x");
        lines.end("a", 1, how);
        assert_eq!(lines.waiting().len(), marks, "{how:?}");
    }
    let mut lines = Lines::default();
    lines.write("dead", 1, "x");
    lines.line("a", What::Gone { who: "dead".to_owned() });
    assert_eq!(lines.waiting(), ["x"]);
}

#[test]
fn a_copy_takes_a_mark_away_unless_somebody_writes_meanwhile() {
    let failed = |lines: &mut Lines| {
        lines.write("a", 1, "x");
        lines.end("a", 1, Ended::Failed);
        lines.begin("a", 2, Kind::Copy, "x", &[]);
    };
    let mut lines = Lines::default();
    failed(&mut lines);
    lines.copied("a", 2);
    assert!(lines.waiting().is_empty());

    let mut lines = Lines::default();
    failed(&mut lines);
    lines.write("b", 1, "x");
    lines.end("b", 1, Ended::Agreed);
    lines.copied("a", 2);
    assert_eq!(lines.waiting(), ["x"], "ended within the copy");

    let mut lines = Lines::default();
    failed(&mut lines);
    lines.write("b", 1, "x");
    lines.copied("a", 2);
    assert_eq!(lines.waiting(), ["x"], "under way at its end");

    let mut lines = Lines::default();
    failed(&mut lines);
    lines.copied("a", 2);
    lines.write("a", 3, "x");
    lines.begin("a", 4, Kind::Copy, "x", &[]);
    lines.copied("a", 4);
    lines.end("a", 3, Ended::Agreed);
    assert_eq!(lines.waiting(), ["x"], "the copy may have read what is then repeated");
}

#[test]
fn the_next_file_says_all_of_the_one_before() {
    let mut lines = Lines::default();
    lines.write("a", 1, "x");
    lines.end("a", 1, Ended::Failed);
    lines.write("b", 1, "y");
    let text = serde_json::to_string(&lines.state).expect("a state is JSON");
    let read: State = serde_json::from_str(&text).expect("and is read again");
    assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
    assert_eq!(read.marks().count(), 1);
    assert_eq!(read.open.len(), 1);
}

#[test]
fn a_repair_forgets_what_was_before_it_and_nothing_else() {
    let mut lines = Lines::default();
    lines.write("a", 1, "x");
    lines.end("a", 1, Ended::Failed);
    let from = lines.state.position;
    lines.write("a", 2, "y");
    lines.end("a", 2, Ended::Failed);
    lines.line("r", What::Repaired { from });
    assert_eq!(lines.waiting(), ["y"]);
}
