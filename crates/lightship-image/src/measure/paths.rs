//! Paths, each kept once: a tree in which a node knows its name and its parent.

use std::collections::HashMap;
use std::fmt;

/// A path of an image. The root is [`PathId::ROOT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub u32);

impl PathId {
    pub const ROOT: Self = Self(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    name: u32,
    first_child: Option<u32>,
    next_sibling: Option<u32>,
}

/// All paths of an image. Names are bytes: few images have others than UTF-8, but they may.
#[derive(Clone)]
pub struct Paths {
    nodes: Vec<Node>,
    names: Vec<Box<[u8]>>,
    name_ids: HashMap<Box<[u8]>, u32>,
    children: HashMap<(u32, u32), u32>,
}

impl Default for Paths {
    fn default() -> Self {
        let root = Node { parent: 0, name: 0, first_child: None, next_sibling: None };
        Self {
            nodes: vec![root],
            names: vec![Box::default()],
            name_ids: HashMap::from([(Box::default(), 0)]),
            children: HashMap::new(),
        }
    }
}

impl fmt::Debug for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} paths", self.nodes.len())
    }
}

impl Paths {
    /// How many there are, the root included; their ids are 0 up to this.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        false
    }

    /// The id of a path, which is added with everything above it if it is new. Empty parts and
    /// `.` are left out; whoever calls has looked for `..`.
    pub fn add(&mut self, path: &[u8]) -> PathId {
        parts(path).fold(PathId::ROOT, |parent, name| self.add_child(parent, name))
    }

    /// The id of `name` in the directory `parent`.
    pub fn add_child(&mut self, parent: PathId, name: &[u8]) -> PathId {
        let known = self.name_ids.get(name).copied();
        let name_id = known.unwrap_or_else(|| {
            let id = narrow(self.names.len());
            self.names.push(name.into());
            self.name_ids.insert(name.into(), id);
            id
        });
        if let Some(id) = self.children.get(&(parent.0, name_id)) {
            return PathId(*id);
        }
        let id = narrow(self.nodes.len());
        let next_sibling =
            self.nodes.get_mut(parent.index()).and_then(|above| above.first_child.replace(id));
        self.nodes.push(Node { parent: parent.0, name: name_id, first_child: None, next_sibling });
        self.children.insert((parent.0, name_id), id);
        PathId(id)
    }

    /// The id of a path that is there.
    pub fn find(&self, path: &[u8]) -> Option<PathId> {
        parts(path).try_fold(PathId::ROOT, |parent, name| self.child(parent, name))
    }

    /// The id of `name` in the directory `parent`, if it is there.
    pub fn child(&self, parent: PathId, name: &[u8]) -> Option<PathId> {
        let name = self.name_ids.get(name)?;
        self.children.get(&(parent.0, *name)).map(|id| PathId(*id))
    }

    /// The directory that a path is in; nothing for the root.
    pub fn parent(&self, id: PathId) -> Option<PathId> {
        let node = self.nodes.get(id.index())?;
        (id != PathId::ROOT).then_some(PathId(node.parent))
    }

    /// The last part of a path; empty for the root.
    pub fn name(&self, id: PathId) -> &[u8] {
        let name = self.nodes.get(id.index()).and_then(|node| self.names.get(node.name as usize));
        name.map_or(&[], |name| name)
    }

    /// What is directly in a directory, the latest first.
    pub fn children(&self, id: PathId) -> impl Iterator<Item = PathId> {
        let node = |id: u32| self.nodes.get(id as usize);
        let first = self.nodes.get(id.index()).and_then(|node| node.first_child);
        std::iter::successors(first, move |id| node(*id)?.next_sibling).map(PathId)
    }

    /// The path without a slash in front; empty for the root.
    pub fn bytes(&self, id: PathId) -> Vec<u8> {
        let mut parts = Vec::new();
        let mut at = id;
        while let Some(parent) = self.parent(at) {
            parts.push(self.name(at));
            at = parent;
        }
        parts.reverse();
        parts.join(&b'/')
    }

    /// The path for people and for JSON, without a slash in front; `.` for the root. What is no
    /// UTF-8 is shown as `\xNN`, as is what a terminal would act on.
    pub fn text(&self, id: PathId) -> String {
        if id == PathId::ROOT {
            return ".".to_owned();
        }
        printable(&self.bytes(id))
    }
}

/// Bytes for people: control characters and what is no UTF-8 as `\xNN`.
pub fn printable(bytes: &[u8]) -> String {
    use fmt::Write as _;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                let mut buffer = [0; 4];
                for byte in character.encode_utf8(&mut buffer).bytes() {
                    // Writing to a `String` can't fail.
                    write!(text, "\\x{byte:02x}").unwrap_or_default();
                }
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").unwrap_or_default();
        }
    }
    text
}

fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

/// Ids are 32 bits: the number of entries is limited to far less.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_id_however_it_is_written() {
        let mut paths = Paths::default();
        let id = paths.add(b"./usr//bin/git");
        assert_eq!(paths.add(b"/usr/bin/git"), id);
        assert_eq!(paths.find(b"usr/./bin/git/"), Some(id));
        assert_eq!(paths.find(b"usr/git"), None);
        assert_eq!(paths.add(b"./"), PathId::ROOT);
        assert_eq!((paths.text(id), paths.len()), ("usr/bin/git".to_owned(), 4));
        let bin = paths.parent(id).unwrap();
        assert_eq!(paths.children(bin).collect::<Vec<_>>(), [id]);
    }

    #[test]
    fn what_a_terminal_would_act_on_is_written_out() {
        let mut paths = Paths::default();
        let id = paths.add(b"a\x1b[2J\xff\xc3\xa9");
        assert_eq!(paths.text(id), "a\\x1b[2J\\xff\u{e9}");
    }
}
