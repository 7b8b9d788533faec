//! A tool of each source kind `KIND`, each with a program `tinyKIND` that prints `KIND works` and
//! the environment that its installer had, if that can be known.

use lightship_model::digest::Digest;
use testkit::{NpmPackage, Registry, Wheel, archive};

use crate::support::script;

/// Passes only once the tool's own program is there; but `sh` is on the machine, so that a
/// loader looks whether the tool is, too.
fn verify(kind: &str) -> String {
    format!("verify = [\"sh\", \"-c\", \"env; tiny{kind}\"]\n")
}

/// The words of the manifest for the source kinds.
pub(crate) const KINDS: [&str; 5] = ["binary", "cargo", "npm", "pip", "script"];

/// Fills `registry` and gives the part of a manifest for the tool of the kind, which has the
/// kind's name.
pub(crate) fn tool(registry: &Registry, kind: &str) -> String {
    match kind {
        "binary" => binary(registry),
        "cargo" => cargo(registry),
        "file" => file(registry),
        "npm" => npm(registry),
        "pip" => pip(registry),
        _ => script_tool(),
    }
}

fn binary(registry: &Registry) -> String {
    let program = "#!/bin/sh\necho binary works\n";
    let bytes = archive::tar_gz(&[
        ("release-1.0/tinybinary", 0o755, program),
        ("release-1.0/share/data", 0o644, "data"),
    ]);
    let sha256 = Digest::of(&bytes);
    let url = registry.put_file("release.tar.gz", bytes);
    format!(
        "[tools.binary]\n{}binary = {{ url = \"{url}\", sha256 = \"{sha256}\", take = [\
         {{ from = \"release-1.0/tinybinary\", to = \"lib/tinybinary\" }}, \
         {{ from = \"release-1.0/share\", to = \"share\" }}], \
         links = {{ \"bin/tinybinary\" = \"../lib/tinybinary\" }} }}\n",
        verify("binary"),
    )
}

/// A file that is the program itself.
fn file(registry: &Registry) -> String {
    let bytes = "#!/bin/sh\necho file works\n";
    let sha256 = Digest::of(bytes.as_bytes());
    let url = registry.put_file("tinyfile", bytes);
    let keys = format!("bins = [\"tinyfile\"]\n{}", verify("file"));
    format!("[tools.file]\n{keys}binary = {{ url = \"{url}\", sha256 = \"{sha256}\" }}\n")
}

/// A crate whose build script notes its environment, which the program prints.
fn cargo(registry: &Registry) -> String {
    let build = r#"
fn main() {
    let mut seen: Vec<String> = std::env::vars()
        // A number that changes from build to build, of no interest to anybody.
        .filter(|(name, _)| !name.ends_with("MAKEFLAGS"))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    seen.sort();
    let file = std::path::Path::new(&std::env::var("OUT_DIR").unwrap()).join("seen");
    std::fs::write(file, seen.join("\n")).unwrap();
}
"#;
    let main = r#"
fn main() {
    println!("cargo works\n{}", include_str!(concat!(env!("OUT_DIR"), "/seen")));
}
"#;
    registry.put_crate("tinycargo", &[("build.rs", build), ("src/main.rs", main)]);
    let verify = verify("cargo");
    format!("[tools.cargo]\n{verify}cargo = {{ package = \"tinycargo\", version = \"1.0.0\" }}\n")
}

/// A package whose install script notes its environment, which the program prints.
fn npm(registry: &Registry) -> String {
    let program = "#!/usr/bin/env node\nconsole.log('npm works');\n\
                   console.log(require('fs').readFileSync(__dirname + '/seen', 'utf8'));\n";
    registry.put_npm(
        "tinynpm",
        &[NpmPackage {
            version: "1.0.0",
            bin: &[("tinynpm", "cli.js")],
            dependencies: &[],
            install_script: Some("env | sort > seen"),
            files: &[("cli.js", program)],
        }],
    );
    let verify = verify("npm");
    format!("[tools.npm]\n{verify}npm = {{ package = \"tinynpm\", scripts = true }}\n")
}

fn pip(registry: &Registry) -> String {
    let module = "def main():\n    print('pip works')\n";
    registry.put_wheel(Wheel { name: "tinypip", module, program: Some("tinypip") });
    format!("[tools.pip]\n{}pip = {{ package = \"tinypip\" }}\n", verify("pip"))
}

fn script_tool() -> String {
    let run = "mkdir -p \"$PREFIX/bin\" \"$PREFIX/share\"\nenv | sort > \"$PREFIX/share/seen\"\n\
               cat > \"$PREFIX/bin/tinyscript\" <<END\n#!/bin/sh\necho script works\n\
               cat $PREFIX/share/seen\nEND\nchmod +x \"$PREFIX/bin/tinyscript\"";
    script("script", &verify("script"), run)
}
