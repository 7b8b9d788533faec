//! A volume that is slow: an ext4 on a loop device whose writes the kernel throttles.

use std::fs;
use std::os::linux::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use lightship_model::event::What;

use crate::alone::alone;
use crate::world::{Up, World, tool};

/// Bytes a second.
const RATE: u64 = 256 * 1024;

/// A control group whose writes to the tool directory's device are throttled.
struct Throttle(PathBuf);

impl Throttle {
    fn new(world: &World) -> Option<Self> {
        let root = Path::new("/sys/fs/cgroup/blkio");
        let group =
            root.join(format!("lightship-test-{}", world.dir().metadata().unwrap().st_dev()));
        fs::create_dir(&group).ok()?;
        let throttle = Self(group);
        let device = world.dir().metadata().unwrap().st_dev();
        let rule = format!("{}:{} {RATE}", device >> 8, device & 0xff);
        fs::write(throttle.0.join("blkio.throttle.write_bps_device"), rule).ok()?;
        Some(throttle)
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.0));
    }
}

#[test]
fn nothing_waits_for_a_slow_volume_but_the_tool_that_is_written_to_it() {
    alone(
        concat!(
            module_path!(),
            "::nothing_waits_for_a_slow_volume_but_the_tool_that_is_written_to_it"
        ),
        || {
            let world = World::new();
            let image = world.ext4(32);
            world.mount(&["-o", "loop", &image]);
            let Some(throttle) = Throttle::new(&world) else {
                eprintln!("the kernel can't throttle a device here: nothing is tried");
                return;
            };
            let ballast = "head -c 1000000 /dev/urandom > \"$PREFIX/ballast\"";
            world.wants(&(tool("one", "1", ballast) + &tool("two", "2", "")));
            let plain = world.command();
            let mut command: Command = world.sandbox.command("sh");
            let enter = format!("echo $$ > {}/cgroup.procs && exec \"$@\"", throttle.0.display());
            command.args(["-c", &enter, "sh"]).arg(plain.get_program()).args(plain.get_args());
            let mut up = Up::start(command);
            up.wait_for("a service", |what| {
                matches!(what, What::ServiceReady { .. }).then_some(())
            });
            // Its answers come from memory, whatever the loader waits for.
            let health = up.health();
            assert_eq!(
                (&health["status"], &health["gateway"]),
                (&"healthy".into(), &"running".into())
            );
            up.wait_complete();
            up.healthy();
            assert_eq!((world.prints("one").as_str(), world.prints("two").as_str()), ("1", "2"));
            up.stop();
            drop(throttle);
        },
    );
}
