//! Archives: good ones of every kind, and hostile ones, which these tests make themselves.

mod hostile;
mod make;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use lightship_model::digest::Digest;
use lightship_model::state::ToolStatus;
use testkit::{Loader, Sandbox, archive, files_with_digests};

use self::make::{TarEntry, compressed, tar};
use crate::support::sandbox;

const PROGRAM: &str = "#!/bin/sh\necho unpacked\n";

/// The part of a manifest for a tool that is the file `name` of the sandbox.
fn tool(sandbox: &Sandbox, name: &str, bytes: &[u8], keys: &str) -> String {
    let path = sandbox.path(&format!("{name}.archive"));
    fs::write(&path, bytes).unwrap();
    format!(
        "[tools.{name}]\nretries = 0\nbinary = {{ url = \"file://{}\", sha256 = \"{}\"{keys} }}\n",
        path.display(),
        Digest::of(bytes)
    )
}

/// Installs a tool `one` from an archive whose `bin/one` says that it was unpacked.
fn installed(bytes: &[u8], keys: &str) -> Sandbox {
    let sandbox = sandbox();
    sandbox.manifest(&tool(&sandbox, "one", bytes, keys));
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("one"), "unpacked");
    sandbox
}

#[test]
fn a_tar_is_unpacked_however_it_is_compressed() {
    let plain = tar(&[TarEntry::file("top/bin/one", PROGRAM)]);
    for bytes in compressed(&plain).into_iter().chain([plain]) {
        let sandbox = installed(&bytes, ", strip = 1");
        let runs = sandbox.audit();
        let runs = runs.iter().filter(|act| act["act"] == "run" && act["purpose"] == "unpack");
        assert_eq!(runs.count(), 1, "a child did it");
    }
}

#[test]
fn a_compressed_program_is_the_program() {
    for bytes in compressed(PROGRAM.as_bytes()) {
        installed(&bytes, "");
    }
}

#[test]
fn a_zip_is_unpacked_with_its_links() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.add_directory("bin", options).unwrap();
    zip.start_file("real", options).unwrap();
    std::io::Write::write_all(&mut zip, PROGRAM.as_bytes()).unwrap();
    zip.add_symlink("bin/one", "../real", options).unwrap();
    let sandbox = installed(&zip.finish().unwrap().into_inner(), "");
    assert_eq!(fs::read_link(sandbox.prefix("one").join("bin/one")).unwrap(), Path::new("../real"));
}

#[test]
fn a_zip_that_was_written_as_a_stream_is_unpacked() {
    let sandbox = sandbox();
    let script = "import sys, zipfile\n\
                  z = zipfile.ZipFile(sys.stdout.buffer, 'w', zipfile.ZIP_DEFLATED)\n\
                  i = zipfile.ZipInfo('bin/one'); i.external_attr = 0o755 << 16\n\
                  z.writestr(i, '#!/bin/sh\\necho unpacked\\n'); z.writestr('empty', ''); z.close()\n";
    let command = "python3 -c \"$0\" | cat";
    let made = sandbox.command("sh").args(["-c", command, script]).output().unwrap();
    installed(&made.stdout, "");
}

#[test]
fn what_the_systems_tar_writes_is_what_is_unpacked() {
    let sandbox = sandbox();
    let tree = sandbox.path("tree");
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(150));
    fs::create_dir_all(tree.join("bin")).unwrap();
    fs::create_dir_all(tree.join(&long).parent().unwrap()).unwrap();
    fs::create_dir(tree.join("empty")).unwrap();
    fs::write(tree.join("bin/one"), PROGRAM).unwrap();
    fs::set_permissions(tree.join("bin/one"), fs::Permissions::from_mode(0o4755)).unwrap();
    fs::write(tree.join(&long), "long").unwrap();
    fs::write(tree.join("näme"), "other letters").unwrap();
    fs::hard_link(tree.join("bin/one"), tree.join("same")).unwrap();
    std::os::unix::fs::symlink("bin", tree.join("link")).unwrap();
    std::os::unix::fs::symlink("../link/one", tree.join("empty/there")).unwrap();
    for format in ["gnu", "posix", "ustar", "oldgnu"] {
        // Names as long as these are beyond ustar.
        let exclude = if format == "ustar" { "--exclude=./dddd*" } else { "--exclude=./nothing" };
        let mut command = Command::new("tar");
        command.args(["--format", format, exclude, "-cf", "-", "-C"]).arg(&tree).arg(".");
        let made = command.output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let unpacked = installed(&made.stdout, "");
        let prefix = unpacked.prefix("one");
        let mut wanted = files_with_digests(&tree);
        wanted.retain(|path, _| format != "ustar" || !path.starts_with("dddd"));
        let mut found = files_with_digests(&prefix);
        // Nobody becomes another user by a tool.
        let program = fs::metadata(prefix.join("bin/one")).unwrap();
        assert_eq!((program.mode() & 0o7777, program.nlink()), (0o755, 2), "{format}");
        for tree in [&mut wanted, &mut found] {
            tree.retain(|path, _| path != "bin/one" && path != "same");
        }
        assert_eq!(found, wanted, "{format}");
        let modified = |path: &Path| fs::metadata(path.join("bin/one")).unwrap().mtime();
        assert_eq!(modified(&prefix), modified(&tree), "{format}");
    }
}

#[test]
fn a_hostile_archive_makes_its_tool_fail_and_nothing_else() {
    let sandbox = sandbox();
    let cases = hostile::cases();
    let mut manifest = String::new();
    for (index, case) in cases.iter().enumerate() {
        manifest.push_str(&tool(&sandbox, &format!("t{index}"), &case.bytes, case.keys));
    }
    sandbox.manifest(&manifest);
    let before = outside(&sandbox);
    let run = sandbox.run().ended_well();
    let mut wrong = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let change = run.last(&format!("t{index}"));
        let error = change.error.clone().unwrap_or_default();
        println!("{}: {error}", case.what);
        let told = error.starts_with("can't unpack the artefact: ")
            && error.contains(case.error)
            && error.lines().count() == 1;
        if change.status != ToolStatus::Failed || !told {
            wrong.push(format!("{}: {} {error}", case.what, change.status));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(sandbox.receipts().is_empty());
    assert!(sandbox.installed_tree().keys().all(|path| path.starts_with("python/")));
    assert_eq!(outside(&sandbox), before);
    assert!(!Path::new("/lightship-evil").exists() && !Path::new("/tmp/lightship-evil").exists());
}

/// What lies beside the tool directory.
fn outside(sandbox: &Sandbox) -> Vec<String> {
    files_with_digests(&sandbox.path("."))
        .into_iter()
        .map(|(path, content)| format!("{path} {content}"))
        .filter(|line| !line.starts_with("tools/") && !line.starts_with("./tools/"))
        .collect()
}

#[test]
fn a_limit_of_the_environment_is_told_with_its_name() {
    let mut sandbox = sandbox();
    let bytes = archive::tar_gz(&[("bin/one", 0o755, PROGRAM)]);
    sandbox.manifest(&tool(&sandbox, "one", &bytes, ""));
    sandbox.set("LIGHTSHIP_MAX_UNPACKED", "1000");
    let run = sandbox.run().ended_well();
    let error = run.last("one").error.clone().unwrap();
    assert!(error.contains("LIGHTSHIP_MAX_UNPACKED allows more"), "{error}");
}

#[test]
fn a_child_that_dies_is_one_failed_attempt() {
    let sandbox = sandbox();
    let zeros = "0".repeat(3 << 20);
    let bytes = archive::tar_gz(&[("data", 0o644, &zeros), ("bin/one", 0o755, PROGRAM)]);
    sandbox.manifest(&tool(&sandbox, "one", &bytes, ""));
    // A file that grows beyond the limit is its writer's death by SIGXFSZ.
    let loader = sandbox.loader();
    let mut command = sandbox.command("sh");
    command.args(["-c", "ulimit -f 2048; exec \"$0\" \"$@\""]);
    command.arg(loader.get_program()).args(loader.get_args());
    let run = Loader::start(command).finish().ended_well();
    let error = run.last("one").error.clone().unwrap();
    assert!(error.ends_with("(unpacking the artefact ended with signal 25)"), "{error}");
    assert!(sandbox.receipts().is_empty());
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("one"), "unpacked");
}

#[test]
fn an_order_that_is_none_is_an_error_of_one_line() {
    let sandbox = sandbox();
    let mut child = sandbox.command(env!("CARGO_BIN_EXE_lightship-loader"));
    let output = child.args(["__unpack", "/nonexistent"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("can't unpack: No such file") && text.lines().count() == 1, "{text}");
}
