//! From the configuration to a loop that runs: everything that has to happen in a certain order.

use std::net::TcpListener;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, process};

use lightship_model::event::What;
use lightship_model::manifest::{self, Ready};
use lightship_model::status::{LoaderState, Status};
use lightship_model::toolenv::{self, Roots};
use rustix::fs::{CWD, Mode, OFlags, openat};

use super::Keeper;
use super::commands::Commands;
use super::companions::Companions;
use super::shims::Shims;
use crate::config::{Config, Control};
use crate::control::ControlAddress;
use crate::error::RunError;
use crate::feed::Feed;
use crate::http::{Access, Http, Token};
use crate::oom::OomWatch;
use crate::poller::Poller;
use crate::processes::{Processes, ServiceCommand};
use crate::signals::Signals;
use crate::supervisor::{Input, LiveRules, ReadyBy, Reload, Rules, Signal, Supervisor};
use crate::sys::{self, Leads};
use crate::terminal::Terminal;
use crate::view::{About, View};
use crate::{address, local, log};

/// The first descriptor that is passed on by `LISTEN_FDS`.
const LISTEN_FDS_START: RawFd = 3;

/// Sets everything up and starts the service.
pub(super) fn begin(mut config: Config) -> Result<Keeper, RunError> {
    // A signal that comes from now on waits until somebody can deal with it.
    let inherited = sys::take_signals(config.runtime).map_err(RunError::system("block signals"))?;
    // Then, before anything that takes time: whoever asks for health gets an answer.
    let listener = config.listen.as_deref().map(listen).transpose()?;
    let address = listener.as_ref().map(TcpListener::local_addr).transpose();
    let address = address.map_err(RunError::system("read the address of health"))?;
    adopt_orphans();
    let options = &config.options;
    if let Some(signal) = options.parent_death {
        sys::set_parent_death(signal.number())
            .map_err(RunError::system("ask for a signal at the parent's end"))?;
    }
    let session = options.session || config.service.session;
    let leads = if session { Leads::Session } else { Leads::Group };
    let (terminal, swallow) = Terminal::find(leads);
    let mut status = Status::expecting(config.expected.iter().cloned());
    if config.loader.is_none() {
        status.loader.state = LoaderState::Complete;
    }
    let plain = config.is_plain();
    if !plain {
        sys::hide_passed_descriptors();
    }
    // A plain init starts its service once, where it was started itself, and with all that it
    // was given; then nothing of that is its own business.
    let start_dir = if plain { None } else { start_dir() };
    let service = ServiceCommand {
        argv: std::mem::take(&mut config.command),
        env: environment(&config),
        dir: config.service.dir.clone(),
        leads,
        single: config.options.single_child,
        passed: passed_descriptors(),
    };
    let loader = config.loader.take().unwrap_or_default();
    let (control, socket) = control(&config.control).unzip();
    let shims = Shims::new(&config, control.as_ref().map(ToString::to_string));
    let access = Access { details: config.details, token: config.token.take().map(Token::new) };
    let mut view = View::new(status, std::mem::take(&mut config.capabilities));
    view.about = About {
        start_period: config.service.ready_timeout,
        control: control.as_ref().map(ToString::to_string),
        ..About::default()
    };
    let mut keeper = Keeper {
        supervisor: Supervisor::new(rules(&config, !loader.is_empty()), seed()),
        poller: Poller::default(),
        signals: Signals::new().map_err(RunError::system("receive signals"))?,
        swallow,
        feed: Feed::new(config.events).map_err(RunError::system("use the pipe for events"))?,
        http: Http::new(listener, socket, access).map_err(RunError::system("serve health"))?,
        control,
        oom: if plain { None } else { OomWatch::new() },
        processes: Processes::new(inherited, start_dir, service, loader),
        terminal,
        loader: None,
        companions: Companions::new(&config.service)?,
        commands: Commands::new(config.tool_dir, config.log_reader, config.reload),
        warn_on_reap: config.options.warn_on_reap,
        verbose: config.options.verbose,
        view,
        shims,
        code: None,
    };
    if !plain {
        leave_start_dir();
    }
    if let Some(address) = address {
        keeper.tell(What::HealthListening { address: address.to_string() });
    }
    // Before the service, which may look for them.
    keeper.make_shims();
    keeper.take(Input::Begin);
    if plain {
        leave_start_dir();
        sys::close_passed_descriptors();
    }
    Ok(keeper)
}

fn listen(text: &str) -> Result<TcpListener, RunError> {
    let addresses = address::parse(text).map_err(RunError::Address)?;
    let listener = TcpListener::bind(addresses.as_slice())
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    listener.map_err(|source| RunError::Listen { address: text.to_owned(), source })
}

/// The control socket. That it can't be had is told, and keeps nothing else from running.
fn control(wanted: &Control) -> Option<(ControlAddress, UnixListener)> {
    let address = match wanted {
        Control::Off => return None,
        Control::Auto => ControlAddress::of_process(process::id()),
        Control::At(address) => address.clone(),
    };
    match address.bind() {
        Ok(listener) => Some((address, listener)),
        Err(error) => {
            log::line(&format!("can't listen on the control socket `{address}`: {error}"));
            None
        }
    }
}

/// PID 1 gets orphans anyway; others have to ask for them. Where the kernel refuses, orphans go
/// to the real PID 1, and nothing else changes.
fn adopt_orphans() {
    if process::id() != 1 {
        let itself = Some(rustix::process::getpid());
        rustix::process::set_child_subreaper(itself).unwrap_or_default();
    }
}

/// Where lightship was started, for those that it starts later.
fn start_dir() -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(CWD, ".", flags, Mode::empty()).ok()
}

/// PID 1 keeps no directory in use, so that whatever is mounted there can be unmounted.
fn leave_start_dir() {
    env::set_current_dir("/").unwrap_or_default();
}

/// The listening sockets that were passed on for the service. Where it is started more than once,
/// they are kept for that, and nobody else gets them.
fn passed_descriptors() -> Vec<RawFd> {
    let number = |name| env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    match (number("LISTEN_FDS"), number("LISTEN_PID")) {
        (Some(count), Some(pid)) if pid == process::id() => {
            (LISTEN_FDS_START..).take(count.min(1024) as usize).collect()
        }
        _ => Vec::new(),
    }
}

/// What the service's environment has beyond lightship's own.
fn environment(config: &Config) -> Vec<(String, String)> {
    let service = &config.service;
    let mut env: Vec<(String, String)> = service.env.clone().into_iter().collect();
    if let Some(tool_dir) = &config.tool_dir {
        let var = |name: &str| service.env.get(name).cloned().or_else(|| env::var(name).ok());
        let own = |name: &str| env::var(name).ok();
        let roots = Roots::new(tool_dir, rustix::process::geteuid().as_raw(), own);
        let safe = local::is_ours(Path::new(&roots.local));
        let exports = toolenv::exports(&roots.with_local_if(safe), var);
        env.extend(exports.map(|(name, value)| (name.to_owned(), value)));
    }
    env
}

fn rules(config: &Config, loader: bool) -> Rules {
    let (service, options) = (&config.service, &config.options);
    let ready = match service.ready {
        None => ReadyBy::Running,
        Some(Ready::Probe(_)) => ReadyBy::Probe,
        Some(Ready::Log(_) | Ready::Notify(_)) => ReadyBy::Itself,
    };
    let live = service.live.as_ref().map(|live| LiveRules {
        period: live.period,
        timeout: live.timeout,
        failures: live.failures,
    });
    let reload = match service.reload {
        None => Reload::Signal(Signal::HUP),
        Some(manifest::Reload::Command(_)) => Reload::Hook,
        Some(manifest::Reload::Signal(signal)) => Reload::Signal(signal),
    };
    let mut success_codes = options.success_codes.clone();
    success_codes.extend(&service.success_codes);
    Rules {
        command: service.command.clone(),
        restart: service.restart,
        ready,
        ready_timeout: service.ready_timeout,
        live,
        backoff: service.backoff,
        before_start: service.before_start.is_some(),
        stop_hook: service.stop.is_some(),
        stop_signal: service.stop_signal,
        reload,
        supervised: options.supervised,
        stop_timeout: options.stop_timeout.unwrap_or(service.stop_timeout),
        single_child: options.single_child,
        rewrites: options.effective_rewrites(),
        suspends: process::id() != 1,
        success_codes,
        loader,
    }
}

/// Differs between containers that start together.
fn seed() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(time.subsec_nanos()) << 32 | u64::from(process::id())
}
