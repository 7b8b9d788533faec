//! A layer as a file: its tar, compressed, with its digests.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use lightship_model::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::compress::{Compressed, Compression};
use super::layers::{Body, Entry, Layer};
use super::tree::{Content, Place};
use crate::tar::write::{Header, Kind, Writer};

/// A compressed layer.
#[derive(Clone, Debug)]
pub struct Blob {
    pub media_type: &'static str,
    pub compressed: Compressed,
    pub path: PathBuf,
}

/// Writes the tar of `layer`, compressed, to `out`.
///
/// # Errors
/// Also when a file is no longer what the tree says.
pub fn write(
    layer: &Layer,
    compression: Compression,
    threads: usize,
    out: impl Write,
) -> io::Result<Compressed> {
    compression.compress(threads, out, |sink| {
        let mut tar = Writer::new(sink);
        for entry in &layer.entries {
            write_entry(&mut tar, entry)?;
        }
        tar.finish().map(drop)
    })
}

fn write_entry<W: Write>(tar: &mut Writer<W>, entry: &Entry) -> io::Result<()> {
    let Entry { path, mode, uid, gid, mtime, .. } = entry;
    let header = |kind| Header { path, kind, mode: *mode, uid: *uid, gid: *gid, mtime: *mtime };
    match &entry.body {
        Body::Directory => tar.entry(&header(Kind::Directory)),
        Body::Symlink(target) => tar.entry(&header(Kind::Symlink(target))),
        Body::HardLink(target) => tar.entry(&header(Kind::HardLink(target))),
        Body::File(content) => write_file(tar, &header(Kind::File(content.size)), content),
    }
}

fn write_file<W: Write>(
    tar: &mut Writer<W>,
    header: &Header<'_>,
    content: &Content,
) -> io::Result<()> {
    match &content.place {
        Place::Memory(bytes) => tar.file(header, &mut &bytes[..]),
        Place::File(path) => {
            let about = |error: io::Error| {
                let reason = format!("can't read `{}` for `{}`", path.display(), header.path);
                io::Error::new(error.kind(), format!("{reason}: {error}"))
            };
            let file = File::open(path).map_err(about)?;
            let mut checked = Checked { file, hasher: Sha256::new() };
            tar.file(header, &mut checked)?;
            let found = Digest::from_hasher(checked.hasher);
            if found == content.digest {
                return Ok(());
            }
            let reason = format!(
                "it has been changed (sha256 {found}, expected {}): remove it, so that it is \
                 fetched anew",
                content.digest
            );
            Err(about(io::Error::new(io::ErrorKind::InvalidData, reason)))
        }
    }
}

struct Checked {
    file: File,
    hasher: Sha256,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
