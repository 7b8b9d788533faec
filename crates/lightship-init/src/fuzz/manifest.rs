//! Any text as a manifest: it is one, the same each time, or every fault has its place in it.

use std::io;
use std::path::Path;

use lightship_model::builtin;
use lightship_model::manifest::{Manifest, ManifestError, ManifestErrors, Which, open};
use lightship_model::plan::expected;
use lightship_model::status::Status;

const NAME: &str = "fuzz.toml";
/// Longer ones say nothing new.
const MAX_TEXT: usize = 64 * 1024;
/// What there is to say about a manifest has to fit on a few screens, in bytes.
const MAX_REPORT: usize = 128 * 1024;

/// Reads `bytes` as a manifest. `extends = "fuzz.toml"` is the manifest itself.
pub fn manifest(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes.get(..MAX_TEXT).unwrap_or(bytes));
    match load(&text) {
        Ok(manifest) => {
            let again = load(&text).map(|manifest| format!("{manifest:?}"));
            assert_eq!(again.as_ref(), Ok(&format!("{manifest:?}")), "read in two ways");
            is_whole(&manifest);
        }
        Err(ManifestErrors(errors)) => {
            assert!(!errors.is_empty(), "refused without a reason");
            for error in &errors {
                has_a_place(error, &text);
            }
            let report = ManifestErrors(errors).to_string();
            assert!(report.len() <= MAX_REPORT, "{} bytes of errors", report.len());
        }
    }
}

fn load(text: &str) -> Result<Manifest, ManifestErrors> {
    open(&Which::File(NAME.into()), |path| match path.to_str() {
        Some(NAME) => Ok(text.to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    })
}

/// What a manifest names is there, and what is made of it at the start can be made.
fn is_whole(manifest: &Manifest) {
    let known = |name| assert!(manifest.tools.contains_key(name), "{name} is no tool");
    for (name, tool) in &manifest.tools {
        assert_eq!(*name, tool.name);
        tool.requires.iter().for_each(known);
        assert!(!tool.requires.contains(name), "{name} requires itself");
    }
    manifest.capabilities.values().flatten().for_each(known);
    if let Some(service) = &manifest.service {
        assert!(!service.command.is_empty());
        assert!(!service.backoff.first.is_zero() && service.backoff.first <= service.backoff.max);
        if let Some(live) = &service.live {
            assert!(!live.period.is_zero() && !live.timeout.is_zero() && live.failures > 0);
        }
    }
    for enabled in [true, false] {
        let status = Status::expecting(expected(manifest, enabled));
        assert!(status.tools.keys().eq(manifest.tools.keys()));
    }
}

fn has_a_place(error: &ManifestError, text: &str) {
    let builtin = error.file.strip_prefix("builtin:").and_then(builtin::text);
    let text = if let Some(builtin) = &builtin {
        &builtin.text
    } else {
        assert!(Path::new(&error.file).ends_with(NAME), "in {}", error.file);
        text
    };
    let line = error.line.checked_sub(1).and_then(|index| text.split('\n').nth(index));
    let Some(line) = line else { panic!("line {} is not there", error.line) };
    let length = line.chars().count();
    assert!((1..=length + 1).contains(&error.column), "column {} of {length}", error.column);
    assert!(line.starts_with(&error.excerpt), "{:?} is no part of the line", error.excerpt);
    for words in [Some(&error.message), error.help.as_ref()].into_iter().flatten() {
        assert!(!words.trim().is_empty() && !words.contains('\n'), "{words:?} is not one line");
    }
}
