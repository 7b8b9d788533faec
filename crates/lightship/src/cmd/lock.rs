//! `lightship lock`: resolves every tool to exact versions, sizes and digests, and writes them
//! beside the manifest.

mod answer;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lightship_loader::{LockOutcome, LockRequest};
use lightship_model::duration::HumanDuration;
use lightship_model::exit;
use lightship_model::lock::{self, Lock};
use lightship_model::manifest::{Text, Which};
use lightship_model::settings::{Given, Origin};
use signal_hook::iterator::Signals;

use crate::failure::Failure;
use crate::out::{self, Answer};
use crate::project::{LockArgs, ManifestArgs, Project, absolute};
use crate::session::wanted_signals;

const EXAMPLES: &str = "\
Examples:
  lightship lock                          lock what is new or has changed in lightship.toml
  lightship lock --upgrade                resolve everything anew
  lightship lock --upgrade --tool sd      one tool
  lightship lock --check                  for CI: is the lock what the manifest needs?
  lightship lock --min-age 7d             take no release that is younger than a week
  lightship lock --profile loa --lock loa.lock

The lock is used by whatever installs from that manifest; `lightship up --locked` refuses what
it does not name.

Exit codes: 0 locked, or with --check: fresh; 1 a tool could not be locked (nothing is written),
  or with --check: stale; 3 wrong manifest or lock";

const LOCK_HELP: &str = "Lock file [env: LOA_LOCK] [default: beside the manifest]";
const TOOL_DIR_HELP: &str =
    "Tool directory: what is installed there helps to resolve [env: LOA_TOOL_DIR]";
const MIN_AGE_HELP: &str = "Refuse releases younger than this; 0 takes all [env: \
                            LOA_MIN_RELEASE_AGE] [default: the manifest's, or 24h]";

/// Pin every tool to exact versions, sizes and digests in lightship.lock
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Manifest to read [default: lightship.toml]
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    manifest: Option<PathBuf>,
    /// Built-in manifest to lock: quickstart or loa
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    #[arg(long, value_name = "FILE", help = LOCK_HELP)]
    lock: Option<String>,
    #[arg(long, value_name = "DIR", help = TOOL_DIR_HELP)]
    tool_dir: Option<String>,
    /// Only this tool; can be repeated
    #[arg(long = "tool", value_name = "NAME")]
    tools: Vec<String>,
    /// Resolve what is locked already, too
    #[arg(long)]
    upgrade: bool,
    /// Say whether the lock is fresh; resolve and write nothing
    #[arg(long, conflicts_with = "upgrade")]
    check: bool,
    #[arg(long, value_name = "TIME", value_parser = age, help = MIN_AGE_HELP)]
    min_age: Option<Duration>,
    /// Take releases whose age the registry does not say
    #[arg(long)]
    allow_unknown_age: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

fn age(text: &str) -> Result<Duration, String> {
    HumanDuration::parse(text).map(|duration| duration.0)
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let (project, file) = open(args)?;
    let old = read(&file)?;
    let only = project.tools(&args.tools)?;
    let only = (!only.is_empty()).then(|| only.into_iter().collect::<BTreeSet<_>>());
    if args.check {
        return answer::check(&project.manifest, &old, only.as_ref(), &file, args.format);
    }
    let stopped = watch_signals()?;
    let tool_dir = project.tool_dir().to_owned();
    let request = LockRequest {
        tool_dir,
        manifest: project.manifest,
        old,
        only,
        upgrade: args.upgrade,
        min_age: project.settings.min_age.value,
        allow_unknown_age: args.allow_unknown_age,
        timeout: project.settings.timeout.value,
    };
    let (new, outcomes) = lightship_loader::lock(&request, &mut |tool, outcome| {
        if outcome.is_none() && args.format == Answer::Text {
            // A reader who has gone away misses nothing but this.
            drop(writeln!(io::stderr(), "resolving {}", tool.name));
        }
    })?;
    if stopped.load(Ordering::SeqCst) {
        return Ok(exit::SIGNAL_BASE + 2);
    }
    let failed = outcomes.values().any(|outcome| matches!(outcome, LockOutcome::Failed { .. }));
    let write = !failed && (new != request.old || !file.exists());
    if write {
        replace(&file, &new.to_text(env!("CARGO_PKG_VERSION")))?;
    }
    match args.format {
        Answer::Json => out::print_json(&answer::object(&new, &outcomes, &file, write))?,
        Answer::Text => {
            out::print(&answer::text(&request.manifest, &new, &outcomes, &file, write))?;
        }
    }
    Ok(if failed { exit::NO } else { exit::OK })
}

/// The manifest without its lock, and where the lock is.
fn open(args: &Args) -> Result<(Project, PathBuf), Failure> {
    let default = || Which::File(absolute(Path::new("lightship.toml")));
    let manifest = ManifestArgs { manifest: args.manifest.clone(), profile: args.profile.clone() };
    let which = match manifest.origin() {
        Origin::Default => default(),
        _ => manifest.which(),
    };
    let lock = LockArgs { lock: args.lock.clone(), locked: false };
    let given = Given { tool_dir: args.tool_dir.clone(), min_age: args.min_age, ..lock.given() };
    let project = Project::unlocked(which, manifest.origin(), given)?;
    let file = lock::path(&project.which, &project.settings.lock).ok_or(Failure::NoLockFile)?;
    Ok((project, file))
}

/// The lock so far: an empty one where there is none.
fn read(file: &Path) -> Result<Lock, Failure> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Lock::read(&Text::new(file.display().to_string(), text))?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Lock::default()),
        Err(source) => Err(Failure::Read { path: file.to_owned(), source }),
    }
}

/// Ends the clients with us: they have process groups of their own.
fn watch_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stopped);
    let mut signals =
        Signals::new(wanted_signals()).map_err(Failure::system("take over the signals"))?;
    let watch = move || {
        for _ in signals.forever() {
            flag.store(true, Ordering::SeqCst);
            lightship_loader::stop_all();
        }
    };
    let spawned = thread::Builder::new().name("signals".to_owned()).spawn(watch);
    spawned.map(drop).map_err(Failure::system("start a thread"))?;
    Ok(stopped)
}

/// Writes the file as a whole or not at all.
fn replace(file: &Path, text: &str) -> Result<(), Failure> {
    let aside = file.with_added_extension(format!("new-{}", std::process::id()));
    let written = File::create(&aside).and_then(|mut to| {
        to.write_all(text.as_bytes())?;
        to.sync_all()
    });
    written.and_then(|()| fs::rename(&aside, file)).map_err(|source| {
        drop(fs::remove_file(&aside));
        Failure::Write { path: file.to_owned(), source }
    })
}
