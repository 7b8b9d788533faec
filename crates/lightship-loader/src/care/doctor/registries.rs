//! Are the registries reachable that the manifest's tools come from? Where they are, the
//! manifest, the environment and the ordinary clients say.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lightship_model::manifest::{ArtifactUrl, Manifest, Source};
use lightship_model::time::Timestamp;

use super::http::{self, Reply};
use super::{Context, Finding, Status};
use crate::source::releases;

/// pip's own answer: its variables, its files, its default.
const ASK_PIP: &str = "\
from pip._internal.commands import create_command
print(create_command('download').parse_args([])[0].index_url)";

/// How long a client may take to say where its registry is, or to ask it.
const CLIENT: Duration = Duration::from_secs(10);

/// What a registry said.
pub(super) struct Answer {
    /// Without any host: `cargo registry`.
    pub(super) name: &'static str,
    id: &'static str,
    result: Result<Reached, Problem>,
    pub(super) date: Option<(Timestamp, Timestamp)>,
}

struct Reached {
    took: Duration,
    through: String,
}

/// What asking gave: over HTTP, with the reply.
type Asked = Result<(Reached, Option<Reply>), Problem>;

/// Why it was not reached.
enum Problem {
    /// There is nobody to say where it is: what a tool brings, perhaps.
    NoClient(&'static str),
    Failed(String),
}

/// A registry: in the words for people, in the word for programs, how it is asked about a
/// package that the manifest wants from it.
struct Registry {
    name: &'static str,
    id: &'static str,
    ask: fn(&Manifest, &str) -> Asked,
}

/// Asks all registries at once.
pub(super) fn ask(manifest: &Manifest) -> Vec<Answer> {
    let registries = [
        ("cargo", Registry { name: "cargo registry", id: "registry-cargo", ask: cargo }),
        ("pip", Registry { name: "pip index", id: "registry-pip", ask: pip }),
        ("npm", Registry { name: "npm registry", id: "registry-npm", ask: npm }),
        ("deb", Registry { name: "Debian archive", id: "registry-deb", ask: deb }),
    ];
    let asked =
        registries.iter().filter_map(|(kind, registry)| Some((registry, package(manifest, kind)?)));
    let asked: Vec<(&Registry, String)> = asked.collect();
    thread::scope(|scope| {
        let threads: Vec<_> = asked
            .iter()
            .map(|(registry, package)| {
                scope.spawn(move || {
                    let (reached, reply) = (registry.ask)(manifest, package).map_or_else(
                        |problem| (Err(problem), None),
                        |(reached, reply)| (Ok(reached), reply),
                    );
                    let date = reply.and_then(|reply| reply.date);
                    Answer { name: registry.name, id: registry.id, result: reached, date }
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    context.answers.iter().map(finding).collect()
}

fn finding(answer: &Answer) -> Finding {
    let name = answer.name;
    match &answer.result {
        Ok(reached) => {
            let what = format!("the {name} answers in {} ms", reached.took.as_millis());
            Finding::new(answer.id, Status::Ok, what).detail(reached.through.clone())
        }
        Err(Problem::NoClient(client)) => {
            let what = format!(
                "the {name} was not asked: there is no {client} here to say where \
                                it is"
            );
            Finding::new(answer.id, Status::Warn, what)
                .help("a tool may bring it; or name the registry under [registries]")
        }
        Err(Problem::Failed(error)) => {
            Finding::new(answer.id, Status::Fail, format!("the {name} can't be reached"))
                .detail(error.clone())
                .help("look at the network, the proxy variables and the client's configuration")
        }
    }
}

/// A package that the manifest has from registries of that kind.
fn package(manifest: &Manifest, kind: &str) -> Option<String> {
    manifest.tools.values().find_map(|tool| match (&tool.source, kind) {
        (Source::Cargo(cargo), "cargo") => Some(cargo.package.clone()),
        (Source::Pip(pip), "pip") => Some(pip.package.clone()),
        (Source::Npm(npm), "npm") => Some(npm.package.clone()),
        (Source::Binary(binary), _) => match (&binary.url, kind) {
            (ArtifactUrl::Pypi { name, .. }, "pip") | (ArtifactUrl::Npm { name, .. }, "npm") => {
                Some(name.clone())
            }
            _ => None,
        },
        (Source::Deb(_), "deb") => Some(String::new()),
        _ => None,
    })
}

fn cargo(manifest: &Manifest, package: &str) -> Asked {
    if let Some(index) = &manifest.registries.cargo
        && let Some(address) = index.strip_prefix("sparse+")
    {
        return fetch(&format!("{}/config.json", address.trim_end_matches('/')), "[registries]");
    }
    // cargo tells nobody where its registry is: it is asked to look itself.
    let mut command = Command::new("cargo");
    command.args(["info", "--quiet", "--color", "never", package]).current_dir("/");
    let begun = Instant::now();
    let _answer = run(command, "cargo")?;
    Ok((Reached { took: begun.elapsed(), through: "asked by cargo".to_owned() }, None))
}

fn pip(manifest: &Manifest, package: &str) -> Asked {
    let vars = ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"];
    let (index, said) = known(manifest.registries.pip.as_ref(), &vars).map_or_else(
        || {
            let mut command = Command::new("python3");
            command.args(["-W", "ignore", "-c", ASK_PIP]);
            address(&run(command, "pip")?).map(|index| (index, "pip's configuration"))
        },
        Ok,
    )?;
    fetch(&format!("{}/{package}/", index.trim_end_matches('/')), said)
}

fn npm(manifest: &Manifest, package: &str) -> Asked {
    let vars = ["NPM_CONFIG_REGISTRY", "npm_config_registry"];
    let (registry, said) = known(manifest.registries.npm.as_ref(), &vars).map_or_else(
        || {
            let mut command = Command::new("npm");
            command.args(["config", "get", "registry"]);
            address(&run(command, "npm")?).map(|registry| (registry, "npm's configuration"))
        },
        Ok,
    )?;
    let package = package.replace('/', "%2f");
    fetch(&format!("{}/{package}", registry.trim_end_matches('/')), said)
}

/// The release files that the first tool of the kind would be installed from, one an archive.
fn deb(manifest: &Manifest, _: &str) -> Asked {
    let sources = manifest.tools.values().find_map(|tool| match &tool.source {
        Source::Deb(deb) => Some(deb),
        _ => None,
    });
    let Some(deb) = sources else { return Err(Problem::Failed("no tool wants it".to_owned())) };
    let releases = releases(deb, &manifest.registries);
    let releases = releases.map_err(|error| Problem::Failed(error.to_string()))?;
    let mut slowest = None;
    for address in releases {
        let (reached, reply) = fetch(&address, "the manifest, the environment or apt's sources")?;
        let slower = |(before, _): &(Reached, _)| before.took < reached.took;
        if slowest.as_ref().is_none_or(slower) {
            slowest = Some((reached, reply));
        }
    }
    slowest.ok_or_else(|| Problem::Failed("no archive is known".to_owned()))
}

/// What the manifest or a variable says.
fn known(manifest: Option<&String>, vars: &[&str]) -> Option<(String, &'static str)> {
    let variable = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let said = manifest.map(|address| (address.clone(), "[registries]"));
    said.or_else(|| Some((vars.iter().find_map(variable)?, "the environment")))
}

/// The first line that is an address.
fn address(answer: &str) -> Result<String, Problem> {
    let is = |line: &&str| line.starts_with("https://") || line.starts_with("http://");
    let found = answer.lines().map(str::trim).find(is);
    found.map(str::to_owned).ok_or_else(|| Problem::Failed("its client names none".to_owned()))
}

fn fetch(url: &str, said: &str) -> Asked {
    let reply = http::get(url).map_err(Problem::Failed)?;
    if reply.status >= 400 {
        return Err(Problem::Failed(format!("it answers with status {}", reply.status)));
    }
    let through = format!("its address is from {said}");
    Ok((Reached { took: reply.took, through }, Some(reply)))
}

/// What `command` prints; its last error line when it fails.
fn run(mut command: Command, client: &'static str) -> Result<String, Problem> {
    let failed = |error: std::io::Error| Problem::Failed(format!("{client}: {error}"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Problem::NoClient(client));
        }
        Err(error) => return Err(failed(error)),
    };
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let readers = thread::Builder::new().spawn(move || {
        let mut text = String::new();
        drop(stdout.as_mut().map(|pipe| pipe.read_to_string(&mut text)));
        text
    });
    let errors = thread::Builder::new().spawn(move || {
        let mut text = String::new();
        drop(stderr.as_mut().map(|pipe| pipe.read_to_string(&mut text)));
        text
    });
    let until = Instant::now() + CLIENT;
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if Instant::now() >= until => {
                drop(child.kill());
                drop(child.wait());
                let limit = CLIENT.as_secs();
                return Err(Problem::Failed(format!("{client} has no answer after {limit} s")));
            }
            None => thread::park_timeout(Duration::from_millis(10)),
        }
    };
    let text = |thread: std::io::Result<thread::JoinHandle<String>>| {
        thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_default()
    };
    let (answer, errors) = (text(readers), text(errors));
    if status.success() {
        return Ok(answer);
    }
    if errors.contains("No module named 'pip'") || errors.contains("No module named pip") {
        return Err(Problem::NoClient(client));
    }
    Err(Problem::Failed(lightship_model::excerpt::error_excerpt(&errors)))
}
