//! The deep look that nobody asks for: once everything is loaded, tools whose files were not read
//! for long are compared with their lists, at idle priority, until somebody wants something.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use lightship_model::event::{Event, LoaderCommand, ToolChange, What};
use lightship_model::name::ToolName;
use lightship_model::receipt::Receipt;
use lightship_model::state::ToolStatus;

use super::repair::give_up_one;
use super::verified;
use super::verify::{Standing, Verdict, read_all, unread};
use crate::clock::now;
use crate::error::LoaderError;
use crate::run::Loaded;
use crate::store::audit::{self, Act};
use crate::{Sink, chain, sys, warn};

/// What the look waits for.
pub(crate) enum Turn {
    Command(LoaderCommand),
    Read(io::Result<Verdict>),
}

/// What a look came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing is due any more.
    Done,
    /// Somebody wants this tool.
    Wanted(ToolName),
    /// This tool was damaged and is given up: it is to be installed again.
    GivenUp(ToolName),
}

/// Looks at the tools of `loaded` that were last looked at longer than `age` ago, the oldest
/// first. `hopeless` are damaged, and can't be given up: they were told already.
pub(crate) fn look(
    loaded: &Loaded,
    age: Duration,
    sink: &Sink,
    hopeless: &mut BTreeSet<ToolName>,
    (sender, turns): (&Sender<Turn>, &Receiver<Turn>),
) -> Outcome {
    let mut due: Vec<&Receipt> =
        loaded.here().filter(|receipt| verified::is_due(&loaded.dir, receipt, age)).collect();
    due.sort_by_key(|receipt| receipt.installed_at);
    for receipt in due.into_iter().filter(|receipt| receipt.listing.is_some()) {
        if hopeless.contains(&receipt.name) {
            continue;
        }
        let verdict = match read(loaded, receipt, sender, turns) {
            Ok(Some(verdict)) => verdict,
            // It could not be looked at: the next start tries again.
            Ok(None) => continue,
            Err(tool) => return Outcome::Wanted(tool),
        };
        note(loaded, &verdict);
        if verdict.status == Standing::Good {
            verified::note(&loaded.dir, receipt, &verdict);
        } else if give_up(loaded, receipt, &verdict, sink) {
            return Outcome::GivenUp(receipt.name.clone());
        } else {
            hopeless.insert(receipt.name.clone());
        }
    }
    // Somebody may have come while the last one was read, or before anything was.
    match turns.try_recv() {
        Ok(Turn::Command(LoaderCommand::Promote { tool, .. })) => Outcome::Wanted(tool),
        Ok(Turn::Read(_)) | Err(_) => Outcome::Done,
    }
}

/// A verdict on a tool; the tool that somebody wants meanwhile.
fn read(
    loaded: &Loaded,
    receipt: &Receipt,
    sender: &Sender<Turn>,
    turns: &Receiver<Turn>,
) -> Result<Option<Verdict>, ToolName> {
    let stop = Arc::new(AtomicBool::new(false));
    let (dir, owned, sender) = (loaded.dir.clone(), receipt.clone(), sender.clone());
    let late = Arc::clone(&stop);
    let body = move || {
        sys::be_idle();
        let verdict = read_all(&dir, &owned, &|| late.load(Ordering::Relaxed));
        // Nobody wants it any more when it was stopped.
        drop(sender.send(Turn::Read(verdict)));
    };
    if thread::Builder::new().name("deep verify".to_owned()).spawn(body).is_err() {
        return Ok(None);
    }
    match turns.recv() {
        Ok(Turn::Command(LoaderCommand::Promote { tool, .. })) => {
            // The thread is not waited for: at its priority its end may take a while.
            stop.store(true, Ordering::Relaxed);
            Err(tool)
        }
        Ok(Turn::Read(verdict)) => {
            Ok(Some(verdict.unwrap_or_else(|error| unread(receipt, &error))))
        }
        Err(_) => Ok(None),
    }
}

fn note(loaded: &Loaded, verdict: &Verdict) {
    let named = vec![verdict.name.to_string()];
    let (good, damaged) =
        if verdict.status == Standing::Good { (named, vec![]) } else { (vec![], named) };
    let by = format!("loader {}", std::process::id());
    // A trail that can't be written stops no care.
    drop(audit::append(&loaded.dir, now(), &by, &Act::Verify { deep: true, good, damaged }));
}

/// Whether a damaged tool could be given up, and so is to be installed again. It is told, unless
/// another loader has installed it anew meanwhile.
fn give_up(loaded: &Loaded, receipt: &Receipt, verdict: &Verdict, sink: &Sink) -> bool {
    let name = &receipt.name;
    let reason = verdict.reason.clone().unwrap_or_default();
    match give_up_one(&loaded.dir, &loaded.locking, receipt) {
        Ok(false) => false,
        Ok(true) => {
            warn(sink, format!("tool {name} is damaged: {reason}; it is installed again"));
            true
        }
        Err(LoaderError::Busy { holder, .. }) => {
            let message = format!(
                "tool {name} is damaged: {reason}; another loader ({holder}) is at work, so the \
                 next start installs it again"
            );
            warn(sink, message);
            false
        }
        Err(error) => {
            let why = format!("it is damaged: {reason}; it can't be given up: {}", chain(&error));
            warn(sink, format!("tool {name}: {why}"));
            let change = ToolChange::new(name.clone(), ToolStatus::Failed);
            let what = What::Tool(ToolChange { error: Some(why), ..change });
            sink(Event::new(now(), what));
            false
        }
    }
}

/// A queue for [`look`].
pub(crate) fn turns() -> (Sender<Turn>, Receiver<Turn>) {
    channel()
}
