//! The text of an answer, as it is put together: a list that is long stands behind the rest, in pieces, so
//! that a client need not make objects of all its rows at one go.

use std::ops::{Deref, DerefMut};

/// A piece of a list ends with the row that makes it longer than so many bytes.
const PIECE: usize = 64 << 10;

/// The text of an answer.
#[derive(Default)]
pub(crate) struct AnswerText {
    text: String,
    /// The long lists, each as the texts of shorter ones, a line each. In the text their numbers stand for them.
    long: Vec<String>,
}

/// A list that is being added.
pub(crate) struct ListText {
    start: usize,
    piece: usize,
}

impl AnswerText {
    /// Begins a list.
    pub(crate) fn begin_list(&mut self) -> ListText {
        let start = self.text.len();
        self.text.push('[');
        ListText { start, piece: start }
    }

    /// Goes on with the next row of a list. (Nothing else adds the end of a line.)
    pub(crate) fn next_row(&mut self, list: &mut ListText) {
        let len = self.text.len();
        if len == list.start + 1 {
            return;
        }
        if len - list.piece <= PIECE {
            self.text.push(',');
            return;
        }
        self.text.push_str("]\n[");
        list.piece = len + 2;
    }

    /// Ends a list.
    pub(crate) fn end_list(&mut self, list: ListText) {
        self.text.push(']');
        if list.piece == list.start {
            return;
        }
        let number = self.long.len();
        self.long.push(self.text.split_off(list.start));
        self.text.push_str(&number.to_string());
    }

    /// Bytes so far.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + self.long.iter().map(String::len).sum::<usize>()
    }

    /// The whole text: JSON alone, or where there are long lists, `*` and the JSON, and behind an empty line
    /// each the lists.
    pub(crate) fn finish(self) -> String {
        if self.long.is_empty() {
            return self.text;
        }
        let mut whole = String::with_capacity(self.size() + 2 * self.long.len() + 1);
        whole.push('*');
        whole.push_str(&self.text);
        for list in self.long {
            whole.push_str("\n\n");
            whole.push_str(&list);
        }
        whole
    }
}

impl Deref for AnswerText {
    type Target = String;

    fn deref(&self) -> &String {
        &self.text
    }
}

impl DerefMut for AnswerText {
    fn deref_mut(&mut self) -> &mut String {
        &mut self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of rows of so many bytes, each with a list of its own.
    fn push(text: &mut AnswerText, rows: usize, inner: &[usize]) {
        let mut list = text.begin_list();
        for row in 0..rows {
            text.next_row(&mut list);
            match inner {
                [rows, deeper @ ..] => {
                    text.push_str("{\"a\":");
                    push(text, *rows, deeper);
                    text.push('}');
                }
                [] => text.push_str(&format!("{{\"n\":\"{row:0>1000}\"}}")),
            }
        }
        text.end_list(list);
    }

    #[test]
    fn a_short_list_stays_where_it_is() {
        let mut text = AnswerText::default();
        push(&mut text, 2, &[0]);
        assert_eq!(text.finish(), "[{\"a\":[]},{\"a\":[]}]");
    }

    #[test]
    fn long_lists_stand_behind_in_pieces_of_about_one_length() {
        let mut text = AnswerText::default();
        push(&mut text, 2, &[200]);
        let whole = text.finish();
        let (first, lists) = whole.split_once("\n\n").expect("lists");
        assert_eq!(first, "*[{\"a\":0},{\"a\":1}]");
        for list in lists.split("\n\n") {
            let pieces: Vec<&str> = list.split('\n').collect();
            assert_eq!(pieces.len(), 4);
            assert!(pieces.iter().all(|piece| piece.len() < PIECE + 2000));
            let rows = |piece: &&str| serde_json::from_str::<Vec<serde_json::Value>>(piece);
            let rows: usize = pieces.iter().map(|piece| rows(piece).expect("a list").len()).sum();
            assert_eq!(rows, 200);
        }
    }
}
