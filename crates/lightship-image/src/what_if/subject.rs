//! What a name on the command line means in an image.

use std::collections::BTreeSet;

use lightship_model::nearest::nearest;

use crate::glob::Glob;
use crate::measure::{EntryId, Measurement, Owner, OwnerId, OwnerKind};

/// A part of an image that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// As it was named.
    pub name: String,
    /// Owners that are meant as a whole.
    pub owners: BTreeSet<OwnerId>,
    /// Live entries that are meant, those of the owners among them.
    pub entries: BTreeSet<EntryId>,
}

/// Why a name means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    #[error("`{name}` is no package, tool or path of {image}")]
    Unknown { name: String, image: String, nearest: Option<String> },
    #[error("`{0}` is named both to be removed and to be kept")]
    Both(String),
}

impl SubjectError {
    pub fn help(&self) -> String {
        match self {
            Self::Unknown { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::Unknown { .. } => "a name is a Debian package or a tool (`git`), an npm package \
                                     (`npm:NAME`), a path or a pattern of paths \
                                     (`/usr/bin/git*`, `path:NAME`)"
                .to_owned(),
            Self::Both(_) => "what is kept is never removed; leave one of the two out".to_owned(),
        }
    }
}

impl Subject {
    /// Finds `git`, `deb:git`, `tool:ck`, `npm:left-pad`, `/usr/bin/git`, `usr/share/**`,
    /// `path:README`.
    pub fn find(image: &Measurement, name: &str) -> Result<Self, SubjectError> {
        let (owners, entries) = match name.split_once(':') {
            Some(("deb", name)) => by_owner(image, &[OwnerKind::Debian], name),
            Some(("tool", name)) => by_owner(image, &[OwnerKind::Tool], name),
            Some(("npm", name)) => by_npm(image, name),
            Some(("path", pattern)) => (BTreeSet::new(), by_path(image, pattern)),
            _ if name.contains(['/', '*', '?']) => (BTreeSet::new(), by_path(image, name)),
            _ => by_owner(image, &[OwnerKind::Debian, OwnerKind::Tool], name),
        };
        if owners.is_empty() && entries.is_empty() {
            let nearest = near(image, name);
            let (name, image) = (name.to_owned(), image.name.clone());
            return Err(SubjectError::Unknown { name, image, nearest });
        }
        Ok(Self { name: name.to_owned(), owners, entries })
    }

    /// Whether two mean some of the same.
    pub fn meets(&self, other: &Self) -> bool {
        !self.owners.is_disjoint(&other.owners) || !self.entries.is_disjoint(&other.entries)
    }
}

type Found = (BTreeSet<OwnerId>, BTreeSet<EntryId>);

fn owned(image: &Measurement, is_meant: impl Fn(&Owner) -> bool) -> Found {
    let owners: BTreeSet<OwnerId> = (0..)
        .map(OwnerId)
        .zip(&image.owners)
        .filter(|(_, owner)| is_meant(owner))
        .map(|(id, _)| id)
        .collect();
    let entries =
        image.live().filter(|(_, entry, _)| owners.contains(&entry.owner)).map(|(id, ..)| id);
    let entries = entries.collect();
    (owners, entries)
}

fn by_owner(image: &Measurement, kinds: &[OwnerKind], name: &str) -> Found {
    // `libc6` means `libc6:i386` only where that one alone is there.
    let exact = owned(image, |owner| kinds.contains(&owner.kind()) && owner.name() == name);
    if !exact.0.is_empty() {
        return exact;
    }
    owned(image, |owner| {
        owner.kind() == OwnerKind::Debian
            && kinds.contains(&OwnerKind::Debian)
            && owner.name().split_once(':').is_some_and(|(bare, _)| bare == name)
    })
}

/// An npm package goes with the packages that lie inside it.
fn by_npm(image: &Measurement, wanted: &str) -> Found {
    let places: Vec<String> = image
        .owners
        .iter()
        .filter_map(|owner| match owner {
            Owner::Npm { name, at, .. } if name == wanted => Some(format!("{at}/")),
            _ => None,
        })
        .collect();
    owned(image, |owner| match owner {
        Owner::Npm { at, .. } => {
            places.iter().any(|place| format!("{at}/").starts_with(place.as_str()))
        }
        _ => false,
    })
}

fn by_path(image: &Measurement, pattern: &str) -> BTreeSet<EntryId> {
    let glob = Glob::new(pattern);
    let is_meant = |path| glob.matches(&image.paths.bytes(path));
    image.live().filter(|(_, _, path)| is_meant(*path)).map(|(id, ..)| id).collect()
}

/// The name that was perhaps meant, as it has to be written.
fn near(image: &Measurement, name: &str) -> Option<String> {
    let spelt = |owner: &Owner| match owner {
        Owner::Nobody => None,
        Owner::Debian(name) | Owner::Tool { name, .. } => Some(name.clone()),
        Owner::Npm { name, .. } => Some(format!("npm:{name}")),
        Owner::Binary(path) => Some(format!("/{path}")),
    };
    let known: Vec<String> = image.owners.iter().filter_map(spelt).collect();
    if let Some(npm) = known.iter().find(|known| known.strip_prefix("npm:") == Some(name)) {
        return Some(npm.clone());
    }
    nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
}
