//! A volume with what another machine, another user or another time wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::alone::{alone, system};
use crate::world::{World, tool};

#[test]
fn a_program_of_another_processor_is_installed_anew_and_another_platforms_tools_stay() {
    alone(
        concat!(
            module_path!(),
            "::a_program_of_another_processor_is_installed_anew_and_another_platforms_tools_stay"
        ),
        || {
            let world = World::new();
            world.mount(&["-t", "tmpfs", "tmpfs"]);
            let manifest = "[tools.one]\nbins = [\"one\"]\nscript = { run = [\"sh\", \"-ec\", \
                        \"mkdir $PREFIX/bin; cp /bin/true $PREFIX/bin/one\"] }\n";
            world.wants(manifest);
            world.load().healthy();
            let (path, receipt) = world.sandbox.receipts().remove("one").unwrap();
            // What a machine of another kind installed: its key, and so its name, is another one.
            let theirs = receipt.slug().replace(receipt.key.short(), "0123456789ab");
            let digest = receipt.key.to_string();
            let text = fs::read_to_string(&path).unwrap();
            let text = text.replace(&digest, &format!("0123456789ab{}", &digest[12..]));
            fs::write(path.with_file_name(format!("{theirs}.json")), text).unwrap();
            let store = world.dir().join("v1/store");
            let shown = |slug: &str| store.join(slug).display().to_string();
            system("cp", &["-a", &shown(&receipt.slug()), &shown(&theirs)]);
            // And a program for another processor under our own key.
            let program = store.join(receipt.slug()).join("bin/one");
            let mut bytes = fs::read(&program).unwrap();
            bytes[18..20].copy_from_slice(&[0xf3, 0]);
            fs::write(&program, bytes).unwrap();
            let up = world.load();
            up.healthy();
            let plan = format!("{:?}", up.seen);
            assert!(plan.contains("is for another processor"), "{plan}");
            assert_eq!(world.prints("one"), "");
            assert!(store.join(&theirs).join("bin/one").exists(), "it is somebody's");
            assert_eq!(world.sandbox.acts("install").len(), 2);
        },
    );
}

#[test]
fn a_clock_that_was_set_back_changes_nothing() {
    alone(concat!(module_path!(), "::a_clock_that_was_set_back_changes_nothing"), || {
        let world = World::new();
        world.wants(&tool("one", "1", ""));
        world.load().healthy();
        let (path, _) = world.sandbox.receipts().remove("one").unwrap();
        for path in [path, world.dir().join("loader-state.json")] {
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replace("\"20", "\"21")).unwrap();
        }
        world.wants(&(tool("one", "1", "") + &tool("two", "2", "")));
        world.load().healthy();
        assert_eq!(world.sandbox.acts("install"), ["one", "two"]);
    });
}

#[test]
fn another_users_volume_is_used_as_it_is_and_not_written() {
    alone(
        concat!(module_path!(), "::another_users_volume_is_used_as_it_is_and_not_written"),
        || {
            let mut world = World::new();
            world.wants(&tool("old", "1", ""));
            world.load().healthy();
            let before = World::files(&world.dir());
            let own = world.sandbox.path("own");
            fs::create_dir(&own).unwrap();
            // The sandbox is root's alone otherwise.
            fs::set_permissions(world.sandbox.path(""), fs::Permissions::from_mode(0o755)).unwrap();
            std::os::unix::fs::chown(&own, Some(65534), Some(65534)).unwrap();
            world.sandbox.set("LOA_LOCAL_DIR", own.join("local"));
            world.sandbox.set("HOME", &own);
            world.wants(&(tool("old", "1", "") + &tool("new", "2", "")));
            let plain = world.command();
            let mut command: Command = world.sandbox.command("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command.arg(plain.get_program()).args(plain.get_args());
            let mut up = crate::world::Up::start(command);
            up.wait_complete();
            up.degraded_by("denied", "Permission denied");
            let path = format!(
                "{}:{}",
                world.local_tools().join("bin").display(),
                world.dir().join("bin").display()
            );
            for (name, says) in [("old", "1"), ("new", "2")] {
                let mut command = world.sandbox.command("sh");
                command.args(["-c", name]).env("PATH", format!("{path}:/usr/bin:/bin"));
                assert_eq!(testkit::output(&mut command), says);
            }
            assert_eq!(World::files(&world.dir()), before);
        },
    );
}
