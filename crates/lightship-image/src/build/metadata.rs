//! What scanners read about Debian packages: a control paragraph and the sums of the files in
//! `var/lib/dpkg/status.d`, a pair of files for each package, as distroless images have it. So
//! packages of several layers share no file.
//!
//! The sums are those of files that are there: a sliced package is not said to be whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use lightship_model::digest::Digest;

use super::tree::{Content, Kind, Node, Owner, Place, Stratum, Tree};

const STATUS: &str = "var/lib/dpkg/status.d";

/// What a package says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// As [`Owner::Package`] has it.
    pub name: String,
    /// The paragraph of its `control` file.
    pub control: String,
    /// Its `md5sums`: a sum, two blanks and a path on each line. Empty where it has none.
    pub md5sums: String,
}

/// The files about `packages`, each in the lowest layer that has something of its package.
/// Nothing about packages of which nothing is in the tree.
pub fn nodes(tree: &Tree, packages: &[Package]) -> BTreeMap<String, Node> {
    let mut shipped: BTreeMap<&str, (Stratum, u64)> = BTreeMap::new();
    for node in tree.0.values() {
        if let (Owner::Package(name), false) = (&node.owner, node.kind == Kind::Directory) {
            let (stratum, newest) = shipped.entry(name).or_insert((node.stratum, 0));
            *stratum = node.stratum.min(*stratum);
            *newest = node.mtime.max(*newest);
        }
    }
    let mut nodes = BTreeMap::new();
    for package in packages {
        let Some((stratum, mtime)) = shipped.get(package.name.as_str()) else { continue };
        let mut add = |path: String, text: String| {
            nodes.insert(path, file(text.as_bytes(), *stratum, *mtime));
        };
        let control = format!("{}\n", package.control.trim_end());
        add(format!("{STATUS}/{}", package.name), control);
        add(format!("{STATUS}/{}.md5sums", package.name), sums(tree, package));
    }
    nodes
}

/// The lines of `md5sums` whose files are there, with the paths that they have here.
fn sums(tree: &Tree, package: &Package) -> String {
    let mut lines: Vec<(String, &str)> = Vec::new();
    for line in package.md5sums.lines() {
        let Some((sum, path)) = line.split_once(char::is_whitespace) else { continue };
        let path = merged(path.trim_start().trim_start_matches("./").trim_start_matches('/'));
        let node = tree.0.get(&path);
        let ours = node.is_some_and(|node| {
            matches!(&node.owner, Owner::Package(name) if *name == package.name)
                && matches!(node.kind, Kind::File(_))
        });
        if ours {
            lines.push((path, sum));
        }
    }
    lines.sort();
    let mut text = String::new();
    for (path, sum) in lines {
        text.extend([sum, "  ", path.as_str(), "\n"]);
    }
    text
}

/// Where a path of a package lies when `usr` is merged.
fn merged(path: &str) -> String {
    let top = path.split('/').next().unwrap_or_default();
    match top {
        "bin" | "sbin" | "lib" | "lib32" | "lib64" | "libx32" => format!("usr/{path}"),
        _ => path.to_owned(),
    }
}

fn file(bytes: &[u8], stratum: Stratum, mtime: u64) -> Node {
    let bytes: Arc<[u8]> = bytes.into();
    let (size, digest) = (bytes.len() as u64, Digest::of(&bytes));
    Node {
        kind: Kind::File(Content { size, digest, place: Place::Memory(bytes) }),
        mode: 0o644,
        uid: 0,
        gid: 0,
        mtime,
        owner: Owner::Base,
        stratum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::sample::{file, link, tree};

    fn text<'a>(nodes: &'a BTreeMap<String, Node>, path: &str) -> &'a str {
        let Kind::File(content) = &nodes[path].kind else { panic!("{path} is no file") };
        let Place::Memory(bytes) = &content.place else { panic!("{path} is elsewhere") };
        str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn sums_of_files_that_were_left_out_are_left_out() {
        let bash = || Owner::Package("bash".into());
        let tree = tree([
            ("usr/bin/bash", file("bash", Stratum::Payload).of(bash()).at(7)),
            ("usr/bin/rbash", link("bash", Stratum::System).of(bash()).at(5)),
            ("etc/bash.bashrc", file("", Stratum::System)),
        ]);
        let sum = "d41d8cd98f00b204e9800998ecf8427e";
        let package = |name: &str| Package {
            name: name.into(),
            control: "Package: bash\nVersion: 5.2\n\n".into(),
            md5sums: format!(
                "{sum}  usr/share/doc/bash/NEWS\n{sum}  bin/bash\n{sum}  bin/rbash\n\
                 {sum}  etc/bash.bashrc\nbroken\n"
            ),
        };
        let nodes = nodes(&tree, &[package("bash"), package("absent")]);
        assert_eq!(nodes.len(), 2);
        let status = "var/lib/dpkg/status.d/bash";
        assert_eq!(text(&nodes, status), "Package: bash\nVersion: 5.2\n");
        let sums = text(&nodes, "var/lib/dpkg/status.d/bash.md5sums");
        assert_eq!(sums, format!("{sum}  usr/bin/bash\n"));
        assert_eq!((nodes[status].stratum, nodes[status].mtime), (Stratum::System, 7));
    }
}
