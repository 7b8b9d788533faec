//! Where the container's log goes: lightship's own standard output or error, which others may
//! hold too. So it is not made non-blocking: each write is one that goes through at once.

use std::fs::File;
use std::io::{self, IoSlice, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::{Errno, ReadWriteFlags, pwritev2};

use super::queue::Queue;
use crate::sys;

/// `PIPE_BUF`: what is writable takes this much without waiting.
const PIECE: usize = 4096;
/// A terminal may take less, where it could not be opened anew.
const TERMINAL_PIECE: usize = 256;
/// How many pieces are written in one turn.
const PIECES: usize = 32;
/// The offset that stands for "where the file is".
const HERE: u64 = u64::MAX;

#[derive(Debug)]
pub(super) struct Sink {
    /// Nothing, when lightship was started without.
    file: Option<File>,
    kind: Kind,
    /// The kernel can be told, write by write, not to wait.
    nowait: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Is never waited for.
    Regular,
    /// Opened anew, for lightship alone, and non-blocking.
    Own,
    Terminal,
    /// A pipe or a socket.
    Stream,
}

impl Sink {
    pub(super) fn new(output: BorrowedFd<'_>) -> Self {
        let (file, kind) = match open(output) {
            Ok((owned, kind)) => (Some(File::from(owned)), kind),
            Err(_) => (None, Kind::Stream),
        };
        Self { file, kind, nowait: kind == Kind::Stream }
    }

    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_ref().map(File::as_fd)
    }

    /// Writes what goes through at once, up to a bound. Whether anything did.
    pub(super) fn write(&mut self, queue: &mut Queue) -> bool {
        let Some(file) = &mut self.file else {
            queue.close();
            return false;
        };
        let limit = if self.kind == Kind::Terminal { TERMINAL_PIECE } else { PIECE };
        let mut progress = false;
        for _ in 0..PIECES {
            if queue.is_empty() || (self.kind != Kind::Regular && !sys::is_writable(file.as_fd())) {
                break;
            }
            match write_once(file, &mut self.nowait, queue.front(limit)) {
                Ok(count) => {
                    progress |= count > 0;
                    queue.advance(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // The disk may have room again later.
                Err(error) if error.kind() == io::ErrorKind::StorageFull => queue.lose(),
                // Nobody reads any more.
                Err(_) => queue.close(),
            }
        }
        progress
    }
}

fn write_once(file: &mut File, nowait: &mut bool, bytes: &[u8]) -> io::Result<usize> {
    if *nowait {
        // Somebody else may have filled it since it was asked whether there is room.
        match pwritev2(&*file, &[IoSlice::new(bytes)], HERE, ReadWriteFlags::NOWAIT) {
            Ok(count) => return Ok(count),
            // An old kernel: then having asked has to do.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::SPIPE | Errno::INVAL) => *nowait = false,
            Err(error) => return Err(error.into()),
        }
    }
    file.write(bytes)
}

fn open(output: BorrowedFd<'_>) -> io::Result<(OwnedFd, Kind)> {
    let kind = FileType::from_raw_mode(fs::fstat(output)?.st_mode);
    if kind == FileType::CharacterDevice
        && let Ok(own) = reopen(output)
    {
        return Ok((own, Kind::Own));
    }
    let kind = match kind {
        FileType::RegularFile => Kind::Regular,
        FileType::CharacterDevice => Kind::Terminal,
        FileType::Fifo
        | FileType::Socket
        | FileType::Directory
        | FileType::Symlink
        | FileType::BlockDevice
        | FileType::Unknown => Kind::Stream,
    };
    Ok((output.try_clone_to_owned()?, kind))
}

/// Opens a device once more: a flag set on that touches nobody else.
fn reopen(output: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd as _;
    let path = format!("/proc/self/fd/{}", output.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(fs::open(path, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn filled(lines: usize) -> Queue {
        let mut queue = Queue::default();
        for _ in 0..lines {
            queue.push(&[&[b'x'; 1023][..], b"\n"].concat());
        }
        queue
    }

    #[test]
    fn a_pipe_that_nobody_reads_takes_what_it_holds_and_blocks_nobody() {
        let (mut reader, writer) = io::pipe().unwrap();
        let mut sink = Sink::new(writer.as_fd());
        let mut queue = filled(200);
        while sink.write(&mut queue) {}
        let left = queue.len();
        assert!(left > 0 && left < 200 * 1024);
        assert!(!sink.write(&mut queue));
        let mut buffer = vec![0; 16 * 1024];
        reader.read_exact(&mut buffer).unwrap();
        assert!(sink.write(&mut queue));
        assert!(queue.len() < left);
        // The descriptor that others share is as it was.
        let flags = fs::fcntl_getfl(&writer).unwrap();
        assert!(!flags.contains(OFlags::NONBLOCK));
    }

    #[test]
    fn without_a_reader_everything_is_dropped() {
        let (reader, writer) = io::pipe().unwrap();
        let mut sink = Sink::new(writer.as_fd());
        drop(reader);
        let mut queue = filled(3);
        assert!(!sink.write(&mut queue));
        queue.push(b"late\n");
        assert!(queue.is_empty());
    }

    #[test]
    fn a_file_takes_everything_and_a_device_too() {
        let mut file = tempfile::tempfile().unwrap();
        let mut sink = Sink::new(file.as_fd());
        let mut queue = filled(50);
        while sink.write(&mut queue) {}
        assert!(queue.is_empty());
        io::Seek::rewind(&mut file).unwrap();
        assert_eq!(io::copy(&mut file, &mut io::sink()).unwrap(), 50 * 1024);
        let null = File::options().write(true).open("/dev/null").unwrap();
        let mut sink = Sink::new(null.as_fd());
        assert_eq!(sink.kind, Kind::Own);
        let mut queue = filled(3);
        assert!(sink.write(&mut queue) && queue.is_empty());
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut sink = Sink::new(full.as_fd());
        let mut queue = filled(3);
        assert!(!sink.write(&mut queue));
        assert_eq!((queue.len(), queue.dropped()), (0, 3));
    }
}
