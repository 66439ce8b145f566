//! Questions that are asked one by one, or together before their answers are needed: then all of them cost one wait.

use tokio_postgres::Row;

use super::database::{Database, Placed};
use super::link::Bound;
use super::logs::{Part, has_bound_by_id, texts_of};
use super::tables::{Table, kept, name_of_index};
use super::walk::Way;
use crate::catalogue::{Access, Link, ModelId};
use crate::engine::committed::Question;
use crate::error::Result;

/// So many questions are asked at once, whose answers are in memory together.
const MOST_AT_ONCE: usize = 500;

impl Database<'_> {
    /// Asks all at once what is not known yet. What fails is noted, and told by the questions themselves.
    pub(super) fn ask_ahead(&self, questions: &[Question<'_>]) {
        let is_new = |question: &Question<'_>| match *question {
            Question::Key(model, key) => {
                self.has_rows(model) && !self.found.borrow().contains_key(&(model, key.into()))
            }
            Question::Case(model, key) => {
                !self.other_case.borrow().contains_key(&(model, key.into()))
            }
            Question::Under(model, index, key) => {
                !self.under.borrow().contains_key(&(model, index, kept(&key.text())))
            }
            Question::Count(model, index, key) => {
                !self.counts.borrow().contains_key(&(model, index, kept(key)))
            }
            // Where a bound stands is a question of its own.
            Question::Rows(key, query) => {
                !has_bound_by_id(query) && self.rows_known(key, query).is_none()
            }
        };
        let new: Vec<&Question<'_>> = questions.iter().filter(|one| is_new(one)).collect();
        // One alone is asked when it is asked.
        if new.len() < 2 {
            return;
        }
        for some in new.chunks(MOST_AT_ONCE) {
            let bound: Vec<Bound> = some.iter().map(|question| self.bound(question)).collect();
            let Ok(begin) = self.opening(None) else { return };
            match self.link.ask_all(begin, &bound) {
                Ok(answers) => {
                    for (question, rows) in some.iter().zip(answers) {
                        // A row that is no record is told to whoever asks for it.
                        let _ = self.note(question, &rows);
                    }
                }
                Err(failure) => return drop(self.fail(failure)),
            }
        }
    }

    /// Asks one thing, and keeps the answer.
    ///
    /// # Errors
    /// As for every question.
    pub(super) fn answer(&self, question: Question<'_>) -> Result<()> {
        let rows = self.ask_bound(&self.bound(&question))?;
        self.note(&question, &rows)
    }

    fn bound(&self, question: &Question<'_>) -> Bound {
        match *question {
            Question::Key(model, key) => {
                let Table { records, .. } = Table::of(self.model(model));
                let text = format!("SELECT seq, created_ms, text FROM {records} WHERE key = $1");
                Bound::new(text, vec![Box::new(kept(key))])
            }
            Question::Case(model, key) => {
                let Table { records, .. } = Table::of(self.model(model));
                let text = format!(
                    "SELECT seq, created_ms, text FROM {records} WHERE folded = $1 AND key <> $2 LIMIT 1"
                );
                Bound::new(text, vec![Box::new(kept(&key.to_lowercase())), Box::new(kept(key))])
            }
            Question::Under(model, index, key) => {
                let (declared, key) = (self.model(model), key.text());
                if declared.indexes[index].unique {
                    return self.under_unique(model, index, kept(&key));
                }
                let all = Access::by_creation_of(Some((index, key.into_owned())));
                Way::of(declared, &all).ask(declared, None)
            }
            Question::Count(model, index, key) => {
                let declared = self.model(model);
                let Table { keys, .. } = Table::of(declared);
                let text = format!("SELECT count(*) FROM {keys} WHERE index = $1 AND value = $2");
                Bound::new(
                    text,
                    vec![Box::new(name_of_index(declared, index)), Box::new(kept(key))],
                )
            }
            Question::Rows(key, query) => self.part_of(key, query, Part::default()),
        }
    }

    fn note(&self, question: &Question<'_>, rows: &[Row]) -> Result<()> {
        match *question {
            Question::Key(model, key) => {
                let found = self.take(model, rows)?.into_iter().next();
                if found.is_some() {
                    self.note_single(model);
                }
                self.found.borrow_mut().insert((model, key.into()), found);
            }
            Question::Case(model, key) => {
                let other = self.take(model, rows)?.into_iter().next();
                let other = other.map(|(_, record)| record.key().into());
                self.other_case.borrow_mut().insert((model, key.into()), other);
            }
            Question::Under(model, index, key) => {
                let found = match self.model(model).indexes[index].unique {
                    true => self.take_with_links(model, rows)?,
                    false => self.take(model, rows)?,
                };
                self.under.borrow_mut().insert((model, index, kept(&key.text())), found);
            }
            Question::Count(model, index, key) => {
                let count = rows.first().map_or(0, |row| row.get(0));
                self.counts.borrow_mut().insert((model, index, kept(key)), count);
            }
            Question::Rows(key, query) => self.note_rows(key, query, texts_of(rows, query)),
        }
        Ok(())
    }

    /// What a record refers to by its fields alone.
    fn single_links(&self, model: ModelId) -> Vec<&Link> {
        let links = self.model(model).links.iter();
        links.filter(|link| !link.in_list && link.by.is_none() && self.has_rows(link.to)).collect()
    }

    /// The one record under a key of an index that is unique, and with the same question what it refers to: who
    /// looks for a session wants its user too.
    fn under_unique(&self, model: ModelId, index: usize, key: String) -> Bound {
        let declared = self.model(model);
        let Table { records, keys } = Table::of(declared);
        let mut question = format!(
            "WITH found AS (SELECT r.key, r.seq, r.created_ms, r.text FROM {keys} k JOIN {records} r ON r.key = k.record
               WHERE k.index = $1 AND k.value = $2)
             SELECT 0 AS part, seq, created_ms, text FROM found"
        );
        let mut bound = Bound::new(
            String::new(),
            vec![Box::new(name_of_index(declared, index)), Box::new(key)],
        );
        for (part, link) in self.single_links(model).into_iter().enumerate() {
            let other = Table::of(self.model(link.to)).records;
            question += &format!(
                " UNION ALL SELECT {}, o.seq, o.created_ms, o.text FROM found f JOIN {keys} k ON k.record = f.key AND k.index = ${}
                  JOIN {other} o ON o.key = k.value",
                part + 1,
                part + 3
            );
            bound.params.push(Box::new(name_of_index(declared, link.index)));
        }
        bound.text = question;
        bound
    }

    fn take_with_links(&self, model: ModelId, rows: &[Row]) -> Result<Vec<Placed>> {
        let links = self.single_links(model);
        let mut found = Vec::new();
        for row in rows {
            let part: i32 = row.get("part");
            let row = std::slice::from_ref(row);
            match usize::try_from(part - 1).ok().and_then(|part| links.get(part)) {
                None => found.extend(self.take(model, row)?),
                Some(link) => drop(self.take(link.to, row)?),
            }
        }
        Ok(found)
    }
}
