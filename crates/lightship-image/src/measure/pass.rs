//! The one pass: every layer's tar is read once, from front to back.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::entry::{Entry, EntryId, Fate, Kind};
use super::keep::{Document, Keeper, Kept, LARGEST_DOCUMENTS};
use super::merge::{Merge, Oddity};
use super::owner::OwnerId;
use super::paths::{PathId, Paths, printable};
use super::program::Program;
use super::sizes::Sizes;
use super::{Layer, Measurement, claims};
use crate::oci::BlobDigest;
use crate::source::unpack::{Facts, Unpacked};
use crate::source::{self, Blobs, Compression, Content, Image, SourceError, root};
use crate::tar::read::{Header, Reader, TarError, Type};

/// Of entries and of paths. Some hundred bytes are kept of each.
const MOST_ENTRIES: usize = 8_000_000;
/// Of oddities that are told one by one.
const MOST_WARNINGS: usize = 20;

/// Reads the image to its end.
///
/// # Errors
/// When a part of it can't be read, or is not what its digest says.
pub fn measure(image: Image) -> Result<Measurement, SourceError> {
    let mut pass = Pass::default();
    let layers = match &image.content {
        Content::Directory(path) => vec![pass.directory(path)?],
        Content::Layers { layers, blobs } => {
            let read = |(index, layer)| pass.layer(&**blobs, index, layer);
            (0..).zip(layers).map(read).collect::<Result<_, _>>()?
        }
    };
    pass.merge.settle(&mut pass.entries);
    let mut warnings = pass.warnings;
    if pass.more_warnings > 0 {
        warnings.push(format!("{} more like these", pass.more_warnings));
    }
    let mut measurement = Measurement {
        name: image.name,
        format: image.format,
        platform: image.platform,
        manifest: image.manifest,
        config: image.config,
        layers,
        paths: pass.paths,
        entries: pass.entries,
        owners: Vec::new(),
        packages: Vec::new(),
        programs: pass.programs.into_iter().collect(),
        warnings,
    };
    let live = |measurement: &Measurement, id| measurement.entry(id).is_some_and(Entry::is_live);
    let programs = std::mem::take(&mut measurement.programs);
    measurement.programs = programs.into_iter().filter(|(id, _)| live(&measurement, *id)).collect();
    claims::assign(&mut measurement, pass.documents);
    Ok(measurement)
}

/// Documents that were kept, by the entry that shipped them.
pub(super) type Read = (EntryId, Document, Vec<u8>);

#[derive(Default)]
struct Pass {
    paths: Paths,
    entries: Vec<Entry>,
    merge: Merge,
    documents: Vec<Read>,
    /// Bytes of all documents.
    kept: u64,
    programs: HashMap<EntryId, Program>,
    warnings: Vec<String>,
    more_warnings: usize,
    /// Used again from file to file.
    buffer: Vec<u8>,
}

impl Pass {
    fn layer(
        &mut self,
        blobs: &dyn Blobs,
        index: u32,
        layer: &source::Layer,
    ) -> Result<Layer, SourceError> {
        let first = self.entries.len();
        let mut starts = Vec::new();
        let mut tar = Reader::new(Unpacked::open(blobs, &layer.blob)?);
        let read = self.entries_of(&mut tar, index, &mut starts, &layer.blob.name);
        // A blob that can't be read, or is a wrong one, explains a tar that is wrong.
        let facts = tar.into_inner().finish()?;
        read?;
        check(layer, &facts)?;
        let shares = facts.marks.shares(&starts);
        let shipped = self.entries.get_mut(first..).unwrap_or_default();
        for (entry, share) in shipped.iter_mut().zip(shares) {
            entry.sizes.packed = share;
        }
        let unpacked = shipped.iter().map(|entry| entry.sizes.unpacked).sum();
        Ok(Layer {
            digest: layer.blob.digest.clone(),
            diff_id: Some(facts.diff_id),
            compression: facts.compression,
            shipped: Sizes::new(unpacked, facts.packed),
            tar: facts.plain,
            entries: u32::try_from(shipped.len()).unwrap_or(u32::MAX),
            overhead: if shipped.is_empty() { facts.packed } else { 0 },
            created_by: layer.created_by.clone(),
        })
    }

    /// Reads a tar; where its entries begin goes into `starts`.
    fn entries_of(
        &mut self,
        tar: &mut Reader<Unpacked>,
        layer: u32,
        starts: &mut Vec<u64>,
        name: &str,
    ) -> Result<(), SourceError> {
        let wrong = |source| SourceError::Tar { what: format!("`{name}`"), source };
        while let Some(header) = tar.next_header().map_err(wrong)? {
            if let Type::Unknown(_) = header.kind {
                self.warn(|| {
                    format!("`{}` is of a kind that is not unpacked", printable(&header.path))
                });
            }
            let at = TarError::Wrong { at: header.start, what: "an entry leaves the root by `..`" };
            let Some(mut entry) = self.entry(&header, layer) else { return Err(wrong(at)) };
            let mut kept = Kept::Nothing;
            if entry.is_file() {
                let mut hasher = Sha256::new();
                let mut keeper = self.keeper(&header);
                let given = tar.content(|bytes| {
                    hasher.update(bytes);
                    keeper.feed(bytes);
                });
                entry.digest = given.map_err(wrong)?.then(|| hasher.finalize().into());
                (kept, self.buffer) = keeper.finish();
            }
            starts.push(header.start);
            self.add(entry, &header, kept)?;
        }
        Ok(())
    }

    /// Walks an unpacked root, which is measured as one layer that is not packed.
    fn directory(&mut self, path: &Path) -> Result<Layer, SourceError> {
        root::walk(path, &mut |header, file| {
            let Some(mut entry) = self.entry(header, 0) else { return Ok(()) };
            // In an unpacked root, names that mean something in a layer mean nothing.
            if matches!(entry.kind, Kind::Whiteout | Kind::Opaque) {
                entry.kind = kind(header);
                entry.path = self.paths.add(&header.path);
                entry.fate = Fate::Live { at: entry.path };
            }
            let mut kept = Kept::Nothing;
            if let Some(file) = file {
                kept = self.file(&mut entry, header, file)?;
            }
            self.add(entry, header, kept)
        })?;
        let unpacked = self.entries.iter().map(|entry| entry.sizes.unpacked).sum();
        Ok(Layer {
            digest: None,
            diff_id: None,
            compression: Compression::Plain,
            shipped: Sizes::new(unpacked, 0),
            tar: 0,
            entries: u32::try_from(self.entries.len()).unwrap_or(u32::MAX),
            overhead: 0,
            created_by: None,
        })
    }

    fn file(
        &mut self,
        entry: &mut Entry,
        header: &Header,
        file: &mut File,
    ) -> Result<Kept, SourceError> {
        let mut piece = vec![0; 128 << 10];
        let mut hasher = Sha256::new();
        let mut keeper = self.keeper(header);
        entry.sizes.unpacked = 0;
        loop {
            let what = || format!("`{}`", printable(&header.path));
            let failed = |source| SourceError::Read { what: what(), source };
            let count = file.read(&mut piece).map_err(failed)?;
            if count == 0 {
                break;
            }
            hasher.update(&piece[..count]);
            keeper.feed(&piece[..count]);
            entry.sizes.unpacked += count as u64;
        }
        entry.digest = Some(hasher.finalize().into());
        let (kept, buffer) = keeper.finish();
        self.buffer = buffer;
        Ok(kept)
    }

    fn keeper(&mut self, header: &Header) -> Keeper {
        let path = normal(&header.path);
        Keeper::new(Document::at(&path), header.size, std::mem::take(&mut self.buffer))
    }

    /// An entry of the measurement; nothing for one whose path leads out of the root.
    fn entry(&mut self, header: &Header, layer: u32) -> Option<Entry> {
        if header.path.split(|byte| *byte == b'/').any(|part| part == b"..") {
            return None;
        }
        let (path, kind) = marker(&mut self.paths, &header.path)
            .unwrap_or_else(|| (self.paths.add(&header.path), kind(header)));
        Some(Entry {
            path,
            layer,
            kind,
            mode: header.mode,
            uid: header.uid,
            gid: header.gid,
            mtime: header.mtime,
            sizes: Sizes::new(header.size, 0),
            digest: None,
            fate: Fate::Live { at: path },
            owner: OwnerId::NOBODY,
        })
    }

    fn add(&mut self, mut entry: Entry, header: &Header, kept: Kept) -> Result<(), SourceError> {
        if self.entries.len() == MOST_ENTRIES {
            return Err(SourceError::TooMuch { what: "entries", limit: MOST_ENTRIES });
        }
        if self.paths.len() > MOST_ENTRIES {
            return Err(SourceError::TooMuch { what: "paths", limit: MOST_ENTRIES });
        }
        // Markers ship nothing that anybody could see.
        if !entry.is_file() {
            entry.sizes.unpacked = 0;
        }
        let mut oddity = None;
        if header.kind == Type::HardLink && matches!(entry.kind, Kind::Other) {
            let target = self.paths.find(&header.link);
            let content = target.and_then(|path| self.merge.content(&self.entries, path));
            let at = target.and_then(|path| self.merge.at(path));
            let symlink = at.and_then(|id| self.entries.get(id.0 as usize));
            entry.kind = match (content, symlink.map(|entry| &entry.kind)) {
                (Some(content), _) => Kind::HardLink(content),
                (None, Some(Kind::Symlink(target))) => Kind::Symlink(target.clone()),
                _ => Kind::Other,
            };
            if entry.kind == Kind::Other && symlink.is_none() {
                oddity = Some(Oddity::DanglingLink);
            }
        }
        let id = EntryId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        let (path, layer) = (entry.path, entry.layer);
        self.entries.push(entry);
        self.keep(id, header, kept);
        let applied = self.merge.apply(&self.paths, &mut self.entries, id);
        if let Some(oddity) = oddity.or(applied) {
            let text = self.paths.text(path);
            let above = self.paths.text(match oddity {
                Oddity::Below(at) => at,
                Oddity::DanglingLink | Oddity::DanglingWhiteout => PathId::ROOT,
            });
            self.warn(|| match oddity {
                Oddity::Below(_) => format!(
                    "layer {layer} has `{text}` below `{above}`, which is no directory in the layers \
                     below: engines differ in what becomes of it"
                ),
                Oddity::DanglingLink => format!(
                    "layer {layer} has a hard link `{text}` to `{}`, which is not there",
                    printable(&header.link)
                ),
                Oddity::DanglingWhiteout => {
                    format!("layer {layer} removes `{text}`, which no layer below has")
                }
            });
        }
        Ok(())
    }

    fn keep(&mut self, id: EntryId, header: &Header, kept: Kept) {
        match kept {
            Kept::Nothing => (),
            Kept::Program(program) => drop(self.programs.insert(id, program)),
            Kept::Document(bytes) => {
                let more = bytes.len() as u64;
                if self.kept + more > LARGEST_DOCUMENTS {
                    self.warn(|| {
                        format!(
                            "`{}` was not read: there is too much of its kind",
                            printable(&header.path)
                        )
                    });
                } else if let Some(document) = Document::at(&normal(&header.path)) {
                    self.kept += more;
                    self.documents.push((id, document, bytes));
                }
            }
        }
    }

    fn warn(&mut self, text: impl FnOnce() -> String) {
        if self.warnings.len() < MOST_WARNINGS {
            self.warnings.push(text());
        } else {
            self.more_warnings += 1;
        }
    }
}

/// Compares what was in a blob with what the configuration says.
fn check(layer: &source::Layer, facts: &Facts) -> Result<(), SourceError> {
    match &layer.diff_id {
        Some(wanted) if *wanted != facts.diff_id => Err(SourceError::Digest {
            what: format!("what is in `{}`", layer.blob.name),
            wanted: BlobDigest(wanted.clone()).to_string(),
            found: BlobDigest(facts.diff_id.clone()).to_string(),
        }),
        _ => Ok(()),
    }
}

/// What a whiteout stands for.
fn marker(paths: &mut Paths, path: &[u8]) -> Option<(PathId, Kind)> {
    let end = path.iter().rposition(|byte| *byte != b'/')? + 1;
    let path = path.get(..end)?;
    let slash = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    let (directory, name) = path.split_at(slash);
    if name == b".wh..wh..opq" {
        return Some((paths.add(directory), Kind::Opaque));
    }
    let hidden = name.strip_prefix(b".wh.").filter(|hidden| !hidden.is_empty())?;
    // Further names of this kind belong to a file system of old, and hide nothing.
    if hidden.starts_with(b".wh.") || hidden == b"." || hidden == b".." {
        return None;
    }
    let directory = paths.add(directory);
    Some((paths.add_child(directory, hidden), Kind::Whiteout))
}

fn kind(header: &Header) -> Kind {
    match header.kind {
        Type::File => Kind::File,
        Type::Symlink => Kind::Symlink(header.link.as_slice().into()),
        Type::Directory => Kind::Directory,
        // A hard link is looked up when all before it is in its place.
        Type::HardLink | Type::Special | Type::Unknown(_) => Kind::Other,
    }
}

/// A path without a slash in front and without empty parts.
fn normal(path: &[u8]) -> Vec<u8> {
    let parts = path.split(|byte| *byte == b'/');
    parts.filter(|part| !part.is_empty() && *part != b".").collect::<Vec<_>>().join(&b'/')
}
