//! Which init is under test, and how to say to it what a case needs.
//!
//! `INIT_UNDER_TEST` is `lightship-init` (the default), `tini`, `tini-static`, `dumb-init`,
//! `catatonit`, or `none`: the command alone, which shows that the cases have teeth.
//! `lightship-init:tini` and `lightship-init:dumb-init` are lightship called by these names.

use std::env;
use std::path::{Path, PathBuf};

/// Something that a case needs an init to do, which may need to be asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need {
    /// Signals go to the child's whole group.
    Group,
    /// The child has a session of its own, and signals go to its group.
    Session,
    /// Signals go to the child alone.
    SingleChild,
    /// This exit code becomes 0.
    MapExit(u8),
    /// A signal is passed on as another one: `15:2`; 0 drops it.
    Rewrite(&'static str),
    /// Orphans are adopted outside of a PID namespace too.
    Subreaper,
    /// The signal that is passed on when the init's parent dies.
    ParentDeath(&'static str),
    WarnOnReap,
    Verbose,
    /// TERM has to have worked after so long.
    StopTimeout(&'static str),
    /// What is left behind by the child has so long to end.
    Grace(&'static str),
    /// A supervisor with this file as its manifest.
    Manifest,
}

/// Whose command line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Lightship,
    Tini,
    DumbInit,
    Catatonit,
    Nothing,
}

/// An init as a program.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) dialect: Dialect,
    pub(crate) program: PathBuf,
    /// The name of the link to call it through.
    pub(crate) link: Option<&'static str>,
}

impl Subject {
    pub(crate) fn under_test() -> Self {
        let name = env::var("INIT_UNDER_TEST").unwrap_or_else(|_| "lightship-init".to_owned());
        let peer = |dialect| Self { dialect, program: on_path(&name), link: None };
        match name.as_str() {
            "lightship-init" => Self { dialect: Dialect::Lightship, program: own(), link: None },
            "lightship-init:tini" => Self::lightship_as_tini(),
            "lightship-init:dumb-init" => Self::lightship_as_dumb_init(),
            "tini" | "tini-static" => peer(Dialect::Tini),
            "dumb-init" => peer(Dialect::DumbInit),
            "catatonit" => peer(Dialect::Catatonit),
            "none" => Self::none(),
            other => panic!("INIT_UNDER_TEST={other}: no such init; see tests/cases/subject.rs"),
        }
    }

    /// The same, where the case is about tini's command line: what claims to stand in for tini
    /// is called by that name.
    pub(crate) fn as_tini() -> Self {
        let subject = Self::under_test();
        if subject.is_lightship() { Self::lightship_as_tini() } else { subject }
    }

    /// The same, where the case is about dumb-init's command line.
    pub(crate) fn as_dumb_init() -> Self {
        let subject = Self::under_test();
        if subject.is_lightship() { Self::lightship_as_dumb_init() } else { subject }
    }

    /// The command alone: `env` executes it, and changes nothing.
    pub(crate) fn none() -> Self {
        Self { dialect: Dialect::Nothing, program: on_path("env"), link: None }
    }

    fn lightship_as_tini() -> Self {
        Self { dialect: Dialect::Tini, program: own(), link: Some("tini") }
    }

    fn lightship_as_dumb_init() -> Self {
        Self { dialect: Dialect::DumbInit, program: own(), link: Some("dumb-init") }
    }

    pub(crate) fn is_lightship(&self) -> bool {
        self.dialect == Dialect::Lightship || self.link.is_some()
    }

    /// The options that ask for `need`; fails the case where there are none.
    #[track_caller]
    pub(crate) fn options(&self, need: Need) -> Vec<String> {
        let option = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let found = match self.dialect {
            Dialect::Lightship => Some(lightship(need)),
            Dialect::Tini => tini(need),
            Dialect::DumbInit => dumb_init(need),
            Dialect::Catatonit => catatonit(need),
            Dialect::Nothing => return Vec::new(),
        };
        let found = found.unwrap_or_else(|| panic!("{} has no {need:?}", self.program.display()));
        match need {
            Need::MapExit(code) => option(&[found, &code.to_string()]),
            Need::Rewrite(value)
            | Need::ParentDeath(value)
            | Need::StopTimeout(value)
            | Need::Grace(value)
                if !found.is_empty() =>
            {
                option(&[found, value])
            }
            _ if found.is_empty() => Vec::new(),
            _ => option(&[found]),
        }
    }

    /// The code for a command line that is wrong.
    pub(crate) fn usage_code(&self) -> i32 {
        if self.dialect == Dialect::Lightship { 2 } else { 1 }
    }
}

// The options for each need, empty where nothing has to be said.

fn lightship(need: Need) -> &'static str {
    match need {
        Need::Group => "-g",
        Need::Session => "--session",
        Need::SingleChild => "-c",
        Need::MapExit(_) => "-e",
        Need::Rewrite(_) => "-r",
        Need::Subreaper => "-s",
        Need::ParentDeath(_) => "-p",
        Need::WarnOnReap => "-w",
        Need::Verbose => "-v",
        Need::StopTimeout(_) => "--stop-timeout",
        Need::Grace(_) => "--grace",
        Need::Manifest => "",
    }
}

fn tini(need: Need) -> Option<&'static str> {
    Some(match need {
        Need::Group => "-g",
        Need::MapExit(_) => "-e",
        Need::Subreaper => "-s",
        Need::ParentDeath(_) => "-p",
        Need::WarnOnReap => "-w",
        Need::Verbose => "-v",
        // What comes of it is what counts; there is nothing to set.
        Need::SingleChild | Need::Grace(_) => "",
        Need::Session | Need::Rewrite(_) | Need::StopTimeout(_) | Need::Manifest => return None,
    })
}

fn dumb_init(need: Need) -> Option<&'static str> {
    Some(match need {
        Need::SingleChild => "-c",
        Need::Rewrite(_) => "-r",
        Need::Verbose => "-v",
        Need::Group | Need::Session | Need::Grace(_) => "",
        Need::MapExit(_)
        | Need::Subreaper
        | Need::ParentDeath(_)
        | Need::WarnOnReap
        | Need::StopTimeout(_)
        | Need::Manifest => return None,
    })
}

fn catatonit(need: Need) -> Option<&'static str> {
    Some(match need {
        Need::Group => "-g",
        Need::SingleChild | Need::Subreaper | Need::Grace(_) => "",
        Need::Session
        | Need::MapExit(_)
        | Need::Rewrite(_)
        | Need::ParentDeath(_)
        | Need::WarnOnReap
        | Need::Verbose
        | Need::StopTimeout(_)
        | Need::Manifest => return None,
    })
}

/// The file that is shipped, or what cargo built for the tests.
fn own() -> PathBuf {
    match env::var_os("LIGHTSHIP_INIT_BINARY") {
        Some(file) => Path::new(&file).canonicalize().unwrap(),
        None => env!("CARGO_BIN_EXE_lightship-init").into(),
    }
}

/// The program `name` on the search path.
pub(crate) fn on_path(name: &str) -> PathBuf {
    find_on_path(name).unwrap_or_else(|| panic!("`{name}` is not installed"))
}

pub(crate) fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
