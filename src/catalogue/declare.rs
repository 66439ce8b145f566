//! The words with which `models.rs` declares: a function a kind of field, a method a property.

use std::sync::Arc;

use super::types::{
    Counted, Field, Kind, Mirror, Model, ModelId, OnDelete, Payload, Place, Sealing, Sorting,
    Times, Unique,
};

pub(super) fn field(name: &str, kind: Kind) -> Field {
    Field {
        name: name.to_owned(),
        kind,
        optional: false,
        default: None,
        derived: false,
        lower_case_of: None,
        one_per: None,
        once: false,
        indexed: false,
        refers: None,
        unchecked: false,
        filled: false,
        least: None,
        most: None,
        private: false,
        lets_in: false,
        sealing: None,
        binds: false,
        doc: String::new(),
    }
}

pub(super) fn id(name: &str) -> Field {
    field(name, Kind::Id)
}

pub(super) fn text(name: &str) -> Field {
    field(name, Kind::Text)
}

pub(super) fn integer(name: &str) -> Field {
    field(name, Kind::Integer)
}

pub(super) fn flag(name: &str) -> Field {
    field(name, Kind::Flag)
}

pub(super) fn time(name: &str) -> Field {
    field(name, Kind::Time)
}

/// Any JSON value. Where it may be absent, absent is nothing at all, and null is JSON's null.
pub(super) fn json(name: &str) -> Field {
    field(name, Kind::Any)
}

/// Any JSON object.
pub(super) fn json_object(name: &str) -> Field {
    field(name, Kind::Json)
}

pub(super) fn one_of(name: &str, words: &[&str]) -> Field {
    field(name, Kind::Enum(words.iter().map(|word| (*word).to_owned()).collect()))
}

pub(super) fn link(name: &str, to: ModelId, on_delete: OnDelete) -> Field {
    field(name, Kind::Link(to, on_delete))
}

/// A list of references, each once; an entry goes when the record that it names goes.
pub(super) fn links(name: &str, to: ModelId, on_delete: OnDelete) -> Field {
    let list = field(name, Kind::List(Box::new(Kind::Link(to, on_delete)))).default("[]");
    Field { once: true, ..list }
}

pub(super) fn object(name: &str, fields: Vec<Field>) -> Field {
    field(name, Kind::Object(fields))
}

pub(super) fn objects(name: &str, fields: Vec<Field>) -> Field {
    field(name, Kind::List(Box::new(Kind::Object(fields))))
}

impl Field {
    /// It may be null or absent.
    pub(super) fn opt(mut self) -> Field {
        self.optional = true;
        self
    }

    /// `create` fills in this JSON text when the key is absent.
    pub(super) fn default(mut self, json: &str) -> Field {
        self.default = Some(json.to_owned());
        self
    }

    /// The store, and nobody else, writes it.
    pub(super) fn derived(mut self) -> Field {
        self.derived = true;
        self
    }

    /// It follows another field, in lower case, unless it is given.
    pub(super) fn lower_case_of(mut self, other: &str) -> Field {
        self.lower_case_of = Some(other.to_owned());
        self
    }

    /// The store gives it a value in an entry that lacks it: a new id, or the time of the change.
    /// (Only a file that was written elsewhere has entries without it.)
    pub(super) fn filled(mut self) -> Field {
        (self.optional, self.filled) = (true, true);
        self
    }

    /// No two entries of the list have the same value in this field.
    pub(super) fn one_per(mut self, inner: &str) -> Field {
        self.one_per = Some(inner.to_owned());
        self
    }

    /// It may refer to nothing, or to something else.
    pub(super) fn unchecked(mut self) -> Field {
        self.unchecked = true;
        // One of several kinds may have the same id.
        self.once = false;
        self
    }

    /// Only its owner may see it.
    pub(super) fn private(mut self) -> Field {
        self.private = true;
        self
    }

    /// It lets somebody in, or says who they are at a provider.
    pub(super) fn lets_in(mut self) -> Field {
        self.lets_in = true;
        self
    }

    /// Nobody who has the files can read it.
    pub(super) fn sealed(mut self, sealing: Sealing) -> Field {
        self.private = true;
        self.sealing = Some(sealing);
        self
    }

    /// What is sealed in the record is of use with this value only.
    pub(super) fn binding(mut self) -> Field {
        self.binds = true;
        self
    }

    /// It is looked up by.
    pub(super) fn indexed(mut self) -> Field {
        self.indexed = true;
        self
    }

    /// One sentence for the documentation.
    pub(super) fn doc(mut self, sentence: &str) -> Field {
        self.doc = sentence.to_owned();
        self
    }
}

pub(super) fn directory(dir: &str) -> Place {
    Place::Directory { dir: dir.to_owned() }
}

pub(super) fn document(file: &str, key: &str) -> Place {
    Place::Document { file: file.to_owned(), key: key.to_owned() }
}

pub(super) fn rows(file: &str) -> Place {
    let schema = file.trim_end_matches(".jsonl").to_owned();
    Place::Rows { file: file.to_owned(), schema }
}

/// A model with a key `id` and both times, which the caller's `fields` stand between.
pub(super) fn model(name: &str, collection: &str, place: Place, fields: Vec<Field>) -> Model {
    Model {
        name: name.to_owned(),
        collection: collection.to_owned(),
        key: "id".to_owned(),
        fields,
        uniques: Vec::new(),
        times: Times::Both,
        place,
        mirrors: Vec::new(),
        counted: None,
        payload: None,
        sealed_as: None,
        doc: String::new(),
        sortings: Vec::new(),
        indexes: Vec::new(),
        sort_fields: Vec::new(),
        links: Vec::new(),
        sealed: Vec::new(),
        binding: Vec::new(),
        private: Arc::default(),
    }
}

impl Model {
    /// Its key is this field, which is declared like any other.
    pub(super) fn keyed_by(mut self, key: &str) -> Model {
        self.key = key.to_owned();
        self
    }

    /// Which times it has.
    pub(super) fn times(mut self, times: Times) -> Model {
        self.times = times;
        self
    }

    /// These fields together occur once.
    pub(super) fn unique(mut self, fields: &[&str]) -> Model {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        self.uniques.push(Unique { fields, caseless: false });
        self
    }

    /// The unique before this is compared without case.
    pub(super) fn caseless(mut self) -> Model {
        if let Some(unique) = self.uniques.last_mut() {
            unique.caseless = true;
        }
        self
    }

    /// Lists of the records with equal values in `under` (none: of all) are sorted by these fields.
    pub(super) fn sorted(mut self, under: &[&str], by: &[&str]) -> Model {
        let under: Vec<String> = under.iter().map(|field| (*field).to_owned()).collect();
        let sortings = by.iter().map(|by| Sorting { under: under.clone(), by: (*by).to_owned() });
        self.sortings.extend(sortings);
        self
    }

    /// The ids at `path` and the list `field` of the other model are kept in step.
    pub(super) fn mirror(mut self, path: &[&str], of: ModelId, field: &str) -> Model {
        let path = path.iter().map(|step| (*step).to_owned()).collect();
        self.mirrors.push(Mirror { path, of, field: field.to_owned() });
        self
    }

    /// Its records stand for bytes in a folder, by the SHA-256 in a field.
    pub(super) fn payload(mut self, dir: &str, field: &str) -> Model {
        self.payload = Some(Payload { dir: dir.into(), field: field.into() });
        self
    }

    /// The `ciphertext`, `iv` and `authTag` of the record are the sealed form of this.
    pub(super) fn sealed_as(mut self, name: &str) -> Model {
        self.sealed_as = Some(name.to_owned());
        self
    }

    /// It is kept in logs, whose owner counts the rows of one type.
    pub(super) fn counted(mut self, row_type: &str, count: &str, last: &str) -> Model {
        self.counted = Some(Counted {
            row_type: row_type.to_owned(),
            fields: Some([count.to_owned(), last.to_owned()]),
        });
        self
    }

    /// One sentence for the documentation.
    pub(super) fn doc(mut self, sentence: &str) -> Model {
        self.doc = sentence.to_owned();
        self
    }

    /// Adds the key in front and the times behind, where the declaration left them out.
    pub(super) fn finished(mut self) -> Model {
        if self.field(&self.key).is_none() {
            let doc = "The record's key; a UUID v4 when the store makes it.";
            self.fields.insert(0, id(&self.key).doc(doc));
        }
        for name in self.times.fields() {
            if self.field(name).is_none() {
                self.fields.push(time(name).doc(doc_of_time(name)));
            }
        }
        self
    }
}

fn doc_of_time(name: &str) -> &'static str {
    match name {
        "createdAt" => "When it was created; the store's, unless given.",
        _ => "When it was last changed; the store's, unless given.",
    }
}
