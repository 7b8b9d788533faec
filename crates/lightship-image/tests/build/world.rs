//! A directory of a test's own: a manifest, a cache, and a mirror.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use lightship_image::build::cache::Cache;
use lightship_image::build::make::{Built, Request, Step, make};
use lightship_image::build::tree::{Content, Kind, Node, Place};
use testkit::{DebFile, DebianArchive, Server};

pub(crate) struct World {
    place: tempfile::TempDir,
    pub(crate) archive: DebianArchive,
    /// What a build told, a word a step.
    pub(crate) told: Mutex<Vec<String>>,
}

impl World {
    /// A world; nothing where gpg or dpkg-deb is not installed.
    pub(crate) fn new() -> Option<Self> {
        let Some(archive) = DebianArchive::new() else {
            println!("not run: gpg and dpkg-deb are not installed");
            return None;
        };
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("archive.asc"), archive.key()).unwrap();
        Some(Self { place, archive, told: Mutex::default() })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn cache(&self) -> Cache {
        Cache::at(&self.path("cache")).unwrap()
    }

    /// Writes a manifest whose packages come from `server`.
    pub(crate) fn manifest(&self, server: &Server, image: &str) {
        let text = format!(
            "[registries]\nnpm = \"{}\"\n[image]\nmirror = \"{}\"\nsuite = \"stable\"\n\
             keys = [\"archive.asc\"]\n{image}\n",
            server.url("/npm"),
            server.url("/debian"),
        );
        fs::write(self.path("lightship.toml"), text).unwrap();
    }

    pub(crate) fn request(&self) -> Request {
        Request {
            manifest: self.path("lightship.toml"),
            lock: self.path("lightship.image.lock"),
            locked: false,
            upgrade: false,
        }
    }

    pub(crate) fn build(&self) -> Result<Built, String> {
        self.build_as(&self.request())
    }

    pub(crate) fn build_as(&self, request: &Request) -> Result<Built, String> {
        self.told.lock().unwrap().clear();
        let told = |step: Step<'_>| {
            let word = match step {
                Step::Choosing => "choosing".to_owned(),
                Step::Package(package) => package.name.clone(),
                Step::Tarball(tarball) => tarball.package.clone(),
                Step::Baking(line) | Step::Warming(line) => line.to_owned(),
                Step::Locked(_) => "locked".to_owned(),
            };
            self.told.lock().unwrap().push(word);
        };
        make(request, &self.cache(), &told).map_err(|error| {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            format!("{text}\n{}", error.help().unwrap_or_default())
        })
    }

    pub(crate) fn told(&self) -> Vec<String> {
        let mut told = self.told.lock().unwrap().clone();
        told.sort();
        told
    }
}

/// A small archive: a program with a configuration, and what it depends on.
pub(crate) fn fill(archive: &mut DebianArchive) {
    let plain = |text: &str| DebFile::Plain(text.into());
    archive.package(
        "tool",
        "1.0-1",
        "Depends: data (>= 1)\n",
        &[
            ("bin/tool", DebFile::Program(b"#!/bin/sh\necho tool\n".into())),
            ("etc/tool.conf", plain("colour = blue\n")),
            ("usr/share/doc/tool/copyright", plain("free\n")),
            ("usr/share/doc/tool/changelog", plain("long\n")),
            ("usr/share/man/man1/tool.1", plain("long\n")),
            ("usr/share/locale/de/tool.mo", plain("long\n")),
        ],
    );
    archive.package(
        "data",
        "1.1",
        "",
        &[
            ("lib/data/numbers", plain("1 2 3\n")),
            ("usr/share/data/numbers", DebFile::Link("/lib/data/numbers".into())),
            ("usr/share/doc/data/copyright", plain("free\n")),
        ],
    );
    archive.package("bystander", "1", "", &[("usr/bin/bystander", plain("x"))]);
}

/// What the manifest says of the scripts that testkit's packages have.
pub(crate) const IGNORED: &str = "scripts = { ignore = [\"tool\", \"data\"] }";

pub(crate) fn text(node: &Node) -> String {
    let Kind::File(Content { place, .. }) = &node.kind else { panic!("{node:?}") };
    let bytes = match place {
        Place::Memory(bytes) => bytes.to_vec(),
        Place::File(path) => fs::read(path).unwrap(),
    };
    String::from_utf8(bytes).unwrap()
}
