//! What registries say of a package, asked where the ordinary clients would ask.

use serde_json::Value;

use super::{clients, json};
use crate::install::{InstallError, Job};

/// Media type of an index's JSON answer (PEP 691).
const SIMPLE_JSON: &str = "application/vnd.pypi.simple.v1+json";

/// The index's page of a Python package: its address and what it says.
pub(super) fn python_page_at(
    job: &mut Job<'_>,
    name: &str,
) -> Result<(String, Value), InstallError> {
    let help = "pip says where the index is: install python3 with pip, or set [registries] pip \
                or PIP_INDEX_URL";
    let index = clients::pip_index(job)?
        .ok_or_else(|| InstallError::NoProgram { program: "pip".to_owned(), help })?;
    let page = format!("{}/{name}/", index.trim_end_matches('/'));
    let answer = json(job, &page, SIMPLE_JSON)?;
    Ok((page, answer))
}

/// What the npm registry says of a package, and at which address. `whole` asks for everything, times included; without
/// it, for what an install needs, which is much less.
pub(crate) fn packument_at(
    job: &mut Job<'_>,
    name: &str,
    whole: bool,
) -> Result<(String, Value), InstallError> {
    let registry = clients::npm_registry(job)?;
    let page = format!("{}/{}", registry.trim_end_matches('/'), name.replace('/', "%2f"));
    let accept = if whole { "application/json" } else { "application/vnd.npm.install-v1+json" };
    let answer = json(job, &page, accept)?;
    Ok((page, answer))
}

/// What [`python_page_at`] says.
pub(crate) fn python_page(job: &mut Job<'_>, name: &str) -> Result<Value, InstallError> {
    python_page_at(job, name).map(|(_, answer)| answer)
}

/// What [`packument_at`] says.
pub(crate) fn packument(job: &mut Job<'_>, name: &str, whole: bool) -> Result<Value, InstallError> {
    packument_at(job, name, whole).map(|(_, answer)| answer)
}
