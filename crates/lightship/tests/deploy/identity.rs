//! A newer identity is laid over the image's at start, from the volume.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use lightship_model::digest::Digest;

use crate::root;

/// A container's directories, as far as the refresh knows them.
struct Container(tempfile::TempDir);

impl Container {
    /// With the first identity in the image.
    fn new() -> Self {
        let container = Self(tempfile::tempdir().unwrap());
        fs::create_dir(container.0.path().join("data")).unwrap();
        let place = container.place();
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("SOUL.md"), "first").unwrap();
        fs::write(place.join("gone.md"), "").unwrap();
        container
    }

    fn place(&self) -> PathBuf {
        self.0.path().join("workspace/loa-identity")
    }

    /// Puts an archive of `text` on the volume and gives its digest.
    fn archive(&self, name: &str, text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("SOUL.md"), text).unwrap();
        let path = self.0.path().join("data").join(name);
        let mut tar = Command::new("tar");
        tar.arg("-czf").arg(&path).arg("-C").arg(folder.path()).arg(".");
        assert!(tar.status().unwrap().success());
        Digest::of(&fs::read(path).unwrap()).to_string()
    }

    /// A start with these pins: what it says.
    #[track_caller]
    fn start(&self, archive: &str, sha256: &str) -> String {
        let mut command = Command::new("sh");
        command.arg(root().join("images/loa-core/refresh-identity"));
        command.env("LOA_IDENTITY_DIR", self.place());
        command.env("LOA_IDENTITY", self.0.path().join("data").join(archive));
        let output = command.env("LOA_IDENTITY_SHA256", sha256).output().unwrap();
        // Whatever happens, the service starts.
        assert!(output.status.success());
        let beside = fs::read_dir(self.place().parent().unwrap()).unwrap().count();
        assert!(beside <= 2, "the files and the note of their digest are all that is left");
        String::from_utf8(output.stderr).unwrap()
    }

    #[track_caller]
    fn has(&self, text: &str) {
        assert_eq!(fs::read_to_string(self.place().join("SOUL.md")).unwrap(), text);
    }
}

#[test]
fn a_newer_pin_replaces_all_files_and_the_same_one_does_nothing() {
    let container = Container::new();
    let second = container.archive("2.tar.gz", "second");
    assert!(container.start("2.tar.gz", &second).contains("is what"));
    container.has("second");
    assert!(!container.place().join("gone.md").exists());
    assert_eq!(container.start("2.tar.gz", &second), "");
    let third = container.archive("3.tar.gz", "third");
    container.start("3.tar.gz", &third);
    container.has("third");
    // The way back is the old pin.
    container.start("2.tar.gz", &second);
    container.has("second");
}

#[test]
fn what_has_another_digest_is_refused_and_the_files_stay() {
    let container = Container::new();
    let second = container.archive("2.tar.gz", "second");
    container.archive("2.tar.gz", "somebody else's");
    let said = container.start("2.tar.gz", &second);
    assert!(said.contains("has the sha256") && said.contains("stay"), "{said}");
    container.has("first");
    assert!(container.place().join("gone.md").exists());
    for (archive, sha256, expected) in
        [("2.tar.gz", "", "does not pin"), ("absent.tar.gz", second.as_str(), "can't read")]
    {
        let said = container.start(archive, sha256);
        assert!(said.contains(expected), "{said}");
        container.has("first");
    }
    let broken = container.0.path().join("data/broken.tar.gz");
    fs::write(&broken, "no archive").unwrap();
    let digest = Digest::of(b"no archive").to_string();
    assert!(container.start("broken.tar.gz", &digest).contains("can't unpack"));
    container.has("first");
}

#[test]
fn a_kill_between_the_renames_is_made_good_by_the_next_start() {
    let container = Container::new();
    let second = container.archive("2.tar.gz", "second");
    let old = container.place().with_extension("old");
    fs::rename(container.place(), &old).unwrap();
    container.start("2.tar.gz", &"0".repeat(64));
    container.has("first");
    fs::rename(container.place(), &old).unwrap();
    container.start("2.tar.gz", &second);
    container.has("second");
    assert!(container.place().is_dir());
}
