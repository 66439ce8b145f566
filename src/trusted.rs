//! The certificates that are trusted when a server shows its own.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::disk::read_outside;
use crate::error::{Code, Error, Result};

/// A file of certificates is not longer than this, in bytes.
const LONGEST: u64 = 16 << 20;

/// Those of a file, or of the system.
///
/// # Errors
/// `IO` where the file cannot be read, or holds anything else.
pub(crate) fn roots(file: Option<&str>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let bytes = read_outside(file.as_ref(), LONGEST);
    let bytes = bytes.map_err(|error| Error::io("read", file, &error))?;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| unusable(&format!("{file}: {error}")))?;
        roots.add(certificate).map_err(|error| unusable(&format!("{file}: {error}")))?;
    }
    Ok(roots)
}

/// The error of certificates that are no use.
pub(crate) fn unusable(why: &str) -> Error {
    Error::new(Code::Io, format!("the certificates to trust cannot be used: {why}"))
}
