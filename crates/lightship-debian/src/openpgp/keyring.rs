//! Certificates, and the keys in them that may sign. A key counts when its owner's primary key
//! says so, which is verified here.

use std::sync::LazyLock;

use super::key::PublicKey;
use super::packet::{Kind, packets};
use super::signature::{About, Signature};
use super::{Fingerprint, OpenPgpError, armor};

/// Debian's keys for archive, security and releases. `keys/README.md` says where they are from.
const PINNED: [&str; 9] = [
    include_str!("../../keys/debian-11-archive.asc"),
    include_str!("../../keys/debian-11-security.asc"),
    include_str!("../../keys/debian-11-release.asc"),
    include_str!("../../keys/debian-12-archive.asc"),
    include_str!("../../keys/debian-12-security.asc"),
    include_str!("../../keys/debian-12-release.asc"),
    include_str!("../../keys/debian-13-archive.asc"),
    include_str!("../../keys/debian-13-security.asc"),
    include_str!("../../keys/debian-13-release.asc"),
];

/// The keys that are trusted wherever Debian's own archive is read.
pub fn pinned() -> &'static Keyring {
    static KEYRING: LazyLock<Keyring> = LazyLock::new(|| {
        let mut keyring = Keyring::default();
        for text in PINNED {
            // A test reads them all; one that could not be read would sign nothing.
            drop(keyring.add(text.as_bytes()));
        }
        keyring
    });
    &KEYRING
}

/// A key that may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub(super) public: PublicKey,
    /// The certificate's own key; the key itself where that one signs.
    pub primary: Fingerprint,
    /// `Debian Archive Automatic Signing Key (12/bookworm) <…>`.
    pub owner: String,
    /// In seconds since 1970.
    pub expires: Option<u64>,
}

impl Key {
    pub fn fingerprint(&self) -> Fingerprint {
        self.public.fingerprint
    }
}

/// Keys that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keyring {
    keys: Vec<Key>,
}

impl Keyring {
    /// Adds the certificates of a file, armoured or not.
    ///
    /// # Errors
    /// When it is no file of certificates, or none of its keys can be used; nothing is added.
    pub fn add(&mut self, file: &[u8]) -> Result<(), OpenPgpError> {
        let mut binary = Vec::new();
        if let Ok(text) = std::str::from_utf8(file) {
            let mut rest = text;
            while let Some(at) = rest.find("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
                let (bytes, after) = armor::decode(&rest[at..], "PGP PUBLIC KEY BLOCK")?;
                binary.extend(bytes);
                rest = after;
            }
        }
        let bytes = if binary.is_empty() { file } else { &binary };
        let keys = certificates(bytes)?;
        for key in keys {
            if !self.keys.iter().any(|known| known.fingerprint() == key.fingerprint()) {
                self.keys.push(key);
            }
        }
        Ok(())
    }

    /// Adds another keyring's keys.
    pub fn extend(&mut self, other: &Self) {
        for key in &other.keys {
            if !self.keys.iter().any(|known| known.fingerprint() == key.fingerprint()) {
                self.keys.push(key.clone());
            }
        }
    }

    pub fn keys(&self) -> &[Key] {
        &self.keys
    }
}

fn certificates(bytes: &[u8]) -> Result<Vec<Key>, OpenPgpError> {
    let packets = packets(bytes)?;
    let mut keys = Vec::new();
    let mut refused = Vec::new();
    let starts: Vec<usize> = (0..packets.len())
        .filter(|index| packets[*index].0 == Kind::PublicKey)
        .chain([packets.len()])
        .collect();
    for range in starts.windows(2) {
        match certificate(&packets[range[0]..range[1]]) {
            Ok(found) => keys.extend(found),
            Err(error) => refused.push(error.to_string()),
        }
    }
    if keys.is_empty() {
        refused.push("there is none".to_owned());
        return Err(OpenPgpError::NoKey(refused.swap_remove(0)));
    }
    Ok(keys)
}

/// A key of a certificate with the signatures that follow it.
struct Part<'a> {
    kind: Kind,
    body: &'a [u8],
    signatures: Vec<Signature<'a>>,
}

/// The keys of one certificate that may sign.
fn certificate(packets: &[(Kind, &[u8])]) -> Result<Vec<Key>, OpenPgpError> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for (kind, body) in packets {
        match (kind, parts.last_mut()) {
            (Kind::Signature, Some(part)) => part.signatures.extend(Signature::parse(body)?),
            (Kind::Signature, None) => {}
            _ => parts.push(Part { kind: *kind, body, signatures: Vec::new() }),
        }
    }
    let refuse = |why: &str| Err(OpenPgpError::NoKey(why.to_owned()));
    let Some((first, rest)) = parts.split_first() else { return refuse("it is empty") };
    let Some(primary) = PublicKey::parse(first.body)? else {
        return refuse("its kind of key is not known here, or too short");
    };
    let own = |signature: &Signature<'_>, data: &[&[u8]]| {
        let named = signature.names(primary.fingerprint) && signature.weakness().is_none();
        Ok::<_, OpenPgpError>(named && signature.is_by(&primary, data)?)
    };
    let mut owner = String::new();
    let mut newest: Option<&Signature<'_>> = None;
    for signature in &first.signatures {
        let key: &[u8] = &primary.framed;
        if signature.about == About::KeyRevocation && own(signature, &[key])? {
            return refuse("it was revoked by its owner");
        }
        if signature.about == About::Key && own(signature, &[key])? {
            newest = Some(newer(newest, signature));
        }
    }
    // A user ID's signature says more than one of the key by itself, which may only name who
    // may revoke it.
    let mut on_ids: Option<&Signature<'_>> = None;
    for part in rest.iter().filter(|part| part.kind == Kind::UserId) {
        let length = u32::try_from(part.body.len()).unwrap_or_default().to_be_bytes();
        for signature in &part.signatures {
            let data: [&[u8]; 4] = [&primary.framed, &[0xb4], &length, part.body];
            if signature.about == About::Certification && own(signature, &data)? {
                on_ids = Some(newer(on_ids, signature));
                if owner.is_empty() {
                    owner = String::from_utf8_lossy(part.body).into_owned();
                }
            }
        }
    }
    let Some(says) = on_ids.or(newest) else {
        return refuse("its owner's own signature is missing, wrong or made with SHA-1");
    };
    let ends = |signature: &Signature<'_>, created: u64| {
        signature.key_lasts.map(|lasts| created.saturating_add(lasts))
    };
    let end = ends(says, primary.created);
    let mut keys = Vec::new();
    if says.may_sign != Some(false) {
        let (public, owner) = (primary.clone(), owner.clone());
        keys.push(Key { public, primary: primary.fingerprint, owner, expires: end });
    }
    for part in rest.iter().filter(|part| part.kind == Kind::PublicSubkey) {
        let Some(subkey) = PublicKey::parse(part.body)? else { continue };
        if let Some(binding) = subkey_binding(part, &primary, &subkey)? {
            let expires = [ends(binding, subkey.created), end].into_iter().flatten().min();
            keys.push(Key {
                public: subkey,
                primary: primary.fingerprint,
                owner: owner.clone(),
                expires,
            });
        }
    }
    if keys.is_empty() { refuse("none of its keys may sign") } else { Ok(keys) }
}

/// The signature by which a subkey may sign; nothing for one that may not.
fn subkey_binding<'a>(
    part: &'a Part<'a>,
    primary: &PublicKey,
    subkey: &PublicKey,
) -> Result<Option<&'a Signature<'a>>, OpenPgpError> {
    let data: [&[u8]; 2] = [&primary.framed, &subkey.framed];
    let mut newest = None;
    for signature in &part.signatures {
        if !signature.names(primary.fingerprint) || signature.weakness().is_some() {
            continue;
        }
        match signature.about {
            About::SubkeyRevocation if signature.is_by(primary, &data)? => return Ok(None),
            About::SubkeyBinding if signature.is_by(primary, &data)? => {
                newest = Some(newer(newest, signature));
            }
            _ => {}
        }
    }
    let Some(binding) = newest.filter(|binding| binding.may_sign == Some(true)) else {
        return Ok(None);
    };
    // The subkey has to say itself that it belongs there, or a certificate could claim others'.
    let Some(back) = binding.embedded.map(Signature::parse).transpose()?.flatten() else {
        return Ok(None);
    };
    let proven = back.about == About::PrimaryBinding
        && back.weakness().is_none()
        && back.is_by(subkey, &data)?;
    Ok(proven.then_some(binding))
}

fn newer<'a, 'b>(known: Option<&'a Signature<'b>>, other: &'a Signature<'b>) -> &'a Signature<'b> {
    match known {
        Some(known) if known.created > other.created => known,
        _ => other,
    }
}
