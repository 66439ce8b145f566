//! `studio`: a server is JavaScript's to run, so this only says which.

use std::path::PathBuf;

use super::Rest;
use crate::cli::Surroundings;
use crate::cli::arguments::{Shared, Studio};
use crate::cli::exit::{Ended, Exit};
use crate::cli::folder;

/// The studio that is to be served.
pub(crate) struct StudioOptions {
    pub(crate) data_dir: PathBuf,
    /// 0 for a free one.
    pub(crate) port: u16,
    /// May the page change records?
    pub(crate) write: bool,
    /// Is a browser to be opened?
    pub(crate) open: bool,
    pub(crate) trust_shared_folder: bool,
    /// Is the address wanted as JSON?
    pub(crate) json: bool,
}

pub(super) fn hand_over(studio: &Studio, shared: &Shared, around: &Surroundings<'_>) -> Ended {
    let options = StudioOptions {
        data_dir: folder::existing(shared)?,
        port: studio.port,
        write: studio.write,
        open: !studio.no_open && !shared.json,
        trust_shared_folder: shared.trust_shared_folder,
        json: shared.json,
    };
    around.rest.replace(Some(Rest::Studio(options)));
    Ok(Exit::Clean)
}
