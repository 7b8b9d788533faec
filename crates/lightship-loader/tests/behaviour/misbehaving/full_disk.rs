//! An installer that fills the disk.

use std::path::Path;
use std::process::Command;

use super::{Service, error};
use crate::support::{sandbox, script};

/// A small file system of its own, unmounted when it is dropped.
struct Volume<'a>(&'a Path);

impl<'a> Volume<'a> {
    #[expect(clippy::print_stdout, reason = "a test that can't run says why")]
    fn mount(at: &'a Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=64m", "lightship-test"]).arg(at);
        let output = command.output().unwrap();
        if !output.status.success() {
            println!("can't run here: {}", String::from_utf8_lossy(&output.stderr));
            return None;
        }
        Some(Self(at))
    }
}

impl Drop for Volume<'_> {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg(self.0).status().unwrap().success());
    }
}

#[test]
fn it_is_stopped_before_others_can_write_no_more() {
    let mut sandbox = sandbox();
    // Else it may go on there.
    sandbox.without_local();
    let (dir, service) = (sandbox.dir(), Service::start());
    let Some(_volume) = Volume::mount(&dir) else { return };
    // However it is told that the disk is full, it goes on.
    let run = "while :; do\n\
                 dd if=/dev/zero of=\"$STAGE/fill\" oflag=append conv=notrunc bs=256k count=1 \
                   2>/dev/null || :\n\
                 sleep 0.02\n\
               done";
    sandbox.manifest(&script("bad", "", run));
    let run = sandbox.run().ended_well();
    let error = error(&sandbox, &run);
    assert!(error.contains("filled the disk"), "{error}");
    assert!(error.contains(&dir.display().to_string()), "{error}");
    assert!(error.contains("make room on that volume"), "{error}");
    assert_eq!(sandbox.acts("install"), ["bad"], "another attempt would not help");
    std::fs::write(dir.join("of-others"), vec![0; 32 << 20]).unwrap();
    service.assert_alive();
}
