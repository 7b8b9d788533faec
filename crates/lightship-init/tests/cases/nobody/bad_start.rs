use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::case::{Case, Place};

/// L10
#[test]
fn a_command_that_can_t_be_executed_gives_126_or_127() {
    for place in Place::BOTH {
        for (command, code) in [("/no/such/program", 127), ("/etc/passwd", 126), ("/etc", 126)] {
            let (got, output) = Case::new().at(place).command(&[command]).run();
            assert_eq!(got, code, "{command} {place:?}: {output}");
            assert!(!output.contains("panicked"), "{output}");
        }
    }
}

/// L10
#[test]
fn a_service_that_is_not_there_yet_is_tried_again() {
    let manifest = "[service]\ncommand = [\"{dir}/late\"]\nrestart = \"always\"\n";
    for place in Place::BOTH {
        let case = Case::new().at(place).manifest(manifest);
        let late = case.dir().join("late");
        let mut running = case.options(&["--listen", "127.0.0.1:0"]).start();
        running.printed("late");
        make_program(&late, "echo here; exec sleep 1000");
        running.printed("here");
        running.signal("TERM");
        assert_eq!(running.exit(), 143);
        assert!(!running.output().contains("panicked"), "{}", running.output());
    }
}

/// Writes a script, whole at once.
fn make_program(path: &Path, script: &str) {
    let aside = path.with_extension("aside");
    fs::write(&aside, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&aside, Permissions::from_mode(0o755)).unwrap();
    fs::rename(aside, path).unwrap();
}
