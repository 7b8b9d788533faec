//! Verifying a signed message.

use super::cleartext;
use super::keyring::{Key, Keyring};
use super::packet::{Kind, packets};
use super::signature::{About, Signature};
use super::{Fingerprint, OpenPgpError, SKEW};

/// Whose signature counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    pub fingerprint: Fingerprint,
    pub owner: String,
    /// When it was signed, in seconds since 1970.
    pub at: u64,
}

/// A text that a trusted key has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub text: String,
    /// At least one.
    pub signers: Vec<Signer>,
}

/// Verifies a cleartext-signed message at the time `now`, in seconds since 1970.
///
/// One signature by one of `keys` is enough, whoever else has signed; but one of theirs that is
/// wrong makes the message refused, however many are right.
///
/// # Errors
/// When the message is malformed, was changed, or nobody who is trusted has signed it.
pub fn verify(message: &str, keys: &Keyring, now: u64) -> Result<Verified, OpenPgpError> {
    let message = cleartext::split(message)?;
    let mut signers = Vec::new();
    let mut ignored = Vec::new();
    for (kind, body) in packets(&message.signatures)? {
        if kind != Kind::Signature {
            return Err(OpenPgpError::Malformed("among its signatures is something else"));
        }
        let Some(signature) = Signature::parse(body)? else {
            ignored.push("a signature of another version".to_owned());
            continue;
        };
        let Some(key) = keys.keys().iter().find(|key| signature.names(key.fingerprint())) else {
            ignored.push(format!("{}: not known", signature.issuer()));
            continue;
        };
        if let Some(why) = unfit(&signature, key, now) {
            ignored.push(format!("{}: {why}", key.fingerprint()));
            continue;
        }
        if !signature.is_by(&key.public, &[&message.signed])? {
            return Err(OpenPgpError::Bad(key.fingerprint()));
        }
        signers.push(Signer {
            fingerprint: key.fingerprint(),
            owner: key.owner.clone(),
            at: signature.created.unwrap_or_default(),
        });
    }
    if signers.is_empty() {
        if ignored.is_empty() {
            ignored.push("it has no signature".to_owned());
        }
        return Err(OpenPgpError::Untrusted(ignored.join("; ")));
    }
    Ok(Verified { text: message.text, signers })
}

/// Why a trusted key's signature does not count.
fn unfit(signature: &Signature<'_>, key: &Key, now: u64) -> Option<String> {
    if signature.about != About::Text {
        return Some("it is not about a text".to_owned());
    }
    if let Some(weakness) = signature.weakness() {
        return Some(weakness.to_owned());
    }
    let created = signature.created.unwrap_or_default();
    let ends = signature.lasts.map(|lasts| created.saturating_add(lasts));
    if created > now.saturating_add(SKEW) {
        return Some("it was made in the future: is the clock right?".to_owned());
    }
    if created < key.public.created {
        return Some("it is older than its key".to_owned());
    }
    if ends.is_some_and(|ends| ends <= now) {
        return Some("it has expired".to_owned());
    }
    if key.expires.is_some_and(|ends| ends <= now) {
        return Some("its key has expired".to_owned());
    }
    None
}
