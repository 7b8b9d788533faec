//! Debian packages: chosen or locked, fetched in parallel, and unpacked once into the cache.

mod fetch;
pub mod request;
pub mod unpacked;

use std::collections::BTreeMap;

pub use self::fetch::{Progress, get};
pub use self::unpacked::{Item, ItemKind, Package, Script};

/// The packages of an image by name.
pub type Packages = BTreeMap<String, Package>;
