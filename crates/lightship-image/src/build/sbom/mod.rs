//! The bill of what is in an image: the same list as SPDX and as `CycloneDX`, stored beside the
//! image as documents about it. Nothing in them is random or of the clock: their identifiers
//! follow from the image's digest, their time is the image's.

mod attach;
mod cyclonedx;
mod files;
mod purl;
mod spdx;

use lightship_model::digest::Digest;
use lightship_model::time::Timestamp;

pub use self::attach::attach;
pub use self::cyclonedx::cyclonedx;
pub use self::files::write;
pub use self::spdx::spdx;
use crate::oci::BlobDigest;

/// What is in an image.
#[derive(Clone, Debug)]
pub struct Bill {
    /// The image's name, with its tag.
    pub name: String,
    pub image: BlobDigest,
    /// Seconds since 1970.
    pub epoch: u64,
    /// Sorted when they are written.
    pub components: Vec<Component>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Component {
    pub kind: Kind,
    pub name: String,
    pub version: String,
    /// Of what was fetched: a `.deb`, a tarball, a program.
    pub sha256: Option<Digest>,
    /// An SPDX expression, where it is known.
    pub license: Option<String>,
    /// Of a sliced package: how many of its files are in the image.
    pub files: Option<Files>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Files {
    pub kept: usize,
    pub total: usize,
}

/// Where a component is from, which its package URL says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Debian {
        architecture: String,
        /// The version's name: `bookworm`.
        suite: String,
        /// The source package, where it is called otherwise.
        source: Option<String>,
    },
    Npm,
    /// A program or an archive by its digest.
    Generic,
}

impl Bill {
    fn sorted(&self) -> Vec<&Component> {
        let mut components: Vec<&Component> = self.components.iter().collect();
        components.sort();
        components.dedup();
        components
    }

    fn created(&self) -> String {
        let text = Timestamp::from_millis(self.epoch.saturating_mul(1000)).to_string();
        // SPDX has whole seconds.
        text.replace(".000Z", "Z")
    }

    /// A UUID of the image (version 8, of our own making).
    fn uuid(&self, kind: &str) -> String {
        let digest = Digest::of(format!("{kind} {} {}", self.image, self.name).as_bytes());
        let hex = digest.as_str();
        format!(
            "{}-{}-8{}-8{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..32]
        )
    }
}

#[cfg(test)]
mod tests;
