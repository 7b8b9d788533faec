//! The engines, one container at a time: they share the machine's network, and the gateway wants
//! a processor for itself.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use testkit::Engine;

use crate::image;

static TURN: Mutex<()> = Mutex::new(());

/// An engine that has the image, and nobody else at work beside it.
pub(crate) struct Turn {
    pub(crate) engine: Engine,
    _turn: MutexGuard<'static, ()>,
}

/// Podman with the core image; nothing where it can't be had.
pub(crate) fn podman() -> Option<Turn> {
    turn("podman", Engine::podman)
}

/// Docker Engine with the core image; nothing where it can't be had.
pub(crate) fn docker() -> Option<Turn> {
    turn("docker", Engine::docker)
}

fn turn(name: &str, start: impl Fn(&Path) -> Option<Engine>) -> Option<Turn> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: the engines are run as root");
        return None;
    }
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // The store stays for the next run: an image that is there is not loaded again.
    let engine = start(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e").join(name))?;
    if let Err(why) = engine.probe() {
        eprintln!("skipped: {name} can run no container here at all:\n{why}");
        return None;
    }
    image::load(&engine);
    Some(Turn { engine, _turn: turn })
}
