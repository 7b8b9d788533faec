//! Debian packages from a signed archive of the test's own.

mod hostile;

use std::fs;
use std::path::Path;
use std::process::Command;

use lightship_model::state::ToolStatus;
use testkit::{DebFile, DebianArchive, Sandbox, Server, files_with_digests};

use crate::support::{names, sandbox};

/// Compiles `source`, with further arguments for the compiler.
fn compile(place: &Path, name: &str, source: &str, arguments: &[&str]) -> Vec<u8> {
    fs::write(place.join("x.c"), source).unwrap();
    let mut cc = Command::new("cc");
    cc.current_dir(place).args(["x.c", "-o", name]).args(arguments);
    let output = cc.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::read(place.join(name)).unwrap()
}

/// A program with a library that no machine has, a script in its language, and a bystander.
#[expect(clippy::print_stdout, reason = "who looks at the log learns what was not run")]
pub(crate) fn archive() -> Option<DebianArchive> {
    let Some(mut archive) = DebianArchive::new() else {
        println!("not run: gpg and dpkg-deb are not installed");
        return None;
    };
    let place = tempfile::tempdir().unwrap();
    let says = "const char *says(void) { return \"deb works\"; }";
    let library = compile(
        place.path(),
        "libsays.so.1",
        says,
        &["-shared", "-fPIC", "-Wl,-soname,libsays.so.1"],
    );
    let main = "#include <stdio.h>\nconst char *says(void);\n\
                int main(int c, char **v) { puts(c > 1 ? v[1] : says()); return 0; }";
    let program = compile(place.path(), "tinydeb", main, &["libsays.so.1"]);
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    archive.package(
        "tinydeb",
        "1.2-3",
        "Depends: libsays (>= 1), debconf\nRecommends: nothing\n",
        &[
            ("usr/bin/tinydeb", DebFile::Program(program)),
            ("usr/bin/tinyscript", DebFile::Program(b"#!/usr/bin/tinydeb\n".to_vec())),
            ("usr/share/man/man1/tinydeb.1", DebFile::Plain(b"manual".to_vec())),
            ("usr/share/doc/tinydeb/copyright", DebFile::Plain(b"licence".to_vec())),
        ],
    );
    let path = format!("lib/{triplet}/libsays.so.1");
    let link = format!("usr/lib/{triplet}/libsays.so");
    let target = format!("/lib/{triplet}/libsays.so.1");
    let files = [(path.as_str(), DebFile::Plain(library)), (link.as_str(), DebFile::Link(target))];
    archive.package("libsays", "1:1.0", "", &files);
    archive.package("libsays-old", "0.1", "Provides: libsays (= 0.1)\n", &[]);
    Some(archive)
}

fn manifest(server: &Server, archive: &DebianArchive, more: &str) -> String {
    tool("tiny", server, archive, more)
}

/// The part of a manifest for a tool of that name, from the package `tinydeb`.
pub(crate) fn tool(name: &str, server: &Server, archive: &DebianArchive, more: &str) -> String {
    format!(
        "[tools.{name}]\nversion = \"1\"\nverify = [\"tinydeb\"]\nretries = 0\n{more}\n\
         [tools.{name}.deb]\npackages = [\"tinydeb\"]\nsuite = \"stable\"\nmirror = \"{}\"\n\
         keys = ['''{}''']\nexports = {{ TINY = \"{{{{prefix}}}}/root\" }}\n",
        server.url("/debian"),
        archive.key(),
    )
}

fn refused(sandbox: &Sandbox) -> String {
    let run = sandbox.run();
    let change = run.last("tiny");
    assert_eq!(change.status, ToolStatus::Failed, "{change:?}");
    assert!(names(&sandbox.dir().join("v1/store")).is_empty());
    change.error.clone().unwrap()
}

#[test]
fn packages_are_verified_unpacked_and_run_from_the_prefix() {
    let Some(archive) = archive() else { return };
    let server = Server::start();
    archive.publish(&server, "stable", |release| release);
    let sandbox = sandbox();
    // Another tool is told what this one exports.
    let user = "[tools.user]\nrequires = [\"tiny\"]\n[tools.user.script]\nrun = [\"sh\", \"-ec\", \
                '''mkdir \"$PREFIX/bin\"; tinydeb \"$TINY\" >\"$PREFIX/told\"''']\n";
    sandbox.manifest(&(manifest(&server, &archive, "") + user));
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("tinydeb"), "deb works");
    let prefix = sandbox.prefix("tiny");
    // The script runs by an interpreter that only the package brings.
    assert!(sandbox.output_of("tinyscript").ends_with("/bin/tinyscript"));
    assert_eq!(names(&prefix), ["bin", "lib", "packages", "root"]);
    assert_eq!(names(&prefix.join("lib")), ["libsays.so", "libsays.so.1"]);
    assert!(fs::canonicalize(prefix.join("lib/libsays.so")).unwrap().starts_with(&prefix));
    assert!(!prefix.join("root/usr/share/man").exists());
    assert!(prefix.join("root/usr/share/doc/tinydeb/copyright").exists());
    let list = fs::read_to_string(prefix.join("packages")).unwrap();
    assert!(list.starts_with("libsays 1:1.0 ") && list.contains("\ntinydeb 1.2-3 "), "{list}");
    assert!(!Path::new("/tmp/ran-a-postinst").exists());
    let told = fs::read_to_string(sandbox.prefix("user").join("told")).unwrap();
    assert_eq!(told.trim_end(), prefix.join("root").display().to_string());
    let receipt = &sandbox.receipts()["tiny"].1;
    assert_eq!(receipt.source, "deb");
    let downloads = sandbox.acts("download");
    assert_eq!(downloads.len(), 3, "{downloads:?}");
    let runs = sandbox.audit();
    let runs = runs.iter().filter(|act| act["act"] == "run" && act["purpose"] == "unpack");
    assert_eq!(runs.count(), 1, "a child did it");
    assert_ne!(receipt.confinement, "none-run");
    assert!(sandbox.log("tiny").contains("\ntinydeb 1.2-3\n"), "it says what it is at");
}

#[test]
fn a_hostile_package_makes_its_tool_fail_and_nothing_else() {
    let Some(mut archive) = archive() else { return };
    let server = Server::start();
    let cases = hostile::cases();
    let mut text = manifest(&server, &archive, "");
    for (index, (_, bytes, _)) in cases.iter().enumerate() {
        archive.raw_package(&format!("hostile{index}"), "1", bytes.clone());
        let tool = manifest(&server, &archive, "").replace("tiny]", &format!("t{index}]"));
        let tool = tool.replace("tiny.deb]", &format!("t{index}.deb]"));
        // What is fine comes along: it is not the other package's fault, and is not kept.
        let packages = format!("[\"hostile{index}\", \"libsays\"]\nsuite");
        text += &tool.replace("[\"tinydeb\"]\nsuite", &packages);
    }
    archive.publish(&server, "stable", |release| release);
    let sandbox = sandbox();
    sandbox.manifest(&text);
    let outside = || {
        let mut files = files_with_digests(&sandbox.path(""));
        files.retain(|path, _| !path.starts_with("tools/"));
        files
    };
    let before = outside();
    let run = sandbox.run().ended_well();
    for (index, (what, _, expected)) in cases.iter().enumerate() {
        let change = run.last(&format!("t{index}"));
        assert_eq!(change.status, ToolStatus::Failed, "{what}: {change:?}");
        let error = change.error.clone().unwrap();
        let begins = format!("can't unpack its packages: hostile{index} 1: ");
        let whole = *what == "links that leave together";
        assert!(whole || error.starts_with(&begins), "{what}: {error}");
        assert!(error.contains(expected) && error.lines().count() == 1, "{what}: {error}");
    }
    assert_eq!(sandbox.output_of("tinydeb"), "deb works");
    assert_eq!(sandbox.receipts().keys().collect::<Vec<_>>(), ["tiny"]);
    assert_eq!(names(&sandbox.dir().join("v1/store")).len(), 1);
    assert_eq!(outside(), before);
    assert!(!Path::new("/lightship-evil").exists() && !Path::new("/tmp/lightship-evil").exists());
}

#[test]
fn nothing_that_was_changed_or_is_not_signed_is_installed() {
    let Some(archive) = archive() else { return };
    let server = Server::start();
    archive.publish(&server, "stable", |release| release);
    let sandbox = sandbox();
    let good = manifest(&server, &archive, "");

    let Some(other) = DebianArchive::new() else { return };
    sandbox.manifest(&good.replace(&archive.key(), &other.key()));
    let error = refused(&sandbox);
    assert!(error.contains("no trusted key has signed it"), "{error}");

    sandbox.manifest(&good.replace("\"stable\"", "\"testing\""));
    archive.publish(&server, "stable", |release| release.replace("stable", "other"));
    sandbox.manifest(&good);
    let error = refused(&sandbox);
    assert!(error.contains("is of another suite: other"), "{error}");

    archive.publish(&server, "stable", |release| {
        format!("{release}Valid-Until: Sat, 01 Jan 2022 00:00:00 UTC\n")
    });
    let error = refused(&sandbox);
    assert!(error.contains("was valid until Sat, 01 Jan 2022"), "{error}");

    archive.publish(&server, "stable", |release| release);
    server.put("/debian/dists/stable/InRelease", "text/plain", "Origin: nobody\n");
    let error = refused(&sandbox);
    assert!(error.contains("does not begin as a signed message"), "{error}");

    archive.publish(&server, "stable", |release| release);
    let deb = "/debian/pool/main/tinydeb_1.2-3.deb";
    server.put(deb, "application/octet-stream", "evil");
    let error = refused(&sandbox);
    let size = error.split("the server's file has 4 bytes, wanted are ").nth(1);
    let size = size.unwrap_or_else(|| panic!("{error}")).trim().parse().unwrap();
    server.put(deb, "application/octet-stream", vec![b'x'; size]);
    let error = refused(&sandbox);
    assert!(error.contains("another content"), "{error}");

    archive.publish(&server, "stable", |release| release);
    let _run = sandbox.run().installed_all();
}

#[test]
fn what_can_not_be_had_is_told_with_who_needs_it() {
    let Some(mut archive) = archive() else { return };
    let server = Server::start();
    archive.package("top", "1", "Depends: middle\n", &[]);
    archive.package("middle", "1", "Depends: libsays (>= 2:9)\n", &[]);
    archive.package("modern", "1", "Depends: libc6 (>= 99.1)\n", &[]);
    archive.package("libc6", "99.2", "", &[]);
    archive.publish(&server, "stable", |release| release);
    let sandbox = sandbox();
    for (package, expected) in [
        (
            "top",
            "`libsays (>= 2:9)` is not to be had (the archive has libsays 1:1.0); it is needed by middle ← top",
        ),
        ("nope", "there is no package `nope`"),
        ("modern", "these packages need glibc 99.1, and this machine has"),
    ] {
        let manifest = manifest(&server, &archive, "");
        sandbox.manifest(
            &manifest.replace("[\"tinydeb\"]\nsuite", &format!("[\"{package}\"]\nsuite")),
        );
        let error = refused(&sandbox);
        assert!(error.contains(expected), "{error}");
    }
}
