//! One repository of a registry: asks, shows who it is, and asks again when the server is busy.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use lightship_loader::http::{agent, is_busy, passes, pause, proxy_for, resolve};
use lightship_model::digest::Digest;
use ureq::http::header::{self, HeaderMap, HeaderName};
use ureq::http::{Method, Request, Response};
use ureq::{AsSendBody, Body};

use super::answer;
use super::auth;
use super::blob::BlobReader;
use super::challenge::Challenge;
use super::credentials::{self, Credentials};
use super::error::RegistryError;
use super::reference::{Reference, Version};
use crate::oci::{BlobDigest, Descriptor, media};

/// Requests after the first that nobody answered, or a busy server did.
const TRIES: u32 = 5;
/// The same, as long as nobody has ever answered: its name may be a wrong one.
const FIRST_TRIES: u32 = 2;
/// How long a registry may think about what it was sent: it reads a whole layer before it answers.
const THINKING: Duration = Duration::from_mins(10);

/// Manifests that are understood, in one header.
const MANIFESTS: [&str; 4] =
    [media::MANIFEST, media::INDEX, media::DOCKER_MANIFEST, media::DOCKER_LIST];

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Without TLS, though the registry is not on this machine.
    pub insecure: bool,
    /// The file with the credentials, instead of those that the environment names.
    pub auth_file: Option<PathBuf>,
}

/// What is going to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Pull,
    Push,
}

impl Access {
    pub(super) fn actions(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
        }
    }
}

/// A repository that can be asked; copies share what let them in.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    reference: Reference,
    base: String,
    secure: bool,
    access: Access,
    credentials: Option<Credentials>,
    authorization: Mutex<Option<String>>,
    answered: AtomicBool,
}

/// A manifest as the registry has it.
#[derive(Clone, Debug)]
pub struct Found {
    pub descriptor: Descriptor,
    pub bytes: Vec<u8>,
}

/// One request.
pub(super) struct Call<'a> {
    /// What it is for, as in "can't …".
    pub(super) action: String,
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) payload: Payload<'a>,
    /// Answers that are none of an error.
    pub(super) fine: &'a [u16],
}

#[derive(Clone, Copy)]
pub(super) enum Payload<'a> {
    Nothing,
    Bytes(&'a [u8]),
    File(&'a Path),
}

impl Client {
    /// A client for the repository of `reference`. Asks nothing yet.
    pub fn new(
        reference: &Reference,
        access: Access,
        options: &Options,
    ) -> Result<Self, RegistryError> {
        let secure = !options.insecure && !reference.is_local();
        let scheme = if secure { "https" } else { "http" };
        let named = options.auth_file.as_ref().map(|path| path.display().to_string());
        let var = |name: &str| match name {
            "REGISTRY_AUTH_FILE" if named.is_some() => named.clone(),
            name => std::env::var(name).ok(),
        };
        let credentials = credentials::find(reference, var)?;
        Ok(Self(Arc::new(Inner {
            reference: reference.clone(),
            base: format!("{scheme}://{}/v2/{}", reference.host, reference.name),
            secure,
            access,
            credentials,
            authorization: Mutex::new(None),
            answered: AtomicBool::new(false),
        })))
    }

    /// The manifest, or the index, of `version`; by a digest it has that digest.
    pub fn manifest(&self, version: &Version) -> Result<Found, RegistryError> {
        let found = self.find_manifest(version, &[200])?;
        found.ok_or_else(|| RegistryError::Document {
            what: format!("`{version}`"),
            reason: "the registry has none".to_owned(),
        })
    }

    /// A blob's bytes, which are checked while they are read.
    pub fn blob(&self, digest: &BlobDigest, size: Option<u64>) -> BlobReader {
        BlobReader::new(self.clone(), digest.clone(), size, true)
    }

    /// The same for somebody who compares the digest, so that nothing is hashed twice.
    pub(super) fn unchecked_blob(&self, digest: &BlobDigest, size: Option<u64>) -> BlobReader {
        BlobReader::new(self.clone(), digest.clone(), size, false)
    }

    /// The address of what is at `path` in the repository.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.0.base)
    }

    /// The manifest of `version`; nothing when an answer that is `fine` says that it is not there.
    pub(super) fn find_manifest(
        &self,
        version: &Version,
        fine: &[u16],
    ) -> Result<Option<Found>, RegistryError> {
        let what = format!("the manifest `{version}`");
        let url = self.url(&format!("manifests/{version}"));
        let mut answer = self.send(&Call {
            headers: vec![(header::ACCEPT, MANIFESTS.join(", "))],
            fine,
            ..Call::get(format!("get {what}"), url)
        })?;
        if answer.status() != 200 {
            return Ok(None);
        }
        let media_type = text(answer.headers(), header::CONTENT_TYPE).unwrap_or_default();
        let bytes = answer::bytes(&what, &mut answer)?;
        let digest = BlobDigest(Digest::of(&bytes));
        if let Version::Digest(wanted) = version
            && *wanted != digest
        {
            return Err(RegistryError::Digest { what, wanted: wanted.clone(), found: digest });
        }
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let descriptor = Descriptor::new(media_type, digest, bytes.len() as u64);
        Ok(Some(Found { descriptor, bytes }))
    }

    /// Sends a request until it is answered; an answer that is not fine is an error.
    pub(super) fn send(&self, call: &Call<'_>) -> Result<Response<Body>, RegistryError> {
        self.send_up_to(call, TRIES)
    }

    pub(super) fn send_up_to(
        &self,
        call: &Call<'_>,
        tries: u32,
    ) -> Result<Response<Body>, RegistryError> {
        let (mut again, mut shown) = (0, false);
        loop {
            let answered = self.0.answered.load(Ordering::Relaxed);
            let patience = if answered { tries } else { tries.min(FIRST_TRIES) };
            let mut answer = match self.once(call) {
                Ok(answer) => answer,
                Err(error) if passes(&error) && again < patience => {
                    again += 1;
                    wait(pause(again, None));
                    continue;
                }
                Err(source) => {
                    let url = lightship_loader::http::shown(&call.url);
                    let (action, source) = (call.action.clone(), Box::new(source));
                    return Err(RegistryError::NoAnswer { action, url, source });
                }
            };
            self.0.answered.store(true, Ordering::Relaxed);
            let status = answer.status().as_u16();
            if call.fine.contains(&status) {
                return Ok(answer);
            }
            if status == 401 && !shown && self.show(&answer)? {
                shown = true;
                continue;
            }
            if is_busy(status) && again < tries {
                again += 1;
                wait(pause(again, Some(answer.headers())));
                continue;
            }
            let reference = &self.0.reference;
            return Err(answer::refused(&call.action, reference, &call.url, &mut answer));
        }
    }

    /// Gets what lets us in; whether there is something to show now.
    fn show(&self, answer: &Response<Body>) -> Result<bool, RegistryError> {
        let headers = answer.headers().get_all(header::WWW_AUTHENTICATE);
        let challenges = headers.iter().filter_map(|it| Challenge::parse(it.to_str().ok()?));
        // A token is worth more than a password.
        let best = challenges.max_by_key(|it| matches!(it, Challenge::Bearer { .. }));
        let Some(challenge) = best else { return Ok(false) };
        let Inner { reference, access, secure, credentials, .. } = &*self.0;
        let header = auth::meet(&challenge, credentials.as_ref(), reference, *access, *secure)?;
        let there = header.is_some();
        *self.0.authorization.lock().unwrap_or_else(PoisonError::into_inner) = header;
        Ok(there)
    }

    fn once(&self, call: &Call<'_>) -> Result<Response<Body>, ureq::Error> {
        match call.payload {
            Payload::Nothing if matches!(call.method, Method::POST | Method::PUT) => {
                self.run(call, &b""[..])
            }
            Payload::Nothing => self.run(call, ()),
            Payload::Bytes(bytes) => self.run(call, bytes),
            Payload::File(path) => self.run(call, std::fs::File::open(path)?),
        }
    }

    fn run(&self, call: &Call<'_>, body: impl AsSendBody) -> Result<Response<Body>, ureq::Error> {
        let mut request = Request::builder().method(call.method.clone()).uri(&call.url);
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        // Only for the registry: an upload may go to another host, which must not see it.
        if call.url.starts_with(&self.origin()) {
            let shown = self.0.authorization.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(header) = shown.as_ref() {
                request = request.header(header::AUTHORIZATION, header);
            }
        }
        let request = agent().configure_request(request.body(body)?);
        let mut request = request.proxy(proxy_for(&call.url)?);
        if call.method != Method::GET {
            request = request.timeout_recv_response(Some(THINKING));
        }
        agent().run(request.build())
    }

    fn origin(&self) -> String {
        let scheme = if self.0.secure { "https" } else { "http" };
        format!("{scheme}://{}/", self.0.reference.host)
    }
}

impl Call<'_> {
    pub(super) fn get(action: String, url: String) -> Self {
        let (headers, payload) = (Vec::new(), Payload::Nothing);
        Self { action, method: Method::GET, url, headers, payload, fine: &[200] }
    }
}

/// The address that an answer leads on to.
pub(super) fn location(call: &str, answer: &Response<Body>) -> Option<String> {
    Some(resolve(call, &text(answer.headers(), header::LOCATION)?))
}

pub(super) fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

pub(super) fn wait(pause: Duration) {
    thread::sleep(pause);
}
