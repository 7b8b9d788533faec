//! What an installer left in the prefix: the programs to publish.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lightship_model::manifest::Tool;
use lightship_model::name::BinName;
use lightship_model::receipt::{Entry, PythonLibrary};

use super::InstallError;
use crate::store::check::executable;

/// What a source says of its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The version that was installed, where the source knows it.
    pub(crate) version: Option<String>,
    /// The tool's own programs, by name; every executable in the prefix's `bin` when absent.
    pub(crate) programs: Option<Vec<String>>,
    pub(crate) library: Option<PythonLibrary>,
    /// Variables for the installers of tools that require it.
    pub(crate) exports: BTreeMap<String, String>,
}

/// The programs to publish: the manifest's, else the source's, else all there are.
pub(crate) fn collect(
    tool: &Tool,
    prefix: &Path,
    outcome: &Outcome,
) -> Result<Vec<Entry>, InstallError> {
    let there = executables(&prefix.join("bin"));
    let wanted: Vec<BinName> = match (&tool.bins, &outcome.programs) {
        (Some(bins), _) => bins.clone(),
        // What has no name that we could publish is left unpublished.
        (None, Some(programs)) => programs.iter().filter_map(|name| name.parse().ok()).collect(),
        (None, None) => there.iter().filter_map(|name| name.parse().ok()).collect(),
    };
    wanted
        .into_iter()
        .map(|name| {
            let path = format!("bin/{name}");
            match executable(&prefix.join(&path)) {
                Some(found) => Ok(Entry { name, path, size: found.len() }),
                None => Err(InstallError::Result(format!(
                    "there is no program `{name}` in the prefix's bin, which has {}",
                    if there.is_empty() { "none".to_owned() } else { there.join(", ") }
                ))),
            }
        })
        .collect()
}

fn executables(bin: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(bin)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| executable(&entry.path()).is_some())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
