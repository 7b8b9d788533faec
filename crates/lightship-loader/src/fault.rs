//! Named points where a test can end the loader: `LIGHTSHIP_FAULT=POINT:MARKER` kills it with
//! SIGKILL when it reaches POINT, once: only if the file MARKER does not exist yet.
//!
//! In builds without debug assertions a point is nothing.

/// A place in an install that a test can choose to die at.
pub(crate) fn point(name: &str) {
    if cfg!(debug_assertions) {
        strike(name);
    }
}

fn strike(name: &str) {
    let Ok(order) = std::env::var("LIGHTSHIP_FAULT") else { return };
    let Some((point, marker)) = order.split_once(':') else { return };
    if point == name && std::fs::File::create_new(marker).is_ok() {
        let pid = rustix::process::getpid();
        if rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok() {
            std::thread::park();
        }
    }
}
