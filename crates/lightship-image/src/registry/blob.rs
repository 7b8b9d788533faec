//! Reading a blob: goes on where the connection broke, and ends in an error unless the bytes are
//! those that the digest stands for. Whoever compares the digest alone reads it unchecked.

use std::fmt;
use std::io::{self, Read};

use lightship_loader::http::pause;
use lightship_model::digest::Digest;
use sha2::{Digest as _, Sha256};
use ureq::BodyReader;
use ureq::http::header;

use super::client::{Call, Client, wait};
use crate::oci::BlobDigest;

/// New connections without one new byte.
const TRIES: u32 = 5;

/// The bytes of a blob.
pub struct BlobReader {
    client: Client,
    digest: BlobDigest,
    size: Option<u64>,
    body: Option<BodyReader<'static>>,
    hasher: Option<Sha256>,
    at: u64,
    fruitless: u32,
}

impl fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobReader")
            .field("digest", &self.digest)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl BlobReader {
    pub(super) fn new(
        client: Client,
        digest: BlobDigest,
        size: Option<u64>,
        checked: bool,
    ) -> Self {
        let hasher = checked.then(Sha256::new);
        Self { client, digest, size, body: None, hasher, at: 0, fruitless: 0 }
    }

    fn connect(&self) -> io::Result<BodyReader<'static>> {
        let url = self.client.url(&format!("blobs/{}", self.digest));
        let mut call = Call::get(format!("get the blob `{}`", self.digest), url);
        if self.at > 0 {
            call.headers.push((header::RANGE, format!("bytes={}-", self.at)));
            call.fine = &[200, 206];
        }
        let answer = self.client.send(&call).map_err(io::Error::other)?;
        let whole = answer.status() == 200;
        let mut body = answer.into_body().into_with_config().limit(u64::MAX).reader();
        if whole && self.at > 0 {
            // No ranges here: what was read already comes again.
            io::copy(&mut (&mut body).take(self.at), &mut io::sink())?;
        }
        Ok(body)
    }

    /// What to do about a connection that broke: an error when it breaks again and again.
    fn broken(&mut self, reason: io::Error) -> io::Result<()> {
        self.body = None;
        self.fruitless += 1;
        if self.fruitless > TRIES {
            return Err(reason);
        }
        wait(pause(self.fruitless, None));
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        let Some(hasher) = &self.hasher else { return Ok(()) };
        let found = BlobDigest(Digest::from_hasher(hasher.clone()));
        if found == self.digest {
            return Ok(());
        }
        Err(self.wrong(format!("its digest is {found}")))
    }

    fn wrong(&self, reason: impl fmt::Display) -> io::Error {
        let reason = format!("the registry's blob `{}` is another one: {reason}", self.digest);
        io::Error::new(io::ErrorKind::InvalidData, reason)
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let mut body = match self.body.take() {
                Some(body) => body,
                None => self.connect()?,
            };
            let read = body.read(buffer);
            self.body = Some(body);
            match read {
                Ok(0) if self.size.is_some_and(|size| self.at < size) => {
                    self.broken(io::ErrorKind::UnexpectedEof.into())?;
                }
                Ok(0) => {
                    self.check()?;
                    return Ok(0);
                }
                Ok(count) => {
                    if let Some(hasher) = &mut self.hasher {
                        hasher.update(&buffer[..count]);
                    }
                    self.at += count as u64;
                    self.fruitless = 0;
                    if let Some(size) = self.size.filter(|size| self.at > *size) {
                        return Err(self.wrong(format!("it is longer than {size} bytes")));
                    }
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.broken(error)?,
            }
        }
    }
}
