//! A store in a database that speaks PostgreSQL's wire, for apps on more than one machine.
//!
//! The same transactions and views as over a folder stand on it: what they ask becomes questions of a serializable
//! transaction (`database`, `logs`), and what they have changed becomes statements of the same one (`changes`),
//! so checks, relations and counts are no second time declared here. `link` is one connection, `pool` all of them,
//! `tables` their form, `keys` the rows by which indexes find records, `walk` the ways through them, which `pages`
//! goes page by page and `portions` whole, `schema` how the tables come to be and `renew` what an older version has
//! left, `uniques` what may not become unique; bytes of payloads arrive in a `harbour`, `uploads` keeps them, in
//! `chunks` or in object storage, and `payloads` says which content they are; `server` runs reads and changes and
//! tries again what collides, `listen` hears of what others have committed, `runtime` has the threads. `audit` reads
//! all of it for faults, and `facts` says what the server is. It must not know which models and calls there are.

mod audit;
mod changes;
mod chunks;
mod database;
mod facts;
mod failure;
mod foresee;
mod harbour;
mod keys;
mod link;
mod listen;
mod logs;
mod pages;
mod payloads;
mod pool;
mod portions;
mod renew;
mod runtime;
mod schema;
mod server;
mod tables;
mod transactions;
mod uniques;
mod uploads;
mod walk;

pub(crate) use database::Database;
pub(crate) use runtime::{ServerRuntime, Site};
pub(crate) use uploads::Stored;
