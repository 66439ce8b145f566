//! A database's address as Prisma and libpq take it: what they know and the driver does not is read here.

use tokio_postgres::config::{Config, SslMode};

use crate::error::{Code, Error, Result};

/// What must hold of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Nothing: the connection is hidden from who only listens.
    Anything,
    /// Somebody who is trusted signed it.
    Signed,
    /// And for this host.
    SignedForHost,
}

/// How the server's certificate is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tls {
    pub(super) trust: Trust,
    /// A file of certificates that are trusted, in place of the system's.
    pub(super) roots: Option<String>,
}

/// A database's address, read.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    /// None where the address names none.
    pub(crate) schema: Option<String>,
    pub(crate) tls: Tls,
}

/// What Prisma's own connection takes and nothing else does.
const OF_PRISMA: &[&str] = &[
    "connection_limit",
    "pool_timeout",
    "socket_timeout",
    "pgbouncer",
    "sslaccept",
    "sslidentity",
    "sslpassword",
    "statement_cache_size",
    "max_idle_connection_lifetime",
    "single_use_connections",
];

impl Address {
    /// Reads `postgresql://user@host/database?sslmode=verify-full`.
    ///
    /// # Errors
    /// `VALIDATION`, without the address: it may hold a password.
    pub(crate) fn of(address: &str) -> Result<Address> {
        let (base, query) = address.split_once('?').unwrap_or((address, ""));
        let (mut mode, mut roots, mut schema) = ("prefer", None, None);
        let mut passed_on = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "sslmode" => mode = value,
                "sslrootcert" | "sslcert" => roots = Some(decoded(value)),
                "schema" => schema = Some(decoded(value)),
                name if OF_PRISMA.contains(&name) => {}
                _ => passed_on.push(pair),
            }
        }
        let bare = format!("{base}?{}", passed_on.join("&"));
        let mut config: Config = bare.parse().map_err(|error| wrong(&format!("{error}")))?;
        let (ssl, trust) = modes(mode, roots.is_some())?;
        config.ssl_mode(ssl).application_name("quilltap-store");
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        Ok(Address { config, schema, tls: Tls { trust, roots } })
    }
}

/// As libpq has it: `require` looks at the certificate where there are roots to look with.
fn modes(mode: &str, has_roots: bool) -> Result<(SslMode, Trust)> {
    Ok(match mode {
        "disable" => (SslMode::Disable, Trust::Anything),
        "allow" | "prefer" => (SslMode::Prefer, Trust::Anything),
        "require" if has_roots => (SslMode::Require, Trust::Signed),
        "require" => (SslMode::Require, Trust::Anything),
        "verify-ca" => (SslMode::Require, Trust::Signed),
        "verify-full" => (SslMode::Require, Trust::SignedForHost),
        _ => {
            let known = "disable, allow, prefer, require, verify-ca, verify-full";
            return Err(wrong(&format!("sslmode must be one of {known}")));
        }
    })
}

fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wrong(why: &str) -> Error {
    let form = "postgresql://user:password@host:5432/database?sslmode=require";
    Error::new(
        Code::Validation,
        format!("the database's address cannot be read: {why}; as in {form}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prisma_takes() {
        let given = "postgresql://u:p%40ss@h:5433/db?schema=my%20app&connection_limit=5&sslmode=verify-full&sslrootcert=/c.pem&connect_timeout=3";
        let address = Address::of(given).expect("an address");
        assert_eq!(address.schema.as_deref(), Some("my app"));
        assert_eq!(address.config.get_password(), Some(&b"p@ss"[..]));
        assert_eq!(address.config.get_ports(), [5433]);
        assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
        let tls = Tls { trust: Trust::SignedForHost, roots: Some("/c.pem".to_owned()) };
        assert_eq!(address.tls, tls);
    }

    #[test]
    fn what_is_none_is_told_without_its_password() {
        for bad in ["postgresql://u:geheim@h/db?sslmode=maybe", "postgresql://u:geheim@h:x/db"] {
            let error = Address::of(bad).err().expect("refused");
            assert!(!error.message().contains("geheim"), "{}", error.message());
        }
    }
}
