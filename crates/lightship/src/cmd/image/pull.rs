//! `lightship image pull`: from a registry into a layout on the disk.

use std::path::PathBuf;

use lightship_image::oci::Platform;
use lightship_image::registry::{self, Pulled, Reference};
use lightship_model::exit;
use serde_json::json;

use super::connection::Connection;
use crate::failure::Failure;
use crate::out::{self, Answer};

const EXAMPLES: &str = "\
Examples:
  lightship image pull registry.example/team/worker:1.0 -o build/worker
  lightship image pull registry.example/team/worker@sha256:… -o build/worker
  lightship image pull registry.example/team/worker:1.0 -o build/arm --platform linux/arm64

Every blob is checked. An index is pulled with all its platforms, so that its digest is the same
here; --platform takes one of them. What is in the layout already is not fetched again.

Exit codes: 0 it is there; 2 wrong usage; 3 the registry refuses, or gives something else";

/// Get an image from a registry
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Which: HOST[:PORT]/NAME[:TAG][@DIGEST]
    #[arg(value_name = "REF")]
    reference: Reference,
    /// The OCI layout to put it into; made if it is not there
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Only this platform of several, as in linux/arm64
    #[arg(long, value_name = "OS/ARCH", value_parser = platform)]
    platform: Option<Platform>,
    #[command(flatten)]
    connection: Connection,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let Args { reference, output, platform, connection, format } = args;
    let options = connection.options();
    let pulled = registry::pull(reference, output, platform.as_ref(), &options)?;
    let Pulled { digest, fetched, kept } = pulled;
    match format {
        Answer::Json => out::print_json(&json!({
            "reference": reference.to_string(),
            "digest": digest.to_string(),
            "layout": output,
            "fetched": fetched,
            "kept": kept,
        }))?,
        Answer::Text => {
            out::print(&format!("{digest}\n{fetched} blobs fetched, {kept} were there\n"))?;
        }
    }
    Ok(exit::OK)
}

/// `OS/ARCH` or `OS/ARCH/VARIANT`.
fn platform(text: &str) -> Result<Platform, String> {
    let mut parts = text.split('/').map(str::to_owned);
    let (os, architecture, variant) = (parts.next(), parts.next(), parts.next());
    match (os, architecture, parts.next()) {
        (Some(os), Some(architecture), None) if !os.is_empty() && !architecture.is_empty() => {
            Ok(Platform { architecture, os, variant })
        }
        _ => Err("it looks like linux/amd64".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_two_words_or_three() {
        let arm = platform("linux/arm64/v8").unwrap();
        assert_eq!((arm.os.as_str(), arm.architecture.as_str()), ("linux", "arm64"));
        assert_eq!(arm.variant.as_deref(), Some("v8"));
        for bad in ["linux", "linux/", "/amd64", "a/b/c/d"] {
            assert!(platform(bad).is_err(), "{bad}");
        }
    }
}
