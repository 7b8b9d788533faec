//! A volume without room, or without enough.

use std::fs;

use crate::alone::{alone, system};
use crate::world::{World, tool};

/// Shell that puts `mib` MiB into the tool's prefix.
fn fills(mib: u32) -> String {
    format!("dd if=/dev/zero of=\"$PREFIX/ballast\" bs=1M count={mib} 2>&1")
}

/// Fills what is left of the volume.
fn fill(world: &World) {
    let file = fs::File::create(world.dir().join("filler")).unwrap();
    let mut file = std::io::BufWriter::new(file);
    while std::io::Write::write_all(&mut file, &[1; 4096]).is_ok() {}
    drop(file);
}

#[test]
fn a_full_tmpfs_keeps_its_tools_and_takes_new_ones_when_it_has_room_again() {
    alone(
        concat!(
            module_path!(),
            "::a_full_tmpfs_keeps_its_tools_and_takes_new_ones_when_it_has_room_again"
        ),
        || {
            let world = World::new();
            world.mount(&["-t", "tmpfs", "-o", "size=8m", "tmpfs"]);
            world.wants(&tool("old", "1", ""));
            world.load().healthy();
            fill(&world);
            world.wants(&(tool("old", "1", "") + &tool("new", "2", "")));
            let up = world.load();
            up.degraded_by("full", "it is full");
            assert_eq!((world.prints("old").as_str(), world.prints("new").as_str()), ("1", "2"));
            up.stop();
            fs::remove_file(world.dir().join("filler")).unwrap();
            world.load().healthy();
            assert!(world.dir().join("bin/new").exists());
        },
    );
}

#[test]
fn a_tool_that_does_not_fit_goes_to_the_local_directory_and_back_when_there_is_room() {
    alone(
        concat!(
            module_path!(),
            "::a_tool_that_does_not_fit_goes_to_the_local_directory_and_back_when_there_is_room"
        ),
        || {
            let world = World::new();
            let image = world.ext4(16);
            world.mount(&["-o", "loop", &image]);
            // What a loader that died has left there.
            let ghost = world.local_tools().join("v1/store/ghost-1-0123");
            fs::create_dir_all(ghost.join("bin")).unwrap();
            // One after the other: on a volume that is full, no installer goes on.
            let large = tool("large", "2", &fills(40)) + "requires = [\"small\"]\n";
            world.wants(&(tool("small", "1", "") + &large));
            let up = world.load();
            up.degraded_by("full", "large does not go onto it");
            assert_eq!(
                (world.prints("small").as_str(), world.prints("large").as_str()),
                ("1", "2")
            );
            assert!(world.dir().join("bin/small").exists());
            assert!(!world.dir().join("bin/large").exists());
            assert!(!ghost.exists());
            up.stop();
            // In the same container it is not tried again while there is no room for it.
            let up = world.load();
            up.degraded_by("full", "large does not go onto it");
            assert_eq!(world.sandbox.acts("install").len(), 2);
            up.stop();
            world.umount();
            system("fsck.ext4", &["-n", "-f", &image]);
            // A larger volume with what the small one had.
            fs::OpenOptions::new().write(true).open(&image).unwrap().set_len(128 << 20).unwrap();
            system("e2fsck", &["-p", "-f", &image]);
            system("resize2fs", &[&image]);
            world.mount(&["-o", "loop", &image]);
            let up = world.load();
            up.healthy();
            assert!(world.dir().join("bin/large").exists());
            assert_eq!(world.prints("large"), "2");
        },
    );
}

#[test]
fn a_tool_that_fits_nowhere_fails_with_the_room_there_is() {
    alone(
        concat!(module_path!(), "::a_tool_that_fits_nowhere_fails_with_the_room_there_is"),
        || {
            let world = World::new();
            world.mount(&["-t", "tmpfs", "-o", "size=8m", "tmpfs"]);
            fs::create_dir(world.sandbox.local()).unwrap();
            let local = world.sandbox.local().display().to_string();
            system("mount", &["-t", "tmpfs", "-o", "size=4m", "tmpfs", &local]);
            world.wants(
                &(tool("small", "1", "")
                    + &tool("large", "2", &fills(20))
                    + "requires = [\"small\"]\n"),
            );
            let up = world.load();
            let health = up.health();
            assert_eq!(
                (&health["status"], &health["gateway"]),
                (&"degraded".into(), &"running".into())
            );
            assert_eq!(health["tools"]["status"]["large"], "failed");
            assert_eq!(health["tools"]["status"]["small"], "installed");
            let error = health["tools"]["details"]["large"]["error"].to_string();
            assert!(error.contains("no space:") && error.contains("KiB are free"), "{error}");
        },
    );
}
