//! `lightship tools gc` and `repair` killed within and after each change that they make:
//! nothing broken is offered meanwhile, and the next run ends as if nothing had happened.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

use testkit::{Tree, files_with_digests};

use crate::support::Home;

/// A tool whose program prints its name, and needs a file of its own for that.
fn tool(name: &str) -> String {
    let run = format!(
        "mkdir -p \"$PREFIX/bin\" \"$PREFIX/lib\"; echo {name} >\"$PREFIX/lib/data\"; printf \
         \"#!/bin/sh\\ncat $PREFIX/lib/data\\n\" >\"$PREFIX/bin/{name}\"; chmod +x \
         \"$PREFIX/bin/{name}\""
    );
    format!(
        "[tools.{name}]\nversion = \"1.0\"\nbins = [\"{name}\"]\nscript = {{ run = [\"sh\", \
         \"-ec\", '''{run}'''] }}\n"
    )
}

fn copy(from: &Path, to: &Path) {
    drop(fs::remove_dir_all(to));
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// A tool directory that `verb` is for, and how that leaves it.
struct Victim {
    home: Home,
    verb: Vec<&'static str>,
    undisturbed: Tree,
    /// Names of the steps, in their order.
    steps: Vec<String>,
}

impl Victim {
    /// Takes the directory as it is for what `verb` begins with.
    fn new(home: Home, verb: &[&'static str]) -> Self {
        copy(&home.tool_dir(), &home.path("base"));
        let list = home.path("steps");
        let mut victim =
            Self { home, verb: verb.to_owned(), undisturbed: Tree::new(), steps: Vec::new() };
        let status = victim.command().env("LIGHTSHIP_STEPS", &list).status().unwrap();
        assert!(status.success());
        let text = fs::read_to_string(list).unwrap();
        let name = |line: &str| line.split(' ').nth(1).unwrap().to_owned();
        victim.steps = text.lines().map(name).collect();
        victim.undisturbed = victim.tree();
        victim
    }

    fn command(&self) -> Command {
        let more = ["--manifest", "m.toml", "--format", "json"];
        let mut command = self.home.command(&[&["tools"], &self.verb[..], &more].concat());
        command.stdout(std::process::Stdio::null());
        command
    }

    /// What of the directory is the same after each run.
    fn tree(&self) -> Tree {
        let mut tree = files_with_digests(&self.home.tool_dir());
        let told = ["audit", "v1/audit", "v1/logs", "v1/lock", "loader-state.json"];
        tree.retain(|path, _| !told.iter().any(|start| path.starts_with(start)));
        for (path, content) in &mut tree {
            // Receipts hold times, and so do names of what was set aside.
            if path.starts_with("v1/receipts/")
                && Path::new(path).extension().is_some_and(|end| end == "json")
            {
                "a receipt".clone_into(content);
            }
        }
        let aside = tree.keys().filter(|path| path.contains(".corrupt-")).cloned();
        for path in aside.collect::<Vec<_>>() {
            let (plain, _) = path.split_once(".corrupt-").unwrap();
            let content = tree.remove(&path).unwrap();
            tree.insert(format!("{plain}.corrupt"), content);
        }
        tree
    }

    /// What is published does its work.
    fn assert_honest(&self, when: &str) {
        for entry in fs::read_dir(self.home.tool_dir().join("bin")).unwrap() {
            let link = entry.unwrap().path();
            let name = link.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with('.') {
                continue;
            }
            let ran = Command::new(&link).output();
            let ran = ran.unwrap_or_else(|error| panic!("{when}: {name} can't be run: {error}"));
            assert_eq!(String::from_utf8_lossy(&ran.stdout), format!("{name}\n"), "{when}");
        }
    }

    /// Kills it at each step in each way, and lets another run finish.
    fn survives(&self) {
        assert!(self.steps.len() > 5, "{:?}", self.steps);
        let mut missed = 0;
        for (index, name) in self.steps.iter().enumerate() {
            // Before a step is after the one before it.
            for kind in ["kill-within", "kill-after"] {
                if kind == "kill-within" && !["write", "remove-tree"].contains(&name.as_str()) {
                    continue;
                }
                let order = format!("{kind}@{}", index + 1);
                let when = format!("{:?} {order} ({name})", self.verb);
                copy(&self.home.path("base"), &self.home.tool_dir());
                let killed = self.command().env("LIGHTSHIP_STEP", &order).status().unwrap();
                // How often progress is written depends on the machine: the last steps of one run
                // need not be there in another.
                let is_missed = killed.success();
                missed += usize::from(is_missed);
                assert!(is_missed || killed.signal() == Some(9), "{when}: {killed}");
                self.assert_honest(&when);
                let again = self.command().status().unwrap();
                assert!(again.success(), "{when}: {again}");
                self.assert_honest(&when);
                assert_eq!(self.tree(), self.undisturbed, "{when}");
            }
        }
        assert!(missed * 10 <= self.steps.len(), "{missed} steps of {:?}", self.steps);
    }
}

/// A home with the tools `one` and `two`.
fn home() -> Home {
    let home = Home::new();
    home.write("m.toml", &format!("{}{}", tool("one"), tool("two")));
    home.run(&["tools", "install", "one", "two", "--manifest", "m.toml"]).ok();
    home
}

/// What processes that died left.
fn litter(home: &Home) {
    let dir = home.tool_dir();
    for folder in ["v1/store/ghost-1-0123456789ab/bin", "v1/stage/left/home", "v1/parts"] {
        fs::create_dir_all(dir.join(folder)).unwrap();
    }
    for file in ["v1/store/ghost-1-0123456789ab/bin/x", "v1/parts/url-0.part", "v1/stage/left/x"] {
        fs::write(dir.join(file), "x").unwrap();
    }
}

#[test]
fn a_collection_killed_at_any_step() {
    let home = home();
    litter(&home);
    fs::write(home.tool_dir().join("loader-state.json.corrupt-1000"), "").unwrap();
    // No start has seen yet that `two` is not wanted any more: it is published.
    home.write("m.toml", &tool("one"));
    let victim = Victim::new(home, &["gc", "--keep", "0s"]);
    assert!(!victim.undisturbed.keys().any(|path| path.contains("two-1.0")));
    assert!(!victim.undisturbed.contains_key("bin/two"));
    victim.survives();
}

#[test]
fn a_repair_killed_at_any_step() {
    let home = home();
    litter(&home);
    let dir = home.tool_dir();
    let slug = |name: &str| {
        let store = fs::read_dir(dir.join("v1/store")).unwrap();
        let names = store.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.into_iter().find(|slug| slug.starts_with(name)).unwrap()
    };
    // One with a file too much, which hurts nobody, one whose receipt is none any more.
    fs::write(dir.join("v1/store").join(slug("one-")).join("bin/new"), "").unwrap();
    fs::write(dir.join(format!("v1/receipts/{}.json", slug("two-"))), "{}").unwrap();
    let victim = Victim::new(home, &["repair", "--deep"]);
    assert!(!victim.undisturbed.keys().any(|path| path.ends_with("bin/new")));
    victim.survives();
}
