use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::lightship::BINARY;

/// Runs lightship with `args`, with a pipe as descriptor 3, as socket activation passes one, and
/// a file as 4 that is nobody's.
fn activated(args: &str) -> String {
    let script = format!(
        "echo hello | {{ exec 3<&0 4</dev/null </dev/null; export LISTEN_FDS=1; \
         exec sh -c 'export LISTEN_PID=$$; exec {BINARY} {args}'; }}"
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Writes a script that tells whom the sockets are for, and what descriptors 3 and 4 are.
fn script(dir: &TempDir, more: &str) -> String {
    let path = dir.path().join("service");
    let tell =
        "echo $LISTEN_PID $$; readlink /proc/self/fd/3; readlink /proc/self/fd/4 || echo none";
    fs::write(&path, format!("{tell}\n{more}\n")).unwrap();
    path.display().to_string()
}

fn is_for(line: &str) -> bool {
    line.split_once(' ').is_some_and(|(listen, own)| listen.trim_start_matches('0') == own)
}

#[test]
fn a_plain_init_passes_everything_on_with_the_services_own_number() {
    let dir = TempDir::new().unwrap();
    let printed = activated(&format!("-- sh {}", script(&dir, "cat <&3")));
    let lines: Vec<&str> = printed.lines().collect();
    assert!(is_for(lines[0]) && lines[1].starts_with("pipe:"), "{printed}");
    assert_eq!(lines[2..], ["/dev/null", "hello"]);
}

#[test]
fn a_supervised_service_gets_its_sockets_at_each_start_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    let again = dir.path().join("again").display().to_string();
    let service = script(&dir, &format!("test -e {again} || {{ touch {again}; exit 1; }}"));
    let manifest = dir.path().join("lightship.toml");
    let text = format!(
        "[service]\ncommand = [\"sh\", \"{service}\"]\nbackoff = {{ first = \"10ms\" }}\n\
         [health]\nlisten = \"127.0.0.1:0\"\n"
    );
    fs::write(&manifest, text).unwrap();
    let printed = activated(&format!("--manifest {}", manifest.display()));
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 6, "{printed}");
    for start in lines.chunks(3) {
        assert!(is_for(start[0]) && start[1].starts_with("pipe:"), "{printed}");
        assert_eq!(start[2], "none");
    }
}
