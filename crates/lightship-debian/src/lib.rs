//! Debian's archive without apt: signed indexes, package lists, choosing packages, and reading
//! them. No maintainer script is ever run.
//!
//! Nothing here opens a connection or looks at a clock: the caller fetches bytes and gives the
//! time. In the order in which a caller needs them:
//!
//! 1. [`sources`]: where apt would look, and whom it would trust.
//! 2. [`openpgp`]: signatures and keys, those of Debian pinned in [`openpgp::pinned`].
//! 3. [`release`]: a suite's signed list of its indexes. There is no way to read one unverified.
//! 4. [`index`]: the packages of one or more suites.
//! 5. [`resolve`]: which of them are needed.
//! 6. [`deb`] and [`tree`]: what is in a package, and unpacking it.
//!
//! Signatures are read by a few hundred lines of our own over `ring`, which is in the tree for
//! TLS already: the crates for it bring some 185 others, for the two kinds of signature that
//! archives use.

pub mod compress;
pub mod control;
pub mod deb;
pub mod index;
pub mod openpgp;
pub mod relation;
pub mod release;
pub mod resolve;
pub mod sources;
pub mod tree;
pub mod useful;
pub mod version;
