//! A lightship with tools on demand, and callers of their programs.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::support::{Done, Home, LIMIT, Running};

/// A tool that is loaded on demand: its installer runs `before`, then makes the program `name`,
/// a shell script that does `script`.
pub(super) fn tool(name: &str, more: &str, before: &str, script: &str) -> String {
    format!(
        "[tools.{name}]\nversion = \"1\"\nload = \"on-demand\"\nretries = 0\n{more}\nscript = {{ run = \
         [\"sh\", \"-c\", '''{before}\nmkdir -p \"$PREFIX/bin\"\ncat > \"$PREFIX/bin/{name}\" \
         <<\"END\"\n#!/bin/sh\n{script}\nEND\nchmod +x \"$PREFIX/bin/{name}\"'''] }}\n"
    )
}

/// A running lightship, killed when the test is over.
pub(super) struct Ship {
    pub(super) home: Home,
    pub(super) running: Running,
}

impl Ship {
    /// Starts one; its service waits. `{home}` in `tools` stands for the test's directory.
    pub(super) fn up(tools: &str) -> Self {
        Self::up_with("", "sleep 1000", tools)
    }

    pub(super) fn up_with(loader: &str, service: &str, tools: &str) -> Self {
        let home = Home::new();
        let text = format!(
            "[service]\ncommand = [\"sh\", \"-c\", '''{service}''']\n[health]\nlisten = \
             \"127.0.0.1:0\"\n[loader]\n{loader}\n{tools}"
        );
        let dir = home.path("").display().to_string();
        home.write("m.toml", &text.replace("{home}/", &dir));
        let running = home.start(&["up", "--manifest", "m.toml", "--format", "json"]);
        let ship = Self { home, running };
        ship.said("\"loader-started\"");
        ship
    }

    /// Waits for an event with `what` in its line.
    #[track_caller]
    pub(super) fn said(&self, what: &str) -> String {
        Running::wait_for(&self.running.stdout, what)
    }

    /// Waits until the loader has nothing left to do and has ended.
    #[track_caller]
    pub(super) fn loader_ended(&self) {
        self.said("\"loader-exited\"");
    }

    /// How often lightship was seen to say something, of what has not been waited for.
    pub(super) fn count(&self, what: &str) -> usize {
        self.running.stdout.try_iter().filter(|line| line.contains(what)).count()
    }

    pub(super) fn shim(&self, name: &str) -> PathBuf {
        self.home.path("local/shims").join(name)
    }

    /// A command as the service would run it, with the tools and the shims on its path.
    pub(super) fn command(&self, program: &str) -> Command {
        let path = format!(
            "{}:/usr/bin:/bin:{}",
            self.home.tool_dir().join("bin").display(),
            self.home.path("local/shims").display()
        );
        let mut command = Command::new("/usr/bin/env");
        command.arg(program).env_clear().env("PATH", path).stdin(Stdio::null());
        command.env("LOA_LOCAL_DIR", self.home.path("local"));
        command.current_dir(self.home.path(""));
        command
    }

    /// Runs the program `name` to its end.
    pub(super) fn call(&self, name: &str, args: &[&str]) -> Done {
        Done::from(self.command(name).args(args).output().unwrap())
    }

    /// Lets something go on that waits for this file.
    pub(super) fn touch(&self, name: &str) {
        self.home.write(name, "");
    }
}

/// What an installer does until the test touches `name`.
pub(super) fn until(name: &str) -> String {
    format!("while ! [ -e {{home}}/{name} ]; do sleep 0.02; done")
}

/// Asks again and again until it is so.
#[track_caller]
pub(super) fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < LIMIT, "never came true: {what}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
