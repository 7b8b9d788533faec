//! A layer as a file: its tar, compressed, with its digests.

use std::io::{self, Write};
use std::path::PathBuf;

use super::checked::Checked;
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
            let about = |source| Reading {
                what: format!("`{}` for `{}`", path.display(), header.path),
                source,
            };
            let mut copy = || {
                let mut checked = Checked::open(path)?;
                tar.file(header, &mut checked)?;
                checked.finish(content)
            };
            copy().map_err(|error: io::Error| io::Error::new(error.kind(), about(error)))
        }
    }
}

/// Which file it was.
#[derive(Debug, thiserror::Error)]
#[error("can't read {what}")]
struct Reading {
    what: String,
    source: io::Error,
}
