//! `lightship image build`: from `[image]` of a manifest to an image.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use lightship_image::build::cache::Cache;
use lightship_image::build::make::{Built, Request, Step, make};
use lightship_image::build::tree::{Kind, Owner};
use lightship_image::build::{directory, lock};
use lightship_model::exit;
use serde_json::json;

use crate::failure::Failure;
use crate::out::{self, Answer, table};
use crate::project::absolute;

const EXAMPLES: &str = "\
Examples:
  lightship image build -o root --format dir        as a directory, to look at or to chroot into
  lightship image build -f images/worker.toml -o worker --format dir
  lightship image build --locked -o root            for CI: only what the lock names
  lightship image build --upgrade -o root           what the mirror has now; writes the lock
  lightship image build                             the lock and the sizes alone

Packages come from the mirrors that apt is configured for, or [registries] and LOA_DEBIAN_MIRROR
name; each is verified from the archive's signature down. Downloads are kept in LOA_IMAGE_CACHE,
or lightship/image in $XDG_CACHE_HOME.

Exit codes: 0 built; 2 wrong usage; 3 the manifest, the lock, the mirror or a package is not what
  it must be; 73 the output can't be written";

/// Build an image from the manifest, without a daemon and without running a package's scripts
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Manifest to read
    #[arg(long, short = 'f', value_name = "FILE", default_value = "lightship.toml")]
    manifest: PathBuf,
    /// Where the image goes
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// In which form
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    /// Lock file [default: beside the manifest, lightship.image.lock for lightship.toml]
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// Refuse to build what the lock does not name
    #[arg(long, conflicts_with = "upgrade")]
    locked: bool,
    /// Choose the packages anew
    #[arg(long)]
    upgrade: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    answer: Answer,
    /// Print nothing while it works
    #[arg(long, short)]
    quiet: bool,
}

/// The forms of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A root directory
    #[default]
    Dir,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let manifest = absolute(&args.manifest);
    let lock = args.lock.as_deref().map_or_else(|| lock::path(&manifest), absolute);
    let request = Request { manifest, lock, locked: args.locked, upgrade: args.upgrade };
    let cache = Cache::open()?;
    let quiet = args.quiet;
    let built = make(&request, &cache, &|step| {
        if !quiet {
            tell(&step);
        }
    })?;
    if let Some(output) = &args.output {
        let owners = rustix::process::geteuid().is_root();
        match args.format {
            Form::Dir => directory::write(&built.tree, output, owners)?,
        }
    }
    print(args, &built)?;
    Ok(exit::OK)
}

/// A line a step, on standard error: the answer alone is on standard output.
fn tell(step: &Step<'_>) {
    let line = match step {
        Step::Choosing => "reading the package lists".to_owned(),
        Step::Package(package) => {
            format!("fetched {} {} ({})", package.name, package.version, bytes(package.size))
        }
        Step::Tarball(tarball) => format!("fetched npm:{}@{}", tarball.package, tarball.version),
        Step::Baking(line) => (*line).to_owned(),
        Step::Locked(path) => format!("wrote {path}"),
    };
    // Who does not read it misses nothing that counts.
    drop(writeln!(io::stderr(), "{line}"));
}

fn print(args: &Args, built: &Built) -> Result<(), Failure> {
    let mut sizes: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut total = 0;
    for node in built.tree.0.values() {
        if let Kind::File(content) = &node.kind {
            let row = sizes.entry(owner(&node.owner)).or_default();
            *row = (row.0 + content.size, row.1 + 1);
            total += content.size;
        }
    }
    let output = args.output.as_deref().map(Path::display).map(|path| path.to_string());
    match args.answer {
        Answer::Json => out::print_json(&json!({
            "output": output,
            "bytes": total,
            "paths": built.tree.0.len(),
            "parts": sizes.iter().map(|(name, (bytes, files))| {
                json!({ "name": name, "bytes": bytes, "files": files })
            }).collect::<Vec<_>>(),
            "notes": built.selection.notes,
        })),
        Answer::Text => {
            let mut rows: Vec<_> = sizes.into_iter().collect();
            rows.sort_by_key(|(name, (bytes, _))| (std::cmp::Reverse(*bytes), name.clone()));
            let mut cells = vec![["PART", "SIZE", "FILES"].map(str::to_owned)];
            cells.extend(
                rows.into_iter()
                    .map(|(name, (size, files))| [name, bytes(size), files.to_string()]),
            );
            let notes = built.selection.notes.iter().map(|note| format!("note: {note}\n"));
            let place = output.map_or(String::new(), |path| format!(" in {path}"));
            let paths = built.tree.0.len();
            let sum = format!("{} of files, {paths} paths{place}\n", bytes(total));
            out::print(&(table(&cells) + &notes.collect::<String>() + &sum))
        }
    }
}

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Base => "(base)".to_owned(),
        Owner::Package(name) => name.clone(),
        Owner::Tool(name) => format!("tool {name}"),
        Owner::Npm(name) => format!("npm {name}"),
        Owner::Files => "(files)".to_owned(),
    }
}

/// Megabytes with two digits behind the point, as sizes of images are told.
fn bytes(size: u64) -> String {
    match size {
        0..1000 => format!("{size} B"),
        1000..1_000_000 => format!("{}.{} kB", size / 1000, size % 1000 / 100),
        _ => format!("{}.{:02} MB", size / 1_000_000, size % 1_000_000 / 10_000),
    }
}
