//! What the child that unpacks is told.

use std::path::PathBuf;

use lightship_model::manifest::Take;
use serde::{Deserialize, Serialize};

use super::limits::Limits;

/// One file to unpack into one prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) file: PathBuf,
    /// A directory that is there already.
    pub(crate) prefix: PathBuf,
    /// What to take out; everything when empty.
    pub(crate) take: Vec<Take>,
    /// How many leading directories to drop, where `take` is empty.
    pub(crate) strip: u8,
    /// Where in the prefix a compressed program goes that is no archive.
    pub(crate) single: Option<String>,
    pub(crate) limits: Limits,
}
