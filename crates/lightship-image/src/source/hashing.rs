//! A digest of what goes by, made by a thread of its own: a layer is hashed three times (as it
//! is stored, as a tar, file by file), which together takes as long as to unpack it.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use lightship_model::digest::Digest;
use sha2::{Digest as _, Sha256};

/// Pieces that wait.
const WAITING: usize = 4;

/// A digest that is being made.
pub(super) struct Hashing {
    pieces: SyncSender<Arc<Vec<u8>>>,
    thread: JoinHandle<Sha256>,
}

impl Hashing {
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start() -> io::Result<Self> {
        let (sender, pieces) = sync_channel::<Arc<Vec<u8>>>(WAITING);
        let work = move || {
            let mut hasher = Sha256::new();
            for piece in pieces {
                hasher.update(&*piece);
            }
            hasher
        };
        let thread = thread::Builder::new().name("hash".to_owned()).spawn(work)?;
        Ok(Self { pieces: sender, thread })
    }

    /// Takes the next piece.
    pub(super) fn feed(&self, piece: &Arc<Vec<u8>>) {
        // A thread that has ended is told of by `finish`.
        drop(self.pieces.send(Arc::clone(piece)));
    }

    /// The digest of all pieces.
    ///
    /// # Errors
    /// When the thread has ended before its time.
    pub(super) fn finish(self) -> io::Result<Digest> {
        drop(self.pieces);
        let ended = |_| io::Error::other("the thread that hashes it ended");
        self.thread.join().map(Digest::from_hasher).map_err(ended)
    }
}

/// Buffers that several threads read, and that are used again when all are done with them.
#[derive(Default)]
pub(super) struct Buffers {
    lent: Vec<Arc<Vec<u8>>>,
}

impl Buffers {
    /// One that nobody reads any more, of `size` bytes.
    pub(super) fn take(&mut self, size: usize) -> Vec<u8> {
        let free = self.lent.iter().position(|it| Arc::strong_count(it) == 1);
        let free = free.and_then(|at| Arc::try_unwrap(self.lent.swap_remove(at)).ok());
        let mut buffer = free.unwrap_or_default();
        buffer.resize(size, 0);
        buffer
    }

    /// Gives it to whoever wants to read it.
    pub(super) fn lend(&mut self, buffer: Vec<u8>) -> Arc<Vec<u8>> {
        let buffer = Arc::new(buffer);
        self.lent.push(Arc::clone(&buffer));
        buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_all_pieces_and_a_buffer_is_not_changed_while_it_is_read() {
        let hashing = Hashing::start().unwrap();
        let mut buffers = Buffers::default();
        let mut all = Vec::new();
        for number in 0..200_u8 {
            let mut buffer = buffers.take(1000);
            buffer.fill(number);
            all.extend_from_slice(&buffer);
            hashing.feed(&buffers.lend(buffer));
        }
        assert_eq!(hashing.finish().unwrap(), Digest::of(&all));
        // Those that wait, the one that is hashed, and the one that is written.
        assert!(buffers.lent.len() <= WAITING + 2, "{}", buffers.lent.len());
    }
}
