//! `lightship __unpack`: the loader part's confined child that unpacks an archive.

use std::path::PathBuf;

/// What the loader part tells it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that says what to unpack, and where.
    order: PathBuf,
}

pub(crate) fn run(args: &Args) -> u8 {
    lightship_loader::main_unpack(&args.order)
}
