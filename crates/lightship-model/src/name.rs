//! Names that come from manifests and end up in paths, checked once where they enter.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a string can't be a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what}: {rule}")]
pub struct NameError {
    text: String,
    what: &'static str,
    rule: &'static str,
}

const MAX_LEN: usize = 64;

fn check(text: &str, what: &'static str, extra: &str) -> Result<(), NameError> {
    let refuse = |rule| Err(NameError { text: text.to_owned(), what, rule });
    if text.is_empty() || text.len() > MAX_LEN {
        return refuse("it must have 1 to 64 characters");
    }
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return refuse("it must begin with a letter or a digit");
    }
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c)) {
        return refuse("only letters, digits, `.`, `_`, `+` and `-` may stand in it");
    }
    Ok(())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $extra:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text, $what, $extra)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                check(&text, $what, $extra)?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name_type!(
    /// The name of a tool: a key of `[tools]`, and a part of directory names in the store.
    ToolName,
    "tool name",
    "._+-"
);
name_type!(
    /// The name of a program as it is called, and of its link in `bin/`.
    BinName,
    "program name",
    "._+-"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_directory_are_refused() {
        for bad in ["", ".", "..", "../x", "a/b", "-rf", ".hidden", "a b", "a\0", "ü"] {
            assert!(bad.parse::<ToolName>().is_err(), "{bad:?} was taken");
        }
        assert!("x".repeat(65).parse::<ToolName>().is_err());
    }

    #[test]
    fn the_names_of_the_specification_are_taken() {
        for good in ["rust", "ck-search", "beads_rust", "sentence-transformers", "g++", "7zip"] {
            assert_eq!(good.parse::<ToolName>().unwrap().as_str(), good);
        }
    }
}
