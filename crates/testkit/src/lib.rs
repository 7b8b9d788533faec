//! What lightship's tests stand on: a directory of a test's own with a hermetic environment, the
//! loader as a real process, registries on the loopback that the real clients speak to, and a
//! real browser and real container engines.
//!
//! Nothing here knows what is right; it only makes things happen and shows what came of them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on has failed")]

pub mod archive;
mod base64;
pub mod browser;
pub mod console;
mod done;
mod engine;
pub mod groups;
mod image_registry;
mod loader;
pub mod process;
mod registry;
mod run;
mod sandbox;
mod server;
mod tree;
mod web;

pub use self::done::Done;
pub use self::engine::Engine;
pub use self::image_registry::ImageRegistry;
pub use self::loader::Loader;
pub use self::registry::{
    CrateRelease, DebFile, DebianArchive, NpmPackage, Registry, Wheel, WheelRelease,
};
pub use self::run::Run;
pub use self::sandbox::{Sandbox, output};
pub use self::server::{Fault, Server};
pub use self::tree::{Tree, files_with_digests};
pub use self::web::{Answer, Asked, Web};
