//! `lightship health`: asks a running lightship how it is.

use lightship_init::client::{self, At, Check, FailOn, Question};
use lightship_init::control::ControlAddress;
use lightship_model::duration::HumanDuration;
use lightship_model::exit;

use crate::failure::Failure;
use crate::out::{self, Answer};
use crate::project::{ManifestArgs, Project, ProjectArgs};

const EXAMPLES: &str = "\
Examples:
  lightship health                                   the one that `lightship up` started
  lightship health --wait 60s --fail-on degraded     wait until every tool is well
  lightship health --ready --url http://127.0.0.1:3000
  lightship health --full --format json | jq .tools.status

Exit codes: 0 yes, 1 no or unreachable";

/// Ask a running lightship how it is
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    manifest: ManifestArgs,
    #[arg(long, help = URL_HELP, conflicts_with_all = ["manifest", "profile"])]
    url: Option<String>,
    /// Ask the control socket instead, a path or @NAME: it tells everything
    #[arg(long, value_name = "SOCKET", conflicts_with = "url")]
    socket: Option<ControlAddress>,
    /// What the health port wants to see for details
    #[arg(long, value_name = "TOKEN", env = client::TOKEN_VARIABLE, hide_env_values = true)]
    token: Option<String>,
    /// Ask whether the service is ready
    #[arg(long, group = "check")]
    ready: bool,
    /// Ask whether lightship itself lives
    #[arg(long, group = "check")]
    live: bool,
    /// Ask for everything, with a line for each tool
    #[arg(long, group = "check")]
    full: bool,
    /// From which verdict on the answer is no
    #[arg(long, value_enum, default_value_t = Verdict::Unhealthy, value_name = "VERDICT")]
    fail_on: Verdict,
    /// Ask again for so long, until the answer is yes (90s, 5m)
    #[arg(long, value_name = "DURATION", value_parser = HumanDuration::parse)]
    wait: Option<HumanDuration>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

const URL_HELP: &str =
    "Address to ask, like http://127.0.0.1:3000 [default: what LOA_LISTEN or the manifest says]";

/// A verdict that can be a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Verdict {
    Unhealthy,
    Degraded,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let at = match (&args.socket, &args.url) {
        (Some(socket), _) => At::Socket(socket.clone()),
        (None, Some(url)) => At::Url(url.clone()),
        (None, None) => At::Url(settings_url(args.manifest.clone())?),
    };
    let question = Question {
        at,
        token: args.token.clone(),
        check: match (args.ready, args.live, args.full) {
            (true, _, _) => Check::Ready,
            (_, true, _) => Check::Live,
            (_, _, true) => Check::Full,
            _ => Check::Health,
        },
        fail_on: match args.fail_on {
            Verdict::Unhealthy => FailOn::Unhealthy,
            Verdict::Degraded => FailOn::Degraded,
        },
        wait: args.wait.map(|HumanDuration(wait)| wait),
        format: match args.format {
            Answer::Text => client::Format::Text,
            Answer::Json => client::Format::Json,
        },
    };
    let answer = client::ask(&question)?;
    out::print(&format!("{}\n", answer.text))?;
    Ok(if answer.ok { exit::OK } else { exit::NO })
}

/// Where the lightship listens that would run with this manifest and this environment.
pub(super) fn settings_url(manifest: ManifestArgs) -> Result<String, Failure> {
    let project = Project::open(&ProjectArgs { manifest, ..ProjectArgs::default() }, None)?;
    Ok(client::url_of(&project.settings.listen.value)?)
}
