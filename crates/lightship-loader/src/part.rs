//! The loader as a process of its own: events out on standard output, commands in on standard
//! input. Its end is its parent's end: when standard input closes, it stops.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::process;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use lightship_model::event::{Event, LoaderCommand};
use lightship_model::manifest::{DeepVerify, Which, open};
use lightship_model::name::ToolName;
use lightship_model::plan::Scope;
use lightship_model::settings::{Given, Settings};
use lightship_model::{exit, lock};

use crate::care::idle::{self, Outcome, Turn};
use crate::error::Result;
use crate::{Options, Sink, chain, default_dir, run, stop_all, warn};

/// Runs the loader part and gives its exit code: 0 when nothing is left to do (tools that
/// failed included: events have said so), 3 for a bad manifest, 73 for a bad tool directory.
/// Somebody waits for the tools in `promoted`: they go first, and are loaded though the manifest
/// loads them on demand.
pub fn main_run(which: &Which, given: Given, promoted: BTreeSet<ToolName>) -> u8 {
    let sink: Sink = Arc::new(|event: Event| {
        // Nobody reads any more: the end of standard input is about to say so.
        drop(io::stdout().lock().write_all(event.to_line().as_bytes()));
    });
    let read = |path: &Path| std::fs::read_to_string(path);
    let mut manifest = match open(which, read) {
        Ok(manifest) => manifest,
        Err(errors) => return fail(&sink, &errors.to_string(), exit::INPUT),
    };
    let var = |name: &str| std::env::var(name).ok();
    let settings = match Settings::resolve(given, var, &manifest, default_dir()) {
        Ok(settings) => settings,
        Err(error) => return fail(&sink, &error.to_string(), exit::INPUT),
    };
    match lock::apply(&mut manifest, which, &settings, read) {
        Ok(warnings) => warnings.into_iter().for_each(|warning| warn(&sink, warning)),
        Err(errors) => return fail(&sink, &errors.to_string(), exit::INPUT),
    }
    let mut options = Options::from_settings(manifest, &settings);
    also(&mut options, promoted);
    let inbox = match Inbox::listen(&sink) {
        Ok(inbox) => inbox,
        Err(error) => return fail(&sink, &chain(&error), exit::INTERNAL),
    };
    match work(&mut options, settings.deep_verify.value, &inbox, &sink) {
        Ok(()) => exit::OK,
        Err(error) => fail(&sink, &chain(&error), error.exit_code()),
    }
}

/// Loads; then looks at what was not looked at for long, and loads again what that, or somebody
/// who asks meanwhile, gives to load.
fn work(options: &mut Options, look: DeepVerify, inbox: &Inbox, sink: &Sink) -> Result<()> {
    let mut hopeless = BTreeSet::new();
    loop {
        let (sender, commands) = mpsc::channel();
        // What somebody asked for during the look comes to the run, too, which notes who it was.
        inbox.go_on(0, move |command| drop(sender.send(command)));
        let loaded = run::load(options, commands, sink)?;
        let DeepVerify::After(age) = look else { return Ok(()) };
        if options.scope == Scope::Off {
            return Ok(());
        }
        let (sender, turns) = idle::turns();
        let asked = sender.clone();
        inbox.go_on(loaded.commands, move |command| drop(asked.send(Turn::Command(command))));
        let tool = match idle::look(&loaded, age, sink, &mut hopeless, (&sender, &turns)) {
            Outcome::Done => return Ok(()),
            Outcome::Wanted(tool) | Outcome::GivenUp(tool) => tool,
        };
        also(options, BTreeSet::from([tool]));
    }
}

/// Makes tools that somebody waits for go first, and be loaded though the manifest loads them on
/// demand.
fn also(options: &mut Options, tools: BTreeSet<ToolName>) {
    match &mut options.scope {
        Scope::Deferred if !tools.is_empty() => options.scope = Scope::Also(tools),
        Scope::Also(others) => others.extend(tools),
        Scope::Deferred | Scope::Off | Scope::Only(_) => {}
    }
}

fn fail(sink: &Sink, message: &str, code: u8) -> u8 {
    warn(sink, format!("the loader can't work: {message}"));
    code
}

/// Where a command goes.
type Deliver = Box<dyn Fn(LoaderCommand) + Send>;

/// The commands that come: each goes to who is at work, and those that one has not taken to the
/// next.
struct Inbox(Arc<Mutex<Delivery>>);

struct Delivery {
    deliver: Deliver,
    /// What was delivered, in order.
    delivered: Vec<LoaderCommand>,
}

impl Inbox {
    /// Reads commands until standard input ends, and with it this process.
    fn listen(sink: &Sink) -> io::Result<Self> {
        let delivery = Delivery { deliver: Box::new(drop), delivered: Vec::new() };
        let delivery = Arc::new(Mutex::new(delivery));
        let (reader, sink) = (Arc::clone(&delivery), sink.clone());
        let body = move || read_commands(&reader, &sink);
        thread::Builder::new().name("commands".into()).spawn(body)?;
        Ok(Self(delivery))
    }

    /// From here on commands go to `deliver`, those first that are left when `taken` were taken.
    fn go_on(&self, taken: usize, deliver: impl Fn(LoaderCommand) + Send + 'static) {
        let mut delivery = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = taken.min(delivery.delivered.len());
        delivery.delivered.drain(..taken);
        delivery.delivered.iter().cloned().for_each(&deliver);
        delivery.deliver = Box::new(deliver);
    }
}

fn read_commands(delivery: &Mutex<Delivery>, sink: &Sink) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match serde_json::from_str::<LoaderCommand>(&line) {
            Ok(command) => {
                let mut delivery = delivery.lock().unwrap_or_else(PoisonError::into_inner);
                delivery.delivered.push(command.clone());
                (delivery.deliver)(command);
            }
            Err(error) => warn(sink, format!("not a command for the loader: {error}")),
        }
    }
    stop_all();
    exit_process();
}

#[expect(clippy::exit, reason = "the parent is gone; the installers have been killed above")]
fn exit_process() {
    process::exit(exit::OK.into());
}
