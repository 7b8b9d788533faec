//! Package URLs: one name for a package, whatever its kind.

use super::{Component, Kind};

/// The package URL of a component.
pub(super) fn purl(component: &Component) -> String {
    let Component { name, version, .. } = component;
    let (name, version) = (|| escape(name, false), escape(version, false));
    match &component.kind {
        Kind::Debian { architecture, suite, source } => {
            let source = source.as_ref().filter(|source| **source != component.name);
            let upstream = source.map(|it| format!("&upstream={}", escape(it, false)));
            let (architecture, suite) = (escape(architecture, false), escape(suite, false));
            let upstream = upstream.unwrap_or_default();
            let name = name();
            // Qualifiers in the order of their keys.
            format!("pkg:deb/debian/{name}@{version}?arch={architecture}&distro={suite}{upstream}")
        }
        // The scope is a namespace, its sign is escaped.
        Kind::Npm => format!("pkg:npm/{}@{version}", escape(&component.name, true)),
        Kind::Generic => {
            let sum = component.sha256.as_ref().map(|it| format!("?checksum=sha256:{it}"));
            format!("pkg:generic/{}@{version}{}", name(), sum.unwrap_or_default())
        }
    }
}

/// Percent-encodes all but what a package URL takes as it is.
fn escape(text: &str, slash: bool) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => {
                escaped.push(byte.into());
            }
            b'/' if slash => escaped.push('/'),
            other => escaped.extend(["%".to_owned(), format!("{other:02X}")]),
        }
    }
    escaped
}
