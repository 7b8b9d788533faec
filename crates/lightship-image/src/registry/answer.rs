//! Reading answers: documents, and what a registry says when it refuses.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::Body;
use ureq::http::Response;

use super::error::RegistryError;
use super::reference::Reference;

/// Manifests and other documents that are longer are none, in bytes.
pub(super) const LONGEST: u64 = 8 << 20;

#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// The error that an answer is.
pub(super) fn refused(
    action: &str,
    reference: &Reference,
    url: &str,
    answer: &mut Response<Body>,
) -> RegistryError {
    let status = answer.status().as_u16();
    let text = answer.body_mut().with_config().limit(64 << 10).read_to_vec().unwrap_or_default();
    let errors = serde_json::from_slice::<Errors>(&text).map(|it| it.errors).unwrap_or_default();
    let said = errors.iter().map(|it| format!("{} ({})", it.message, it.code));
    let said = said.collect::<Vec<_>>().join("; ");
    let detail = if said.is_empty() { String::new() } else { format!(": {said}") };
    let action = action.to_owned();
    match status {
        401 | 403 => RegistryError::Denied { action, host: reference.host.clone(), status, detail },
        _ => RegistryError::Refused {
            action,
            url: lightship_loader::http::shown(url),
            status,
            detail,
        },
    }
}

/// The whole body of a document.
pub(super) fn bytes(what: &str, answer: &mut Response<Body>) -> Result<Vec<u8>, RegistryError> {
    answer.body_mut().with_config().limit(LONGEST).read_to_vec().map_err(|error| {
        RegistryError::Read { what: what.to_owned(), source: std::io::Error::other(error) }
    })
}

pub(super) fn json<T: DeserializeOwned>(
    what: &str,
    answer: &mut Response<Body>,
) -> Result<T, RegistryError> {
    parse(what, &bytes(what, answer)?)
}

pub(super) fn parse<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, RegistryError> {
    serde_json::from_slice(bytes).map_err(|error| RegistryError::Document {
        what: what.to_owned(),
        reason: error.to_string(),
    })
}
