use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use proptest::prelude::*;
use tar::EntryType::{self, Block, Directory, Link, Regular, Symlink};

use super::*;
use crate::tree::{Links, Unpacker};

/// A package with the given data, made by hand: a hostile one asks nobody's permission.
pub(crate) fn deb(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let mut control = tar::Builder::new(Vec::new());
    append(&mut control, "./control", Regular, "Package: x\nVersion: 1\n");
    append(&mut control, "./postinst", Regular, "#!/bin/sh\n");
    let mut data = tar::Builder::new(Vec::new());
    for (path, kind, content) in entries {
        append(&mut data, path, *kind, content);
    }
    let data = zstd::encode_all(data.into_inner().unwrap().as_slice(), 1).unwrap();
    let mut out = b"!<arch>\n".to_vec();
    for (name, bytes) in [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar", control.into_inner().unwrap()),
        ("data.tar.zst", data),
    ] {
        let head =
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, bytes.len());
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(&bytes);
        if bytes.len() % 2 == 1 {
            out.push(b'\n');
        }
    }
    out
}

fn append(tar: &mut tar::Builder<Vec<u8>>, path: &str, kind: EntryType, content: &str) {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(if content.starts_with("#!") { 0o4755 } else { 0o644 });
    let mut body: &[u8] = content.as_bytes();
    if matches!(kind, Symlink | Link) {
        header.set_link_name_literal(content).unwrap();
        body = b"";
    }
    header.set_size(body.len() as u64);
    header.set_cksum();
    tar.append(&header, body).unwrap();
}

fn unpack(bytes: &[u8], root: &std::path::Path) -> Result<Control, DebError> {
    let mut unpacker = Unpacker::new(root, Links::Inside, 1 << 20);
    read(bytes, |entry, content| unpacker.put(entry, content))
}

#[test]
fn a_package_is_unpacked_usr_merged_with_links_that_stay_inside() {
    let bytes = deb(&[
        ("./", Directory, ""),
        ("./bin/", Directory, ""),
        ("./bin/tool", Regular, "#!/bin/sh\n"),
        ("./usr/bin/same", Link, "./bin/tool"),
        ("./lib/x/libc.so", Regular, "lib"),
        ("./usr/lib/x/link.so", Symlink, "/lib/x/libc.so"),
        ("./lib64/ld.so", Symlink, "/lib/x/libc.so"),
        ("./usr/share/rel", Symlink, "../bin/tool"),
    ]);
    let root = tempfile::tempdir().unwrap();
    let control = unpack(&bytes, root.path()).unwrap();
    let postinst = Script { name: "postinst".into(), text: b"#!/bin/sh\n".into() };
    assert_eq!(control.scripts, [postinst]);
    assert!(control.text.contains("Package: x"));
    let read = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
    assert_eq!(read("usr/bin/same"), "#!/bin/sh\n");
    for link in ["usr/lib/x/link.so", "usr/lib64/ld.so"] {
        assert_eq!(read(link), "lib");
    }
    assert_eq!(read("usr/share/rel"), "#!/bin/sh\n");
    assert!(!root.path().join("bin").exists());
    let found = fs::metadata(root.path().join("usr/bin/tool")).unwrap();
    assert_eq!((found.mode() & 0o7777, found.nlink()), (0o755, 2));
}

#[test]
fn no_hostile_package_leaves_its_root() {
    let outside = tempfile::tempdir().unwrap();
    let evil = outside.path().join("evil").display().to_string();
    let cases: Vec<Vec<(&str, EntryType, &str)>> = vec![
        vec![("../evil", Regular, "x")],
        vec![("/../../evil", Regular, "x")],
        vec![("a/../../evil", Regular, "x")],
        vec![("link", Symlink, "../.."), ("link/evil", Regular, "x")],
        vec![("link", Symlink, "."), ("link/evil", Regular, "x")],
        vec![("hard", Link, "../../etc/passwd")],
        vec![("file", Symlink, "/etc/passwd"), ("hard", Link, "file"), ("hard", Regular, "x")],
        vec![("dev", Block, "")],
    ];
    for (number, case) in cases.iter().enumerate() {
        let root = outside.path().join(format!("root-{number}/deep"));
        fs::create_dir_all(&root).unwrap();
        // A link to a link is refused, or ends inside; either way nothing is outside.
        let done = unpack(&deb(case), &root);
        assert!(done.is_err() || number == 6, "{case:?} was unpacked");
        assert!(!std::path::Path::new(&evil).exists(), "{case:?}");
        assert!(!root.parent().unwrap().join("evil").exists(), "{case:?}");
    }
}

#[test]
fn more_than_is_allowed_is_not_written() {
    let content = "x".repeat(2 << 20);
    let root = tempfile::tempdir().unwrap();
    let error = unpack(&deb(&[("./big", Regular, &content)]), root.path()).unwrap_err();
    assert!(error.to_string().contains("more than"), "{error}");
}

#[test]
fn a_cut_package_is_an_error() {
    let bytes = deb(&[("./usr/bin/tool", Regular, "content")]);
    for length in [0, 7, 8, 40, 68, 100, 200, bytes.len() - 700, bytes.len() - 20] {
        let root = tempfile::tempdir().unwrap();
        assert!(unpack(&bytes[..length], root.path()).is_err(), "{length}");
    }
}

#[test]
fn dpkgs_own_packages_are_read() {
    let place = tempfile::tempdir().unwrap();
    for (option, size) in [("-Zxz", 3), ("-Zgzip", 4), ("-Zzstd", 5), ("-Znone", 6)] {
        let source = place.path().join("source");
        drop(fs::remove_dir_all(&source));
        fs::create_dir_all(source.join("DEBIAN")).unwrap();
        fs::create_dir_all(source.join("usr/bin")).unwrap();
        let control =
            "Package: p\nVersion: 1\nArchitecture: all\nMaintainer: m <m@m>\nDescription: d\n";
        fs::write(source.join("DEBIAN/control"), control).unwrap();
        fs::write(source.join("usr/bin").join("n".repeat(120)), "x".repeat(size)).unwrap();
        let file = place.path().join("p.deb");
        let built = Command::new("dpkg-deb").args([option, "-b"]).arg(&source).arg(&file).output();
        let Ok(built) = built else { return println!("not run: there is no dpkg-deb here") };
        if !built.status.success() && option == "-Zzstd" {
            continue; // An older dpkg writes no zstd.
        }
        assert!(built.status.success(), "{built:?}");
        let root = place.path().join("root");
        unpack(&fs::read(&file).unwrap(), &root).unwrap();
        let content = fs::read(root.join("usr/bin").join("n".repeat(120))).unwrap();
        assert_eq!(content.len(), size);
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(at in 0..2000_usize, byte in any::<u8>(), cut in 0..4000_usize) {
        let mut bytes = deb(&[("./usr/bin/tool", Regular, "content")]);
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(cut.max(8).min(length));
        drop(read(bytes.as_slice(), |_, _| Ok(())));
    }
}
