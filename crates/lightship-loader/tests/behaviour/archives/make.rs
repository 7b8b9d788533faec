//! Making archives, whatever a good writer would say to it.

use std::io::Write as _;

/// An entry of a tar, as it is written.
pub(super) struct TarEntry {
    pub(super) name: Vec<u8>,
    pub(super) kind: u8,
    pub(super) target: Vec<u8>,
    pub(super) body: Vec<u8>,
    /// What the header says of the body's length, if not the truth.
    pub(super) size: Option<u64>,
    pub(super) mode: u32,
}

impl TarEntry {
    pub(super) fn new(name: impl AsRef<[u8]>, kind: u8) -> Self {
        let name = name.as_ref().to_owned();
        Self { name, kind, target: vec![], body: vec![], size: None, mode: 0o755 }
    }

    pub(super) fn file(name: &str, body: &str) -> Self {
        Self { body: body.into(), ..Self::new(name, b'0') }
    }

    pub(super) fn link(name: &str, kind: u8, target: &str) -> Self {
        Self { target: target.into(), ..Self::new(name, kind) }
    }

    /// A POSIX extension header with these records.
    pub(super) fn pax(records: &[(&str, &[u8])]) -> Self {
        let mut body = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let length =
                (1..9).find(|digits| (rest + digits).to_string().len() == *digits).unwrap();
            body.extend(format!("{} {key}=", rest + length).as_bytes());
            body.extend(*value);
            body.push(b'\n');
        }
        Self { body, ..Self::new("pax", b'x') }
    }

    fn write(&self, tar: &mut Vec<u8>) {
        let mut block = [0; 512];
        block[..self.name.len().min(100)].copy_from_slice(&self.name[..self.name.len().min(100)]);
        block[100..107].copy_from_slice(format!("{:07o}", self.mode).as_bytes());
        let size = self.size.unwrap_or(self.body.len() as u64);
        block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        block[136..147].copy_from_slice(b"00000000000");
        block[156] = self.kind;
        block[157..157 + self.target.len()].copy_from_slice(&self.target);
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend(block);
        tar.extend(&self.body);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
}

/// A tar of these entries, with its end.
pub(super) fn tar(entries: &[TarEntry]) -> Vec<u8> {
    let mut tar = Vec::new();
    for entry in entries {
        entry.write(&mut tar);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// `bytes` by gzip, xz, bzip2 and zstd.
pub(super) fn compressed(bytes: &[u8]) -> [Vec<u8>; 4] {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(bytes).unwrap();
    let mut bz2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz2.write_all(bytes).unwrap();
    let zst = zstd::encode_all(bytes, 1).unwrap();
    [gz.finish().unwrap(), xz.finish().unwrap(), bz2.finish().unwrap(), zst]
}

/// A file of a zip, in both of its headers.
#[derive(Clone)]
pub(super) struct ZipEntry {
    pub(super) name: &'static str,
    /// What the header before the data calls it.
    pub(super) local_name: &'static str,
    pub(super) body: &'static [u8],
    pub(super) flags: u16,
    pub(super) method: u16,
    /// Mode with the file's type.
    pub(super) mode: u32,
    pub(super) crc: Option<u32>,
    /// Its own header lies here, in what another entry holds.
    pub(super) inside: Option<usize>,
}

impl ZipEntry {
    pub(super) fn file(name: &'static str, body: &'static [u8]) -> Self {
        Self {
            name,
            local_name: name,
            body,
            flags: 0,
            method: 0,
            mode: 0o100_755,
            crc: None,
            inside: None,
        }
    }

    /// The header that stands before the data, and the data.
    pub(super) fn local(&self) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.extend(self.common());
        bytes.extend(u16::try_from(self.local_name.len()).unwrap().to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(self.local_name.as_bytes());
        bytes.extend(self.body);
        bytes
    }

    fn common(&self) -> Vec<u8> {
        let mut sum = flate2::Crc::new();
        sum.update(self.body);
        let length = u32::try_from(self.body.len()).unwrap().to_le_bytes();
        let mut bytes = Vec::new();
        bytes.extend(20u16.to_le_bytes());
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.method.to_le_bytes());
        bytes.extend([0, 0, 0x21, 0]);
        bytes.extend(self.crc.unwrap_or(sum.sum()).to_le_bytes());
        bytes.extend(length);
        bytes.extend(length);
        bytes
    }
}

/// A zip of these entries.
pub(super) fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    let short = |length: usize| u16::try_from(length).unwrap().to_le_bytes();
    let long = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let at = entry.inside.unwrap_or(zip.len());
        if entry.inside.is_none() {
            zip.extend(entry.local());
        }
        directory.extend(b"PK\x01\x02");
        directory.extend([20, 3]);
        directory.extend(entry.common());
        directory.extend(short(entry.name.len()));
        directory.extend([0; 8]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(long(at));
        directory.extend(entry.name.as_bytes());
    }
    let start = zip.len();
    zip.extend(&directory);
    zip.extend(b"PK\x05\x06\0\0\0\0");
    zip.extend(short(entries.len()));
    zip.extend(short(entries.len()));
    zip.extend(long(directory.len()));
    zip.extend(long(start));
    zip.extend([0, 0]);
    zip
}
