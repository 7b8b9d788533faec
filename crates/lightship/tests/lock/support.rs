//! A registry, a directory of a test's own, and a tool of each kind that has to be resolved.

use std::fs;

use testkit::{CrateRelease, Done, NpmPackage, Registry, Sandbox, Wheel, WheelRelease};

/// The kinds of sources that resolve versions.
pub(crate) const KINDS: [&str; 3] = ["cargo", "npm", "pip"];

/// Long ago.
pub(crate) const OLD: Option<&str> = Some("2020-01-01T00:00:00Z");

/// An hour ago, or what is an hour ago while these tests run.
pub(crate) fn young() -> String {
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    let time = lightship_model::time::Timestamp::from(hour_ago).to_string();
    // In whole seconds: cargo takes no others.
    format!("{}Z", &time[..19])
}

/// Publishes releases of a package `tinyKIND`, each a version and when it was published. Its
/// program of that name prints `word` and the version.
pub(crate) fn publish(
    registry: &Registry,
    kind: &str,
    word: &str,
    releases: &[(&str, Option<&str>)],
) {
    let name = format!("tiny{kind}");
    let says: Vec<String> =
        releases.iter().map(|(version, _)| format!("{word} {version}")).collect();
    let texts: Vec<String> = says.iter().map(|says| program(kind, says)).collect();
    let each = releases.iter().zip(&texts);
    match kind {
        "cargo" => {
            let files: Vec<[(&str, &str); 1]> =
                texts.iter().map(|text| [("src/main.rs", text.as_str())]).collect();
            let releases: Vec<CrateRelease<'_>> = releases
                .iter()
                .zip(&files)
                .map(|((version, published), files)| CrateRelease {
                    version,
                    published: *published,
                    needs: &[],
                    files,
                })
                .collect();
            registry.put_crates(&name, &releases);
        }
        "npm" => {
            let files: Vec<[(&str, &str); 1]> =
                texts.iter().map(|text| [("cli.js", text.as_str())]).collect();
            let releases: Vec<_> = releases
                .iter()
                .zip(&files)
                .map(|((version, published), files)| {
                    let bin: &[(&str, &str)] = &[("tinynpm", "cli.js")];
                    let (dependencies, install_script) = (&[][..], None);
                    (NpmPackage { version, bin, dependencies, install_script, files }, *published)
                })
                .collect();
            let _tarball = registry.put_npm_at(&name, &releases);
        }
        _ => {
            let releases: Vec<WheelRelease<'_>> = each
                .map(|((version, published), module)| {
                    let wheel = Wheel { name: "tinypip", module, program: Some("tinypip") };
                    WheelRelease { version, published: *published, needs: &[], wheel }
                })
                .collect();
            let _wheel = registry.put_wheels(&releases);
        }
    }
}

/// The text of a program that prints `says`.
fn program(kind: &str, says: &str) -> String {
    match kind {
        "cargo" => format!("fn main() {{ println!(\"{says}\"); }}"),
        "npm" => format!("#!/usr/bin/env node\nconsole.log('{says}');\n"),
        _ => format!("def main():\n    print('{says}')\n"),
    }
}

/// The part of a manifest for the tool of a kind; it has the kind's name.
pub(crate) fn tool(kind: &str, version: Option<&str>) -> String {
    let version = version.map_or(String::new(), |version| format!(", version = \"{version}\""));
    format!("[tools.{kind}]\nretries = 0\n{kind} = {{ package = \"tiny{kind}\"{version} }}\n")
}

/// A directory with a manifest.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
}

impl World {
    /// A manifest with `text`, whose registries are `registry`.
    pub(crate) fn new(registry: &Registry, text: &str) -> Self {
        let mut sandbox = Sandbox::new(env!("CARGO_BIN_EXE_lightship"));
        sandbox.set("LOA_TOOL_DIR", sandbox.dir());
        let world = Self { sandbox };
        world.write(registry, text);
        world
    }

    pub(crate) fn write(&self, registry: &Registry, text: &str) {
        self.sandbox.manifest(&format!("{}{text}", registry.manifest()));
    }

    /// Takes the directories that have `program` off the search path.
    pub(crate) fn hide(&mut self, program: &str) {
        let path = std::env::var_os("PATH").unwrap();
        let folders = std::env::split_paths(&path).filter(|folder| !folder.join(program).exists());
        self.sandbox.set("PATH", std::env::join_paths(folders).unwrap());
    }

    /// Runs `lightship`.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_lightship"));
        command.args(args).output().unwrap().into()
    }

    /// Runs `lightship lock` with more arguments, which has to succeed; gives the lock's text.
    #[track_caller]
    pub(crate) fn lock(&self, args: &[&str]) -> String {
        let mut all = vec!["lock"];
        all.extend(args);
        let _said = self.run(&all).ok();
        self.text()
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.sandbox.path("lightship.lock")).unwrap()
    }

    /// Installs a tool and nothing but what the lock names.
    pub(crate) fn install(&self, name: &str) -> Done {
        let manifest = ["--manifest", "lightship.toml", "--locked"];
        self.run(&[&["tools", "install", name][..], &manifest].concat())
    }
}
