//! Compressing a layer while its digests are taken: what comes out depends on the bytes and the
//! level, not on the number of threads.

mod gzip;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::oci::{BlobDigest, media};

/// How layers are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    None,
    /// Level 1 to 9.
    Gzip(u32),
    /// Level 1 to 19: with more, decoders need more memory than they allow.
    Zstd(i32),
}

/// What came out of compressing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compressed {
    /// Of the plain bytes.
    pub diff_id: BlobDigest,
    pub digest: BlobDigest,
    /// Compressed, in bytes.
    pub size: u64,
    /// In bytes.
    pub plain: u64,
}

impl Compression {
    pub const GZIP: Self = Self::Gzip(6);
    pub const ZSTD: Self = Self::Zstd(9);

    /// The same kind at another level.
    ///
    /// # Errors
    /// With the levels that there are.
    pub fn with_level(self, level: u32) -> Result<Self, String> {
        let most = match self {
            Self::None => return Err("without compression there are no levels".to_owned()),
            Self::Gzip(_) => 9,
            Self::Zstd(_) => 19,
        };
        match (self, i32::try_from(level)) {
            _ if !(1..=most).contains(&level) => {
                Err(format!("{level} is no level of {self}: 1 to {most} are"))
            }
            (Self::Zstd(_), Ok(level)) => Ok(Self::Zstd(level)),
            _ => Ok(Self::Gzip(level)),
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::None => media::LAYER,
            Self::Gzip(_) => media::LAYER_GZIP,
            Self::Zstd(_) => media::LAYER_ZSTD,
        }
    }

    /// Everything of the compressor on which its bytes depend.
    pub(super) fn identity(self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Gzip(level) => format!("gzip {level} {}", gzip::IDENTITY),
            Self::Zstd(level) => format!("zstd {level} {}", zstd::zstd_safe::version_string()),
        }
    }

    /// Runs `write` and compresses what it writes to `out`, with `threads` of its own.
    pub fn compress<W: Write>(
        self,
        threads: usize,
        out: W,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Compressed> {
        let mut plain = Meter::new(io::sink());
        let mut out = Meter::new(out);
        let threads = threads.max(1);
        match self {
            Self::None => write(&mut Tee(&mut plain, &mut out))?,
            Self::Gzip(level) => {
                let write = |out: &mut dyn Write| write(&mut Tee(&mut plain, out));
                gzip::gzip(&mut out, level, threads, write)?;
            }
            Self::Zstd(level) => {
                let mut encoder = zstd::Encoder::new(&mut out, level)?;
                // Never none: without workers other bytes come out.
                encoder.multithread(u32::try_from(threads).unwrap_or(1))?;
                write(&mut Tee(&mut plain, &mut encoder))?;
                encoder.finish()?;
            }
        }
        out.flush()?;
        let (diff_id, plain) = plain.finish();
        let (digest, size) = out.finish();
        Ok(Compressed { diff_id, digest, size, plain })
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Gzip(_) => "gzip",
            Self::Zstd(_) => "zstd",
        })
    }
}

impl FromStr for Compression {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "gzip" => Ok(Self::GZIP),
            "zstd" => Ok(Self::ZSTD),
            _ => Err(format!("`{text}` is no compression: `zstd`, `gzip` and `none` are")),
        }
    }
}

/// Counts and digests what goes through it.
pub(crate) struct Meter<W> {
    out: W,
    hasher: Sha256,
    count: u64,
}

impl<W: Write> Meter<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, hasher: Sha256::new(), count: 0 }
    }

    pub(crate) fn finish(self) -> (BlobDigest, u64) {
        let digest = lightship_model::digest::Digest::from_hasher(self.hasher);
        (BlobDigest(digest), self.count)
    }
}

impl<W: Write> Write for Meter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes to both; the first takes everything.
struct Tee<'a, A, B: ?Sized>(&'a mut A, &'a mut B);

impl<A: Write, B: Write + ?Sized> Write for Tee<'_, A, B> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}

#[cfg(test)]
mod tests;
