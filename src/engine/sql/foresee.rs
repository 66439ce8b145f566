//! Questions that are asked one by one, or together before their answers are needed: then all of them cost one wait.

use tokio_postgres::Row;

use super::database::Database;
use super::link::Bound;
use super::tables::{Table, kept, name_of_index};
use crate::catalogue::{Link, ModelId};
use crate::engine::committed::Question;
use crate::error::Result;

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
            Question::Unique(model, index, key) => {
                !self.unique.borrow().contains_key(&(model, index, kept(&key.text())))
            }
        };
        let new: Vec<&Question<'_>> = questions.iter().filter(|one| is_new(one)).collect();
        // One alone is asked when it is asked.
        if new.len() < 2 {
            return;
        }
        let bound: Vec<Bound> = new.iter().map(|question| self.bound(question)).collect();
        let rows = self.link.ask_all(self.to_begin(), &bound);
        self.has_begun.set(true);
        match rows {
            Ok(answers) => {
                for (question, rows) in new.into_iter().zip(answers) {
                    // A row that is no record is told to whoever asks for it.
                    let _ = self.note(question, &rows);
                }
            }
            Err(failure) => drop(self.fail(failure)),
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
                let text = format!("SELECT seq, text FROM {records} WHERE key = $1");
                Bound::new(text, vec![Box::new(kept(key))])
            }
            Question::Case(model, key) => {
                let Table { records, .. } = Table::of(self.model(model));
                let text = format!(
                    "SELECT seq, text FROM {records} WHERE folded = $1 AND key <> $2 LIMIT 1"
                );
                Bound::new(text, vec![Box::new(kept(&key.to_lowercase())), Box::new(kept(key))])
            }
            Question::Unique(model, index, key) => {
                self.under_unique(model, index, kept(&key.text()))
            }
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
            Question::Unique(model, index, key) => {
                self.note_unique(model, (index, kept(&key.text())), rows)?;
            }
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
    pub(super) fn under_unique(&self, model: ModelId, index: usize, key: String) -> Bound {
        let declared = self.model(model);
        let Table { records, keys } = Table::of(declared);
        let mut question = format!(
            "WITH found AS (SELECT r.key, r.seq, r.text FROM {keys} k JOIN {records} r ON r.key = k.record
               WHERE k.index = $1 AND k.value = $2)
             SELECT 0 AS part, seq, text FROM found"
        );
        let mut bound = Bound::new(
            String::new(),
            vec![Box::new(name_of_index(declared, index)), Box::new(key)],
        );
        for (part, link) in self.single_links(model).into_iter().enumerate() {
            let other = Table::of(self.model(link.to)).records;
            question += &format!(
                " UNION ALL SELECT {}, o.seq, o.text FROM found f JOIN {keys} k ON k.record = f.key AND k.index = ${}
                  JOIN {other} o ON o.key = k.value",
                part + 1,
                part + 3
            );
            bound.params.push(Box::new(name_of_index(declared, link.index)));
        }
        bound.text = question;
        bound
    }

    pub(super) fn note_unique(
        &self,
        model: ModelId,
        place: (usize, String),
        rows: &[Row],
    ) -> Result<()> {
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
        self.unique.borrow_mut().insert((model, place.0, place.1), found);
        Ok(())
    }
}
