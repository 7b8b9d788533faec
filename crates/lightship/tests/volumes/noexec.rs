//! A volume from which nothing may be run.

use crate::alone::{alone, system};
use crate::world::{World, tool};

#[test]
fn on_a_noexec_ext4_tools_go_to_the_local_directory_and_records_stay_on_the_volume() {
    alone(
        concat!(
            module_path!(),
            "::on_a_noexec_ext4_tools_go_to_the_local_directory_and_records_stay_on_the_volume"
        ),
        || {
            let world = World::new();
            let image = world.ext4(16);
            world.mount(&["-o", "loop", &image]);
            let dir = world.dir().display().to_string();
            world.wants(&tool("one", "1", ""));
            world.load().healthy();
            let before = World::files(&world.dir().join("v1/store"));
            system("mount", &["-o", "remount,noexec", &dir]);
            let up = world.load();
            // Remembered it could run programs: not on this mount with these options.
            up.degraded_by("unfit", "no program can be run from it");
            assert_eq!(world.prints("one"), "1");
            assert_eq!(up.volume().records_dir, dir);
            assert_eq!(World::files(&world.dir().join("v1/store")), before);
            up.stop();
            system("mount", &["-o", "remount,exec", &dir]);
            let installs = world.sandbox.acts("install").len();
            world.load().healthy();
            assert_eq!(world.sandbox.acts("install").len(), installs, "it was there all the time");
        },
    );
}
