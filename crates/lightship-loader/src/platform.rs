//! The machine, as far as it changes what installers make.

use std::path::PathBuf;

use lightship_model::key::Platform;
use lightship_model::manifest::{Manifest, Source};

use crate::python::{self, Machine, Python};
use crate::store::ToolDir;
use crate::sys;

/// The platform that keys are made for.
pub(crate) fn platform(dir: &ToolDir, python: Option<&Python>) -> Platform {
    Platform {
        arch: std::env::consts::ARCH.to_owned(),
        libc: format!("glibc-{}", sys::libc_version()),
        python: python.map(|python| python.tag.clone()),
        store: dir.store().display().to_string(),
    }
}

/// The machine's Python, if any tool of the manifest can need it; `own_folders` are lightship's
/// own on the search path.
pub(crate) fn python(manifest: &Manifest, dir: &ToolDir, own_folders: &[PathBuf]) -> Machine {
    let needs = |source: &Source| matches!(source, Source::Pip(_) | Source::Binary(_));
    if !manifest.tools.values().any(|tool| needs(&tool.source)) {
        return Machine::default();
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let Some(program) = python::find(&path, own_folders) else { return Machine::default() };
    match python::probe(dir, &program) {
        Ok(python) => Machine { python: Some(python), fault: None },
        Err(fault) => Machine { python: None, fault: Some(fault) },
    }
}
