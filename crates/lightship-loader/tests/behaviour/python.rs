//! `pip`: programs in an environment of their own, and libraries for everybody's `python3`.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;

use lightship_model::state::ToolStatus;
use testkit::{Registry, Sandbox, Wheel, output};

use crate::support::{names, sandbox, simple};

/// A sandbox whose search path has no uv, so that pip itself is what installs.
fn without_uv() -> Sandbox {
    let mut sandbox = sandbox();
    let path = std::env::var_os("PATH").unwrap();
    let folders: Vec<_> =
        std::env::split_paths(&path).filter(|folder| !folder.join("uv").exists()).collect();
    let path: OsString = std::env::join_paths(folders).unwrap();
    sandbox.set("PATH", path);
    sandbox
}

/// Publishes a program and a library, and writes a manifest that wants both.
fn prepare(registry: &Registry, sandbox: &Sandbox) {
    let program = "import sys\ndef main():\n    print('a program in', sys.prefix)\n";
    registry.put_wheel(Wheel { name: "tinyprog", module: program, program: Some("tinyprog") });
    registry.put_wheel(Wheel { name: "tinylib", module: "WORD = 'found'\n", program: None });
    sandbox.manifest(&format!(
        "{}[tools.tinyprog]\npip = {{ package = \"tinyprog\", version = \"1.0.0\" }}\n\
         [tools.tinylib]\npip = {{ package = \"tinylib\" }}\n",
        registry.manifest()
    ));
}

fn assert_both_work(sandbox: &Sandbox) {
    assert_both_work_beside(sandbox, &["tinyprog"]);
}

/// `published` is all that there is in `bin`.
fn assert_both_work_beside(sandbox: &Sandbox, published: &[&str]) {
    let prefix = sandbox.prefix("tinyprog");
    assert_eq!(sandbox.output_of("tinyprog"), format!("a program in {}", prefix.display()));
    assert_eq!(sandbox.receipts()["tinyprog"].1.shown_version(), Some("1.0.0"));
    let ask = "import tinylib; print(tinylib.WORD)";
    assert_eq!(output(sandbox.service("python3").args(["-c", ask])), "found");
    assert_eq!(names(&sandbox.dir().join("bin")), published, "a library publishes nothing");
}

#[test]
fn a_program_runs_and_a_library_is_importable_with_pip_alone() {
    let (registry, sandbox) = (Registry::start(), without_uv());
    prepare(&registry, &sandbox);
    let _run = sandbox.run().installed_all();
    assert!(sandbox.log("tinyprog").contains("-m pip"));
    assert_both_work(&sandbox);
}

#[test]
fn a_program_runs_and_a_library_is_importable_with_uv() {
    let (registry, sandbox) = (Registry::start(), sandbox());
    if sandbox.which("uv").is_none() {
        return eprintln!("there is no uv here: nothing is tested");
    }
    prepare(&registry, &sandbox);
    let _run = sandbox.run().installed_all();
    assert!(sandbox.log("tinyprog").contains("uv pip install"));
    assert_both_work(&sandbox);
}

#[test]
fn a_python_that_hangs_holds_nothing_up_and_its_tool_says_so() {
    let (registry, mut sandbox) = (Registry::start(), sandbox());
    prepare(&registry, &sandbox);
    let manifest = fs::read_to_string(sandbox.path("lightship.toml")).unwrap();
    sandbox.manifest(&(manifest + &simple("plain", "works")));
    let pid = sandbox.path("pid");
    let hangs = format!("echo $$ > '{}'; exec sleep 1000", pid.display());
    let python = sandbox.machine_program("python3", &hangs);
    sandbox.set("LIGHTSHIP_PYTHON_TIMEOUT", "1");
    let run = sandbox.run().ended_well();
    assert_eq!(sandbox.output_of("plain"), "works");
    let why = format!("{} gave no answer within 1 s", python.display());
    assert!(run.warnings().iter().any(|text| text.contains(&why)), "{:?}", run.warnings());
    let change = run.last("tinyprog");
    assert_eq!(change.status, ToolStatus::Failed);
    let error = change.error.as_deref().unwrap();
    assert!(error.contains(&why) && error.contains("a pip tool needs Python 3"), "{error}");
    let pid = fs::read_to_string(pid).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists(), "it is gone");
    // What ailed it has passed.
    fs::remove_file(python).unwrap();
    let _run = sandbox.run().installed_all();
    assert_both_work_beside(&sandbox, &["plain", "tinyprog"]);
}

#[test]
fn a_program_of_pip_is_not_importable_and_a_library_is_off_with_its_path() {
    let (registry, sandbox) = (Registry::start(), sandbox());
    prepare(&registry, &sandbox);
    let _run = sandbox.run().installed_all();
    let fails = |command: &mut std::process::Command, module: &str| {
        let import = format!("import {module}");
        let output = command.args(["-c", &import]).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("ModuleNotFoundError"), "{errors}");
    };
    fails(&mut sandbox.service("python3"), "tinyprog");
    fails(sandbox.service("python3").env_remove("PYTHONPATH"), "tinylib");
}

#[test]
fn an_interpreter_that_was_started_before_finds_the_library_too() {
    let (registry, sandbox) = (Registry::start(), sandbox());
    sandbox.manifest("");
    let _empty = sandbox.run().installed_all();
    let code = "import sys\ntry:\n    import tinylib\nexcept ImportError:\n    \
                print('not yet', flush=True)\nsys.stdin.readline()\nimport tinylib\n\
                print(tinylib.WORD, flush=True)";
    let mut command = sandbox.service("python3");
    command.args(["-c", code]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = command.spawn().unwrap();
    let mut lines = BufReader::new(python.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "not yet");
    prepare(&registry, &sandbox);
    let _run = sandbox.run().installed_all();
    python.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "found");
    assert!(python.wait().unwrap().success());
}

#[test]
fn a_users_own_sitecustomize_behind_ours_still_runs() {
    let (registry, mut sandbox) = (Registry::start(), sandbox());
    prepare(&registry, &sandbox);
    let _run = sandbox.run().installed_all();
    let own = sandbox.path("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("sitecustomize.py"), "import builtins\nbuiltins.OWN = 'ran'\n").unwrap();
    sandbox.set("PYTHONPATH", own);
    let ask = "import tinylib; print(OWN, tinylib.WORD)";
    assert_eq!(output(sandbox.service("python3").args(["-c", ask])), "ran found");
}

#[test]
fn what_the_interpreter_has_itself_wins_over_a_library() {
    let (registry, sandbox) = (Registry::start(), sandbox());
    registry.put_wheel(Wheel { name: "json", module: "WORD = 'not mine'\n", program: None });
    sandbox.manifest(&format!(
        "{}[tools.json]\npip = {{ package = \"json\" }}\n",
        registry.manifest()
    ));
    let _run = sandbox.run().installed_all();
    let ask = "import json; print(hasattr(json, 'loads'))";
    assert_eq!(output(sandbox.service("python3").args(["-c", ask])), "True");
}
