//! What a file is: its first bytes say, not its name.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::Path;

use liblzma::stream::{CONCATENATED, Stream};

use super::{refuse, tar};
use crate::install::InstallError;

/// What a decompressor may use, in bytes: xz may ask for 4 GiB, and its strongest preset needs 65
/// MiB.
const MEMORY: u64 = 256 << 20;
/// The largest window of zstd, as a power of two: what its own program takes unasked.
const WINDOW: u32 = 27;

/// A kind of file that is unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Zip,
    Tar,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
    /// Known by its first bytes, and not unpacked.
    Unsupported(&'static str),
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gzip => "gzip stream",
            Self::Zstd => "zstd stream",
            Self::Xz => "xz stream",
            Self::Bzip2 => "bzip2 stream",
            Self::Unsupported(name) => name,
        })
    }
}

/// Whether `file` is to be unpacked; anything else is taken as a program.
pub(crate) fn is_archive(file: &Path) -> Result<bool, InstallError> {
    let read = || Ok(Format::of(&head(&mut File::open(file)?)?).is_some());
    read().map_err(InstallError::io("read", file))
}

/// The first block of a reader.
pub(super) fn head(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(tar::BLOCK as u64).read_to_end(&mut head)?;
    Ok(head)
}

impl Format {
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        Some(match head {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Self::Bzip2,
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Self::Unsupported("7z"),
            [b'R', b'a', b'r', b'!', 0x1a, 0x07, ..] => Self::Unsupported("rar"),
            [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n', ..] => Self::Unsupported("ar"),
            head if tar::is_header(head) => Self::Tar,
            _ => return None,
        })
    }

    /// What `file` holds, decompressed.
    pub(super) fn reader(self, mut file: File) -> io::Result<Box<dyn Read>> {
        file.rewind()?;
        let file = BufReader::with_capacity(128 * 1024, file);
        Ok(match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(file)?;
                decoder.window_log_max(WINDOW)?;
                Box::new(decoder)
            }
            Self::Xz => {
                let stream = Stream::new_stream_decoder(MEMORY, CONCATENATED)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(file, stream))
            }
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(file)),
            Self::Tar => Box::new(file),
            Self::Zip => return Err(refuse("a zip is not one stream")),
            Self::Unsupported(name) => {
                return Err(refuse(format!(
                    "{name} is not supported: use zip, or tar with gzip, xz, zstd or bzip2"
                )));
            }
        })
    }
}
