//! The name of an image in a registry: `HOST[:PORT]/NAME[:TAG][@DIGEST]`.

use std::fmt;
use std::str::FromStr;

use crate::oci::BlobDigest;

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// With its port, if it has one.
    pub host: String,
    pub name: String,
    pub version: Version,
}

/// Which of a repository's images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    Tag(String),
    Digest(BlobDigest),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no image in a registry: {reason}")]
pub struct ReferenceError {
    text: String,
    reason: String,
}

impl Reference {
    /// Whether the registry is on this machine, where no certificates are expected.
    pub(super) fn is_local(&self) -> bool {
        let bare = match self.host.rsplit_once(':') {
            Some((bare, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => bare,
            _ => &self.host,
        };
        let address = bare.trim_start_matches('[').trim_end_matches(']');
        let loopback = |address: std::net::IpAddr| address.is_loopback();
        bare == "localhost" || address.parse().is_ok_and(loopback)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if matches!(self.version, Version::Tag(_)) { ':' } else { '@' };
        write!(f, "{}/{}{mark}{}", self.host, self.name, self.version)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let bad =
            |reason: &str| ReferenceError { text: text.to_owned(), reason: reason.to_owned() };
        let no_host =
            || bad("the registry is named first, as in `registry.example/team/worker:1.0`");
        let (host, rest) = text.split_once('/').ok_or_else(no_host)?;
        if !(host.contains(['.', ':']) || host == "localhost") {
            return Err(no_host());
        }
        if !host.bytes().all(|it| it.is_ascii_alphanumeric() || b".-:[]".contains(&it)) {
            return Err(bad("the registry's name has a letter that can't be in one"));
        }
        let (rest, digest) = match rest.split_once('@') {
            None => (rest, None),
            Some((rest, digest)) => (rest, Some(digest.parse().map_err(|it: String| bad(&it))?)),
        };
        let (name, tag) = rest.split_once(':').unwrap_or((rest, "latest"));
        if !name.split('/').all(is_part) {
            return Err(bad("the name has parts of `a-z0-9` with `.`, `_` or `-` between them"));
        }
        if !is_tag(tag) {
            return Err(bad("a tag has up to 128 letters, digits, `_`, `.` and `-`"));
        }
        let version = digest.map_or_else(|| Version::Tag(tag.to_owned()), Version::Digest);
        Ok(Self { host: host.to_owned(), name: name.to_owned(), version })
    }
}

fn is_part(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    bytes.first().is_some_and(|byte| plain(*byte))
        && bytes.last().is_some_and(|byte| plain(*byte))
        && bytes.iter().all(|byte| plain(*byte) || b"._-".contains(byte))
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = tag.as_bytes();
    bytes.len() <= 128
        && bytes.first().is_some_and(|byte| word(*byte))
        && bytes.iter().all(|byte| word(*byte) || b".-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_host_a_name_and_a_version() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        for (text, host, name, version) in [
            ("registry.example/a/b-c:1.0", "registry.example", "a/b-c", "1.0"),
            ("localhost:5000/a", "localhost:5000", "a", "latest"),
            ("[::1]:5000/a:x", "[::1]:5000", "a", "x"),
            (&format!("h.x/a:1@{digest}"), "h.x", "a", &digest),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!((reference.host.as_str(), reference.name.as_str()), (host, name));
            assert_eq!(reference.version.to_string(), version);
        }
    }

    #[test]
    fn what_is_no_reference_says_why() {
        for (text, reason) in [
            ("worker:1.0", "the registry is named first"),
            ("team/worker", "the registry is named first"),
            ("h.x/Upper", "a-z0-9"),
            ("h.x/../x", "a-z0-9"),
            ("h.x/a:", "128"),
            ("h.x/a@sha256:12", "no sha256 digest"),
            ("u:p@h.x/a", "the registry's name has a letter"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn the_registry_of_this_machine_is_known() {
        for (text, local) in [
            ("localhost:5000/a", true),
            ("127.0.0.1:5000/a", true),
            ("[::1]:5000/a", true),
            ("localhost.example/a", false),
            ("10.0.0.1/a", false),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().is_local(), local, "{text}");
        }
    }
}
