//! Images for tests: what somebody would measure, put together by hand.

use std::collections::BTreeMap;

use crate::elf::Elf;
use crate::measure::{
    Entry, EntryId, Fate, How, Kind, Layer, Measurement, Owner, OwnerId, Package, Paths, Program,
    ProgramKind, Sizes,
};
use crate::source::{Compression, Format};

/// An image that grows entry by entry. What is packed takes half of what is unpacked, and a
/// header of ten bytes.
#[derive(Debug)]
pub(crate) struct Sample {
    image: Measurement,
    owner: OwnerId,
    layer: u32,
}

impl Sample {
    pub(crate) fn new() -> Self {
        let image = Measurement {
            name: "sample".to_owned(),
            format: Format::OciLayout,
            platform: None,
            manifest: None,
            config: None,
            layers: Vec::new(),
            paths: Paths::default(),
            entries: Vec::new(),
            owners: vec![Owner::Nobody],
            packages: Vec::new(),
            programs: BTreeMap::new(),
            warnings: Vec::new(),
        };
        let mut sample = Self { image, owner: OwnerId::NOBODY, layer: 0 };
        sample.layer();
        sample
    }

    /// What follows is in a layer of its own.
    pub(crate) fn layer(&mut self) -> &mut Self {
        self.layer = u32::try_from(self.image.layers.len()).unwrap();
        self.image.layers.push(Layer {
            digest: None,
            diff_id: None,
            compression: Compression::Gzip,
            shipped: Sizes::default(),
            tar: 0,
            entries: 0,
            overhead: 0,
            created_by: None,
        });
        self
    }

    /// What follows is this owner's.
    pub(crate) fn owner(&mut self, owner: Owner) -> &mut Self {
        let known = self.image.owners.iter().position(|known| *known == owner);
        let place = known.unwrap_or_else(|| {
            self.image.owners.push(owner);
            self.image.owners.len() - 1
        });
        self.owner = OwnerId(u32::try_from(place).unwrap());
        self
    }

    /// What follows is in this package, which somebody asked for or not.
    pub(crate) fn package(&mut self, name: &str, depends: &str, auto: Option<bool>) -> &mut Self {
        self.image.packages.push(Package {
            name: name.to_owned(),
            version: "1".to_owned(),
            architecture: "amd64".to_owned(),
            depends: depends.to_owned(),
            auto,
            ..Package::default()
        });
        self.image.packages.sort_by(|a, b| a.name.cmp(&b.name));
        self.owner(Owner::Debian(name.to_owned()))
    }

    /// Changes the package that came last under this name.
    pub(crate) fn change(&mut self, name: &str, change: impl FnOnce(&mut Package)) -> &mut Self {
        change(self.image.packages.iter_mut().find(|package| package.name == name).unwrap());
        self
    }

    fn entry(&mut self, path: &str, kind: Kind, unpacked: u64, mode: u32) -> EntryId {
        let path = self.image.paths.add(path.as_bytes());
        for entry in &mut self.image.entries {
            if entry.live_at() == Some(path) {
                let how = How::Overwritten;
                entry.fate = Fate::Dead { by: self.layer, how, metadata_only: false };
            }
        }
        let id = EntryId(u32::try_from(self.image.entries.len()).unwrap());
        let sizes = Sizes::new(unpacked, unpacked / 2 + 10);
        let layer = &mut self.image.layers[self.layer as usize];
        layer.shipped += sizes;
        layer.entries += 1;
        self.image.entries.push(Entry {
            path,
            layer: self.layer,
            kind,
            mode,
            uid: 0,
            gid: 0,
            mtime: 0,
            sizes,
            digest: None,
            fate: Fate::Live { at: path },
            owner: self.owner,
        });
        id
    }

    /// A file, of which the content is like no other's.
    pub(crate) fn file(&mut self, path: &str, size: u64) -> EntryId {
        let id = self.entry(path, Kind::File, size, 0o644);
        let mut digest = [0; 32];
        digest[..4].copy_from_slice(&id.0.to_le_bytes());
        digest[4] = 1;
        self.image.entries[id.0 as usize].digest = Some(digest);
        id
    }

    /// A file with the content of another.
    pub(crate) fn copy(&mut self, path: &str, of: EntryId) -> EntryId {
        let Entry { sizes, digest, .. } = self.image.entries[of.0 as usize].clone();
        let id = self.file(path, sizes.unpacked);
        self.image.entries[id.0 as usize].digest = digest;
        id
    }

    pub(crate) fn mode(&mut self, id: EntryId, mode: u32) {
        self.image.entries[id.0 as usize].mode = mode;
    }

    pub(crate) fn link(&mut self, path: &str, target: &str) -> EntryId {
        self.entry(path, Kind::Symlink(target.as_bytes().into()), 0, 0o777)
    }

    pub(crate) fn hard_link(&mut self, path: &str, to: EntryId) -> EntryId {
        self.entry(path, Kind::HardLink(to), 0, 0o644)
    }

    /// A program that is linked with libraries.
    pub(crate) fn program(&mut self, path: &str, size: u64, needed: &[&str]) -> EntryId {
        let elf = Elf { interpreter: Some("/lib64/ld.so".to_owned()), ..elf(needed) };
        self.with(path, size, 0o755, elf)
    }

    /// A library, called as its file is.
    pub(crate) fn library(&mut self, path: &str, size: u64, needed: &[&str]) -> EntryId {
        let soname = path.rsplit('/').next().map(str::to_owned);
        self.with(path, size, 0o644, Elf { soname, ..elf(needed) })
    }

    fn with(&mut self, path: &str, size: u64, mode: u32, elf: Elf) -> EntryId {
        let id = self.file(path, size);
        self.mode(id, mode);
        self.image.programs.insert(
            id,
            Program {
                needed: elf.needed.clone(),
                soname: elf.soname.clone(),
                interpreter: elf.interpreter.clone(),
                runpath: elf.runpath.clone(),
                kind: ProgramKind::Elf(Box::new(elf)),
            },
        );
        id
    }

    /// A script with the interpreter and argument of its first line.
    pub(crate) fn script(&mut self, path: &str, size: u64, interpreter: &str) -> EntryId {
        let id = self.file(path, size);
        self.mode(id, 0o755);
        let (interpreter, argument) = interpreter.split_once(' ').unwrap_or((interpreter, ""));
        self.image.programs.insert(
            id,
            Program {
                interpreter: Some(interpreter.to_owned()),
                kind: ProgramKind::Script(argument.to_owned()),
                ..Program::default()
            },
        );
        id
    }

    pub(crate) fn measurement(&self) -> Measurement {
        self.image.clone()
    }
}

fn elf(needed: &[&str]) -> Elf {
    Elf {
        needed: needed.iter().map(|name| (*name).to_owned()).collect(),
        machine: 62,
        ..Elf::default()
    }
}
