use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::support::{Ship, tool};

/// A program that is a real one, so that its own name can be looked at.
fn ship() -> Ship {
    // What a busybox does: what it is called decides what it is.
    Ship::up(
        &tool("hello", "", "", "echo called $1")
            .replace("chmod +x", "ln -s \"$(command -v bash)\" \"$PREFIX/bin/shell\"; chmod +x"),
    )
}

fn said(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn script(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_shim_knows_itself_by_whatever_way_it_is_called() {
    let ship = ship();
    let path = ship.shim("hello");
    let elsewhere = ship.home.path("elsewhere");
    symlink(&path, &elsewhere).unwrap();
    symlink("elsewhere", ship.home.path("further")).unwrap();
    let further = ship.home.path("further");
    script(&ship.home.path("by-env"), "#!/usr/bin/env hello\n");
    assert_eq!(said(ship.command("hello").arg("x")), "called x\n", "on the path");
    assert_eq!(said(Command::new(&path).arg("x")), "called x\n", "by its path");
    for link in [&elsewhere, &further] {
        assert_eq!(said(Command::new(link).arg("x")), "called x\n", "{}", link.display());
    }
    let mut relative = Command::new("./local/shims/hello");
    assert_eq!(said(relative.arg("x").current_dir(ship.home.path(""))), "called x\n");
    for name in ["-hello", "tini", "lightship", "", "/sbin/dumb-init"] {
        assert_eq!(said(Command::new(&path).arg0(name).arg("x")), "called x\n", "{name:?}");
    }
    // The script's path is the program's argument, as with every interpreter.
    let by_env = ship.home.path("by-env").display().to_string();
    assert_eq!(said(&mut ship.command(&by_env)), format!("called {by_env}\n"));
}

#[test]
fn a_shim_can_be_the_interpreter_of_a_script() {
    let ship = ship();
    let path = ship.home.path("script");
    script(&path, &format!("#!{}\n", ship.shim("hello").display()));
    let output = said(&mut ship.command(&path.display().to_string()));
    assert_eq!(output, format!("called {}\n", path.display()));
}

#[test]
fn a_program_finds_the_name_that_the_caller_gave_it() {
    let tools = "[tools.shell]\nload = \"on-demand\"\nbins = [\"shell\"]\nscript = { run = [\"sh\", \
                 \"-c\", 'mkdir -p $PREFIX/bin; cp \"$(command -v bash)\" $PREFIX/bin/shell'] }\n";
    let ship = Ship::up(tools);
    let args = ["-c", "echo $0"];
    let output = said(Command::new(ship.shim("shell")).arg0("-login").args(args));
    assert_eq!(output, "-login\n");
}

#[test]
fn a_caller_that_gives_no_name_at_all_is_served_too() {
    let ship = ship();
    let text = "import ctypes, sys\nnone = (ctypes.c_char_p * 1)(None)\n\
                ctypes.CDLL(None).execve(sys.argv[1].encode(), none, none)\n";
    let output = said(Command::new("python3").args(["-c", text]).arg(ship.shim("hello")));
    assert_eq!(output, "called\n");
}
