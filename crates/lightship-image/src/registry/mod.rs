//! Registries, over the distribution API: images are pulled into a layout, pushed from one, and
//! read where they are.
//!
//! A blob is never believed: what is pulled has the digest that was asked for, or is an error.
//! What is pushed keeps its bytes, so an image has the same digest wherever it is.

mod answer;
mod auth;
mod blob;
mod challenge;
mod client;
mod credentials;
mod error;
mod image;
mod pull;
mod push;
mod reference;
mod referrers;

pub use self::blob::BlobReader;
pub use self::client::{Access, Client, Found, Options};
pub use self::error::RegistryError;
pub use self::image::image;
pub use self::pull::{Pulled, pull};
pub use self::push::{Pushed, push};
pub use self::reference::{Reference, ReferenceError, Version};

/// Blobs that are under way at once: registries limit clients, and one connection seldom fills a
/// line.
const AT_ONCE: usize = 4;
