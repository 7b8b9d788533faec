//! What is refused: everything that is not what the archive's signature says, or leads elsewhere.

use lightship_image::build::make::Request;
use testkit::Server;

use crate::world::{IGNORED, World, fill};

const TOOL: &str = "packages = [\"tool\"]";

#[track_caller]
fn refused(world: &World, expected: &str) {
    let error = world.build().unwrap_err();
    assert!(error.contains(expected), "{error}");
    assert!(!world.path("lightship.image.lock").exists());
}

#[test]
fn a_release_that_nobody_known_has_signed() {
    let Some(mut world) = World::new() else { return };
    let Some(stranger) = testkit::DebianArchive::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    world.archive.publish(&server, "stable", |release| release);
    std::fs::write(world.path("archive.asc"), stranger.key()).unwrap();
    world.manifest(&server, &format!("{TOOL}\n{IGNORED}"));
    refused(&world, "InRelease of stable");
}

#[test]
fn a_release_that_was_changed_after_it_was_signed() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    world.archive.publish(&server, "stable", |release| release);
    let path = "/debian/dists/stable/InRelease";
    let url = server.url(path);
    let signed = ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap();
    server.put(path, "text/plain", signed.replace("Origin: Test", "Origin: Tost"));
    world.manifest(&server, &format!("{TOOL}\n{IGNORED}"));
    refused(&world, "InRelease of stable");
}

#[test]
fn a_release_that_has_expired() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    let until = "Valid-Until: Sat, 01 Jan 2022 00:00:00 UTC\nComponents:";
    world.archive.publish(&server, "stable", |release| release.replace("Components:", until));
    world.manifest(&server, &format!("{TOOL}\n{IGNORED}"));
    refused(&world, "was valid until Sat, 01 Jan 2022");
}

#[test]
fn a_release_older_than_the_locks() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    world.archive.publish(&server, "stable", |release| release);
    world.manifest(&server, &format!("{TOOL}\n{IGNORED}"));
    world.build().unwrap();
    let lock = std::fs::read_to_string(world.path("lightship.image.lock")).unwrap();
    world.archive.publish(&server, "stable", |release| {
        let date = release.lines().find(|line| line.starts_with("Date:")).unwrap().to_owned();
        release.replace(&date, "Date: Sat, 01 Jan 2022 00:00:00 UTC")
    });
    let upgrade = Request { upgrade: true, ..world.request() };
    let error = world.build_as(&upgrade).unwrap_err();
    assert!(error.contains("older than the lock's"), "{error}");
    // The lock that holds still does.
    assert_eq!(std::fs::read_to_string(world.path("lightship.image.lock")).unwrap(), lock);
    world.build().unwrap();
}

#[test]
fn a_package_that_was_changed_on_the_mirror() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    fill(&mut world.archive);
    world.archive.publish(&server, "stable", |release| release);
    let path = "/debian/pool/main/tool_1.0-1.deb";
    let mut bytes = Vec::new();
    let mut answer = ureq::get(server.url(path)).call().unwrap();
    std::io::Read::read_to_end(&mut answer.body_mut().as_reader(), &mut bytes).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    server.put(path, "application/octet-stream", bytes);
    world.manifest(&server, &format!("{TOOL}\n{IGNORED}"));
    refused(&world, "has another content");
}

#[test]
fn a_package_that_leads_elsewhere() {
    for (path, kind, target, expected) in [
        ("./../outside", tar::EntryType::Regular, "", "leaves the package"),
        ("./usr/bin/x", tar::EntryType::Link, "../../etc/passwd", "leaves the package"),
        ("./usr/bin/x", tar::EntryType::Link, "usr/bin/absent", "link to what is no file"),
        ("./dev/x", tar::EntryType::Char, "", "is a device or a pipe"),
    ] {
        let Some(mut world) = World::new() else { return };
        let server = Server::start();
        world.archive.raw_package("evil", "1", deb(&[(path, kind, target)]));
        world.archive.publish(&server, "stable", |release| release);
        world.manifest(&server, "packages = [\"evil\"]");
        refused(&world, expected);
    }
}

#[test]
fn a_package_that_writes_through_its_own_link() {
    let Some(mut world) = World::new() else { return };
    let server = Server::start();
    let bytes = deb(&[
        ("./usr/share/evil", tar::EntryType::Symlink, "/etc"),
        ("./usr/share/evil/passwd", tar::EntryType::Regular, ""),
    ]);
    world.archive.raw_package("evil", "1", bytes);
    world.archive.publish(&server, "stable", |release| release);
    world.manifest(&server, "packages = [\"evil\"]");
    refused(&world, "`/usr/share/evil` is no directory");
}

/// A package made by hand, as dpkg-deb would not.
fn deb(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
    let mut control = tar::Builder::new(Vec::new());
    append(&mut control, "./control", tar::EntryType::Regular, "", "Package: evil\nVersion: 1\n");
    let mut data = tar::Builder::new(Vec::new());
    for (path, kind, target) in entries {
        append(&mut data, path, *kind, target, "");
    }
    let mut out = b"!<arch>\n".to_vec();
    for (name, bytes) in [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar", control.into_inner().unwrap()),
        ("data.tar", data.into_inner().unwrap()),
    ] {
        let size = bytes.len();
        out.extend(
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 100_644).bytes(),
        );
        out.extend(&bytes);
        out.resize(out.len() + size % 2, b'\n');
    }
    out
}

fn append(
    tar: &mut tar::Builder<Vec<u8>>,
    path: &str,
    kind: tar::EntryType,
    target: &str,
    body: &str,
) {
    let mut header = tar::Header::new_gnu();
    // Set by hand: the crate refuses what a hostile archive has.
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    if !target.is_empty() {
        header.set_link_name_literal(target).unwrap();
    }
    header.set_size(body.len() as u64);
    header.set_cksum();
    tar.append(&header, body.as_bytes()).unwrap();
}
