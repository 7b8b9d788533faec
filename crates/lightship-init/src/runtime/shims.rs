//! The shims that this lightship looks after: made before the service starts, and anew when the
//! manifest has been read again.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use lightship_model::manifest::defaults;
use lightship_model::shims::{Programs, ShimMap};
use lightship_model::toolenv::Roots;
use rustix::process::geteuid;

use crate::config::{Config, Reloaded};
use crate::shim::directory::{make, own_program};

/// Where they are, and what they are told.
#[derive(Debug)]
pub(super) struct Shims {
    local: PathBuf,
    map: ShimMap,
}

impl Shims {
    /// Nothing when there are no programs to have shims for. `control` is the control socket.
    pub(super) fn new(config: &Config, control: Option<String>) -> Option<Self> {
        let dir = config.tool_dir.as_ref()?;
        let roots = Roots::new(dir, geteuid().as_raw(), |name| env::var(name).ok());
        let map = ShimMap { control, dirs: roots.programs(), ..ShimMap::default() };
        let mut shims = Self { local: roots.local.into(), map };
        if config.programs.is_empty() && !shims.local.join("shims").is_dir() {
            return None;
        }
        shims.know(config.programs.clone(), config.wait);
        Some(shims)
    }

    fn know(&mut self, programs: Programs, wait: Option<Duration>) {
        self.map.programs = programs;
        self.map.wait = Some(wait.unwrap_or(defaults::WAIT));
    }

    /// Takes in what the manifest says now.
    pub(super) fn renew(&mut self, reloaded: &Reloaded) {
        self.know(reloaded.programs.clone(), reloaded.wait);
    }

    /// Makes them; the error is for people. Without them everything else works.
    pub(super) fn make(&self) -> Result<(), String> {
        const WITHOUT: &str = "programs that are not there yet are not found before their tool is";
        let made = match own_program() {
            Some(program) => make(&self.local, &self.map, &program).map_err(|error| {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                format!("{error}{}", cause.unwrap_or_default())
            }),
            None => Err("this program's own file is not to be found".to_owned()),
        };
        made.map_err(|error| format!("there are no shims: {error}; {WITHOUT}"))
    }
}
