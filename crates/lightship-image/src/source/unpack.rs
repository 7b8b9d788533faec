//! A layer's blob, unpacked by a thread of its own, and hashed by others, while somebody reads it.
//! It knows how far the decompressor had come in the blob at each byte of the tar.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use flate2::bufread::MultiGzDecoder;
use lightship_model::digest::Digest;

use super::hashing::{Buffers, Hashing};
pub use super::marks::Marks;
use super::{Blob, Blobs, SourceError};

/// Of tars, in bytes.
pub(super) const TAR_BLOCK: u64 = 512;
/// What goes from thread to thread at once, in bytes.
const CHUNK: usize = 256 << 10;
/// What is read of a blob at once, in bytes.
const PIECE: usize = 64 << 10;
/// The decompressor's place is looked at this often, in bytes of the tar.
const STEP: usize = 16 << 10;
/// Chunks that wait.
const WAITING: usize = 4;

/// How a layer's tar is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    Plain,
    Gzip,
    Zstd,
}

impl Compression {
    /// By the first bytes; media types are not to be trusted in this.
    pub fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or one that decoders pass over.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// What was found out about a blob that was read to its end.
#[derive(Debug)]
pub struct Facts {
    pub compression: Compression,
    /// Length of the blob, in bytes.
    pub packed: u64,
    /// Length of what is in it, in bytes.
    pub plain: u64,
    /// Digest of what is in it.
    pub diff_id: Digest,
    pub marks: Marks,
}

/// The bytes in a blob.
#[derive(Debug)]
pub struct Unpacked {
    chunks: Receiver<Message>,
    current: Arc<Vec<u8>>,
    at: usize,
    plain: u64,
    marks: Marks,
    end: Option<Result<End, SourceError>>,
}

#[derive(Debug)]
enum Message {
    Chunk { bytes: Arc<Vec<u8>>, marks: Vec<(u64, u64)> },
    End(Result<End, SourceError>),
}

#[derive(Debug)]
struct End {
    compression: Compression,
    packed: u64,
    diff_id: Digest,
}

impl Unpacked {
    /// Begins to read `blob`.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn open(blobs: &dyn Blobs, blob: &Blob) -> Result<Self, SourceError> {
        let reader = blobs.open(blob)?;
        let (sender, chunks) = sync_channel(WAITING);
        let blob = blob.clone();
        let work = move || {
            let end = unpack(&blob, reader, &sender);
            // Nobody wants it when whoever reads has given up.
            drop(sender.send(Message::End(end)));
        };
        let spawned = thread::Builder::new().name("unpack".to_owned()).spawn(work);
        spawned.map_err(SourceError::read("a layer, as no thread could be started"))?;
        Ok(Self {
            chunks,
            current: Arc::default(),
            at: 0,
            plain: 0,
            marks: Marks::default(),
            end: None,
        })
    }

    /// Reads what is left, and tells what the blob was.
    ///
    /// # Errors
    /// When it can't be read to its end, or is not what its digest says.
    pub fn finish(mut self) -> Result<Facts, SourceError> {
        while self.next_chunk() {}
        let ended = || SourceError::Read {
            what: "a layer".to_owned(),
            source: io::Error::other("the thread that unpacks it ended"),
        };
        let End { compression, packed, diff_id } = self.end.unwrap_or_else(|| Err(ended()))?;
        self.marks.end = (self.plain, packed);
        Ok(Facts { compression, packed, plain: self.plain, diff_id, marks: self.marks })
    }

    /// Takes the next chunk; `false` at the end.
    fn next_chunk(&mut self) -> bool {
        while self.end.is_none() {
            match self.chunks.recv() {
                Ok(Message::Chunk { bytes, marks }) => {
                    self.current = bytes;
                    self.at = 0;
                    self.plain += self.current.len() as u64;
                    self.marks.extend(&marks);
                    if !self.current.is_empty() {
                        return true;
                    }
                }
                Ok(Message::End(end)) => self.end = Some(end),
                Err(_) => break,
            }
        }
        self.current = Arc::default();
        self.at = 0;
        false
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Unpacked {
    /// An error here is told in full by [`Unpacked::finish`].
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.current.len() && !self.next_chunk() {
            match &self.end {
                Some(Ok(_)) => (),
                _ => return Err(io::Error::other("the blob can't be read to its end")),
            }
        }
        Ok(&self.current[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.current.len());
    }
}

/// What the thread does.
fn unpack(
    blob: &Blob,
    reader: Box<dyn Read + Send>,
    chunks: &SyncSender<Message>,
) -> Result<End, SourceError> {
    let failed = || SourceError::read(&format!("`{}`", blob.name));
    let reader: Box<dyn Read + Send> = match blob.size {
        // One more, so that a blob that is too long shows.
        Some(size) => Box::new(reader.take(size.saturating_add(1))),
        None => reader,
    };
    let hashing = blob.digest.is_some().then(Hashing::start).transpose().map_err(failed())?;
    let mut input = Input::new(reader, hashing);
    let compression = Compression::of(input.fill_buf().map_err(failed())?);
    let mut decoder = Decoder::new(input).map_err(failed())?;
    let hashing = Hashing::start().map_err(failed())?;
    let mut buffers = Buffers::default();
    let mut plain = 0;
    let unpacked = loop {
        let mut bytes = buffers.take(CHUNK);
        let mut marks = Vec::new();
        let (count, ended) = fill(&mut decoder, &mut bytes, plain, &mut marks);
        bytes.truncate(count);
        plain += count as u64;
        let bytes = buffers.lend(bytes);
        hashing.feed(&bytes);
        if chunks.send(Message::Chunk { bytes, marks }).is_err() {
            break Ok(());
        }
        match ended {
            Ok(false) => (),
            Ok(true) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    // A blob that is not what its digest says explains every other fault.
    let mut input = decoder.into_input();
    let rest = input.drain();
    if rest.is_ok() {
        let found = input.hashing.take().map(Hashing::finish).transpose().map_err(failed())?;
        blob.check(found.as_ref(), input.read)?;
    }
    unpacked.and(rest).map_err(failed())?;
    let diff_id = hashing.finish().map_err(failed())?;
    Ok(End { compression, packed: input.read, diff_id })
}

/// Fills `bytes`, which begin at `plain`: how many there are, and whether that is the end.
fn fill(
    decoder: &mut Decoder,
    bytes: &mut [u8],
    plain: u64,
    marks: &mut Vec<(u64, u64)>,
) -> (usize, io::Result<bool>) {
    let mut count = 0;
    while count < bytes.len() {
        let before = decoder.input().taken;
        let step = (count + STEP).min(bytes.len());
        match decoder.read(&mut bytes[count..step]) {
            Ok(0) => return (count, Ok(true)),
            Ok(more) => {
                // Nothing is taken in while a block that is unpacked already is handed out.
                if decoder.input().taken != before {
                    marks.push((plain + count as u64, before));
                }
                count += more;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
            Err(error) => return (count, Err(error)),
        }
    }
    (count, Ok(false))
}

/// A reader of what is in `reader`, whatever it is packed with.
pub(super) fn decoder(reader: Box<dyn Read + Send>) -> io::Result<impl Read> {
    Decoder::new(Input::new(reader, None))
}

/// A blob as the decompressor takes it in: hashed, and counted.
struct Input {
    reader: Box<dyn Read + Send>,
    buffers: Buffers,
    buffer: Arc<Vec<u8>>,
    at: usize,
    /// What was read, and what of it was taken.
    read: u64,
    taken: u64,
    hashing: Option<Hashing>,
}

impl Input {
    fn new(reader: Box<dyn Read + Send>, hashing: Option<Hashing>) -> Self {
        let buffers = Buffers::default();
        Self { reader, buffers, buffer: Arc::default(), at: 0, read: 0, taken: 0, hashing }
    }

    /// Reads what the decompressor left.
    fn drain(&mut self) -> io::Result<()> {
        loop {
            let count = self.fill_buf()?.len();
            if count == 0 {
                return Ok(());
            }
            self.consume(count);
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.buffer.len() {
            self.at = 0;
            // What was read is given up first, so that its buffer can be the next.
            self.buffer = Arc::default();
            let mut bytes = self.buffers.take(PIECE);
            let mut end = 0;
            // To the brim, so that the decompressor is given the same pieces wherever they come
            // from: how far it is in the blob is told by them.
            while end < bytes.len() {
                match self.reader.read(&mut bytes[end..]) {
                    Ok(0) => break,
                    Ok(count) => end += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                    Err(error) => return Err(error),
                }
            }
            bytes.truncate(end);
            self.read += end as u64;
            self.buffer = self.buffers.lend(bytes);
            if let Some(hashing) = &self.hashing {
                hashing.feed(&self.buffer);
            }
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
        self.taken += count as u64;
    }
}

enum Decoder {
    Plain(Input),
    Gzip(Box<MultiGzDecoder<Input>>),
    Zstd(zstd::stream::read::Decoder<'static, Input>),
}

impl Decoder {
    fn new(mut input: Input) -> io::Result<Self> {
        Ok(match Compression::of(input.fill_buf()?) {
            Compression::Plain => Self::Plain(input),
            Compression::Gzip => Self::Gzip(Box::new(MultiGzDecoder::new(input))),
            Compression::Zstd => Self::Zstd(zstd::stream::read::Decoder::with_buffer(input)?),
        })
    }

    fn input(&self) -> &Input {
        match self {
            Self::Plain(input) => input,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Zstd(decoder) => decoder.get_ref(),
        }
    }

    fn into_input(self) -> Input {
        match self {
            Self::Plain(input) => input,
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
        }
    }
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(input) => input.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}
