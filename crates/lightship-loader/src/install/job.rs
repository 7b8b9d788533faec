//! What a source has at hand while it installs a tool.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lightship_model::event::{Exit, Phase};
use lightship_model::manifest::Tool;
use lightship_model::name::ToolName;
use lightship_model::receipt::Receipt;
use lightship_model::template::{self, Placeholder};

use super::error::exit_error;
use super::log::Log;
use super::process::{self, End};
use super::progress::Reporter;
use super::{Environment, InstallError};
use crate::Sink;
use crate::clock::now;
use crate::confine::{Cell, Confiner, Level, Plan};
use crate::python::{self, Python};
use crate::source::Archives;
use crate::store::audit::{self, Act};
use crate::store::lock::Locking;
use crate::store::volume::Spare;
use crate::store::{Hold, ToolDir, check, disk as fs, space, strays};

/// The file of certificates that most clients ask for.
const CERTIFICATES: &str = "SSL_CERT_FILE";

/// How many characters of who asked for something are noted.
const WORDS: usize = 200;

/// What is the same for all attempts of a run.
pub(crate) struct Runner {
    pub(crate) dir: ToolDir,
    /// What keeps a second loader out of it.
    pub(crate) locking: Locking,
    pub(crate) environment: Environment,
    pub(crate) confiner: Confiner,
    pub(crate) python: Option<Python>,
    /// Why the machine's Python can't be used, where there is one.
    pub(crate) no_python: Option<String>,
    /// Package lists that were read in this run.
    pub(crate) archives: Archives,
    /// Processors that an installer may use.
    pub(crate) cores: usize,
    /// Wall-clock limit of an attempt at a tool that has none of its own.
    pub(crate) timeout: Duration,
    pub(crate) sink: Sink,
    /// Where notes go that the volume does not take.
    pub(crate) spare: Option<Spare>,
    /// It has been said that it does not.
    pub(crate) told: AtomicBool,
    /// The lease of the directory, where that is what keeps others out.
    pub(crate) hold: OnceLock<Hold>,
}

impl Runner {
    /// The same for attempts that install into `dir`.
    pub(crate) fn elsewhere(&self, dir: ToolDir) -> Self {
        Self {
            confiner: self.confiner.elsewhere(dir.stage()),
            dir,
            locking: Locking::Flock,
            environment: self.environment.clone(),
            python: self.python.clone(),
            no_python: self.no_python.clone(),
            archives: Archives::default(),
            cores: self.cores,
            timeout: self.timeout,
            sink: Sink::clone(&self.sink),
            spare: None,
            told: AtomicBool::new(false),
            hold: OnceLock::new(),
        }
    }

    /// The machine's Python; `help` says what to do without one.
    pub(crate) fn machines_python(&self, help: &'static str) -> Result<Python, InstallError> {
        self.python.clone().ok_or_else(|| match &self.no_python {
            Some(fault) => {
                InstallError::Recipe(format!("the machine's Python can't be used: {fault}; {help}"))
            }
            None => InstallError::NoProgram { program: "python3".to_owned(), help },
        })
    }

    /// Whether another loader has taken the lock away: then the directory is its own, and nothing
    /// in it may be changed any more.
    pub(crate) fn has_lost(&self) -> bool {
        self.hold.get().is_some_and(Hold::is_lost)
    }

    /// Notes an act in the audit trail. A trail that can't be written goes on in the local
    /// directory; it is told, once, and stops nothing.
    pub(crate) fn audit(&self, act: &Act) {
        self.audit_by(None, act);
    }

    /// The same for an act that somebody else asked for, in words of theirs.
    pub(crate) fn audit_by(&self, asked: Option<&str>, act: &Act) {
        let at = now();
        let by = match asked {
            Some(by) => by.chars().filter(|c| !c.is_control()).take(WORDS).collect(),
            None => format!("loader {}", std::process::id()),
        };
        let Err(error) = audit::append(&self.dir, at, &by, act) else { return };
        if !self.told.swap(true, Ordering::SeqCst) {
            crate::warn(&self.sink, format!("can't write the audit trail: {error}"));
        }
        if let Some(dir) = self.spare_dir() {
            // It has been said that the trail can't be written.
            drop(audit::append(&dir, at, &by, act));
        }
    }

    /// The local directory, if there is one beside `dir` and it can be had.
    pub(crate) fn spare_dir(&self) -> Option<ToolDir> {
        self.spare.as_ref()?.make().ok()
    }
}

impl Runner {
    /// The trail's newest line, for a receipt to remember. Nothing when it can't be had: then
    /// one witness less speaks for the trail.
    pub(crate) fn audit_mark(&self) -> Option<audit::Mark> {
        audit::mark(&self.dir).ok().flatten()
    }
}

/// One attempt at one tool.
pub(crate) struct Job<'a> {
    pub(crate) runner: &'a Runner,
    pub(crate) tool: &'a Tool,
    /// Where the tool goes, and stays.
    pub(crate) prefix: PathBuf,
    /// Scratch space on the same file system, gone after the attempt.
    pub(crate) stage: PathBuf,
    /// Receipts of everything that the tool requires, directly or not.
    pub(crate) requires: &'a [Receipt],
    pub(crate) deadline: Instant,
    pub(crate) timeout: Duration,
    pub(crate) reporter: Reporter,
    pub(crate) log: Log,
    /// How far every command so far was confined; nothing while none has run.
    pub(crate) level: Option<Level>,
}

impl Job<'_> {
    /// Makes an empty directory of the stage.
    pub(crate) fn stage_dir(&self, name: &str) -> Result<PathBuf, InstallError> {
        let path = self.stage.join(name);
        fs::create_dir_all(&path).map_err(InstallError::io("make", &path))?;
        Ok(path)
    }

    /// Makes `folder` of the stage hold links to the programs of `receipts`: what is published
    /// and nothing else, so that a tool's private `python` or `pip` shadows nobody's.
    pub(crate) fn view(
        &self,
        folder: &str,
        receipts: &[&Receipt],
    ) -> Result<PathBuf, InstallError> {
        let view = self.stage_dir(folder)?;
        for receipt in receipts {
            for entry in &receipt.bins {
                let link = view.join(entry.name.as_str());
                let target = check::target(&self.runner.dir, receipt, entry);
                drop(fs::remove_file(&link));
                fs::symlink(&target, &link).map_err(InstallError::io("link", &link))?;
            }
        }
        Ok(view)
    }

    /// A command in the installer's environment; `program` is looked up on its search path.
    pub(crate) fn command(
        &self,
        program: &str,
        help: &'static str,
    ) -> Result<Command, InstallError> {
        let required: Vec<&Receipt> = self.requires.iter().collect();
        let view = self.view("bin", &required)?;
        self.unwrap_python(&view)?;
        self.command_in(program, help, &[view])
    }

    /// Puts the interpreter itself into `view` where the machine has a wrapper that would write
    /// beside itself, unless a required tool brings one.
    fn unwrap_python(&self, view: &Path) -> Result<(), InstallError> {
        let Some(python) = self.runner.python.as_ref().filter(|python| python.is_wrapped()) else {
            return Ok(());
        };
        let link = view.join("python3");
        if link.is_symlink() {
            return Ok(());
        }
        fs::symlink(&python.executable, &link).map_err(InstallError::io("link", &link))
    }

    /// Like [`command`](Self::command), with `bins` before the machine's search path.
    pub(crate) fn command_in(
        &self,
        program: &str,
        help: &'static str,
        bins: &[PathBuf],
    ) -> Result<Command, InstallError> {
        let home = self.stage_dir("home")?;
        self.stage_dir("home/tmp")?;
        let vars = self.runner.environment.for_child(&home, bins);
        let path = vars.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let found = look_up(program, &path)
            .ok_or_else(|| InstallError::NoProgram { program: program.to_owned(), help })?;
        let mut command = Command::new(found);
        command.env_clear().envs(vars).current_dir(&self.stage);
        command
            .env("PREFIX", &self.prefix)
            .env("STAGE", &self.stage)
            .env(strays::MARK, &self.stage);
        command.env("LIGHTSHIP_TOOL", self.tool.name.as_str());
        self.add_exports(&mut command, self.requires);
        for (name, value) in &self.tool.env {
            command.env(name, self.expand(value)?);
        }
        Ok(command)
    }

    /// Adds what tools export; what the caller of lightship has set stands.
    pub(crate) fn add_exports(&self, command: &mut Command, receipts: &[Receipt]) {
        let callers = |name: &str| self.runner.environment.var(name);
        for exports in receipts.iter().map(|receipt| &receipt.exports) {
            for (name, value) in exports.iter().filter(|(name, _)| callers(name).is_none()) {
                // A caller with certificates of its own means them for every client.
                let certificates = exports.get(CERTIFICATES) == Some(value);
                let own = certificates.then(|| callers(CERTIFICATES)).flatten();
                command.env(name, own.as_ref().unwrap_or(value));
            }
        }
    }

    /// The Python that the tool requires, else the machine's; `help` says what to do without one.
    pub(crate) fn python(&self, help: &'static str) -> Result<Python, InstallError> {
        let tools = self.requires.iter().filter(|receipt| !receipt.pre_existing);
        let mut entries =
            tools.flat_map(|receipt| receipt.bins.iter().map(move |entry| (receipt, entry)));
        let own = entries.find(|(_, entry)| entry.name.as_str() == "python3");
        let Some((receipt, entry)) = own else { return self.runner.machines_python(help) };
        // Its libraries are found from where it really lies.
        let target = check::target(&self.runner.dir, receipt, entry);
        let program = fs::canonicalize(&target).map_err(InstallError::io("find", &target))?;
        python::identify(&program).map_err(|fault| {
            let name = &receipt.name;
            InstallError::Recipe(format!("the Python of {name} can't be used: {fault}"))
        })
    }

    /// Runs `command`; anything but exit code 0 is an error with the end of its output.
    pub(crate) fn run(
        &mut self,
        command: Command,
        purpose: &'static str,
        mut seen: impl FnMut(&Reporter, &str),
    ) -> Result<(), InstallError> {
        let cell = self.cell()?;
        let program = command.get_program().to_string_lossy().into_owned();
        let what = describe(&command);
        self.runner.audit(&Act::Run { tool: self.tool.name.clone(), program, purpose });
        self.log.command(&what);
        let reporter = self.reporter.clone();
        let deadline = self.deadline;
        let ran =
            process::run(command, cell, &mut self.log, deadline, |line| seen(&reporter, line));
        // What left the process group would go on writing into what is synced or removed next.
        if !self.runner.has_lost() {
            strays::end(&self.stage);
        }
        let ran = ran.map_err(|source| InstallError::Exec { program: what.clone(), source })?;
        self.note(ran.level);
        let error = match ran.end {
            End::Exited(Exit::Code(0)) => return Ok(()),
            End::Exited(exit) => {
                // Whatever it says, this explains it: a linker on a full disk dies without a word.
                if let Some(shortage) = space::shortage(&self.stage) {
                    self.log.line(&format!("== {shortage}"));
                }
                exit_error(&what, exit, self.log.tail(), ran.level)
            }
            End::Breached(breach) => InstallError::Limit { what, breach },
            End::TimedOut => InstallError::TimedOut { what, after: self.timeout },
            End::Stopped => InstallError::Stopped,
        };
        self.log.line(&format!("== {error}"));
        Err(error)
    }

    /// What the next command is held in: it may write into the prefix and the stage.
    pub(crate) fn cell(&self) -> Result<Cell, InstallError> {
        let plan = Plan {
            writable: vec![self.prefix.clone(), self.stage.clone()],
            limits: self.tool.limits,
        };
        self.runner.confiner.cell(&plan).map_err(InstallError::Unconfined)
    }

    /// A command was held at `level`.
    pub(crate) fn note(&mut self, level: Level) {
        self.level = Some(self.level.map_or(level, |before| before.weaker(level)));
    }

    /// What a receipt says of it all: `none-run` when no command ran.
    pub(crate) fn confinement(&self) -> String {
        self.level.map_or_else(|| "none-run".to_owned(), |level| level.to_string())
    }

    /// Runs `command`, showing its newest line.
    pub(crate) fn run_shown(
        &mut self,
        command: Command,
        purpose: &'static str,
    ) -> Result<(), InstallError> {
        self.run(command, purpose, Reporter::message)
    }

    /// Replaces the placeholders of a recipe's string.
    pub(crate) fn expand(&self, text: &str) -> Result<String, InstallError> {
        template::expand(text, |placeholder| match placeholder {
            Placeholder::Prefix => Some(self.prefix.display().to_string()),
            Placeholder::Stage => Some(self.stage.display().to_string()),
            Placeholder::Version => Some(self.tool.version.clone()),
            Placeholder::ToolPrefix(name) => self.required_prefix(name),
        })
        .map_err(|error| InstallError::Recipe(error.to_string()))
    }

    fn required_prefix(&self, name: &str) -> Option<String> {
        let installed = |receipt: &&Receipt| receipt.name.as_str() == name && !receipt.pre_existing;
        let receipt = self.requires.iter().find(installed)?;
        Some(self.runner.dir.prefix(&receipt.slug()).display().to_string())
    }

    pub(crate) fn phase(&mut self, phase: Phase) {
        self.reporter.phase(phase);
        crate::fault::point(phase.as_str());
    }

    /// Whether the attempt's time is over.
    pub(crate) fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    pub(crate) fn name(&self) -> &ToolName {
        &self.tool.name
    }
}

/// The program of that name on `path`; a name with a slash is the program itself.
pub(crate) fn look_up(program: &str, path: &OsStr) -> Option<PathBuf> {
    if program.contains('/') {
        return check::executable(Path::new(program)).map(|_| PathBuf::from(program));
    }
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|candidate| check::executable(candidate).is_some())
}

/// A command as a user would recognise it: the program's name and its first arguments.
fn describe(command: &Command) -> String {
    const LIMIT: usize = 60;
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut text = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    let first = text.lines().next().unwrap_or_default();
    if first.len() == text.len() && text.chars().count() <= LIMIT {
        return format!("`{text}`");
    }
    format!("`{}…`", first.chars().take(LIMIT).collect::<String>())
}
