//! `lightship image push`: from a layout on the disk into a registry.

use std::path::PathBuf;

use lightship_image::registry::{self, Pushed, Reference};
use lightship_model::exit;
use serde_json::json;

use super::connection::Connection;
use crate::failure::Failure;
use crate::out::{self, Answer};

const EXAMPLES: &str = "\
Examples:
  lightship image push build/worker registry.example/team/worker:1.0
  lightship image push build/all registry.example/team/worker:1.0 --tag worker
  lightship image push build/worker registry.example/team/b:1 --mount team/a    share its layers
  lightship image push build/worker localhost:5000/worker

What the registry has is not sent again; bills of materials go with the image. Credentials are
those of `docker login` or `podman login`: ~/.docker/config.json or REGISTRY_AUTH_FILE.

Exit codes: 0 it is there; 2 wrong usage; 3 the layout can't be read, or the registry refuses";

/// Send an image to a registry
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// An OCI layout
    #[arg(value_name = "LAYOUT")]
    layout: PathBuf,
    /// Where to: HOST[:PORT]/NAME[:TAG]
    #[arg(value_name = "REF")]
    reference: Reference,
    /// Which image of the layout, where there are several
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// A repository of the same registry that may have some of the layers
    #[arg(long, value_name = "NAME")]
    mount: Option<String>,
    #[command(flatten)]
    connection: Connection,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Answer,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let Args { layout, reference, tag, mount, connection, format } = args;
    let options = connection.options();
    let pushed = registry::push(layout, tag.as_deref(), reference, mount.as_deref(), &options)?;
    let Pushed { digest, sent, kept } = pushed;
    match format {
        Answer::Json => out::print_json(&json!({
            "reference": reference.to_string(),
            "digest": digest.to_string(),
            "sent": sent,
            "kept": kept,
        }))?,
        Answer::Text => {
            out::print(&format!("{reference}\n{digest}\n{sent} blobs sent, {kept} were there\n"))?;
        }
    }
    Ok(exit::OK)
}
