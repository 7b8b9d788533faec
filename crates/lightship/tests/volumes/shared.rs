//! Two containers on one volume: with locks, and with locks that keep nobody out.

use std::fs;
use std::process::Command;

use lightship_model::event::What;

use crate::alone::alone;
use crate::world::{Up, World, tool};

/// A `flock` that lies, on files below `$NO_FLOCK` alone: as network file systems have it, where
/// each machine keeps its own locks. A library of the C compiler's, put before the real one.
const LYING_FLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int flock(int fd, int operation) {
    char link[64], path[4096];
    const char *below = getenv("NO_FLOCK");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (below && length > 0) {
        path[length] = 0;
        if (strncmp(path, below, strlen(below)) == 0) return 0;
    }
    int (*real)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
    return real(fd, operation);
}
"#;

/// A world on a tmpfs, with a lying `flock` if asked for.
fn world(locks: bool) -> Option<World> {
    let mut world = World::new();
    world.unconfined();
    world.mount(&["-t", "tmpfs", "tmpfs"]);
    if !locks {
        let (source, library) = (world.sandbox.path("flock.c"), world.sandbox.path("flock.so"));
        fs::write(&source, LYING_FLOCK).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source);
        if !compiler.status().is_ok_and(|status| status.success()) {
            eprintln!("there is no C compiler here: nothing is tried");
            return None;
        }
        world.sandbox.set("LD_PRELOAD", library);
        world.sandbox.set("NO_FLOCK", world.dir());
        world.sandbox.set("LOA_LEASE_TERM", "2");
    }
    Some(world)
}

/// Three tools; in each a second installer at work would be noticed.
fn tools(world: &World) -> String {
    let log = world.sandbox.path("log").display().to_string();
    let each = ["one", "two", "three"].map(|name| {
        let before = format!(
            "[ ! -e \"$PREFIX/busy\" ]; touch \"$PREFIX/busy\"; echo {name} >> {log}; sleep 0.2; \
             [ -e \"$PREFIX/busy\" ]; rm \"$PREFIX/busy\""
        );
        tool(name, name, &before)
    });
    each.concat()
}

fn installs(world: &World) -> Vec<String> {
    let log = fs::read_to_string(world.sandbox.path("log")).unwrap_or_default();
    let mut names: Vec<String> = log.lines().map(str::to_owned).collect();
    names.sort();
    names
}

fn both_finish(world: &World, mut first: Up, mut second: Up) {
    first.wait_complete();
    second.wait_complete();
    first.healthy();
    second.healthy();
    assert_eq!(installs(world), ["one", "three", "two"], "each was installed once");
    for name in ["one", "two", "three"] {
        assert_eq!(world.prints(name), name);
    }
    let lease = world.dir().join("v1/lease.json");
    testkit::process::wait_until("the lease to be given back", || !lease.exists());
    let waited = first.warnings().into_iter().chain(second.warnings());
    let waited: Vec<&str> = waited.filter(|text| text.contains("waiting for it")).collect();
    assert!(waited.iter().all(|text| text.contains(", boot ")), "{waited:?}");
}

#[test]
fn two_containers_at_once_install_each_tool_once() {
    alone(concat!(module_path!(), "::two_containers_at_once_install_each_tool_once"), || {
        let Some(world) = world(true) else { return };
        world.wants(&tools(&world));
        both_finish(&world, world.container("a"), world.container("b"));
    });
}

#[test]
fn where_locks_keep_nobody_out_a_lease_does() {
    alone(concat!(module_path!(), "::where_locks_keep_nobody_out_a_lease_does"), || {
        let Some(world) = world(false) else { return };
        world.wants(&tools(&world));
        let (first, second) = (world.container("a"), world.container("b"));
        both_finish(&world, first, second);
    });
}

#[test]
fn the_lease_of_a_container_that_was_killed_runs_out_and_its_work_is_done_again() {
    alone(
        concat!(
            module_path!(),
            "::the_lease_of_a_container_that_was_killed_runs_out_and_its_work_is_done_again"
        ),
        || {
            let Some(world) = world(false) else { return };
            let go = world.sandbox.path("go").display().to_string();
            let hangs = format!("touch {go}.began; until [ -e {go} ]; do sleep 0.02; done");
            world.wants(&tool("one", "1", &hangs));
            let first = world.container("a");
            testkit::process::wait_until("the install", || world.sandbox.path("go.began").exists());
            let mut second = world.container("b");
            let said = second.wait_for("warning", |what| match what {
                What::Warning { message } => Some(message.clone()),
                _ => None,
            });
            assert!(
                said.contains("another loader (process ") && said.contains(", boot "),
                "{said}"
            );
            fs::write(world.sandbox.path("go"), "").unwrap();
            first.kill();
            second.wait_complete();
            second.healthy();
            assert_eq!(world.prints("one"), "1");
        },
    );
}

#[test]
fn a_volume_without_locks_says_so() {
    alone(concat!(module_path!(), "::a_volume_without_locks_says_so"), || {
        let Some(world) = world(false) else { return };
        world.wants(&tool("one", "1", ""));
        let up = world.load();
        up.healthy();
        let lacks = &up.health()["loader"]["volume"]["abilities"]["lacks"];
        assert_eq!(lacks["flock"], "two had the lock at once", "{lacks}");
    });
}
