//! npm packages without npm: tarballs by integrity, unpacked once into the cache.

mod tarball;
mod tree;

pub use self::tarball::{Entry, Tarball, resolve};
pub use self::tree::{Module, Modules, modules};
