//! An entry of a tar.

/// What kind of entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    File,
    HardLink,
    Symlink,
    Directory,
    /// Character or block device, pipe.
    Special,
    /// Something that is not unpacked.
    Unknown(u8),
}

/// One entry, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where its first header begins in the tar: that of its PAX or long name, if it has one.
    pub start: u64,
    pub path: Vec<u8>,
    pub kind: Type,
    /// Target of a link, else empty.
    pub link: Vec<u8>,
    /// The twelve permission bits.
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Of the file as it is unpacked, in bytes; 0 for what is no file.
    pub size: u64,
    /// It has holes.
    pub sparse: bool,
}
