//! `lightship up`: runs the manifest's service, loads its tools beside it, and shows both.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use lightship_model::exit;

use super::config;
use crate::child::InitPart;
use crate::failure::Failure;
use crate::out::Answer;
use crate::project::{Project, ProjectArgs};
use crate::session::{Session, Source, Turn};
use crate::shell;
use crate::view::scene::Scene;
use crate::view::{self, Format};

const EXAMPLES: &str = "\
Examples:
  lightship up                                   try it: a small service and its tools
  lightship up --manifest lightship.toml         what the manifest says
  lightship up --profile loa -- my-agent serve   other tools, another service
  lightship up --format json | jq .event         events for a program
  lightship up --locked                          nothing but what lightship.lock names
  lightship up --print-config                    each setting and where it comes from

Ctrl-C stops the service politely; Ctrl-C again stops it at once.

Exit codes: the service's own, 128+n for a signal, 126 or 127 when it could not be executed;
  3 wrong manifest, 69 the health port is not to be had, 73 the directory of --tool-dir can't be used";

/// Run a service at once and load its tools in the background
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    #[arg(long, value_name = "HOST:PORT", help = LISTEN_HELP)]
    listen: Option<String>,
    /// How to show what happens
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print each setting with its origin, and end
    #[arg(long)]
    print_config: bool,
    /// Service to run instead of the manifest's
    #[arg(last = true, value_name = "SERVICE")]
    service: Vec<String>,
}

const LISTEN_HELP: &str =
    "Address of the health port [env: LOA_LISTEN] [default: the manifest's, or 127.0.0.1:3000]";

/// Output that is still in the pipes when everything has ended gets this long: someone who has
/// left the service's process group may hold them open for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Between two looks whether the init part, which has closed its pipe, has ended.
const LOOK: Duration = Duration::from_millis(10);

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    let project = Project::open(&args.project, args.listen.clone())?;
    if args.print_config {
        let answer = if args.format == Format::Json { Answer::Json } else { Answer::Text };
        config::print(&project, &args.service, answer)?;
        return Ok(exit::OK);
    }
    let command = service(&project, &args.service)?;
    if !project.manifest.tools.is_empty() && project.settings.enabled.value {
        lightship_loader::prepare(project.tool_dir(), project.names_tool_dir())?;
    }
    let tools = lightship_loader::snapshot(&project.manifest, project.tool_dir())?;
    let scene = Scene {
        service: Some(shell::shown(command)),
        dir_options: project.dir_options(),
        ..Scene::new(&project.manifest, tools)
    };
    let chosen = view::choose(args.format);
    let session = Session::new(scene, chosen.view)?;
    let vars = project.lock_vars();
    let args = init_args(&project, args.service);
    let part = InitPart::start(args, vars, &session, chosen.stdout, chosen.stderr)?;
    attend(session, part)
}

/// The command of the service that will run.
fn service<'a>(project: &'a Project, given: &'a [String]) -> Result<&'a [String], Failure> {
    match &project.manifest.service {
        _ if !given.is_empty() => Ok(given),
        Some(service) => Ok(&service.command),
        None => Err(Failure::NoService { manifest: project.which.to_args()[1].clone() }),
    }
}

/// What the init part is told; all paths absolute.
fn init_args(project: &Project, service: Vec<String>) -> Vec<OsString> {
    let settings = &project.settings;
    let mut args: Vec<String> = project.which.to_args().into();
    args.extend(["--tool-dir".to_owned(), settings.tool_dir.value.clone()]);
    args.extend(["--listen".to_owned(), settings.listen.value.clone()]);
    if !service.is_empty() {
        args.push("--".to_owned());
        args.extend(service);
    }
    args.into_iter().map(OsString::from).collect()
}

/// Shows what the init part does until it has ended, and passes the user's wish to stop on.
fn attend(mut session: Session, mut part: InitPart) -> Result<u8, Failure> {
    let mut look_at = None;
    let code = loop {
        match session.next(look_at) {
            Turn::Stop => {
                let again = session.scene.stopping.is_some();
                part.stop(again)?;
                session.stopping(if again {
                    "stopping at once…"
                } else {
                    "stopping… (Ctrl-C again to stop at once)"
                });
            }
            Turn::Closed(Source::Events) => look_at = Some(Instant::now()),
            Turn::Closed(source) => part.outputs.retain(|output| *output != source),
            Turn::Late => match part.ended()? {
                Some(code) => break code,
                None => look_at = Some(Instant::now() + LOOK),
            },
        }
    };
    let until = Instant::now() + LAST_WORDS;
    while !part.outputs.is_empty() {
        match session.next(Some(until)) {
            Turn::Closed(source) => part.outputs.retain(|output| *output != source),
            Turn::Stop => {}
            Turn::Late => break,
        }
    }
    session.scene.stopping = Some(format!("ended with exit code {code}"));
    session.finish();
    Ok(code)
}
