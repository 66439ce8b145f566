//! Where the rows of Better Auth's tables are: the four that it always has are models of the store's
//! own, under its names and in its forms; those of plugins are collections made for them.

use crate::catalogue::{Catalogue, Field, Model, ModelId, models};
use crate::error::{Code, Error, Result};

/// How a value differs between the two, besides its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Not at all.
    Same,
    /// A text that is never null here.
    Filled,
    /// Compared without case, as the store does.
    Caseless,
    /// True where the record has a time.
    WhetherTime,
    /// What opens a session: it may be kept as its hash.
    Token,
    /// Sealed, where that is wanted.
    Sealed,
    /// Scopes with commas between them, where the record has spaces, as OAuth writes it.
    Scopes,
    /// A time, of which the record has the whole seconds in `expires_at` besides.
    Expiry,
    /// A time that a record of Auth.js's lacks: it is then told as 1970, so nothing passes for new.
    Since,
}

/// One field of one of the four tables that is not simply the record's field of its name.
#[derive(Debug)]
pub(super) struct Column {
    /// Better Auth's name.
    pub(super) name: &'static str,
    /// The record's.
    pub(super) field: &'static str,
    pub(super) form: Form,
}

const fn column(name: &'static str, field: &'static str, form: Form) -> Column {
    Column { name, field, form }
}

/// One of the four tables.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) name: &'static str,
    model: ModelId,
    pub(super) columns: &'static [Column],
}

const CREATED: Column = column("createdAt", "createdAt", Form::Since);
const UPDATED: Column = column("updatedAt", "updatedAt", Form::Since);

const CORE: &[Core] = &[
    Core {
        name: "user",
        model: models::USER,
        columns: &[
            column("name", "name", Form::Filled),
            column("email", "email", Form::Caseless),
            column("emailVerified", "emailVerified", Form::WhetherTime),
        ],
    },
    Core {
        name: "session",
        model: models::SESSION,
        columns: &[
            column("token", "sessionToken", Form::Token),
            column("expiresAt", "expires", Form::Same),
            CREATED,
            UPDATED,
        ],
    },
    Core {
        name: "account",
        model: models::ACCOUNT,
        columns: &[
            column("providerId", "provider", Form::Same),
            column("accountId", "providerAccountId", Form::Same),
            column("accessToken", "access_token", Form::Sealed),
            column("refreshToken", "refresh_token", Form::Sealed),
            column("idToken", "id_token", Form::Sealed),
            column("accessTokenExpiresAt", "accessTokenExpiresAt", Form::Expiry),
            column("scope", "scope", Form::Scopes),
            column("password", "password", Form::Same),
            CREATED,
            UPDATED,
        ],
    },
    Core {
        name: "verification",
        model: models::VERIFICATION,
        columns: &[column("value", "value", Form::Same)],
    },
];

/// A table: the model of its records, and what is different there.
pub(super) struct Table {
    /// Better Auth's name.
    pub(super) name: String,
    pub(super) model: ModelId,
    /// None for the table of a plugin, whose rows are the records.
    pub(super) core: Option<&'static Core>,
}

impl Table {
    /// The table that Better Auth calls so.
    ///
    /// # Errors
    /// `VALIDATION` when nobody has declared it.
    pub(super) fn named(catalogue: &Catalogue, name: &str) -> Result<Table> {
        let core = CORE.iter().find(|core| core.name == name);
        let own = || catalogue.by_collection(&collection_of(name));
        let model = core.map(|core| core.model).or_else(own).ok_or_else(|| {
            let message = format!("Better Auth's schema has no table {name}");
            Error::new(Code::Validation, message)
        })?;
        Ok(Table { name: name.to_owned(), model, core })
    }

    /// What is different about a field, by Better Auth's name.
    pub(super) fn column(&self, name: &str) -> Option<&'static Column> {
        self.core?.columns.iter().find(|column| column.name == name)
    }

    /// What is different about a field, by the record's name.
    pub(super) fn column_of(&self, field: &str) -> Option<&'static Column> {
        self.core?.columns.iter().find(|column| column.field == field)
    }

    /// The record's name for a field.
    pub(super) fn field_of<'n>(&self, name: &'n str) -> &'n str {
        self.column(name).map_or(name, |column| column.field)
    }

    /// The declaration of a field, by Better Auth's name.
    pub(super) fn declared<'m>(&self, model: &'m Model, name: &str) -> Option<&'m Field> {
        model.field(self.field_of(name))
    }
}

/// The model behind a table that Better Auth always has.
pub(super) fn core_model(name: &str) -> Option<(ModelId, &'static [Column])> {
    CORE.iter().find(|core| core.name == name).map(|core| (core.model, core.columns))
}

/// The collection of a plugin's table: `twoFactor` is kept as `authTwoFactor`, so that no collection
/// of the app's own has its name.
pub(super) fn collection_of(table: &str) -> String {
    let words = table.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.fold("auth".to_owned(), |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.extend(letters);
        name
    })
}
