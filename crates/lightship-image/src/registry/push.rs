//! From a layout into a registry: what it lacks is sent, manifests last, the tag at the very end.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use ureq::http::{Method, header};

use super::AT_ONCE;
use super::answer;
use super::client::{Access, Call, Client, Found, Options, Payload, location, text};
use super::error::RegistryError;
use super::reference::{Reference, Version};
use super::{auth, referrers};
use crate::oci::layout::Layout;
use crate::oci::{BlobDigest, Descriptor, Index, Manifest, media};
use crate::parallel;

/// How often a blob is begun anew.
const TRIES: u32 = 3;
/// A piece of a blob, in bytes, for registries that don't take it in one.
const CHUNK: u64 = 8 << 20;

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    pub digest: BlobDigest,
    /// Blobs that were sent, and those that the registry had, or took from another repository.
    pub sent: usize,
    pub kept: usize,
}

/// Sends the image `tag` of the layout at `dir` (the only one, without a tag) to `reference`, with
/// what is said about it. Blobs are taken from the repository `mount` of the same registry, where it has them.
pub fn push(
    dir: &Path,
    tag: Option<&str>,
    reference: &Reference,
    mount: Option<&str>,
    options: &Options,
) -> Result<Pushed, RegistryError> {
    let client = Client::new(reference, Access::Push, options)?;
    let layout = Layout::existing(dir)?;
    let index = layout.index()?.unwrap_or_else(|| Index::of(Vec::new()));
    let top = Layout::choose(&index, tag).map_err(|known| RegistryError::NoImage {
        name: tag.unwrap_or("an image").to_owned(),
        known,
    })?;
    let mut pusher = Pusher { client, layout, mount, sent: 0, kept: 0, manifests: Vec::new() };
    let found = pusher.read(&top)?;
    pusher.contents(&found, 0)?;
    pusher.manifest(&found, &reference.version)?;
    for entry in index.manifests.iter().filter(|it| it.digest != top.digest) {
        pusher.about(entry)?;
    }
    Ok(Pushed { digest: top.digest, sent: pusher.sent, kept: pusher.kept })
}

struct Pusher<'a> {
    client: Client,
    layout: Layout,
    mount: Option<&'a str>,
    sent: usize,
    kept: usize,
    /// Manifests that are there now.
    manifests: Vec<BlobDigest>,
}

impl Pusher<'_> {
    fn read(&self, descriptor: &Descriptor) -> Result<Found, RegistryError> {
        let what = format!("the manifest `{}` of the layout", descriptor.digest);
        let path = self.layout.path(&descriptor.digest);
        let failed = |source| RegistryError::Read { what: what.clone(), source };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        file.take(answer::LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
        let found = BlobDigest(lightship_model::digest::Digest::of(&bytes));
        if found != descriptor.digest {
            return Err(RegistryError::Digest { what, wanted: descriptor.digest.clone(), found });
        }
        let descriptor = Descriptor::new(&descriptor.media_type, found, bytes.len() as u64);
        Ok(Found { descriptor, bytes })
    }

    /// Sends what a manifest leads to.
    fn contents(&mut self, found: &Found, depth: u32) -> Result<(), RegistryError> {
        let what = format!("the manifest `{}`", found.descriptor.digest);
        if matches!(found.descriptor.media_type.as_str(), media::INDEX | media::DOCKER_LIST) {
            let index: Index = answer::parse(&what, &found.bytes)?;
            if depth > 3 {
                let reason = "indexes lie too deep in each other".to_owned();
                return Err(RegistryError::Document { what, reason });
            }
            for entry in &index.manifests {
                let child = self.read(entry)?;
                self.contents(&child, depth + 1)?;
                self.manifest(&child, &Version::Digest(entry.digest.clone()))?;
            }
            return Ok(());
        }
        let manifest: Manifest = answer::parse(&what, &found.bytes)?;
        let mut blobs = vec![&manifest.config];
        blobs.extend(&manifest.layers);
        blobs.sort_by_key(|it| &it.digest);
        blobs.dedup_by_key(|it| &it.digest);
        let sent = parallel::each(AT_ONCE, &blobs, |blob| self.blob(blob))?;
        let new = sent.iter().filter(|new| **new).count();
        self.sent += new;
        self.kept += sent.len() - new;
        Ok(())
    }

    fn manifest(&mut self, found: &Found, version: &Version) -> Result<bool, RegistryError> {
        let answer = self.client.send(&Call {
            action: format!("push the manifest `{version}`"),
            method: Method::PUT,
            url: self.client.url(&format!("manifests/{version}")),
            headers: vec![(header::CONTENT_TYPE, found.descriptor.media_type.clone())],
            payload: Payload::Bytes(&found.bytes),
            fine: &[200, 201, 202],
        })?;
        self.manifests.push(found.descriptor.digest.clone());
        if let Some(digest) = text(answer.headers(), "docker-content-digest")
            && digest != found.descriptor.digest.to_string()
        {
            let what = format!("what the registry keeps as `{version}`");
            let reason = format!("it is {digest}, sent was {}", found.descriptor.digest);
            return Err(RegistryError::Document { what, reason });
        }
        Ok(answer.headers().contains_key("oci-subject"))
    }

    /// Sends a document, if it is about something that was sent.
    fn about(&mut self, entry: &Descriptor) -> Result<(), RegistryError> {
        if entry.media_type != media::MANIFEST {
            return Ok(());
        }
        let found = self.read(entry)?;
        let manifest: Manifest = answer::parse("a manifest of the layout", &found.bytes)?;
        let Some(subject) = manifest.subject.map(|it| it.digest) else { return Ok(()) };
        if !self.manifests.contains(&subject) {
            return Ok(());
        }
        self.contents(&found, 0)?;
        let noted = self.manifest(&found, &Version::Digest(entry.digest.clone()))?;
        if noted { Ok(()) } else { referrers::note(&self.client, &subject, &found) }
    }

    /// Whether it had to be sent.
    fn blob(&self, blob: &Descriptor) -> Result<bool, RegistryError> {
        let mut tried = 0;
        loop {
            // A connection that broke may be how something on the way says "too large".
            let sent = self.blob_once(blob, tried > 0);
            tried += 1;
            match sent {
                // An upload that broke is begun anew: its address is good only once.
                Err(
                    RegistryError::NoAnswer { .. }
                    | RegistryError::Refused { status: 404 | 416 | 500.., .. },
                ) if tried < TRIES => {}
                sent => return sent,
            }
        }
    }

    fn blob_once(&self, blob: &Descriptor, in_chunks: bool) -> Result<bool, RegistryError> {
        let client = &self.client;
        let action = format!("push the blob `{}`", blob.digest);
        let there = client.send(&Call {
            method: Method::HEAD,
            fine: &[200, 404],
            ..Call::get(action.clone(), client.url(&format!("blobs/{}", blob.digest)))
        })?;
        if there.status() == 200 {
            return Ok(false);
        }
        let mut url = client.url("blobs/uploads/");
        if let Some(from) = self.mount {
            url = format!("{url}?mount={}&from={}", blob.digest, auth::escape(from));
        }
        let begin =
            Call { method: Method::POST, fine: &[201, 202], ..Call::get(action.clone(), url) };
        let answer = client.send(&begin)?;
        if answer.status() == 201 {
            return Ok(false);
        }
        let Some(upload) = location(&begin.url, &answer) else {
            let reason = "it does not say where to send it".to_owned();
            return Err(RegistryError::Document { what: begin.url, reason });
        };
        let path = self.layout.path(&blob.digest);
        if in_chunks {
            return self.in_chunks(blob, &path, upload).map(|()| true);
        }
        let whole = client.send_up_to(
            &Call {
                action: action.clone(),
                method: Method::PUT,
                url: with_digest(&upload, &blob.digest),
                headers: vec![(header::CONTENT_TYPE, "application/octet-stream".to_owned())],
                payload: Payload::File(&path),
                fine: &[201, 202, 204],
            },
            0,
        );
        match whole {
            // Too large for something on the way, or a registry that wants pieces.
            Err(RegistryError::Refused { status: 400 | 405 | 411 | 413, .. }) => {
                let upload = location(&begin.url, &client.send(&begin)?).unwrap_or(upload);
                self.in_chunks(blob, &path, upload)?;
            }
            whole => drop(whole?),
        }
        Ok(true)
    }

    fn in_chunks(
        &self,
        blob: &Descriptor,
        path: &Path,
        upload: String,
    ) -> Result<(), RegistryError> {
        let action = format!("push a piece of the blob `{}`", blob.digest);
        let failed = |source| RegistryError::Read { what: format!("`{}`", path.display()), source };
        let mut file = File::open(path).map_err(failed)?;
        let (mut upload, mut at) = (upload, 0);
        while at < blob.size {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(at)).map_err(failed)?;
            (&mut file).take(CHUNK).read_to_end(&mut bytes).map_err(failed)?;
            if bytes.is_empty() {
                return Err(failed(std::io::ErrorKind::UnexpectedEof.into()));
            }
            let end = at + bytes.len() as u64;
            let octets = (header::CONTENT_TYPE, "application/octet-stream".to_owned());
            let answer = self.client.send_up_to(
                &Call {
                    action: action.clone(),
                    method: Method::PATCH,
                    url: upload.clone(),
                    headers: vec![octets, (header::CONTENT_RANGE, format!("{at}-{}", end - 1))],
                    payload: Payload::Bytes(&bytes),
                    fine: &[202, 204],
                },
                0,
            )?;
            upload = location(&upload, &answer).unwrap_or(upload);
            at = end;
        }
        self.client.send_up_to(
            &Call {
                method: Method::PUT,
                fine: &[201, 204],
                ..Call::get(action, with_digest(&upload, &blob.digest))
            },
            0,
        )?;
        Ok(())
    }
}

fn with_digest(upload: &str, digest: &BlobDigest) -> String {
    let mark = if upload.contains('?') { '&' } else { '?' };
    format!("{upload}{mark}digest={digest}")
}
