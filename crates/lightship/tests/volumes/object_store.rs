//! An object store as a file system: rclone's mount of a directory, which takes no symbolic links.

use std::fs;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use testkit::process::wait_until;

use crate::alone::alone;
use crate::world::{World, tool};

/// A running rclone; what it serves is in `bucket`.
struct Rclone(Child);

impl Rclone {
    /// Mounts the world's `bucket` as its tool directory; nothing without rclone.
    fn mount(world: &World, cache: &str) -> Option<Self> {
        if world.sandbox.which("rclone").is_none() {
            eprintln!("there is no rclone here: nothing is tried");
            return None;
        }
        let bucket = world.sandbox.path("bucket");
        fs::create_dir_all(&bucket).unwrap();
        let mut command: Command = world.sandbox.command("rclone");
        command.args(["mount", "--vfs-cache-mode", cache, "--vfs-write-back", "0s"]);
        command.args(["--cache-dir"]).arg(world.sandbox.path("cache"));
        command.arg(&bucket).arg(world.dir()).stderr(Stdio::inherit());
        let mut rclone = Self(command.spawn().unwrap());
        let dir = world.dir().display().to_string();
        wait_until("the mount", || {
            assert!(rclone.0.try_wait().unwrap().is_none(), "rclone has ended");
            let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
            mounts.lines().any(|line| line.contains(&dir) && line.contains("fuse.rclone"))
        });
        Some(rclone)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Rclone {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn tools_go_to_the_local_directory_and_the_records_into_the_bucket() {
    alone(
        concat!(
            module_path!(),
            "::tools_go_to_the_local_directory_and_the_records_into_the_bucket"
        ),
        || {
            let world = World::new();
            let Some(_rclone) = Rclone::mount(&world, "writes") else { return };
            world.wants(&tool("one", "1", ""));
            let up = world.load();
            up.degraded_by("unfit", "it takes no symbolic links");
            assert_eq!(up.volume().file_system.as_deref(), Some("fuse.rclone"));
            assert_eq!(world.prints("one"), "1");
            let bucket = world.sandbox.path("bucket");
            wait_until("the records", || {
                let state =
                    fs::read_to_string(bucket.join("loader-state.json")).unwrap_or_default();
                let audit = fs::read_to_string(bucket.join("audit.jsonl")).unwrap_or_default();
                state.contains("\"installed\"") && audit.contains("\"complete\"")
            });
            up.stop();
            // A second start in the container finds everything.
            let up = world.load();
            up.degraded_by("unfit", "it takes no symbolic links");
            assert_eq!(world.sandbox.acts("install").len(), 1);
        },
    );
}

#[test]
fn without_a_cache_for_writes_it_is_no_worse() {
    alone(concat!(module_path!(), "::without_a_cache_for_writes_it_is_no_worse"), || {
        let world = World::new();
        let Some(_rclone) = Rclone::mount(&world, "off") else { return };
        world.wants(&tool("one", "1", ""));
        let up = world.load();
        up.degraded_by("unfit", "");
        assert_eq!(world.prints("one"), "1");
    });
}

#[test]
fn one_that_hangs_holds_nothing_up_and_is_used_again_when_it_answers() {
    alone(
        concat!(
            module_path!(),
            "::one_that_hangs_holds_nothing_up_and_is_used_again_when_it_answers"
        ),
        || {
            let mut world = World::new();
            let Some(rclone) = Rclone::mount(&world, "writes") else { return };
            world.sandbox.set("LOA_VOLUME_TIMEOUT", "1");
            world.wants(&tool("one", "1", ""));
            rclone.signal(Signal::STOP);
            let up = world.load();
            up.degraded_by("silent", "it has not answered for 1 s");
            assert!(world.local_tools().join("bin/one").exists());
            up.kill();
            rclone.signal(Signal::CONT);
            world.sandbox.unset("LOA_VOLUME_TIMEOUT");
            let up = world.load();
            up.degraded_by("unfit", "it takes no symbolic links");
            assert_eq!(world.prints("one"), "1");
        },
    );
}

#[test]
fn one_whose_server_died_is_said_to_be_missing_and_why() {
    alone(concat!(module_path!(), "::one_whose_server_died_is_said_to_be_missing_and_why"), || {
        let world = World::new();
        let Some(rclone) = Rclone::mount(&world, "writes") else { return };
        world.wants(&tool("one", "1", ""));
        drop(rclone);
        let up = world.load();
        up.degraded_by("missing", "endpoint is not connected");
        assert!(world.local_tools().join("bin/one").exists());
        up.stop();
        world.umount();
        world.load().healthy();
        assert_eq!(world.prints("one"), "1");
    });
}
