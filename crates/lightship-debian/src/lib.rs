//! Debian's archive without apt: signed indexes, package lists, choosing packages, and reading
//! them. No maintainer script is ever run.
