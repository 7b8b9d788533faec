//! A download over HTTP: what `transfer` decides is done here, and the digest is taken while
//! the bytes pass.

use std::io::{self, Read as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use lightship_model::digest::Digest;
use lightship_model::event::Unit;
use ureq::Body;
use ureq::http::Response;

use super::address;
use super::agent::{self, Ask};
use super::head::Head;
use super::partial::Part;
use super::transfer::{Action, Event, Transfer, Want};
use crate::clock::now;
use crate::install::{InstallError, Job};
use crate::store::audit::Act;
use crate::store::space;

/// How often a wait looks at the clock, and tells how long it still is.
const TICK: Duration = Duration::from_millis(250);
/// After so many bytes the disk is looked at again.
const LOOK: u64 = 8 << 20;

/// A file to download. Begin with [`Download::new`] and set what is known:
///
/// ```ignore
/// let download = Download { sha256: Some(&digest), size: Some(bytes), ..Download::new(url) };
/// download.to(job, &job.stage.join("file"))?;
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct Download<'a> {
    pub(crate) url: &'a str,
    /// A file with another digest is an error.
    pub(crate) sha256: Option<&'a Digest>,
    /// Its exact size in bytes; another one is an error.
    pub(crate) size: Option<u64>,
    /// The most bytes that are taken where `size` is not known.
    pub(crate) limit: Option<u64>,
    /// `Accept`, where the server has several forms.
    pub(crate) accept: Option<&'a str>,
    /// What errors and the audit trail call it; otherwise the address, without what is secret.
    pub(crate) name: Option<&'a str>,
    /// For one file of many: bytes of those before it, and of all of them.
    pub(crate) among: Option<(u64, u64)>,
}

/// A file that was fetched.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) digest: Digest,
    pub(crate) bytes: u64,
}

impl<'a> Download<'a> {
    pub(crate) fn new(url: &'a str) -> Self {
        Self { url, sha256: None, size: None, limit: None, accept: None, name: None, among: None }
    }

    /// Downloads to the file `to`, going on with what an earlier attempt left, and notes it in
    /// the tool's log and in the audit trail.
    pub(crate) fn to(&self, job: &mut Job<'_>, to: &Path) -> Result<Fetched, InstallError> {
        let fetched = self.fetch(job, to)?;
        fetched.note(job, &self.shown());
        Ok(fetched)
    }

    /// Like [`to`](Self::to), for what is an answer rather than an artefact: noted nowhere.
    pub(super) fn fetch(&self, job: &Job<'_>, to: &Path) -> Result<Fetched, InstallError> {
        let parts = job.runner.dir.parts();
        let (part, note) =
            Part::open(&parts, self.sha256, self.url).map_err(InstallError::io("write", &parts))?;
        let want = Want { size: self.size, limit: self.limit, has_digest: self.sha256.is_some() };
        let transfer = Transfer::new(want, part.have(), note.total, note.validator);
        Run { download: self, job, part, transfer, answer: None }.follow(to)
    }

    fn shown(&self) -> String {
        self.name.map_or_else(|| address::shown(self.url), str::to_owned)
    }

    fn failed(&self, reason: &str, retry_can_help: bool) -> InstallError {
        // A client's words may hold the address.
        let reason = reason.replace(self.url, &address::shown(self.url));
        InstallError::Download { url: self.shown(), reason, retry_can_help }
    }

    fn late(&self, job: &Job<'_>) -> InstallError {
        InstallError::TimedOut {
            what: format!("the download of {}", self.shown()),
            after: job.timeout,
        }
    }
}

impl Fetched {
    /// Notes it in the tool's log and in the audit trail.
    pub(super) fn note(&self, job: &mut Job<'_>, from: &str) {
        let Self { digest, bytes } = self;
        job.log.line(&format!("fetched {from}: {bytes} bytes, sha256 {digest}"));
        job.runner.audit(&Act::Download {
            tool: job.name().clone(),
            from: from.to_owned(),
            sha256: digest.clone(),
            bytes: *bytes,
        });
    }
}

/// A download under way.
struct Run<'a, 'j> {
    download: &'a Download<'a>,
    job: &'a Job<'j>,
    part: Part,
    transfer: Transfer,
    /// The answer whose head was the last event.
    answer: Option<Response<Body>>,
}

impl Run<'_, '_> {
    fn follow(mut self, to: &Path) -> Result<Fetched, InstallError> {
        let mut event = Event::Begin;
        loop {
            event = match self.transfer.step(event, chance()) {
                Action::Ask { from, if_range } => self.ask(from, if_range.as_deref())?,
                Action::Take { from, total, validator } => {
                    self.part.cut(from).map_err(|error| self.cant_write(error))?;
                    self.part.write_note(total, validator);
                    self.take(total)?
                }
                Action::Wait { pause, reason } => {
                    self.wait(pause, &reason)?;
                    Event::Begin
                }
                Action::Done => {
                    let digest = self.part.digest();
                    if self.download.sha256.is_none_or(|wanted| *wanted == digest) {
                        return self.finish(digest, to);
                    }
                    Event::WrongDigest
                }
                Action::Refuse => {
                    self.part.discard();
                    return Err(self.wrong_digest());
                }
                Action::GiveUp { reason, retry_can_help } => {
                    if self.part.have() == 0 {
                        self.part.discard();
                    }
                    return Err(self.download.failed(&reason, retry_can_help));
                }
            };
        }
    }

    fn ask(&mut self, from: u64, if_range: Option<&str>) -> Result<Event, InstallError> {
        let Download { url, accept, .. } = *self.download;
        let ask = Ask { url, accept, from, if_range, deadline: self.job.deadline };
        match agent::ask(&ask) {
            Ok(response) => {
                let head = Head::of(response.status().as_u16(), response.headers(), now());
                self.answer = Some(response);
                Ok(Event::Answer(head))
            }
            // However it put it: the request's limit is the attempt's.
            Err(_) if self.job.is_late() => Err(self.download.late(self.job)),
            Err(error) => {
                let passes = agent::passes(&error);
                Ok(Event::NoAnswer { reason: error.to_string(), passes })
            }
        }
    }

    /// Writes the answer's body behind what is there.
    fn take(&mut self, total: Option<u64>) -> Result<Event, InstallError> {
        let Some(mut response) = self.answer.take() else {
            return Ok(Event::NoAnswer { reason: "no answer".to_owned(), passes: true });
        };
        let most = self.download.size.or(self.download.limit).unwrap_or(u64::MAX);
        let place = self.job.runner.dir.parts();
        space::check(&place, total.unwrap_or_default().saturating_sub(self.part.have()))?;
        let mut looked_at = self.part.have();
        let mut reader = response.body_mut().as_reader();
        let mut block = vec![0; 128 * 1024];
        let broke = loop {
            let count = match reader.read(&mut block) {
                Ok(0) => break None,
                Ok(count) => count,
                Err(_) if self.job.is_late() => return Err(self.download.late(self.job)),
                Err(error) => break Some(broken(&error)),
            };
            self.part.append(&block[..count]).map_err(|error| self.cant_write(error))?;
            let have = self.part.have();
            let (before, all) = self.download.among.map_or((0, total), |(b, all)| (b, Some(all)));
            self.job.reporter.count(before + have, all, Unit::Bytes);
            if have - looked_at >= LOOK {
                looked_at = have;
                space::check(&place, 1)?;
            }
            if have > most {
                break None;
            }
            if self.job.is_late() {
                return Err(self.download.late(self.job));
            }
        };
        Ok(Event::Body { have: self.part.have(), broke })
    }

    /// Waits, and says why and how long still.
    fn wait(&self, pause: Duration, reason: &str) -> Result<(), InstallError> {
        let until = Instant::now() + pause;
        if until >= self.job.deadline {
            // Whoever comes later, with more time, goes on from the part.
            let seconds = pause.as_secs();
            let reason = format!("{reason}; a wait of {seconds} s is longer than the time left");
            return Err(self.download.failed(&reason, false));
        }
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let seconds = left.as_secs() + 1;
            self.job.reporter.message(&format!("{reason}: again in {seconds} s"));
            thread::park_timeout(left.min(TICK));
        }
    }

    fn finish(self, digest: Digest, to: &Path) -> Result<Fetched, InstallError> {
        let bytes = self.part.have();
        self.part.finish(to).map_err(InstallError::io("write", to))?;
        Ok(Fetched { digest, bytes })
    }

    fn wrong_digest(&self) -> InstallError {
        let found = self.part.digest();
        let wanted = self.download.sha256.cloned().unwrap_or_else(|| found.clone());
        InstallError::WrongDigest { url: self.download.shown(), found, wanted }
    }

    fn cant_write(&self, error: io::Error) -> InstallError {
        let place = self.job.runner.dir.parts();
        if error.kind() == io::ErrorKind::StorageFull {
            let needed = self.download.size.unwrap_or(LOOK).saturating_sub(self.part.have());
            if let Err(full) = space::check(&place, needed.max(1)) {
                return full;
            }
        }
        InstallError::io("write", place)(error)
    }
}

/// Why a body broke off, as somebody who waits for it would say it.
fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            "the server has stopped sending".to_owned()
        }
        _ => error.to_string(),
    }
}

/// A byte that other loaders don't have at the same moment.
pub(super) fn chance() -> u8 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let [first, second, ..] = (since.subsec_nanos() ^ std::process::id()).to_le_bytes();
    first ^ second
}
