//! Who owns what.

use lightship_image::measure::{Measurement, Owner, OwnerKind, ProgramKind};

use crate::support::{Layer, image_of, noise};

const STATUS: &str = "Package: git\nStatus: install ok installed\nArchitecture: amd64\n\
    Version: 1:2.39\nDepends: libc6\n\nPackage: libc6\nStatus: install ok installed\n\
    Architecture: amd64\nEssential: yes\nVersion: 2.36\n\nPackage: libc6\nStatus: install ok \
    installed\nArchitecture: i386\nVersion: 2.36\n";

/// Kind, name and unpacked bytes of every owner of something, the unowned last.
fn owners(measurement: &Measurement) -> Vec<(OwnerKind, String, u64)> {
    let rows = measurement.by_owner();
    let mut rows: Vec<_> = rows
        .into_iter()
        .filter(|row| row.sizes.unpacked > 0)
        .map(|row| (row.kind, row.name, row.sizes.unpacked))
        .collect();
    rows.sort_by_key(|row| (row.0 == OwnerKind::Unowned, row.1.clone()));
    rows
}

#[test]
fn debian_packages_own_what_their_lists_have_below_a_merged_usr_too() {
    let image = image_of(vec![
        Layer::new()
            .symlink("bin", "usr/bin")
            .symlink("lib", "usr/lib")
            .file("usr/bin/git", &noise(100, 1))
            .file("usr/lib/x/libc.so.6", &noise(50, 2))
            .file("usr/lib/i/libc.so.6", &noise(40, 3))
            .file("var/lib/dpkg/status", b"Package: old\nStatus: install ok installed\n")
            .file("var/lib/dpkg/info/git.list", b"/.\n/bin\n/bin/git\n/usr/share/doc/git/README\n"),
        Layer::new()
            .file("var/lib/dpkg/status", STATUS.as_bytes())
            .file("var/lib/dpkg/info/libc6:amd64.list", b"/lib\n/lib/x\n/lib/x/libc.so.6\n")
            .file("var/lib/dpkg/info/libc6:i386.list", b"/lib\n/lib/i/libc.so.6\n")
            .file("var/lib/apt/extended_states", b"Package: libc6\nAuto-Installed: 1\n")
            .file("srv/mine", &noise(7, 4)),
    ]);
    let rows = owners(&image);
    assert_eq!(rows[0], (OwnerKind::Debian, "git".into(), 100));
    assert_eq!(rows[1], (OwnerKind::Debian, "libc6:amd64".into(), 50));
    assert_eq!(rows[2], (OwnerKind::Debian, "libc6:i386".into(), 40));
    assert_eq!(rows[3].0, OwnerKind::Unowned);
    let git = &image.packages[0];
    assert_eq!((git.name.as_str(), git.listed, git.missing), ("git", 3, 1));
    assert_eq!((git.auto, image.packages[1].auto), (Some(false), Some(true)));
    assert!(image.packages[1].essential);
    assert_eq!(image.by_owner().iter().find(|row| row.name == "git").unwrap().version, "1:2.39");
}

#[test]
fn distroless_packages_own_what_their_sums_have() {
    let sums = format!("{:032}  usr/bin/jq\n{:032}  usr/share/doc/jq/copyright\n", 0, 0);
    let image = image_of(vec![
        Layer::new()
            .file("usr/bin/jq", &noise(100, 1))
            .file("var/lib/dpkg/status.d/anq", b"Package: jq\nVersion: 1.6\nArchitecture: amd64\n")
            .file("var/lib/dpkg/status.d/anq.md5sums", sums.as_bytes()),
    ]);
    assert_eq!(owners(&image)[0], (OwnerKind::Debian, "jq".into(), 100));
    assert!(image.packages[0].slim);
    assert_eq!((image.packages[0].listed, image.packages[0].missing), (2, 1));
}

#[test]
fn an_npm_package_owns_itself_and_not_what_is_nested() {
    let image = image_of(vec![
        Layer::new()
            .file("app/node_modules/a/package.json", br#"{"name":"a","version":"1.0.0"}"#)
            .file("app/node_modules/a/lib/x.js", &noise(100, 1))
            .file("app/node_modules/a/node_modules/@s/b/package.json", br#"{"name":"@s/b"}"#)
            .file("app/node_modules/a/node_modules/@s/b/y.js", &noise(50, 2))
            .file("app/node_modules/.package-lock.json", b"{}")
            .file("app/package.json", b"{}"),
    ]);
    let rows = owners(&image);
    assert_eq!(rows[0], (OwnerKind::Npm, "@s/b".into(), 50 + 15));
    assert_eq!(rows[1], (OwnerKind::Npm, "a".into(), 100 + 30));
    assert_eq!(rows[2], (OwnerKind::Unowned, "unowned".into(), 4));
}

#[test]
fn a_baked_tool_owns_its_prefix_and_a_large_program_itself() {
    // A program of this very test: no made-up headers.
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let stem = "ck-1.0-0123456789ab";
    let receipt = format!("opt/lightship/v1/receipts/{stem}.json");
    let within = format!("opt/lightship/v1/store/{stem}/node_modules/x");
    let image = image_of(vec![
        Layer::new()
            .file(&receipt, br#"{"name":"ck","version":"1.0"}"#)
            .file(&format!("{within}/package.json"), br#"{"name":"x"}"#)
            .file(&format!("{within}/x.js"), &noise(10, 1))
            .file("usr/local/bin/program", &program)
            .file("usr/local/bin/script", b"#!/usr/bin/env sh\n"),
    ]);
    let rows = owners(&image);
    assert_eq!(rows[0], (OwnerKind::Tool, "ck".into(), 29 + 12 + 10));
    let length = program.len() as u64;
    assert_eq!(rows[1], (OwnerKind::Binary, "usr/local/bin/program".into(), length));
    assert!(image.owners.contains(&Owner::Binary("usr/local/bin/program".into())));
    let needed = |kind: fn(&ProgramKind) -> bool| {
        image.programs.values().find(|program| kind(&program.kind)).unwrap()
    };
    let program = needed(|kind| matches!(kind, ProgramKind::Elf(_)));
    assert!(program.needed.iter().any(|name| name.starts_with("libc.so")), "{program:?}");
    assert!(program.interpreter.as_ref().unwrap().contains("ld-linux"), "{program:?}");
    let script = needed(|kind| matches!(kind, ProgramKind::Script(_)));
    assert_eq!(script.kind, ProgramKind::Script("sh".into()));
}
