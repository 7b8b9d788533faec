//! Who brought bytes into an image: every live entry has exactly one owner.

/// The place of an owner in [`super::Measurement::owners`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(pub u32);

impl OwnerId {
    /// The owner of what nobody claims, always the first.
    pub const NOBODY: Self = Self(0);
}

/// Somebody who owns files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    Nobody,
    /// A Debian package, by its name (with `:ARCH` where that one is not the image's).
    Debian(String),
    /// A tool that lightship baked in, by the name of its receipt.
    Tool {
        name: String,
        version: String,
    },
    /// An npm package: one directory with a `package.json`. `at` has no slash in front.
    Npm {
        name: String,
        version: String,
        at: String,
    },
    /// A large program or library that nobody else claims, by its path without a slash in front.
    Binary(String),
}

/// The kinds of owners, as tables name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerKind {
    Unowned,
    Debian,
    Tool,
    Npm,
    Binary,
}

impl Owner {
    pub fn kind(&self) -> OwnerKind {
        match self {
            Self::Nobody => OwnerKind::Unowned,
            Self::Debian(_) => OwnerKind::Debian,
            Self::Tool { .. } => OwnerKind::Tool,
            Self::Npm { .. } => OwnerKind::Npm,
            Self::Binary(_) => OwnerKind::Binary,
        }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Nobody => "unowned",
            Self::Debian(name) | Self::Tool { name, .. } | Self::Npm { name, .. } => name,
            Self::Binary(path) => path,
        }
    }
}

impl std::fmt::Display for OwnerKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Unowned => "unowned",
            Self::Debian => "debian",
            Self::Tool => "tool",
            Self::Npm => "npm",
            Self::Binary => "binary",
        })
    }
}
