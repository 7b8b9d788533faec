//! `lightship image build`: from `[image]` of a manifest to an image.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use lightship_image::build::cache::Cache;
use lightship_image::build::compress::Compression;
use lightship_image::build::finish::{Wish, finish};
use lightship_image::build::image::Image;
use lightship_image::build::layer_cache::LayerCache;
use lightship_image::build::make::{Built, Request, Step, make};
use lightship_image::build::sbom::{self, Bill};
use lightship_image::build::tree::{Kind, Owner};
use lightship_image::build::{directory, lock};
use lightship_image::oci::{archive, layout};
use lightship_model::exit;
use serde_json::json;

use crate::failure::Failure;
use crate::out::{self, Answer, table};
use crate::project::absolute;

const EXAMPLES: &str = "\
Examples:
  lightship image build -f images/worker.toml -o worker --tag 1.0
                                                    an OCI layout; podman run oci:worker:1.0
  lightship image build -o worker.tar --format docker-archive --tag worker:1.0
                                                    docker load -i worker.tar
  lightship image build -o root --format dir        as a directory, to look at or to chroot into
  lightship image build --locked -o worker          for CI: only what the lock names
  lightship image build --upgrade -o worker         what the mirror has now; writes the lock
  lightship image build                             the lock and the sizes alone

The same inputs make the same digests. The image's time is SOURCE_DATE_EPOCH, or that of the newest
file of its packages. Bills of what is in it (SPDX, CycloneDX) lie in the layout beside it; --sbom DIR
writes them as files, too.

Packages come from the mirrors that apt is configured for, or [registries] and LOA_DEBIAN_MIRROR
name; each is verified from the archive's signature down. Downloads are kept in LOA_IMAGE_CACHE,
or lightship/image in $XDG_CACHE_HOME. Baked tools and [image.warm] take root; nothing else does.

Exit codes: 0 built; 2 wrong usage; 3 the manifest, the lock, the mirror or a package is not what
  it must be; 73 the output can't be written";

/// Build an image from the manifest, with no daemon and no script run
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
    /// The image's name and tag, or its tag alone
    #[arg(long, value_name = "NAME:TAG", default_value = "latest")]
    tag: String,
    /// How layers are compressed: zstd, gzip or none [default: zstd, of a docker-archive gzip]
    #[arg(long, value_name = "KIND")]
    compression: Option<Compression>,
    /// How much: zstd 1 to 19, gzip 1 to 9
    #[arg(long, value_name = "N")]
    level: Option<u32>,
    /// Also write the bills of materials into this directory: image.spdx.json, image.cdx.json
    #[arg(long, value_name = "DIR", requires = "output")]
    sbom: Option<PathBuf>,
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

/// Compressed layers that no build has used for so long are removed.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// The forms of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A directory as the OCI image layout has it
    #[default]
    Oci,
    /// The same in one tar
    OciArchive,
    /// What `docker load` reads
    DockerArchive,
    /// A root directory
    Dir,
}

pub(crate) fn run(args: &Args) -> Result<u8, Failure> {
    let manifest = absolute(&args.manifest);
    let lock = args.lock.as_deref().map_or_else(|| lock::path(&manifest), absolute);
    let request = Request { manifest, lock, locked: args.locked, upgrade: args.upgrade };
    let cache = Cache::open()?;
    let quiet = args.quiet;
    let mut built = make(&request, &cache, &|step| {
        if !quiet {
            tell(&step);
        }
    })?;
    let image = output(args, &mut built, &cache);
    if let Err(Failure::Build(error)) = &image {
        cache.forget_altered(error);
    }
    let image = image?;
    print(args, &built, image.as_ref())?;
    Ok(exit::OK)
}

/// Puts what was built where it is wanted: as a directory, or as an image.
fn output(args: &Args, built: &mut Built, cache: &Cache) -> Result<Option<Image>, Failure> {
    match (&args.output, args.format, &args.sbom) {
        (None, ..) => Ok(None),
        (Some(_), Form::Dir, Some(_)) => {
            Err(Failure::Option("bills are of an image, and `--format dir` makes none".to_owned()))
        }
        (Some(output), Form::Dir, None) => {
            let owners = rustix::process::geteuid().is_root();
            directory::write(&built.tree, output, owners)?;
            Ok(None)
        }
        (Some(output), form, sbom) => {
            let (image, bill) = write(args, form, output, built, cache)?;
            if let Some(dir) = sbom {
                sbom::write(dir, &bill)
                    .map_err(|source| Failure::Write { path: dir.clone(), source })?;
            }
            Ok(Some(image))
        }
    }
}

/// Makes the image and writes it.
fn write(
    args: &Args,
    form: Form,
    output: &Path,
    built: &mut Built,
    cache: &Cache,
) -> Result<(Image, Bill), Failure> {
    let usual = if form == Form::DockerArchive { Compression::GZIP } else { Compression::ZSTD };
    let compression = args.compression.unwrap_or(usual);
    let compression = match args.level {
        Some(level) => compression.with_level(level).map_err(Failure::Option)?,
        None => compression,
    };
    let wish = Wish {
        name: args.tag.clone(),
        compression,
        epoch: std::env::var("SOURCE_DATE_EPOCH").ok(),
        threads: std::thread::available_parallelism().map_or(1, NonZero::get),
    };
    let layers = LayerCache::at(&cache.layers_dir());
    let (image, bill) = finish(built, &wish, &layers)?;
    match form {
        Form::OciArchive => drop(archive::write_oci(output, &image, &args.tag)?),
        Form::DockerArchive => drop(archive::write_docker(output, &image, &args.tag)?),
        Form::Oci | Form::Dir => drop(layout::write(output, &image, &args.tag)?),
    }
    // What is kept for nobody costs room and nothing else.
    drop(layers.prune(KEPT));
    Ok((image, bill))
}

/// A line a step, on standard error: the answer alone is on standard output.
fn tell(step: &Step<'_>) {
    let line = match step {
        Step::Choosing => "reading the package lists".to_owned(),
        Step::Package(package) => {
            format!("fetched {} {} ({})", package.name, package.version, bytes(package.size))
        }
        Step::Tarball(tarball) => format!("fetched npm:{}@{}", tarball.package, tarball.version),
        Step::Baking(line) | Step::Warming(line) => (*line).to_owned(),
        Step::Locked(path) => format!("wrote {path}"),
    };
    // Who does not read it misses nothing that counts.
    drop(writeln!(io::stderr(), "{line}"));
}

fn print(args: &Args, built: &Built, image: Option<&Image>) -> Result<(), Failure> {
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
            "digest": image.map(|image| image.manifest.digest.to_string()),
            "config": image.map(|image| image.config.digest.to_string()),
            "layers": image.map(|image| image.layers.iter().map(|layer| json!({
                "digest": layer.compressed.digest.to_string(),
                "compressed": layer.compressed.size,
                "bytes": layer.compressed.plain,
            })).collect::<Vec<_>>()),
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
            let image = image.map_or(String::new(), |image| {
                let packed = image.layers.iter().map(|layer| layer.compressed.size).sum();
                let (digest, count) = (&image.manifest.digest, image.layers.len());
                format!("{digest}: {count} layers, {} compressed\n", bytes(packed))
            });
            out::print(&(table(&cells) + &notes.collect::<String>() + &sum + &image))
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
        Owner::Warm => "(caches)".to_owned(),
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
