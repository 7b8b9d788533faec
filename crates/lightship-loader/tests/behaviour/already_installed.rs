//! A tool that the machine has already is used, not installed.

use lightship_model::state::{InstalledAt, ToolStatus};

use crate::support::{makes, sandbox, script};

const KEYS: &str = "verify = [\"greet\", \"--version\"]\nbins = [\"greet\"]";

#[test]
fn a_program_on_path_that_passes_verify_counts_as_installed() {
    let sandbox = sandbox();
    let machines = sandbox.machine_program("greet", "echo greet 1.2.3");
    sandbox.manifest(&script("greet", KEYS, &makes("greet", "mine")));
    let run = sandbox.run().installed_all();
    assert_eq!(run.last("greet").installed_at, Some(InstalledAt::PreExisting));
    let state = &sandbox.state().tools[&"greet".parse().unwrap()];
    assert_eq!(state.status, ToolStatus::Installed);
    assert!(sandbox.state_text().contains("\"installedAt\": \"pre-existing\""));
    assert_eq!(state.version.as_deref(), Some("1.2.3"));
    assert_eq!(std::fs::read_link(sandbox.dir().join("bin/greet")).unwrap(), machines);
    assert_eq!(sandbox.output_of("greet"), "greet 1.2.3");
}

#[test]
fn no_installer_runs_for_it_and_the_audit_trail_shows_that() {
    let sandbox = sandbox();
    let ran = sandbox.path("the-installer-ran");
    sandbox.machine_program("greet", "echo greet 1.2.3");
    sandbox.manifest(&script("greet", KEYS, &format!("touch '{}'", ran.display())));
    let _run = sandbox.run().installed_all();
    assert!(!ran.exists());
    let audit = sandbox.audit();
    let runs: Vec<&str> = audit.iter().filter_map(|act| act["purpose"].as_str()).collect();
    assert_eq!(runs, ["look whether the machine has it"]);
    assert_eq!(sandbox.acts("pre-existing"), ["greet"]);
}

#[test]
fn a_program_on_path_that_fails_verify_does_not_count() {
    let sandbox = sandbox();
    sandbox.machine_program("greet", "[ \"$1\" != --version ]");
    sandbox.manifest(&script("greet", KEYS, &makes("greet", "mine")));
    let run = sandbox.run().installed_all();
    assert!(matches!(run.last("greet").installed_at, Some(InstalledAt::At(_))));
    assert_eq!(sandbox.output_of("greet"), "mine");
}

#[test]
fn without_verify_nothing_is_proven_and_the_tool_is_installed() {
    let sandbox = sandbox();
    sandbox.machine_program("greet", "echo greet 1.2.3");
    sandbox.manifest(&script("greet", "bins = [\"greet\"]", &makes("greet", "mine")));
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("greet"), "mine");
}

#[test]
fn when_the_machine_loses_it_the_next_start_installs_it() {
    let sandbox = sandbox();
    let machines = sandbox.machine_program("greet", "echo greet 1.2.3");
    sandbox.manifest(&script("greet", KEYS, &makes("greet", "mine")));
    let _first = sandbox.run().installed_all();
    std::fs::remove_file(machines).unwrap();
    let _second = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("greet"), "mine");
}

#[test]
fn lightships_own_programs_on_path_are_not_taken_for_the_machines() {
    let mut sandbox = sandbox();
    // The tool directory is named through a link, as a volume's mount point may be.
    std::os::unix::fs::symlink(sandbox.dir(), sandbox.path("link")).unwrap();
    std::fs::create_dir(sandbox.dir()).unwrap();
    sandbox.put_on_path(&sandbox.path("link/bin"));
    sandbox.manifest(&script("greet", KEYS, &makes("greet", "mine")));
    let _first = sandbox.run().installed_all();
    let (receipt, _) = &sandbox.receipts()["greet"];
    std::fs::write(receipt, "{").unwrap();
    let run = sandbox.run().installed_all();
    assert!(matches!(run.last("greet").installed_at, Some(InstalledAt::At(_))));
    assert_eq!(sandbox.acts("install"), ["greet", "greet"]);
    assert_eq!(sandbox.output_of("greet"), "mine");
}
