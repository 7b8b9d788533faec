//! `lightship __tail`: prints the end of a file. The init part reads logs through it, so that a
//! volume that hangs does not hang PID 1.

use std::path::PathBuf;

use lightship_model::exit;

use crate::failure::Failure;

/// What the init part asks for.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    path: PathBuf,
    lines: usize,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    lightship_init::print_tail(&args.path, args.lines)
        .map_err(|source| Failure::Read { path: args.path.clone(), source })?;
    Ok(exit::OK)
}
