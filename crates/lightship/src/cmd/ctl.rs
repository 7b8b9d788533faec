//! `lightship ctl`: tells a running lightship what to do, over its control socket.

use lightship_init::client;
use lightship_init::control::ControlAddress;
use lightship_init::ctl::{self, Order};
use lightship_model::exit;

use super::health::settings_url;
use crate::failure::Failure;
use crate::out;
use crate::project::ManifestArgs;

const EXAMPLES: &str = "\
Examples:
  lightship ctl promote ripgrep      load it now, before everything else
  lightship ctl retry ripgrep        try it again after it failed
  lightship ctl reload               read the manifest again
  podman exec app lightship-init ctl stop

Exit codes: 0 it was taken, 1 it was not";

/// Tell a running lightship what to do
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    manifest: ManifestArgs,
    /// Its control socket, a path or @NAME [default: `LOA_CONTROL`, PID 1's, or what the health
    /// port says]
    #[arg(long, value_name = "SOCKET", global = true)]
    socket: Option<ControlAddress>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Load a tool now, and what it requires
    #[command(after_help = "Examples:\n  lightship ctl promote ripgrep")]
    Promote(Tool),
    /// Try a failed tool again
    #[command(after_help = "Examples:\n  lightship ctl retry ripgrep")]
    Retry(Tool),
    /// Read the manifest again; a wrong one changes nothing
    #[command(after_help = "Examples:\n  lightship ctl reload")]
    Reload,
    /// Stop the service and end
    #[command(after_help = "Examples:\n  lightship ctl stop")]
    Stop,
    /// Show the last lines of what a tool's installer printed
    #[command(after_help = "Examples:\n  lightship ctl log ripgrep --lines 20")]
    Log {
        #[command(flatten)]
        tool: Tool,
        /// How many
        #[arg(long, default_value_t = 100)]
        lines: usize,
    },
}

#[derive(Debug, clap::Args)]
struct Tool {
    /// Its name in the manifest
    #[arg(value_name = "TOOL")]
    name: String,
}

pub(crate) fn run(args: Args) -> Result<u8, Failure> {
    let url = settings_url(args.manifest)?;
    let token = std::env::var(client::TOKEN_VARIABLE).ok().filter(|token| !token.is_empty());
    let order = match args.command {
        Command::Promote(tool) => Order::Promote { tool: tool.name },
        Command::Retry(tool) => Order::Retry { tool: tool.name },
        Command::Reload => Order::Reload,
        Command::Stop => Order::Stop,
        Command::Log { tool, lines } => Order::Log { tool: tool.name, lines },
    };
    let address = ctl::find(args.socket, Some(&url), token.as_deref())?;
    let text = ctl::send(&order, &address)?;
    out::print(&format!("{}\n", text.trim_end()))?;
    Ok(exit::OK)
}
