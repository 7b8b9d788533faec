//! Reading a lock file: every error has its line and column.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::LockedPackage;
use super::{Entry, FORMAT, Lock, Locked, LockedBinary, LockedCargo, LockedDeb, LockedNpm};
use crate::digest::Digest;
use crate::manifest::{ManifestError, ManifestErrors, Text};
use crate::name::ToolName;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: Spanned<u32>,
    /// The lightship that wrote it.
    #[serde(rename = "lightship")]
    _lightship: Option<String>,
    #[serde(default)]
    tools: BTreeMap<ToolName, Spanned<Tool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    recipe: Digest,
    version: Option<String>,
    cargo: Option<LockedCargo>,
    pip: Option<Vec<LockedPackage>>,
    npm: Option<LockedNpm>,
    binary: Option<LockedBinary>,
    deb: Option<LockedDeb>,
    script: Option<bool>,
}

/// What every file says, whatever else is in it.
#[derive(Deserialize)]
struct Head {
    format: Spanned<u32>,
}

const AGAIN: &str = "make it anew with `lightship lock --upgrade`";

impl Lock {
    /// Reads the text of a lock file.
    ///
    /// # Errors
    /// Everything that is wrong, each with its file, line and column.
    pub fn read(text: &Text) -> Result<Self, ManifestErrors> {
        let with_help = |error: ManifestError| {
            let help = error.help.unwrap_or_else(|| AGAIN.to_owned());
            ManifestErrors::from(ManifestError { help: Some(help), ..error })
        };
        // Of another format nothing else is understood, and the format is what is wrong.
        if let Ok(head) = text.read::<Head>()
            && *head.format.get_ref() != FORMAT
        {
            let format = head.format.get_ref();
            let message = format!("format {format} of a lock is not known here: {FORMAT} is");
            let help = "a newer lightship reads it; or make it anew with `lightship lock`";
            let error = text.error(head.format.span().start, message);
            return Err(ManifestError { help: Some(help.to_owned()), ..error }.into());
        }
        let file: File = text.read().map_err(with_help)?;
        debug_assert_eq!(*file.format.get_ref(), FORMAT);
        let mut tools = BTreeMap::new();
        let mut errors = Vec::new();
        for (name, spanned) in file.tools {
            let start = spanned.span().start;
            match entry(spanned.into_inner()) {
                Ok(entry) => drop(tools.insert(name, entry)),
                Err(message) => {
                    let error = text.error(start, format!("tool `{name}` {message}"));
                    errors.push(ManifestError { help: Some(AGAIN.to_owned()), ..error });
                }
            }
        }
        if errors.is_empty() { Ok(Self { tools }) } else { Err(ManifestErrors(errors)) }
    }
}

fn entry(tool: Tool) -> Result<Entry, &'static str> {
    let kinds = [
        tool.cargo.map(Locked::Cargo),
        tool.pip.map(Locked::Pip),
        tool.npm.map(Locked::Npm),
        tool.binary.map(Locked::Binary),
        tool.deb.map(Locked::Deb),
        tool.script.map(|_| Locked::Script),
    ];
    let mut kinds = kinds.into_iter().flatten();
    match (kinds.next(), kinds.next()) {
        (Some(locked), None) => Ok(Entry { recipe: tool.recipe, version: tool.version, locked }),
        _ => Err("needs exactly one of cargo, pip, npm, binary, deb, script"),
    }
}
