//! gzip on several threads. The bytes are cut into blocks of one size; each is compressed by
//! itself, with the end of the one before as its dictionary, and they are put together in
//! order. So the result is the same for every number of threads, one included.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use flate2::{Compress, Crc, FlushCompress, Status};

/// Every change of what comes out has to change this.
pub(super) const IDENTITY: &str = "zlib-rs 0.6, blocks of 1 MiB";

const BLOCK: usize = 1 << 20;
/// What deflate can look back.
const WINDOW: usize = 32 << 10;

/// One block that is to be compressed.
struct Job {
    dictionary: Vec<u8>,
    block: Vec<u8>,
    last: bool,
    reply: SyncSender<io::Result<Done>>,
}

struct Done {
    bytes: Vec<u8>,
    crc: Crc,
}

/// Runs `write` and writes what it gives as one gzip member.
pub(super) fn gzip(
    out: &mut dyn Write,
    level: u32,
    threads: usize,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let (jobs, queue) = sync_channel(threads);
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        // Owned by this closure, so that the threads end when it does, whatever the reason.
        let jobs = jobs;
        for _ in 0..threads {
            let builder = thread::Builder::new().name("gzip".to_owned());
            builder.spawn_scoped(scope, || work(&queue, level))?;
        }
        let extra = match level {
            1 => 4,
            9 => 2,
            _ => 0,
        };
        out.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extra, 255])?;
        let mut blocks = Blocks {
            out,
            jobs,
            block: Vec::with_capacity(BLOCK),
            dictionary: Vec::new(),
            waiting: VecDeque::new(),
            most: 2 * threads,
            crc: Crc::new(),
        };
        write(&mut blocks)?;
        blocks.finish()
    })
}

/// Cuts what is written into blocks, and keeps at most so many in the works.
struct Blocks<'a> {
    out: &'a mut dyn Write,
    jobs: SyncSender<Job>,
    block: Vec<u8>,
    dictionary: Vec<u8>,
    waiting: VecDeque<Receiver<io::Result<Done>>>,
    most: usize,
    crc: Crc,
}

impl Blocks<'_> {
    fn send(&mut self, last: bool) -> io::Result<()> {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK));
        let window = block[block.len().saturating_sub(WINDOW)..].to_vec();
        let dictionary = std::mem::replace(&mut self.dictionary, window);
        let (reply, answer) = sync_channel(1);
        self.jobs.send(Job { dictionary, block, last, reply }).map_err(|_| gone())?;
        self.waiting.push_back(answer);
        if self.waiting.len() >= self.most { self.take() } else { Ok(()) }
    }

    /// Writes the oldest block that is not written yet.
    fn take(&mut self) -> io::Result<()> {
        let Some(answer) = self.waiting.pop_front() else { return Ok(()) };
        let done = answer.recv().map_err(|_| gone())??;
        self.crc.combine(&done.crc);
        self.out.write_all(&done.bytes)
    }

    fn finish(mut self) -> io::Result<()> {
        self.send(true)?;
        while !self.waiting.is_empty() {
            self.take()?;
        }
        self.out.write_all(&self.crc.sum().to_le_bytes())?;
        self.out.write_all(&self.crc.amount().to_le_bytes())
    }
}

impl Write for Blocks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK {
            self.send(false)?;
        }
        let count = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gone() -> io::Error {
    io::Error::other("a compressing thread has ended")
}

fn work(queue: &Mutex<Receiver<Job>>, level: u32) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        let done = compress(level, &job);
        // Nobody waits any more when writing has failed.
        drop(job.reply.send(done));
    }
}

fn compress(level: u32, job: &Job) -> io::Result<Done> {
    let failed = |error: flate2::CompressError| io::Error::other(error);
    let mut crc = Crc::new();
    crc.update(&job.block);
    // A new one each time: one that is reset remembers something of the block before.
    let mut deflate = Compress::new(flate2::Compression::new(level), false);
    if !job.dictionary.is_empty() {
        deflate.set_dictionary(&job.dictionary).map_err(failed)?;
    }
    let flush = if job.last { FlushCompress::Finish } else { FlushCompress::Sync };
    let mut bytes = Vec::with_capacity(job.block.len() + job.block.len() / 8 + 1024);
    loop {
        let taken = usize::try_from(deflate.total_in()).unwrap_or(usize::MAX);
        let status =
            deflate.compress_vec(&job.block[taken..], &mut bytes, flush).map_err(failed)?;
        let ended = match status {
            Status::StreamEnd => true,
            // A block is flushed when there was room for more.
            Status::Ok | Status::BufError => !job.last && bytes.len() < bytes.capacity(),
        };
        if ended {
            return Ok(Done { bytes, crc });
        }
        bytes.reserve(64 << 10);
    }
}
