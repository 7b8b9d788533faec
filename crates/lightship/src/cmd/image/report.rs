//! `lightship image report`: a page about an image.

use std::fs;
use std::path::PathBuf;

use lightship_image::report;
use lightship_model::exit;

use super::input::Input;
use crate::failure::Failure;
use crate::out;

const EXAMPLES: &str = "\
Examples:
  lightship image report worker.tar -o worker.html
  lightship image report new.tar --against old.tar -o change.html
  lightship image report worker.tar -o - | gzip > worker.html.gz

One file that fetches nothing: a map by directory, package or layer, unpacked or compressed; what
would go with what you tick; with --against what has grown and shrunk.

Exit codes: 0; 2 wrong usage; 3 an image that can't be read; 73 the page can't be written";

/// Write a page about an image: a map of its bytes, with what-if and comparison
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// An OCI layout or archive, what `docker save` wrote, an unpacked root, a tar of one, - for
    /// standard input, or HOST/NAME:TAG in a registry
    #[arg(value_name = "IMAGE")]
    image: String,
    /// The image that it is held against
    #[arg(long, value_name = "IMAGE")]
    against: Option<String>,
    /// Where the page is written; - is standard output
    #[arg(long, short, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    #[command(flatten)]
    input: Input,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let read = |name: &String| args.input.read(name);
    let image = read(&args.image)?;
    let against = args.against.as_ref().map(read).transpose()?;
    let page = report::html(&image, against.as_ref())
        .map_err(|error| Failure::system("write the page's data")(std::io::Error::from(error)))?;
    if args.output.as_os_str() == "-" {
        out::print(&page)?;
    } else {
        fs::write(&args.output, &page)
            .map_err(|source| Failure::Write { path: args.output.clone(), source })?;
        out::print(&format!("{}\n", args.output.display()))?;
    }
    Ok(exit::OK)
}
