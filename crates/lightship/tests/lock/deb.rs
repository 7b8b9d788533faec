//! Debian packages: chosen once, then had by their paths from any mirror that still has them.

use std::fs;

use testkit::{DebFile, DebianArchive, Registry, Server};

use crate::support::World;

/// An archive with the main and the security part of one release, each with its own key.
struct Debian {
    main: DebianArchive,
    security: DebianArchive,
}

impl Debian {
    /// Nothing where gpg or dpkg-deb is not installed.
    #[expect(clippy::print_stdout, reason = "who looks at the log learns what was not run")]
    fn new() -> Option<Self> {
        let (Some(mut main), Some(security)) = (DebianArchive::new(), DebianArchive::new()) else {
            println!("not run: gpg and dpkg-deb are not installed");
            return None;
        };
        let program = b"#!/bin/sh\nself=$(readlink -f \"$0\")\n\
                        echo \"it is $(cat \"${self%/bin/*}/share/data\")\"\n";
        let program = DebFile::Program(program.to_vec());
        let needs = "Depends: tinydata (>= 1), libc6 (>= 2.4)\n";
        main.package("tinydeb", "1:1.0-1", needs, &[("usr/bin/tinydeb", program)]);
        main.package("libc6", "2.4-1", "", &[]);
        let mut debian = Self { main, security };
        debian.data("1.0");
        Some(debian)
    }

    /// Puts a version of the data into the security archive.
    fn data(&mut self, version: &str) {
        let file = DebFile::Plain(version.into());
        self.security.package("tinydata", version, "", &[("usr/share/data", file)]);
    }

    /// Publishes it, as of long ago.
    fn publish(&self, server: &Server) {
        self.publish_as_of(server, "Wed, 01 Jan 2020 00:00:00 UTC");
    }

    fn publish_as_of(&self, server: &Server, date: &str) {
        let dated = |release: String| {
            let dated = |line: &str| {
                let is_date = line.starts_with("Date: ");
                if is_date { format!("Date: {date}\n") } else { format!("{line}\n") }
            };
            release.lines().map(dated).collect()
        };
        self.main.publish(server, "stable", dated);
        self.main.publish(server, "stable-updates", dated);
        self.security.publish_at(server, "/debian-security", "stable-security", dated);
    }

    fn tool(&self) -> String {
        let keys = [self.main.key(), self.security.key()];
        let keys = keys.map(|key| format!("'''{key}'''")).join(", ");
        format!(
            "[tools.deb]\nretries = 0\n[tools.deb.deb]\npackages = [\"tinydeb\"]\n\
             suite = \"stable\"\nkeys = [{keys}]\n"
        )
    }
}

/// A manifest whose mirror is `registry`.
fn on(registry: &Registry, tool: &str) -> String {
    format!("debian = \"{}\"\n{tool}", registry.url("/debian"))
}

/// Paths that are asked for to choose packages.
const INDEXES: [&str; 3] = [
    "/debian/dists/stable/InRelease",
    "/debian/dists/stable-updates/InRelease",
    "/debian-security/dists/stable-security/InRelease",
];

#[test]
fn packages_are_locked_without_hosts_and_installed_without_an_index_from_any_mirror() {
    let Some(mut debian) = Debian::new() else { return };
    let first = Registry::start();
    debian.publish(&first);
    let world = World::new(&first, &on(&first, &debian.tool()));
    let text = world.lock(&[]);
    let hosts = ["127.0.0.1", "localhost", "://"];
    assert!(!hosts.iter().any(|host| text.contains(host)), "{text}");
    for line in [
        "version = \"1.0\"",
        "release = \"2020-01-01T00:00:00Z\"",
        "libc = \"2.4\"",
        "version = \"1:1.0-1\"",
        "archive = \"security\"\npath = \"pool/main/tinydata_1.0.deb\"",
        "path = \"pool/main/tinydeb_1:1.0-1.deb\"",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(world.lock(&["--upgrade"]), text, "locked again it is the same to the byte");
    assert!(world.run(&["lock", "--check"]).ok().starts_with("fresh: "));
    drop(first);

    let second = Registry::start();
    debian.data("2.0");
    debian.publish(&second);
    for index in INDEXES {
        second.put(index, "text/plain", "nobody has signed this\n");
    }
    world.write(&second, &on(&second, &debian.tool()));
    let _said = world.install("deb").ok();
    assert_eq!(world.sandbox.output_of("tinydeb"), "it is 1.0");
    for index in INDEXES {
        assert_eq!(second.requests(index), 0, "{index}");
    }
    assert_eq!(second.requests("/debian-security/pool/main/tinydata_1.0.deb"), 1);
    let (_, receipt) = &world.sandbox.receipts()["deb"];
    assert_eq!(receipt.version, "1.0", "the directory is called by the version");

    debian.publish(&second);
    let upgraded = world.lock(&["--upgrade"]);
    assert!(upgraded.contains("path = \"pool/main/tinydata_2.0.deb\""), "{upgraded}");
    let _said = world.install("deb").ok();
    assert_eq!(world.sandbox.output_of("tinydeb"), "it is 2.0");
}

#[test]
fn a_package_that_changed_or_that_the_mirror_dropped_is_refused_with_what_to_do() {
    let Some(debian) = Debian::new() else { return };
    let registry = Registry::start();
    debian.publish(&registry);
    let world = World::new(&registry, &on(&registry, &debian.tool()));
    let lock = world.lock(&[]);
    let path = "/debian/pool/main/tinydeb_1:1.0-1.deb";
    let size = || {
        let after = lock.split("version = \"1:1.0-1\"").nth(1)?;
        after.split("size = ").nth(1)?.split_whitespace().next()?.parse::<usize>().ok()
    };
    // Of another size, then of the same.
    for evil in [vec![b'x'; 10], vec![b'x'; size().unwrap()]] {
        registry.put(path, "application/octet-stream", evil);
        let said = world.install("deb").ended(1);
        assert!(said.contains("is not the locked one"), "{said}");
        assert!(said.contains("lightship lock --upgrade --tool deb"), "{said}");
        assert!(world.sandbox.receipts().is_empty());
    }

    let other = Registry::start();
    world.write(&other, &on(&other, &debian.tool()));
    let said = world.install("deb").ended(1);
    assert!(said.contains("http status: 404. The mirror does not have libc6 2.4-1"), "{said}");
    assert!(said.contains("lightship lock --upgrade --tool deb"), "{said}");
    assert!(said.contains("a snapshot of 2020-01-01T00:00:00Z or later"), "{said}");
    assert!(world.sandbox.receipts().is_empty());
    assert_eq!(world.text(), lock, "installing never changes a lock");
}

#[test]
fn other_packages_make_a_lock_stale_and_another_mirror_does_not() {
    let Some(debian) = Debian::new() else { return };
    let registry = Registry::start();
    debian.publish(&registry);
    let world = World::new(&registry, &on(&registry, &debian.tool()));
    let _lock = world.lock(&[]);
    let more = debian.tool().replace("[\"tinydeb\"]", "[\"tinydeb\", \"tinydata\"]");
    world.write(&registry, &on(&registry, &more));
    let said = world.install("deb").ended(3);
    assert!(said.contains("tool `deb` was locked for another recipe"), "{said}");
    assert!(world.run(&["lock", "--check"]).ended(1).contains("stale  "), "--check");
    let other = Registry::start();
    world.write(&other, &on(&other, &debian.tool()));
    assert!(world.run(&["lock", "--check"]).ok().starts_with("fresh: "));
}

#[test]
fn a_lock_for_another_machine_is_refused_before_anything_is_fetched() {
    let Some(debian) = Debian::new() else { return };
    let registry = Registry::start();
    debian.publish(&registry);
    let world = World::new(&registry, &on(&registry, &debian.tool()));
    let lock = world.lock(&[]);
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    for (from, to, expected) in [
        (format!("arch = \"{arch}\""), "arch = \"m68k\"", "is for m68k, and this machine is"),
        ("libc = \"2.4\"".to_owned(), "libc = \"99.1\"", "these packages need glibc 99.1"),
    ] {
        let changed = lock.replace(&from, to);
        fs::write(world.sandbox.path("lightship.lock"), changed).unwrap();
        let said = world.install("deb").ended(1);
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(registry.requests("/debian/pool/main/tinydeb_1:1.0-1.deb"), 0);
}

#[test]
fn packages_of_an_archive_that_was_just_released_have_no_known_age() {
    let Some(debian) = Debian::new() else { return };
    let registry = Registry::start();
    let hour_ago = std::process::Command::new("date")
        .env("LC_ALL", "C")
        .args(["-u", "-d", "1 hour ago", "+%a, %d %b %Y %H:%M:%S UTC"])
        .output()
        .unwrap();
    debian.publish_as_of(&registry, String::from_utf8(hour_ago.stdout).unwrap().trim());
    let world = World::new(&registry, &on(&registry, &debian.tool()));
    let said = world.run(&["lock"]).ended(1);
    assert!(said.contains("does not say when"), "{said}");
    assert!(said.contains("--allow-unknown-age"), "{said}");
    let _lock = world.lock(&["--min-age", "30m"]);
    let _lock = world.lock(&["--upgrade", "--allow-unknown-age"]);
}
