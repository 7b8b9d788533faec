//! Baked tools: installed by lightship itself, in the root file system that the image will have,
//! so that nothing of the building machine is taken for a tool or gets into one.
//!
//! The tree so far is written out and entered, in a mount namespace of its own, with the tool
//! directory of the cache as `/opt/lightship`: what is installed there for one build is there for
//! the next. It takes root.

mod machine;
mod pack;

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::Command;

use lightship_model::digest::Digest;
use lightship_model::manifest::Text;

use self::machine::Machine;
pub use self::pack::Packed;
use super::BuildError;
use super::cache::Cache;
use super::room::{Entry, Room, only_root};
use super::spec::Spec;
use super::tree::{Kind, Tree};

/// Where baked tools are in an image.
const ROOT: &str = "opt/lightship";

/// The manifest, in the root.
const MANIFEST: &str = "/run/lightship/lightship.toml";

/// The word for what was packed, in the cache.
const KIND: &str = "baked1";

/// What is baked into what.
#[derive(Debug)]
pub struct Order<'a> {
    pub spec: &'a Spec,
    pub manifest: &'a Path,
    /// The manifest's texts, lowest first.
    pub texts: &'a [Text],
    /// The image without the tools.
    pub tree: &'a Tree,
    pub cache: &'a Cache,
}

/// Installs the tools, or finds them installed; `told` hears lines of what goes on.
///
/// # Errors
/// When this is not root, a tool fails, or the disk does.
pub fn install(order: &Order<'_>, told: &dyn Fn(&str)) -> Result<Packed, BuildError> {
    let key = key(order);
    if let Some(packed) = order.cache.index::<Packed>(KIND, &key)
        && packed.is_here()
    {
        return Ok(packed);
    }
    only_root(&format!("baking tools ({})", order.spec.baked.join(", ")))?;
    let tools = order.cache.tools_dir(&Digest::of(order.manifest.as_os_str().as_encoded_bytes()));
    order.run(&tools, told)?;
    let packed = Packed::of(&tools)?;
    order.cache.note(KIND, &key, &packed)?;
    Ok(packed)
}

/// A digest of all that the tools depend on: the manifest, and the root that they are made in.
fn key(order: &Order<'_>) -> Digest {
    let mut text = String::new();
    for manifest in order.texts {
        text += &manifest.text;
        text.push('\0');
    }
    for (path, node) in &order.tree.0 {
        // The manifest itself is in the root, and above.
        if let Kind::File(content) = &node.kind
            && !path.starts_with("etc/")
        {
            text.push_str(path);
            text.push_str(content.digest.as_str());
        }
    }
    Digest::of(text.as_bytes())
}

impl Order<'_> {
    fn run(&self, tools: &Path, told: &dyn Fn(&str)) -> Result<(), BuildError> {
        let place = Room::make(self.tree, self.cache)?;
        let root = place.root();
        for path in [root.join(ROOT), tools.to_owned()] {
            fs::create_dir_all(&path).map_err(BuildError::io("make", &path))?;
        }
        let machine = Machine::look().map_err(BuildError::io("look at", "/"))?;
        machine.equip(&root).map_err(BuildError::io("write into", &root))?;
        self.manifests(&root)?;
        let to = format!("/{ROOT}");
        let entry = Entry {
            env: machine.vars(),
            bind: Some((tools, &to)),
            alone: false,
            ids: (0, 0),
            dir: "/",
        };
        let words = |verb: &[&str]| -> Vec<String> {
            let whole = ["--manifest", MANIFEST, "--tool-dir", &to];
            let words = [machine::PROGRAM, "tools"].iter().chain(verb).chain(&whole);
            words.map(|word| (*word).to_owned()).collect()
        };
        let mut install = words(&["install"]);
        install.extend(self.spec.baked.iter().cloned());
        run(place.enter(&entry, &install), told)?;
        // What an earlier manifest wanted is not for this image.
        run(place.enter(&entry, &words(&["gc", "--keep", "0s"])), &|_| ())
    }

    /// The manifest with all that it extends, as it lies beside each other here.
    fn manifests(&self, root: &Path) -> Result<(), BuildError> {
        for (from, to) in super::local::manifests(self.manifest, self.texts)? {
            let to = to.replacen("/etc/", "run/lightship/", 1);
            let to = root.join(to);
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder).map_err(BuildError::io("make", folder))?;
            }
            fs::copy(&from, &to).map_err(BuildError::io("copy", &from))?;
        }
        Ok(())
    }
}

fn run(mut command: Command, told: &dyn Fn(&str)) -> Result<(), BuildError> {
    let no_run = |error: io::Error| {
        BuildError::Input(format!(
            "can't run `setpriv` and `unshare` (util-linux) to enter the image's root: {error}"
        ))
    };
    let mut child = command.spawn().map_err(no_run)?;
    let mut last = Vec::new();
    // Both streams are lines for people; what fails is told last.
    let errors = child.stderr.take().map(|stream| {
        std::thread::Builder::new()
            .spawn(move || BufReader::new(stream).lines().map_while(Result::ok).collect::<Vec<_>>())
    });
    for line in child.stdout.take().into_iter().flat_map(|stream| BufReader::new(stream).lines()) {
        let line = line.map_err(no_run)?;
        told(&line);
        last.push(line);
    }
    let status = child.wait().map_err(no_run)?;
    if let Some(Ok(thread)) = errors
        && let Ok(lines) = thread.join()
    {
        last.extend(lines);
    }
    if status.success() {
        return Ok(());
    }
    let from = last.len().saturating_sub(12);
    Err(BuildError::Input(format!("the tools can't be baked:\n{}", last[from..].join("\n"))))
}
