//! A Debian package as the image's own database has it.

/// One installed package. Relations are the fields' text, for `lightship_debian::relation`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub architecture: String,
    /// `Pre-Depends` and `Depends`, joined by a comma.
    pub depends: String,
    pub recommends: String,
    pub provides: String,
    pub essential: bool,
    pub priority: String,
    /// `required`, or marked so by apt: nothing asked for it by name. Unknown without apt's
    /// list.
    pub auto: Option<bool>,
    /// What the database says it takes, in bytes, rounded by Debian to KiB.
    pub installed_size: u64,
    /// The database is distroless' (`status.d`), as lightship writes it.
    pub slim: bool,
    /// Paths that the database lists (files, links and directories), and those of them that
    /// are not in the image.
    pub listed: u32,
    pub missing: u32,
}
