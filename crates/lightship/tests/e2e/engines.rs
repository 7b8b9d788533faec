//! The engines, one container at a time: they share the machine's network, and the gateway wants
//! a processor for itself.

use std::path::{Path, PathBuf};
use std::process::Command;
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
    if let Err(why) = probe(&engine) {
        eprintln!("skipped: {name} can run no container here at all:\n{why}");
        return None;
    }
    image::load(&engine);
    Some(Turn { engine, _turn: turn })
}

/// Whether the engine can run anything on this machine: an image of one static file, that nothing
/// of ours has built.
fn probe(engine: &Engine) -> Result<(), String> {
    const NAME: &str = "lightship-e2e/probe:test";
    let place = tempfile::tempdir().unwrap();
    let tar = place.path().join("probe.tar");
    let shipped = shipped_init();
    let mut pack = Command::new("tar");
    pack.arg("-cf").arg(&tar).arg("-C").arg(shipped.parent().unwrap());
    assert!(pack.arg(shipped.file_name().unwrap()).status().unwrap().success());
    let imported = engine.call(["import", tar.to_str().unwrap(), NAME]);
    if imported.code != Some(0) {
        return Err(imported.stderr);
    }
    let words = ["run", "--rm"].into_iter().chain(engine.run_words().iter().copied());
    let ran = engine.call(words.chain([NAME, "/lightship-init", "--version"]));
    if ran.code == Some(0) { Ok(()) } else { Err(ran.stderr) }
}

/// What `./dist` has built.
fn shipped_init() -> PathBuf {
    std::env::var_os("LIGHTSHIP_INIT_BINARY").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/dist/lightship-init"),
        PathBuf::from,
    )
}
