//! A tool directory that came with the image: its files are in an overlay's lower layer.

use std::fs;

use crate::alone::{alone, system};
use crate::world::{World, receipts, tool};

#[test]
fn tools_of_an_image_layer_are_kept_replaced_and_swept_like_others() {
    alone(
        concat!(
            module_path!(),
            "::tools_of_an_image_layer_are_kept_replaced_and_swept_like_others"
        ),
        || {
            let world = World::new();
            world.wants(&(tool("kept", "1", "") + &tool("changed", "2", "")));
            world.load().healthy();
            // Rubbish in the image, too: a prefix that no receipt vouches for.
            fs::create_dir_all(world.dir().join("v1/store/rubbish-1-0123456789ab/bin")).unwrap();
            for folder in ["lower", "upper", "work"] {
                fs::create_dir(world.sandbox.path(folder)).unwrap();
            }
            let lower = world.sandbox.path("lower");
            system(
                "cp",
                &["-a", &format!("{}/.", world.dir().display()), &lower.display().to_string()],
            );
            let before = World::files(&lower);
            let at = |name: &str| world.sandbox.path(name).display().to_string();
            let options =
                format!("lowerdir={},upperdir={},workdir={}", at("lower"), at("upper"), at("work"));
            world.mount(&["-t", "overlay", "-o", &options, "overlay"]);
            let up = world.load();
            up.healthy();
            assert_eq!(up.volume().file_system.as_deref(), Some("overlay"));
            assert_eq!(world.sandbox.acts("install").len(), 2, "the image's tools count");
            up.stop();
            world.wants(&(tool("kept", "1", "") + &tool("changed", "3", "")));
            world.load().healthy();
            assert_eq!(
                (world.prints("kept").as_str(), world.prints("changed").as_str()),
                ("1", "3")
            );
            assert!(!world.dir().join("v1/store/rubbish-1-0123456789ab").exists());
            assert_eq!(World::files(&lower), before);
        },
    );
}

#[test]
fn baked_tools_count_and_are_never_written() {
    alone(concat!(module_path!(), "::baked_tools_count_and_are_never_written"), || {
        let mut world = World::new();
        let (dir, baked) = (world.dir(), world.sandbox.path("baked"));
        world.wants(&tool("heavy", "1", ""));
        world.use_dir(baked.clone());
        world.load().healthy();
        let shown = baked.display().to_string();
        system("mount", &["--bind", &shown, &shown]);
        system("mount", &["-o", "remount,bind,ro", &shown]);
        let before = World::files(&baked);
        world.use_dir(dir.clone());
        world.wants(&(tool("heavy", "1", "") + &tool("light", "2", "")));
        world.load().healthy();
        assert_eq!((world.prints("heavy").as_str(), world.prints("light").as_str()), ("1", "2"));
        assert_eq!(receipts(&dir).len(), 1);
        assert_eq!(World::files(&baked), before);
    });
}
