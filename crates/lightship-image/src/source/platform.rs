//! Which of several platforms is wanted.

use std::fmt;
use std::str::FromStr;

use crate::oci::Platform;

/// A platform that was asked for, or none: then this machine's is taken where there are several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted(pub Option<Platform>);

impl Wanted {
    /// Whether `platform` is the one; `strict` when there is a choice.
    pub(super) fn takes(&self, platform: &Platform, strict: bool) -> bool {
        match &self.0 {
            Some(wanted) => matches(wanted, platform),
            None => !strict || matches(&here(), platform),
        }
    }

    pub(super) fn text(&self) -> String {
        text(&self.0.clone().unwrap_or_else(here))
    }
}

impl FromStr for Wanted {
    type Err = String;

    /// Reads `os/arch` or `os/arch/variant`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let whole = parts.iter().all(|part| !part.is_empty());
        match parts.as_slice() {
            [os, architecture, rest @ ..] if whole && rest.len() < 2 => Ok(Self(Some(Platform {
                architecture: (*architecture).to_owned(),
                os: (*os).to_owned(),
                variant: rest.first().map(|variant| (*variant).to_owned()),
            }))),
            _ => Err(format!("`{text}` is no platform: write one like \"linux/amd64\"")),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self))
    }
}

fn matches(wanted: &Platform, found: &Platform) -> bool {
    wanted.os == found.os
        && wanted.architecture == found.architecture
        && (wanted.variant.is_none() || wanted.variant == found.variant)
}

fn text(platform: &Platform) -> String {
    let mut text = format!("{}/{}", platform.os, platform.architecture);
    if let Some(variant) = &platform.variant {
        text.push('/');
        text.push_str(variant);
    }
    text
}

/// This machine, in the words of images.
fn here() -> Platform {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    };
    Platform { architecture: architecture.to_owned(), os: "linux".to_owned(), variant: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_read_and_what_is_none_is_told() {
        let wanted: Wanted = "linux/arm/v7".parse().unwrap();
        let platform = wanted.0.clone().unwrap();
        assert_eq!(platform.to_string(), "linux/arm/v7");
        assert!(wanted.takes(&platform, true));
        let six = Platform { variant: Some("v6".into()), ..platform };
        assert!(!wanted.takes(&six, false));
        assert!("linux/arm".parse::<Wanted>().unwrap().takes(&six, true));
        for text in ["", "linux", "linux/", "a/b/c/d"] {
            assert!(text.parse::<Wanted>().unwrap_err().contains("linux/amd64"), "{text}");
        }
    }
}
