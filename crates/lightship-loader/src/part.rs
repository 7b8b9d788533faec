//! The loader as a process of its own: events out on standard output, commands in on standard
//! input. Its end is its parent's end: when standard input closes, it stops.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use lightship_model::event::{Event, LoaderCommand};
use lightship_model::manifest::{Which, open};
use lightship_model::name::ToolName;
use lightship_model::plan::Scope;
use lightship_model::settings::{Given, Settings};
use lightship_model::{exit, lock};

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
    if options.scope == Scope::Deferred && !promoted.is_empty() {
        options.scope = Scope::Also(promoted);
    }
    let commands = match listen(&sink) {
        Ok(commands) => commands,
        Err(error) => return fail(&sink, &chain(&error), exit::INTERNAL),
    };
    match run(&options, commands, &sink) {
        Ok(_) => exit::OK,
        Err(error) => fail(&sink, &chain(&error), error.exit_code()),
    }
}

fn fail(sink: &Sink, message: &str, code: u8) -> u8 {
    warn(sink, format!("the loader can't work: {message}"));
    code
}

/// Reads commands until standard input ends, and with it this process.
fn listen(sink: &Sink) -> io::Result<Receiver<LoaderCommand>> {
    let (sender, commands) = mpsc::channel();
    let sink = sink.clone();
    thread::Builder::new().name("commands".into()).spawn(move || read_commands(&sender, &sink))?;
    Ok(commands)
}

fn read_commands(sender: &Sender<LoaderCommand>, sink: &Sink) {
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        match serde_json::from_str(&line) {
            // The run may have ended: then the command has come too late.
            Ok(command) => drop(sender.send(command)),
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
