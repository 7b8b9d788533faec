//! Help, completions and settings: what one asks before anything runs.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::Home;

/// The subcommands that a command's help lists.
fn subcommands(help: &str) -> Vec<String> {
    let after = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    let listed = after.lines().take_while(|line| line.starts_with("  "));
    let names = listed.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn check_help(home: &Home, path: &[String], seen: &mut usize) {
    let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
    args.push("--help");
    let help = home.run(&args).ok();
    assert!(help.contains("\nExamples:\n  "), "{path:?}: {help}");
    assert!(!help.contains("__"), "{path:?} shows a hidden command: {help}");
    *seen += 1;
    for name in subcommands(&help) {
        check_help(home, &[path, &[name]].concat(), seen);
    }
}

#[test]
fn every_command_has_help_with_examples() {
    let mut seen = 0;
    check_help(&Home::new(), &[], &mut seen);
    assert!(seen >= 15, "only {seen} commands were found");
}

#[test]
fn completions_are_scripts_that_their_shell_can_read() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(&["completions", shell]).ok();
        assert!(script.contains("lightship"), "{shell}");
        if Command::new(shell).arg("--version").output().is_err() {
            writeln!(std::io::stderr(), "skipped: there is no {shell} here").unwrap();
            continue;
        }
        let file = home.write("script", &script);
        let checked = Command::new(shell).args(["-n", &file]).stdin(Stdio::null()).output();
        let checked = checked.unwrap();
        assert!(checked.status.success(), "{shell}: {checked:?}");
    }
}

#[test]
fn every_setting_says_where_it_comes_from() {
    let home = Home::new();
    home.write("m.toml", "[service]\ncommand = [\"srv\"]\n[loader]\ntimeout = \"5m\"\njobs = 3\n");
    let args =
        ["up", "--print-config", "--manifest", "m.toml", "--listen", "127.0.0.1:1", "--", "other"];
    let mut command = home.command(&args);
    command.env("LOA_DEFERRED_TOOLS", "false").env("LOA_TOOL_DIR", "relative");
    let text = crate::support::Done::from(command.output().unwrap()).ok();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    let manifest = home.path("m.toml").display().to_string();
    let tools = home.path("relative").display().to_string();
    let lock = home.path("m.lock").display().to_string();
    assert_eq!(
        rows,
        [
            vec!["SETTING", "VALUE", "FROM"],
            vec!["manifest", &manifest, "command line"],
            vec!["service", "other", "command line"],
            vec!["tool-dir", &tools, "environment LOA_TOOL_DIR"],
            vec!["listen", "127.0.0.1:1", "command line"],
            vec!["deferred-tools", "false", "environment LOA_DEFERRED_TOOLS"],
            vec!["tool-timeout", "5m", "manifest"],
            vec!["tool-jobs", "3", "manifest"],
            vec!["confine", "best", "default"],
            vec!["deep-verify", "7days", "default"],
            vec!["lock", &lock, "default"],
            vec!["locked", "false", "default"],
        ]
    );
    let json = home.run(&["up", "--print-config", "--format", "json"]).ok();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["manifest"]["value"], "builtin:quickstart");
    assert_eq!(json["tool-dir"]["origin"], "default");
    assert_eq!(json["tool-dir"]["value"], home.tool_dir().display().to_string());
}

#[test]
fn a_variable_that_is_no_value_is_wrong_input() {
    let home = Home::new();
    let mut command = home.command(&["up"]);
    let screen =
        crate::support::Done::from(command.env("LOA_TOOL_TIMEOUT", "soon").output().unwrap());
    assert!(screen.refused(3).contains("LOA_TOOL_TIMEOUT is `soon`"));
}

#[test]
fn who_reads_only_the_first_line_hears_no_complaint() {
    let home = Home::new();
    let mut child = home
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), done.stderr.len()), (Some(0), 0));
}
