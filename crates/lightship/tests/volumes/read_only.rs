//! A volume that is read-only, or becomes so.

use std::fs;

use testkit::process::wait_until;

use crate::alone::{alone, system};
use crate::world::{World, receipts, tool};

#[test]
fn on_a_read_only_bind_what_is_there_is_used_and_what_is_new_goes_beside_it() {
    alone(
        concat!(
            module_path!(),
            "::on_a_read_only_bind_what_is_there_is_used_and_what_is_new_goes_beside_it"
        ),
        || {
            let world = World::new();
            let dir = world.dir().display().to_string();
            world.wants(&tool("old", "1", ""));
            world.load().healthy();
            system("mount", &["--bind", &dir, &dir]);
            system("mount", &["-o", "remount,bind,ro", &dir]);
            let before = World::files(&world.dir());
            world.wants(&(tool("old", "1", "") + &tool("new", "2", "")));
            let up = world.load();
            up.degraded_by("read-only", "it is read-only");
            assert_eq!((world.prints("old").as_str(), world.prints("new").as_str()), ("1", "2"));
            let installed = receipts(&world.local_tools());
            assert_eq!(installed.len(), 1, "only what is new: {installed:?}");
            assert_eq!(World::files(&world.dir()), before);
            up.stop();
            // Another version of what is there: the new one wins, as the old one can't be unlinked.
            world.wants(&tool("old", "3", ""));
            let up = world.load();
            up.degraded_by("read-only", "it is read-only");
            assert_eq!(world.prints("old"), "3");
            up.stop();
            system("umount", &[&dir]);
            let up = world.load();
            up.healthy();
            assert_eq!(
                fs::read_link(world.dir().join("bin/old")).unwrap().components().next(),
                Some(std::path::Component::ParentDir)
            );
            assert_eq!(world.prints("old"), "3");
        },
    );
}

#[test]
fn care_says_where_tools_are_and_what_it_can_not_change() {
    alone(
        concat!(module_path!(), "::care_says_where_tools_are_and_what_it_can_not_change"),
        || {
            let world = World::new();
            let dir = world.dir().display().to_string();
            world.wants(&tool("old", "1", ""));
            world.load().stop();
            // The same size and mode: no start sees it.
            let program = world.sandbox.prefix("old").join("bin/old");
            let text = fs::read_to_string(&program).unwrap();
            fs::write(&program, text.replace('1', "7")).unwrap();
            system("mount", &["--bind", &dir, &dir]);
            system("mount", &["-o", "remount,bind,ro", &dir]);
            world.wants(&(tool("old", "1", "") + &tool("new", "2", "")));
            world.load().stop();
            let local = world.local_tools();
            let (code, answer) = world.care(&["verify", "--deep"]);
            let of = |name: &str| {
                let tools = answer["tools"].as_array().unwrap();
                tools.iter().find(|tool| tool["name"] == name).unwrap().clone()
            };
            assert_eq!((code, of("old")["status"].as_str()), (1, Some("damaged")));
            assert_eq!(of("new")["status"], "good");
            assert_eq!(of("new")["dir"], local.display().to_string());
            let (code, answer) = world.care(&["repair", "--deep"]);
            assert_eq!((code, &answer["outOfReach"][0]["name"]), (1, &"old".into()), "{answer}");
            let (code, answer) = world.care(&["gc", "--keep", "0s"]);
            assert_eq!(code, 0, "{answer}");
            let note = answer["volume"].as_str().unwrap();
            assert!(note.contains("read-only") && note.contains("local"), "{note}");
            let trail = fs::read_to_string(local.join("audit.jsonl")).unwrap();
            assert!(trail.contains("\"act\":\"volume\",\"problem\":\"read-only\""), "{trail}");
        },
    );
}

/// Makes the kernel take the ext4 at `dir` for damaged, which it then makes read-only; false
/// where that can't be done.
fn break_ext4(dir: &str) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let line = mounts.lines().find(|line| line.contains(dir)).unwrap();
    let device = line.split_once(" - ext4 /dev/").unwrap().1.split(' ').next().unwrap();
    let trigger = format!("/sys/fs/ext4/{device}/trigger_fs_error");
    fs::write(trigger, "a test of a broken volume").is_ok()
}

#[test]
fn an_ext4_that_breaks_while_a_tool_is_installed_sends_it_to_the_local_directory() {
    alone(
        concat!(
            module_path!(),
            "::an_ext4_that_breaks_while_a_tool_is_installed_sends_it_to_the_local_directory"
        ),
        || {
            let mut world = World::new();
            world.unconfined();
            let image = world.ext4(32);
            let options = ["-o", "loop,errors=remount-ro", &image];
            world.mount(&options);
            let dir = world.dir().display().to_string();
            let go = world.sandbox.path("go").display().to_string();
            let wait = format!("touch {go}.started; until [ -e {go} ]; do sleep 0.02; done");
            let good = tool("good", "1", "") + "priority = 1\n";
            world.wants(&(good + &tool("slow", "2", &wait) + "requires = [\"good\"]\n"));
            let mut up = world.start();
            wait_until("the install", || world.sandbox.path("go.started").exists());
            if !break_ext4(&dir) {
                eprintln!("no ext4 can be broken here: nothing is tried");
                return;
            }
            fs::write(&go, "").unwrap();
            up.wait_complete();
            up.degraded_by("read-only", "slow");
            assert_eq!((world.prints("good").as_str(), world.prints("slow").as_str()), ("1", "2"));
            assert!(world.local_tools().join("loader-state.json").exists());
            up.stop();
            system("umount", &[&dir]);
            system("sh", &["-c", "fsck.ext4 -y -f \"$0\"; [ $? -le 1 ]", &image]);
            world.mount(&options);
            let up = world.load();
            up.healthy();
            assert!(world.dir().join("bin/slow").exists());
        },
    );
}
