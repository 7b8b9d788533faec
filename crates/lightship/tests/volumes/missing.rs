//! A tool directory that is not there and can't be made.

use std::fs;

use crate::alone::{alone, system};
use crate::world::{World, tool};

#[test]
fn without_a_volume_tools_go_to_the_local_directory_and_later_onto_the_volume() {
    alone(
        concat!(
            module_path!(),
            "::without_a_volume_tools_go_to_the_local_directory_and_later_onto_the_volume"
        ),
        || {
            let mut world = World::new();
            let base = world.dir();
            world.mount(&["-t", "tmpfs", "-o", "ro", "tmpfs"]);
            world.use_dir(base.join("deep/tools"));
            world.wants(&tool("one", "1", ""));
            let up = world.load();
            up.degraded_by("missing", "it can't be made");
            assert_eq!(world.prints("one"), "1");
            assert!(world.local_tools().join("loader-state.json").exists());
            up.stop();
            system("mount", &["-o", "remount,rw", &base.display().to_string()]);
            let up = world.load();
            up.healthy();
            assert!(up.warnings().is_empty(), "{:?}", up.warnings());
            assert!(base.join("deep/tools/bin/one").exists());
            assert_eq!(world.prints("one"), "1");
            // What the volume has now is no longer published beside it.
            let local = world.local_tools().join("bin");
            assert_eq!(fs::read_dir(local).unwrap().count(), 0);
        },
    );
}

#[test]
fn without_any_place_at_all_the_service_runs_and_each_tool_says_why_it_is_not_there() {
    alone(
        concat!(
            module_path!(),
            "::without_any_place_at_all_the_service_runs_and_each_tool_says_why_it_is_not_there"
        ),
        || {
            let mut world = World::new();
            let base = world.dir();
            world.mount(&["-t", "tmpfs", "-o", "ro", "tmpfs"]);
            world.sandbox.set("LOA_LOCAL_DIR", base.join("local"));
            world.use_dir(base.join("tools"));
            world.wants(&tool("one", "1", ""));
            let up = world.load();
            let health = up.health();
            assert_eq!(
                (&health["status"], &health["gateway"]),
                (&"degraded".into(), &"running".into())
            );
            assert_eq!(health["tools"]["status"]["one"], "failed");
            assert!(
                health["reasons"].to_string().contains("no more tools can be installed"),
                "{health:#}"
            );
            let error = health["tools"]["details"]["one"]["error"].to_string();
            assert!(
                error.contains("Read-only file system") || error.contains("No such file"),
                "{error}"
            );
        },
    );
}
