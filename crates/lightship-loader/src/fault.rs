//! Named points where a test can end the loader: `LIGHTSHIP_FAULT=POINT:MARKER` kills it with
//! SIGKILL when it reaches POINT, once: only if the file MARKER does not exist yet.
//! `POINT#3` is the third time that it is reached.
//!
//! In builds without debug assertions a point is nothing.

use std::sync::atomic::{AtomicU32, Ordering};

/// A place in an install that a test can choose to die at.
pub(crate) fn point(name: &str) {
    if cfg!(debug_assertions) {
        strike(name);
    }
}

/// How often the ordered point was reached.
static REACHED: AtomicU32 = AtomicU32::new(0);

fn strike(name: &str) {
    let Ok(order) = std::env::var("LIGHTSHIP_FAULT") else { return };
    let Some((point, marker)) = order.split_once(':') else { return };
    let (point, count) = point.split_once('#').unwrap_or((point, "1"));
    if point != name {
        return;
    }
    let reached = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
    if count.parse() == Ok(reached) && std::fs::File::create_new(marker).is_ok() {
        let pid = rustix::process::getpid();
        if rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok() {
            std::thread::park();
        }
    }
}
