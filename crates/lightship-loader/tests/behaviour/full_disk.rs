//! A disk that really is full: a tmpfs that is too small for the tool, whatever the source. The
//! tool fails and says why; when there is room, the next start is as if nothing had happened.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use lightship_model::state::ToolStatus;
use testkit::{Registry, Run, Sandbox};

use crate::kinds;
use crate::reader::{Expectation, reading};
use crate::support::{names, sandbox, script};

/// A tmpfs, gone when this is.
struct Tmpfs(PathBuf);

const ENOUGH: &str = "size=256m,nr_inodes=100k";

impl Tmpfs {
    /// Mounts one at the sandbox's tool directory; nothing where mounting is not allowed.
    #[expect(clippy::print_stderr, reason = "a test that is not run says why")]
    fn mount(sandbox: &Sandbox) -> Option<Self> {
        let dir = sandbox.dir();
        fs::create_dir_all(&dir).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", ENOUGH, "tmpfs"]).arg(&dir);
        if !command.output().is_ok_and(|output| output.status.success()) {
            eprintln!("not run: a tmpfs can't be mounted here");
            return None;
        }
        Some(Self(dir))
    }

    /// Empties it and makes it as large as `options` say.
    fn empty(&self, options: &str) {
        for name in names(&self.0) {
            let path = self.0.join(name);
            drop(fs::remove_file(&path));
            drop(fs::remove_dir_all(&path));
        }
        self.resize(options);
    }

    fn resize(&self, options: &str) {
        let mut command = Command::new("mount");
        command.arg("-o").arg(format!("remount,{options}")).arg(&self.0);
        assert!(command.status().unwrap().success(), "{options}");
    }

    /// Bytes in use.
    fn used(&self) -> u64 {
        let found = rustix::fs::statvfs(&self.0).unwrap();
        (found.f_blocks - found.f_bfree) * found.f_frsize
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

/// Installs a tool of the kind on disks that are too small for it in several ways.
fn fills(kind: &'static str) {
    let registry = Registry::start();
    let mut sandbox = sandbox();
    sandbox.without_local();
    let tool = kinds::tool(&registry, kind).replacen("]\n", "]\nretries = 0\n", 1);
    sandbox.manifest(&format!("{}{tool}", registry.manifest()));
    let Some(disk) = Tmpfs::mount(&sandbox) else { return };
    let _run = sandbox.run().installed_all();
    let undisturbed = sandbox.installed_tree();
    let used = disk.used() / 1024;
    // Too small for the directory itself, for the tool, and with too few files for it.
    let (tiny, small) = ((used / 10).max(4), used * 6 / 10);
    let disks = [format!("size={tiny}k"), format!("size={small}k"), "nr_inodes=24".to_owned()];
    let mut failed = 0;
    for options in &disks {
        disk.empty(ENOUGH);
        disk.resize(options);
        let when = format!("{kind} on {options}");
        let prints = |_: &str, text: &str| text.starts_with(&format!("{kind} works"));
        let expectation = Expectation { prints: &prints, records: true };
        reading(&sandbox, &expectation, &when, || {
            failed += u32::from(assert_says_why(&sandbox.run(), kind, &when));
            disk.resize(ENOUGH);
            let _run = sandbox.run().installed_all();
        });
        assert_eq!(sandbox.installed_tree(), undisturbed, "{when}");
        assert_eq!(sandbox.state().tools.values().next().unwrap().status, ToolStatus::Installed);
    }
    assert!(failed >= 2, "{kind}: only {failed} of the disks were too small");
}

/// Asserts that a run on a full disk came to an end that its user understands; whether it was
/// too full for the tool.
fn assert_says_why(run: &Run, kind: &str, when: &str) -> bool {
    assert_eq!(run.stderr, "", "{when}");
    let names_it = |text: &str| {
        let text = text.to_ascii_lowercase();
        // A linker that writes through a mapping dies of it.
        ["no space", "it is full", "filled the disk", "enospc", "os error 28", "bus error"]
            .iter()
            .any(|sign| text.contains(sign))
    };
    let code = run.exit.code();
    assert!([0, 70, 73].contains(&code), "{when}: {run:#?}");
    if code != 0 {
        assert!(run.warnings().iter().any(|text| names_it(text)), "{when}: {run:#?}");
        return true;
    }
    let last = run.last(kind);
    let error = last.error.as_deref().unwrap_or_default();
    assert!(last.status == ToolStatus::Installed || names_it(error), "{when}: {run:#?}");
    last.status == ToolStatus::Failed
}

#[test]
fn a_script_on_a_full_disk() {
    fills("script");
}

#[test]
fn an_archive_on_a_full_disk() {
    fills("binary");
}

#[test]
fn a_single_file_on_a_full_disk() {
    fills("file");
}

#[test]
fn a_crate_on_a_full_disk() {
    fills("cargo");
}

#[test]
fn a_package_of_npm_on_a_full_disk() {
    fills("npm");
}

#[test]
fn a_package_of_pip_on_a_full_disk() {
    fills("pip");
}

#[test]
fn a_repair_that_can_not_fit_is_refused_before_it_writes_anything() {
    let mut sandbox = sandbox();
    sandbox.without_local();
    let run = "mkdir -p \"$PREFIX/bin\"\nhead -c 3000000 /dev/zero > \"$PREFIX/data\"\n\
               printf '#!/bin/sh\\necho works\\n' > \"$PREFIX/bin/tool\"\n\
               chmod +x \"$PREFIX/bin/tool\"";
    sandbox.manifest(&script("tool", "retries = 0", run));
    let Some(disk) = Tmpfs::mount(&sandbox) else { return };
    let _run = sandbox.run().installed_all();
    fs::remove_file(sandbox.prefix("tool").join("bin/tool")).unwrap();
    fs::remove_file(sandbox.prefix("tool").join("data")).unwrap();
    fs::write(sandbox.dir().join("v1/somebody-elses"), vec![0; 4_000_000]).unwrap();
    disk.resize("size=5m");
    let run = sandbox.run().ended_well();
    let error = run.last("tool").error.clone().unwrap();
    assert!(error.contains("needs 3 MB") || error.contains("needs 4 MB"), "{error}");
    assert_eq!(sandbox.acts("run"), ["tool"], "no installer was run for it");
    disk.resize(ENOUGH);
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("tool"), "works");
}
