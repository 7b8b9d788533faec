//! Waiting for tools and running programs that may not be there yet.

use std::time::Duration;

use lightship_init::client::{self, Format};
use lightship_init::on_demand::{Run, code, running, wait_for};
use lightship_init::{ctl, shim};
use lightship_model::exit;
use lightship_model::manifest::Manifest;
use lightship_model::settings::Settings;

use crate::args::{Asking, Exec, Wait};
use crate::start::{fail, print, settings, which};

/// Waits for tools.
pub(crate) fn wait(options: Wait) -> u8 {
    let Wait { asking, tools, format } = options;
    let Asking { origin, socket, timeout } = asking;
    // Without a manifest that can be read, PID 1 is found all the same.
    let found = settings(which(&origin).as_ref(), origin).ok();
    let limit = match limit(timeout, found.as_ref().map(|(manifest, _)| manifest)) {
        Ok(limit) => limit,
        Err(error) => return refuse(&error),
    };
    let control = match find(socket, found.as_ref().map(|(_, settings)| settings)) {
        Ok(control) => control,
        Err(code) => return code,
    };
    match wait_for(&control, &tools, limit) {
        Ok(all) => {
            let lines = all.iter().map(|stands| match format {
                Format::Text => stands.line(),
                // Names and texts always serialise.
                Format::Json => serde_json::to_string(stands).unwrap_or_default(),
            });
            let printed = print(&lines.collect::<Vec<_>>().join("\n"));
            if printed == exit::OK { code(&all) } else { printed }
        }
        Err(error) => fail(&error, None, exit::UNAVAILABLE),
    }
}

/// Runs a program, once its tool is there.
pub(crate) fn exec(options: Exec) -> u8 {
    let Exec { asking, tool, words } = options;
    let Asking { origin, socket, timeout } = asking;
    let (manifest, settings) = match settings(which(&origin).as_ref(), origin) {
        Ok(found) => found,
        Err(error) => return fail(&error, None, exit::INPUT),
    };
    let run = Run::new(words, tool, &settings.tool_dir.value);
    if let Some(tool) = run.needs(&manifest) {
        let limit = match limit(timeout, Some(&manifest)) {
            Ok(limit) => limit,
            Err(error) => return refuse(&error),
        };
        let control = match find(socket, Some(&settings)) {
            Ok(control) => control,
            Err(code) => return code,
        };
        if let Err(error) = run.wait(&control, &tool, limit) {
            return error.tell(run.name());
        }
    }
    run.become_it()
}

fn limit(given: Option<Duration>, manifest: Option<&Manifest>) -> Result<Duration, String> {
    let manifest = manifest.and_then(|manifest| manifest.loader.wait);
    let var = |name: &str| std::env::var(name).ok();
    given.map_or_else(|| shim::limit(var, manifest).map(|limit| limit.0), Ok)
}

fn find(
    socket: Option<lightship_init::control::ControlAddress>,
    settings: Option<&Settings>,
) -> Result<lightship_init::control::ControlAddress, u8> {
    let url = settings.and_then(|settings| client::url_of(&settings.listen.value).ok());
    let token = std::env::var(client::TOKEN_VARIABLE).ok().filter(|token| !token.is_empty());
    let dir = settings.map(|settings| settings.tool_dir.value.as_str());
    let found = running(socket, dir).and_then(|found| match found {
        Some(control) => Ok(control),
        None => ctl::find(None, url.as_deref(), token.as_deref()),
    });
    found.map_err(|error| fail(&error, error.help(), exit::UNAVAILABLE))
}

/// A variable that can't be used.
fn refuse(error: &str) -> u8 {
    crate::start::print_error(&format!("error: {}: {error}", shim::WAIT_VARIABLE));
    exit::INPUT
}
