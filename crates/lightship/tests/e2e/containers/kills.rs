//! Whatever is killed while tools load onto a volume, in the end all of them work, and nothing
//! that was done is lost.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::container::{Container, Plan, receipts, volume};
use crate::engines::podman;
use crate::manifest::{FOUR, uv};

/// Kills one of the container's processes, or the container; whether it still runs.
fn strike(container: &Container<'_>, kind: u32) -> bool {
    let by_name = |what: &str| {
        // The newest of those: no program of the image but the shell looks processes up.
        let line = format!(
            "for p in $(ls /proc | grep -E '^[0-9]+$' | sort -rn); do \
             read -r name </proc/$p/comm 2>/dev/null || continue; \
             case $name in {what}) kill -9 $p; echo $name; exit;; esac; done"
        );
        // It may not be there yet, as the loader waits for the gateway; or not any more.
        let mut struck = String::new();
        for _ in 0..60 {
            struck = container.exec(&line).stdout;
            if !struck.is_empty() {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(500));
        }
        if struck.is_empty() { "nobody: there was none\n".to_owned() } else { struck }
    };
    let struck = match kind {
        0 => by_name("lightship-load*"),
        1 => by_name("rustc|cc1|cargo|python3|sh|ld"),
        2 => by_name("clawdbot*"),
        3 => {
            container.kill();
            "the container\n".to_owned()
        }
        _ => {
            container.stop();
            "the container, in peace\n".to_owned()
        }
    };
    eprint!("killed: {struck}");
    kind < 3
}

#[test]
fn ten_kills_during_one_load_lose_nothing() {
    let Some(turn) = podman() else { return };
    let volume = volume();
    let tools = format!("{FOUR}{}", uv("deferred"));
    let start = || Plan::new(&turn.engine, &tools).on(volume.path()).start();
    let mut random = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    eprintln!("seed: {random}");
    let mut next = |below: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 16) % below
    };
    let mut container = start();
    let mut done = BTreeSet::new();
    for round in 0..10 {
        container.wait("the loader works", |health| {
            health["service"]["ready"] == true || health["tools"]["loading"] == true
        });
        std::thread::park_timeout(Duration::from_millis(u64::from(next(6000))));
        // Each kind twice, in an order that is another one in each run.
        let kind = if round < 5 { round } else { next(5) };
        if !strike(&container, kind) {
            drop(container);
            container = start();
        }
        let there: BTreeSet<_> = receipts(volume.path()).into_iter().collect();
        assert!(there.is_superset(&done), "lost: {:?}", done.difference(&there));
        done = there;
    }
    // The loader is started again after a crash; what failed by being killed is tried again.
    let health = container.wait("all tools are installed", |health| {
        let tools = health["tools"]["status"].as_object();
        health["service"]["ready"] == true
            && tools.is_some_and(|tools| tools.values().all(|status| status == "installed"))
    });
    let uses = "echo x | b3sum && cowsay hello >/dev/null && uv --version && \
                python3 -c 'import humanize; print(humanize.intcomma(1234567))'";
    assert!(container.exec(uses).ok().ends_with("1,234,567\n"), "{health:#}");
    let there: BTreeSet<_> = receipts(volume.path()).into_iter().collect();
    assert!(there.is_superset(&done), "lost: {:?}", done.difference(&there));
}
