//! Where an object is, or those of one store: `s3://bucket/key`.

use std::fmt;

use crate::error::{Code, Error, Result};

/// The name of a bucket, and a key in it or what keys begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl Address {
    /// Reads one.
    ///
    /// # Errors
    /// `VALIDATION`.
    pub(crate) fn of(text: &str) -> Result<Address> {
        let wrong = || {
            let message = format!("{text} is no address of object storage, as s3://bucket/prefix");
            Error::new(Code::Validation, message)
        };
        let rest = text.strip_prefix("s3://").ok_or_else(wrong)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let key = key.trim_end_matches('/');
        if !is_bucket(bucket) || !(key.is_empty() || key.split('/').all(is_part)) {
            return Err(wrong());
        }
        Ok(Address { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// What is below it.
    pub(crate) fn join(&self, name: &str) -> Address {
        let key =
            if self.key.is_empty() { name.to_owned() } else { format!("{}/{name}", self.key) };
        Address { bucket: self.bucket.clone(), key }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

fn is_bucket(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| is_letter(byte) || byte == b'.' || byte == b'-')
        && name.as_bytes().first().is_some_and(|byte| is_letter(*byte))
}

/// Nothing that a server, a proxy or a URL reads in another way.
fn is_part(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.=".contains(&byte);
    !part.is_empty() && part != "." && part != ".." && part.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_address() {
        for (given, bucket, key) in [
            ("s3://app-images", "app-images", ""),
            ("s3://app-images/", "app-images", ""),
            ("s3://app/of/mine/", "app", "of/mine"),
        ] {
            let address = Address::of(given).expect(given);
            assert_eq!((&*address.bucket, &*address.key), (bucket, key), "{given}");
        }
        assert_eq!(Address::of("s3://app").expect("one").join("a/b").to_string(), "s3://app/a/b");
        assert_eq!(Address::of("s3://app/x").expect("one").join("a").to_string(), "s3://app/x/a");
    }

    #[test]
    fn what_is_none() {
        for given in [
            "",
            "s3:/app",
            "https://app/x",
            "s3://",
            "s3://ab",
            "s3://App/x",
            "s3:///x",
            "s3://app/../x",
            "s3://app//x",
            "s3://app/x?y",
            "s3://user:secret@app/x",
        ] {
            assert!(Address::of(given).is_err(), "{given}");
        }
    }
}
