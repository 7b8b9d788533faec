//! A layer's blob, unpacked by a thread of its own while whoever reads it hashes what came
//! before. It knows how far the decompressor had come in the blob at each byte of the tar.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use flate2::bufread::MultiGzDecoder;
use lightship_model::digest::Digest;
use sha2::{Digest as _, Sha256};

pub use super::marks::Marks;
use super::{Blob, Blobs, SourceError};

/// Of tars, in bytes.
pub(super) const TAR_BLOCK: u64 = 512;
/// What goes from thread to thread at once, in bytes.
const CHUNK: usize = 256 << 10;
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
    spare: Sender<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
    plain: u64,
    hasher: Sha256,
    marks: Marks,
    end: Option<Result<End, SourceError>>,
}

#[derive(Debug)]
enum Message {
    Chunk { bytes: Vec<u8>, marks: Vec<(u64, u64)> },
    End(Result<End, SourceError>),
}

#[derive(Debug)]
struct End {
    compression: Compression,
    packed: u64,
}

impl Unpacked {
    /// Begins to read `blob`.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn open(blobs: &dyn Blobs, blob: &Blob) -> Result<Self, SourceError> {
        let reader = blobs.open(blob)?;
        let (sender, chunks) = sync_channel(WAITING);
        let (spare, spares) = channel();
        let blob = blob.clone();
        let work = move || {
            let end = unpack(&blob, reader, &sender, &spares);
            // Nobody wants it when whoever reads has given up.
            drop(sender.send(Message::End(end)));
        };
        let spawned = thread::Builder::new().name("unpack".to_owned()).spawn(work);
        spawned.map_err(SourceError::read("a layer, as no thread could be started"))?;
        Ok(Self {
            chunks,
            spare,
            current: Vec::new(),
            at: 0,
            plain: 0,
            hasher: Sha256::new(),
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
        let End { compression, packed } = self.end.unwrap_or_else(|| Err(ended()))?;
        self.marks.end = (self.plain, packed);
        Ok(Facts {
            compression,
            packed,
            plain: self.plain,
            diff_id: Digest::from_hasher(self.hasher),
            marks: self.marks,
        })
    }

    /// Takes the next chunk; `false` at the end.
    fn next_chunk(&mut self) -> bool {
        while self.end.is_none() {
            match self.chunks.recv() {
                Ok(Message::Chunk { bytes, marks }) => {
                    let old = std::mem::replace(&mut self.current, bytes);
                    // The thread may have ended.
                    drop(self.spare.send(old));
                    self.at = 0;
                    self.plain += self.current.len() as u64;
                    self.hasher.update(&self.current);
                    self.marks.extend(&marks);
                    if !self.current.is_empty() {
                        return true;
                    }
                }
                Ok(Message::End(end)) => self.end = Some(end),
                Err(_) => break,
            }
        }
        self.current.clear();
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
    spares: &Receiver<Vec<u8>>,
) -> Result<End, SourceError> {
    let failed = || SourceError::read(&format!("`{}`", blob.name));
    let reader: Box<dyn Read + Send> = match blob.size {
        // One more, so that a blob that is too long shows.
        Some(size) => Box::new(reader.take(size.saturating_add(1))),
        None => reader,
    };
    let mut input = Input::new(reader, blob.digest.is_some());
    let compression = Compression::of(input.fill_buf().map_err(failed())?);
    let mut decoder = Decoder::new(input).map_err(failed())?;
    let mut plain = 0;
    let unpacked = loop {
        let mut bytes = spares.try_recv().unwrap_or_default();
        bytes.resize(CHUNK, 0);
        let mut marks = Vec::new();
        let (count, ended) = fill(&mut decoder, &mut bytes, plain, &mut marks);
        bytes.truncate(count);
        plain += count as u64;
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
        blob.check(&Digest::from_hasher(input.hasher), input.read)?;
    }
    unpacked.and(rest).map_err(failed())?;
    Ok(End { compression, packed: input.read })
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
    Decoder::new(Input::new(reader, false))
}

/// A blob as the decompressor takes it in: hashed, and counted.
struct Input {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// What was read, and what of it was taken.
    read: u64,
    taken: u64,
    hasher: Sha256,
    hashed: bool,
}

impl Input {
    fn new(reader: Box<dyn Read + Send>, hashed: bool) -> Self {
        let buffer = vec![0; 64 << 10];
        Self { reader, buffer, at: 0, end: 0, read: 0, taken: 0, hasher: Sha256::new(), hashed }
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
        if self.at == self.end {
            (self.at, self.end) = (0, 0);
            // To the brim, so that the decompressor is given the same pieces wherever they come
            // from: how far it is in the blob is told by them.
            while self.end < self.buffer.len() {
                match self.reader.read(&mut self.buffer[self.end..]) {
                    Ok(0) => break,
                    Ok(count) => self.end += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                    Err(error) => {
                        self.end = 0;
                        return Err(error);
                    }
                }
            }
            self.read += self.end as u64;
            if self.hashed {
                self.hasher.update(&self.buffer[..self.end]);
            }
        }
        Ok(&self.buffer[self.at..self.end])
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
