//! Where the ordinary clients would fetch from. No address of a registry stands in lightship:
//! the manifest, the environment and the clients' own configuration and defaults are asked.

use std::process::Command;

use crate::install::{InstallError, Job};

/// pip's own answer: its variables, its files, its default.
const ASK_PIP: &str = "\
from pip._internal.commands import create_command
print(create_command('download').parse_args([])[0].index_url)";

/// The simple-index address that pip would use; nothing when there is no pip to ask.
pub(crate) fn pip_index(job: &mut Job<'_>) -> Result<Option<String>, InstallError> {
    let environment = &job.runner.environment;
    if let Some(index) = environment.registries.pip.clone().or(environment.var("PIP_INDEX_URL")) {
        return Ok(Some(index));
    }
    let Ok(python) = job.python("") else { return Ok(None) };
    let mut command = job.command(&python.executable.display().to_string(), "")?;
    command.args(["-W", "ignore", "-c", ASK_PIP]);
    Ok(ask(job, command, "ask pip for its index"))
}

/// The registry address that npm would use.
pub(crate) fn npm_registry(job: &mut Job<'_>) -> Result<String, InstallError> {
    let environment = &job.runner.environment;
    let known = environment.registries.npm.clone().or(environment.var("NPM_CONFIG_REGISTRY"));
    if let Some(registry) = known {
        return Ok(registry);
    }
    let help = "an `npm:` address is looked up by npm: add a tool that brings it to `requires`, \
                or set [registries] npm or NPM_CONFIG_REGISTRY";
    let mut command = job.command("npm", help)?;
    command.args(["config", "get", "registry"]);
    ask(job, command, "ask npm for its registry")
        .ok_or_else(|| InstallError::Recipe("npm does not say where its registry is".to_owned()))
}

/// Where this machine's own pip and npm fetch from, as the variables that tell other clients so;
/// what nobody here knows is left out.
pub fn of_this_machine() -> Vec<(&'static str, String)> {
    let asked = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let address = text.lines().rfind(|line| line.starts_with("http"))?;
        output.status.success().then(|| address.to_owned())
    };
    let pip = asked("python3", &["-W", "ignore", "-c", ASK_PIP]);
    let npm = asked("npm", &["config", "get", "registry"]);
    let found = [("PIP_INDEX_URL", pip), ("NPM_CONFIG_REGISTRY", npm)];
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The last line that looks like an address, of a command that ends well.
fn ask(job: &mut Job<'_>, command: Command, purpose: &'static str) -> Option<String> {
    let mut answer = None;
    let asked = job.run(command, purpose, |_, line| {
        if line.starts_with("https://") || line.starts_with("http://") {
            answer = Some(line.to_owned());
        }
    });
    asked.ok()?;
    answer
}
