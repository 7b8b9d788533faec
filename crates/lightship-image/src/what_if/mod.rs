//! What if something were not in an image: what would go with it, how much that saves, and
//! which programs would break. Answered twice:
//!
//! * **by package**, as a package manager would do it: whoever depends on what is removed goes
//!   too, and then every package that nobody needs any more.
//! * **as sliced**, file by file: what is named, and the libraries and interpreters that only it
//!   needs. This is what is saved where an image holds only files that its programs need.

mod breaks;
mod candidates;
mod files;
mod packages;
mod render;
mod subject;
mod weight;

use serde::Serialize;

pub use self::candidates::{Candidate, candidates, nested, sliced};
pub use self::packages::{Packages, Why};
pub use self::render::{candidates_text, text};
pub use self::subject::{Subject, SubjectError};
use crate::live::Live;
use crate::measure::{Measurement, OwnerKind, Sizes};

/// The answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhatIf {
    pub image: String,
    /// As they were named.
    pub removed: Vec<String>,
    /// What is there now.
    pub before: Sizes,
    pub by_package: Level,
    pub as_sliced: Level,
    /// What makes the answer less sure.
    pub warnings: Vec<String>,
}

/// The answer on one level.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    pub saved: Sizes,
    /// The largest first; their sizes sum to `saved`.
    pub gone: Vec<Gone>,
    /// Programs that stay and no longer run, those that miss something themselves first.
    pub broken: Vec<Broken>,
}

/// Something that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gone {
    pub kind: OwnerKind,
    /// Of the owner; as sliced, of what is not named the path.
    pub name: String,
    pub why: Why,
    /// The path or package because of which it goes, where it is not named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    pub sizes: Sizes,
}

/// A program that would not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    pub path: String,
    /// The library or interpreter that it does not find, as it names it.
    pub misses: String,
    /// The library or interpreter of it that really misses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    pub owner: String,
}

/// Says what would be if `remove` were not there. `keep` names all that has to stay; without it
/// that is what apt was asked for, or what nobody else needs.
///
/// # Errors
/// When a name is nothing in the image.
pub fn what_if(
    image: &Measurement,
    remove: &[String],
    keep: &[String],
) -> Result<WhatIf, SubjectError> {
    let live = Live::new(image);
    let find = |names: &[String]| -> Result<Vec<Subject>, SubjectError> {
        names.iter().map(|name| Subject::find(image, name)).collect()
    };
    let (named, kept) = (find(remove)?, find(keep)?);
    if let Some(both) = named.iter().find(|named| kept.iter().any(|kept| kept.meets(named))) {
        return Err(SubjectError::Both(both.name.clone()));
    }
    let packages = Packages::new(image);
    let files = files::Files::new(&live);
    let mut warnings = Vec::new();
    if !image.packages.is_empty() && keep.is_empty() && !packages.knows_who_asked() {
        warnings.push(
            "the image does not say which packages somebody asked for (apt's list is not there): \
             those that no other needs are taken to be wanted; name what must stay with --keep"
                .to_owned(),
        );
    }
    warnings.extend(files.loads_more(&named));
    Ok(WhatIf {
        image: image.name.clone(),
        removed: remove.to_vec(),
        before: image.live_total(),
        by_package: packages::level(&live, &packages, &files, &named, &kept),
        as_sliced: files::level(&live, &files, &named, &kept),
        warnings,
    })
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
