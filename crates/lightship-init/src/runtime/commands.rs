//! What somebody who may change things has asked for, until it is done.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lightship_model::event::{Exit, LoaderCommand, What};
use lightship_model::name::ToolName;
use lightship_model::outlook::End;
use lightship_model::state::ToolStatus;

use super::Keeper;
use super::shims::Shims;
use crate::config::Reload;
use crate::http::{Answer, Asked, Command, Ticket};
use crate::log_reader::LogReader;
use crate::poller::Poller;
use crate::processes::Role;
use crate::supervisor::Input;

/// How many logs are read at once.
const READERS: usize = 8;

/// Commands on their way.
pub(super) struct Commands {
    tool_dir: Option<String>,
    /// The command line of a process that prints the end of a file.
    log_reader: Vec<OsString>,
    reload: Option<Reload>,
    /// What the loader was told and has not come to an end with: a loader that is about to end may
    /// never have read it, and one that dies forgets it.
    promised: Vec<Promise>,
    readers: Vec<LogReader<Ticket>>,
    next_number: u64,
}

/// A tool that somebody wants now.
#[derive(Debug, PartialEq, Eq)]
struct Promise {
    tool: ToolName,
    /// Tools whose installers wait for it.
    needed_by: Vec<ToolName>,
    /// Who asked for it last, in words.
    by: String,
    /// The loader that runs was told when it started: it must have read it.
    read: bool,
}

impl Commands {
    pub(super) fn new(
        tool_dir: Option<String>,
        log_reader: Vec<OsString>,
        reload: Option<Reload>,
    ) -> Self {
        let (promised, readers) = (Vec::new(), Vec::new());
        Self { tool_dir, log_reader, reload, promised, readers, next_number: 0 }
    }

    pub(super) fn watch(&mut self, poller: &mut Poller) {
        for reader in &mut self.readers {
            reader.watch(poller);
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.readers.iter().filter_map(LogReader::deadline).min()
    }

    /// Takes note of what the loader has done.
    pub(super) fn heard(&mut self, what: &What) {
        if let What::Tool(change) = what
            && change.status.is_final()
        {
            self.promised.retain(|promise| promise.tool != change.name);
        }
    }

    fn promise(&mut self, tool: &ToolName, needed_by: Option<ToolName>, by: String) {
        let index = self.promised.iter().position(|promise| promise.tool == *tool);
        let before = index.map(|index| self.promised.swap_remove(index).needed_by);
        let mut all = before.unwrap_or_default();
        all.extend(needed_by);
        all.dedup();
        self.promised.push(Promise { tool: tool.clone(), needed_by: all, by, read: false });
    }

    /// The tools that were promised.
    pub(super) fn promised(&self) -> impl Iterator<Item = &ToolName> {
        self.promised.iter().map(|promise| &promise.tool)
    }

    /// Whether a loader has to run for what was promised, now that one has ended with its work
    /// done. One that failed is started again by its own rules, or not at all; and what a loader
    /// has read and left alone, the next one would leave alone too.
    pub(super) fn wants_loader(&mut self, done: bool) -> bool {
        if done {
            self.promised.retain(|promise| !promise.read);
        }
        done && !self.promised.is_empty()
    }
}

impl Keeper {
    pub(super) fn asked(&mut self, asked: Asked) {
        let Asked { ticket, what, by } = asked;
        match what {
            Command::Promote { tool } | Command::Retry { tool } => {
                let answer = self.promote(tool, None, by);
                self.http.reply(ticket, answer);
            }
            Command::Wait { tool, needed_by } => self.wait_for(ticket, tool, needed_by, &by),
            Command::Stop => {
                self.http.reply(ticket, Answer::done());
                self.take(Input::Stop { reason: "somebody asked for it" });
            }
            Command::Reload => {
                let answer = self.reload();
                self.http.reply(ticket, answer);
            }
            Command::ToolLog { tool, lines } => self.begin_log(ticket, &tool, lines),
        }
    }

    /// Tells the loader to load a tool now; one that failed is tried again. A loader that is
    /// over is started again for it.
    fn promote(&mut self, tool: ToolName, needed_by: Option<ToolName>, by: String) -> Answer {
        let status = self.view.status.borrow().tools.get(&tool).map(|tool| tool.change.status);
        match status {
            None => Answer::error(404, &format!("there is no tool `{tool}` in the manifest")),
            Some(ToolStatus::Installed) => {
                Answer::error(409, &format!("tool `{tool}` is installed already"))
            }
            Some(_) => {
                self.commands.promise(&tool, needed_by.clone(), by.clone());
                self.note_promises();
                let Some(loader) = &mut self.loader else {
                    self.take(Input::LoaderWanted);
                    return Answer::done();
                };
                if loader.command(&LoaderCommand::Promote { tool, needed_by, by: Some(by) }) {
                    Answer::done()
                } else {
                    Answer::error(503, "the loader does not listen: ask again in a moment")
                }
            }
        }
    }

    /// Promotes `tool` for somebody who waits for it, and tells how it goes.
    fn wait_for(&mut self, ticket: Ticket, tool: ToolName, needed_by: Option<ToolName>, by: &str) {
        let installed = self.view.outlook(&tool).end == Some(End::Installed);
        if let Some(installer) = &needed_by
            && let Some(path) = self.way_back(&tool, installer)
        {
            let error = format!("these tools would wait for each other: {path}");
            return self.http.reply(ticket, Answer::error(409, &error));
        }
        if !installed {
            // That the loader reads slowly is no reason to give up: it is told again when it is
            // started, and as long as it runs there is hope.
            self.promote(tool.clone(), needed_by, format!("{by}, to run it"));
        }
        self.http.tell_of(ticket, tool);
    }

    /// How `tool` comes to wait for `installer`, which is about to wait for `tool`: by what they
    /// require, and by what their installers wait for already.
    fn way_back(&self, tool: &ToolName, installer: &ToolName) -> Option<String> {
        let status = self.view.status.borrow();
        let mut edges = Vec::new();
        for (name, view) in &status.tools {
            edges.extend(view.requires.iter().map(|required| (name, required)));
        }
        for promise in &self.commands.promised {
            edges.extend(promise.needed_by.iter().map(|installer| (installer, &promise.tool)));
        }
        let path = way(&edges, tool, installer)?;
        let names = std::iter::once(installer).chain(path);
        Some(names.map(ToString::to_string).collect::<Vec<_>>().join(" → "))
    }

    /// Lets those who wait know what is promised.
    pub(super) fn note_promises(&self) {
        self.view.promised.replace(self.commands.promised().cloned().collect());
    }

    /// Tells a loader that was just started what was promised.
    pub(super) fn send_commands(&mut self) {
        let Some(loader) = &mut self.loader else { return };
        for promise in &mut self.commands.promised {
            // An installer that waited for it has ended with its loader.
            promise.needed_by.clear();
            let tool = promise.tool.clone();
            let by = Some(promise.by.clone());
            promise.read = loader.command(&LoaderCommand::Promote { tool, needed_by: None, by });
        }
    }

    /// Reads the manifest again: the loader is started anew with it, and the service reloads. A
    /// wrong one changes nothing.
    fn reload(&mut self) -> Answer {
        let Some(Reload(read)) = &self.commands.reload else {
            return Answer::error(409, "there is no manifest to read again");
        };
        match read() {
            Ok(reloaded) => {
                if let Some(shims) = &mut self.shims {
                    shims.renew(&reloaded);
                }
                self.make_shims();
                self.view.capabilities = reloaded.capabilities;
                self.take(Input::LoaderRenewed);
                self.take(Input::Reload);
                Answer::done()
            }
            Err(error) => Answer::error(422, &error),
        }
    }

    pub(super) fn make_shims(&mut self) {
        if let Some(Err(message)) = self.shims.as_ref().map(Shims::make) {
            self.tell(What::Warning { message });
        }
    }

    fn begin_log(&mut self, ticket: Ticket, tool: &ToolName, lines: usize) {
        match self.open_log(ticket, tool, lines) {
            Ok(reader) => self.commands.readers.push(reader),
            Err(error) => self.http.reply(ticket, Answer::error(503, &error)),
        }
    }

    fn open_log(
        &mut self,
        ticket: Ticket,
        tool: &ToolName,
        lines: usize,
    ) -> Result<LogReader<Ticket>, String> {
        let commands = &mut self.commands;
        let dir = self.view.status.borrow().loader.dir.clone();
        let dir = dir.or_else(|| commands.tool_dir.clone()).ok_or("there is no tool directory")?;
        if commands.readers.len() >= READERS {
            return Err("too many logs are being read: ask again in a moment".to_owned());
        }
        let path = PathBuf::from(dir).join("v1/logs").join(format!("{tool}.log"));
        let argv = LogReader::<Ticket>::argv(&commands.log_reader, &path, lines);
        commands.next_number += 1;
        let number = commands.next_number;
        let (reader, output) = LogReader::new(ticket, number, self.view.elapsed())
            .map_err(|error| format!("can't read the log: {error}"))?;
        self.processes.start_log_reader(&argv, &output, number).map_err(|failed| failed.error)?;
        Ok(reader)
    }

    /// Reads what the readers have brought, and ends those that take too long.
    pub(super) fn read_logs(&mut self, now: Duration) {
        for reader in &mut self.commands.readers {
            reader.turn(&self.poller);
            if reader.is_late(now) {
                self.processes.kill(Role::LogReader { number: reader.number });
            }
        }
    }

    /// The reader of that number has ended.
    pub(super) fn log_read(&mut self, number: u64, exit: Exit) {
        let readers = &mut self.commands.readers;
        let Some(index) = readers.iter().position(|reader| reader.number == number) else { return };
        let (ticket, text) = readers.swap_remove(index).finish();
        let answer = match exit {
            Exit::Code(0) => Answer::text(200, String::from_utf8_lossy(&text).into_owned()),
            Exit::Code(_) => Answer::error(404, "there is no log of this tool yet"),
            Exit::Signal(_) => Answer::error(504, "the volume does not answer"),
        };
        self.http.reply(ticket, answer);
    }
}

/// The shortest way from `from` to `to` along `edges`, both included.
fn way<'a>(
    edges: &[(&'a ToolName, &'a ToolName)],
    from: &'a ToolName,
    to: &ToolName,
) -> Option<Vec<&'a ToolName>> {
    // Each tool that is reached, and the place of the one before it.
    let mut reached = vec![(from, None)];
    let mut next = 0;
    while let Some((last, mut before)) = reached.get(next).copied() {
        if last == to {
            let mut way = vec![last];
            while let Some((tool, earlier)) = before.and_then(|place: usize| reached.get(place)) {
                way.push(*tool);
                before = *earlier;
            }
            way.reverse();
            return Some(way);
        }
        for (_, tool) in edges.iter().filter(|(tool, _)| *tool == last) {
            if !reached.iter().any(|(seen, _)| seen == tool) {
                reached.push((*tool, Some(next)));
            }
        }
        next += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_from_a_tool_to_another_is_found_in_circles_too() {
        let name = |text: &str| text.parse::<ToolName>().unwrap();
        let edges = [("a", "b"), ("a", "c"), ("b", "a"), ("c", "d")];
        let edges = edges.map(|(from, to)| (name(from), name(to)));
        let edges: Vec<_> = edges.iter().map(|(from, to)| (from, to)).collect();
        let found = |from: &str, to: &str| {
            let (from, to) = (name(from), name(to));
            way(&edges, &from, &to).map(|way| way.into_iter().cloned().collect::<Vec<_>>())
        };
        assert_eq!(found("a", "d").unwrap(), [name("a"), name("c"), name("d")]);
        assert_eq!(found("d", "a"), None);
        assert_eq!(found("d", "d").unwrap(), [name("d")]);
    }

    #[test]
    fn a_promise_starts_a_loader_once_and_never_one_that_failed() {
        let mut commands = Commands::new(None, Vec::new(), None);
        assert!(!commands.wants_loader(true));
        commands.promise(&"x".parse().unwrap(), None, "x".to_owned());
        assert!(!commands.wants_loader(false), "its own pauses and budget count");
        assert!(commands.wants_loader(true), "it may have ended before it read that");
        commands.promised[0].read = true;
        assert!(!commands.wants_loader(false) && commands.promised.len() == 1);
        assert!(!commands.wants_loader(true), "it had its chance");
    }
}
