//! Where this process's control groups are: version 1 has a tree a controller, version 2 one
//! tree; both may be mounted at once.

use std::path::{Path, PathBuf};

/// A tree of control groups that can hold installers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) kind: Kind,
    /// Where this process's own group may be: as it is called outside of the container, then as
    /// it is called inside.
    pub(super) own: Vec<PathBuf>,
}

/// What a tree is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Version 2: everything that its controllers have.
    Unified,
    /// Version 1.
    Memory,
    /// Version 1.
    Pids,
    /// Version 1.
    Processor,
}

/// The trees in `/proc/self/cgroup` and `/proc/self/mountinfo` that are of use here.
pub(super) fn trees(groups: &str, mounts: &str) -> Vec<Tree> {
    let mounts: Vec<Mount<'_>> = mounts.lines().filter_map(mount).collect();
    let mut trees = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let wanted = [("memory", Kind::Memory), ("pids", Kind::Pids), ("cpu", Kind::Processor)];
        if controllers.is_empty() {
            let mount = mounts.iter().find(|mount| mount.unified);
            trees.extend(mount.map(|mount| mount.tree(Kind::Unified, path)));
        }
        for (name, kind) in wanted {
            if controllers.split(',').any(|controller| controller == name) {
                let mount = mounts.iter().find(|mount| mount.has(name));
                trees.extend(mount.map(|mount| mount.tree(kind, path)));
            }
        }
    }
    trees
}

struct Mount<'a> {
    /// The group that is mounted.
    root: &'a str,
    point: &'a Path,
    unified: bool,
    options: &'a str,
}

/// A line of mountinfo, if it is about control groups.
fn mount(line: &str) -> Option<Mount<'_>> {
    let (front, back) = line.split_once(" - ")?;
    let mut front = front.split(' ').skip(3);
    let (root, point) = (front.next()?, front.next()?);
    let mut back = back.split(' ');
    let unified = match back.next()? {
        "cgroup2" => true,
        "cgroup" => false,
        _ => return None,
    };
    Some(Mount { root, point: Path::new(point), unified, options: back.nth(1).unwrap_or("") })
}

impl Mount<'_> {
    fn has(&self, controller: &str) -> bool {
        !self.unified && self.options.split(',').any(|option| option == controller)
    }

    fn tree(&self, kind: Kind, path: &str) -> Tree {
        let below = path.strip_prefix(self.root).unwrap_or(path).trim_start_matches('/');
        let mut own = vec![self.point.to_owned()];
        if !below.is_empty() {
            own.insert(0, self.point.join(below));
        }
        Tree { kind, own }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(tree: &Tree) -> Vec<&str> {
        tree.own.iter().map(|path| path.to_str().unwrap()).collect()
    }

    #[test]
    fn version_1_has_a_tree_for_each_and_version_2_beside_them_is_found_too() {
        let groups = "8:pids:/\n4:cpu,memory:/docker/ab\n1:name=systemd:/x\n0::/\n";
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
                      32 31 0:29 / /cg/memory rw,relatime - cgroup cgroup rw,cpu,memory\n\
                      33 31 0:30 / /cg/pids rw,relatime shared:9 - cgroup cgroup rw,pids\n\
                      34 31 0:31 / /cg/unified rw - cgroup2 cgroup2 rw\n";
        let trees = trees(groups, mounts);
        let kinds: Vec<Kind> = trees.iter().map(|tree| tree.kind).collect();
        assert_eq!(kinds, [Kind::Pids, Kind::Memory, Kind::Processor, Kind::Unified]);
        assert_eq!(own(&trees[1]), ["/cg/memory/docker/ab", "/cg/memory"]);
        assert_eq!(own(&trees[3]), ["/cg/unified"]);
    }

    #[test]
    fn a_group_that_is_mounted_itself_is_not_looked_for_below_itself() {
        let mounts = "9 8 0:1 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate\n";
        let trees = trees("0::/docker/ab/x\n", mounts);
        assert_eq!(own(&trees[0]), ["/sys/fs/cgroup/x", "/sys/fs/cgroup"]);
        assert!(super::trees("0::/\n", "").is_empty());
    }
}
