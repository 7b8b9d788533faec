//! The words that the tests are written with.

use std::fs;
use std::path::Path;

use lightship_model::event::{Event, What};
use lightship_model::state::ToolStatus;
use testkit::{Loader, Sandbox};

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(env!("CARGO_BIN_EXE_lightship-loader"))
}

/// The part of a manifest for a tool `name` that a shell script installs; `keys` stand above.
pub(crate) fn script(name: &str, keys: &str, run: &str) -> String {
    format!("[tools.{name}]\n{keys}\nscript = {{ run = [\"sh\", \"-ec\", '''{run}'''] }}\n")
}

/// Shell that installs a program `name` which prints `says`.
pub(crate) fn makes(name: &str, says: &str) -> String {
    format!(
        "mkdir -p \"$PREFIX/bin\"\nprintf '#!/bin/sh\\necho {says}\\n' > \"$PREFIX/bin/{name}\"\n\
         chmod +x \"$PREFIX/bin/{name}\"\n"
    )
}

/// A tool `name` whose program of that name prints `says`.
pub(crate) fn simple(name: &str, says: &str) -> String {
    script(name, "", &makes(name, says))
}

/// Shell that goes on only when the file `path` is there.
pub(crate) fn waits_for(path: &Path) -> String {
    format!("until [ -e '{}' ]; do sleep 0.02; done\n", path.display())
}

/// Calls `attempt` with limits in seconds until it gives something. Installers are idle: on a busy
/// machine one may come to a short limit before it has done what a test wants to see.
#[track_caller]
pub(crate) fn with_a_limit<T>(attempt: impl Fn(u32) -> Option<T>) -> T {
    let limits = [1, 5, 25, 100];
    limits.into_iter().find_map(attempt).unwrap_or_else(|| panic!("not even in {limits:?} s"))
}

/// Waits until the tool `name` has the status `status`.
#[track_caller]
pub(crate) fn wait_for_status(loader: &mut Loader, name: &str, status: ToolStatus) {
    loader.wait_for(&format!("{name} {status}"), |event| match &event.what {
        What::Tool(change) => {
            (change.name.as_str() == name && change.status == status).then_some(())
        }
        _ => None,
    });
}

/// The message of a warning.
pub(crate) fn warning(event: &Event) -> Option<String> {
    match &event.what {
        What::Warning { message } => Some(message.clone()),
        _ => None,
    }
}

/// The names in a directory.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
