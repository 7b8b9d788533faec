//! `[image.warm]`: a start at build time, for the caches that a service fills then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lightship_model::manifest::{Check, Ready, Service};

use super::layer;

/// How long it may take until it is ready.
const TIMEOUT: Duration = Duration::from_mins(10);

/// How long it goes on after it was ready: much is loaded just then.
const SETTLE: Duration = Duration::from_secs(2);

/// What is started, until when, and what is kept of what it has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warm {
    pub command: Vec<String>,
    /// Beside that of the image.
    pub env: BTreeMap<String, String>,
    /// Its working directory, where it has one of its own.
    pub dir: Option<String>,
    pub until: Until,
    /// Directories of the image.
    pub keep: BTreeSet<String>,
    pub settle: Duration,
    pub timeout: Duration,
}

/// When it has done what it is started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// It ends by itself, with 0.
    Ends,
    /// A GET of this `http://` address is answered with 200–399.
    Http(String),
    /// A connection to `HOST:PORT` is taken.
    Tcp(String),
    /// Its output contains this text.
    Log(String),
}

/// `[image.warm]` of all layers, with the manifest's service; `Err` says what is missing.
pub(super) fn resolve(wish: layer::Warm, service: Option<&Service>) -> Result<Warm, String> {
    let wanted = wish.ready.map(until).transpose()?;
    let keep: BTreeSet<String> = wish.keep.iter().map(|path| path.get_ref().clone()).collect();
    if keep.is_empty() {
        return Err("it has to `keep` a directory, or nothing comes of it".to_owned());
    }
    let settle = wish.settle.map_or(SETTLE, |duration| duration.0);
    let timeout = wish.timeout.map_or(TIMEOUT, |duration| duration.0);
    if let Some(command) = wish.command {
        if command.first().is_none_or(String::is_empty) {
            return Err("its `command` is empty".to_owned());
        }
        let until = wanted.unwrap_or(Until::Ends);
        return Ok(Warm { command, env: BTreeMap::new(), dir: None, until, keep, settle, timeout });
    }
    let service = service.ok_or("there is no [service] to start: give a `command`")?;
    let until = wanted.or_else(|| of_service(service.ready.as_ref()?)).ok_or(
        "when is the service ready? say so with `ready`, as { http = … }, { tcp = … } or \
         { log = … }",
    )?;
    let (command, env, dir) = (service.command.clone(), service.env.clone(), service.dir.clone());
    Ok(Warm { command, env, dir, until, keep, settle, timeout })
}

fn until(ready: layer::WarmReady) -> Result<Until, String> {
    match (ready.http, ready.tcp, ready.log) {
        (Some(url), None, None) if url.starts_with("http://") => Ok(Until::Http(url)),
        (Some(url), None, None) => Err(format!("`{url}` is no `http://` address")),
        (None, Some(address), None) => Ok(Until::Tcp(address)),
        (None, None, Some(text)) if !text.is_empty() => Ok(Until::Log(text)),
        _ => Err("`ready` is exactly one of `http`, `tcp`, `log`".to_owned()),
    }
}

/// What can be asked from outside; the others are for lightship-init.
fn of_service(ready: &Ready) -> Option<Until> {
    match ready {
        Ready::Probe(Check::Http(url)) => Some(Until::Http(url.clone())),
        Ready::Probe(Check::Tcp(address)) => Some(Until::Tcp(address.clone())),
        Ready::Log(text) => Some(Until::Log(text.clone())),
        Ready::Probe(Check::Exec(_)) | Ready::Notify(_) => None,
    }
}
