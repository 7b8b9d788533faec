//! Addresses: what of one may be shown, what goes into a header, and what a relative one means.

/// `url` as logs, events and errors may show it: without user, password and query, in which
/// signed addresses carry what gives access.
pub fn shown(url: &str) -> String {
    let (plain, _) = split_credentials(url);
    match plain.split_once('?') {
        Some((path, _)) => format!("{path}?…"),
        None => plain,
    }
}

/// The address without what stands before `@`, and that, decoded.
pub(super) fn split_credentials(url: &str) -> (String, Option<String>) {
    let none = || (url.to_owned(), None);
    let Some((scheme, rest)) = url.split_once("://") else { return none() };
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let Some(at) = rest[..host_end].rfind('@') else { return none() };
    (format!("{scheme}://{}", &rest[at + 1..]), Some(percent_decode(&rest[..at])))
}

/// The value of `Authorization` for `user:password`.
pub fn basic(credentials: &str) -> String {
    let whole;
    let credentials = if credentials.contains(':') {
        credentials
    } else {
        whole = format!("{credentials}:");
        &whole
    };
    format!("Basic {}", base64(credentials.as_bytes()))
}

/// `bytes` in base64, filled up with `=`.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut bits = [0; 4];
        bits[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(bits);
        for index in 0..4 {
            let digit = (bits >> (18 - 6 * index)) & 63;
            text.push(if index <= group.len() { DIGITS[digit as usize].into() } else { '=' });
        }
    }
    text
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| str::from_utf8(hex).ok());
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An address that may be relative to the page it was found on.
pub fn resolve(page: &str, address: &str) -> String {
    if address.contains("://") {
        return address.to_owned();
    }
    let origin_end = page.find("://").and_then(|at| {
        let after = at + 3;
        page[after..].find('/').map(|slash| after + slash)
    });
    let origin = &page[..origin_end.unwrap_or(page.len())];
    if address.starts_with('/') {
        return format!("{origin}{address}");
    }
    let mut parts: Vec<&str> = page[origin.len()..].split('/').collect();
    parts.pop();
    for part in address.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." => {}
            part => parts.push(part),
        }
    }
    format!("{origin}/{}", parts.join("/").trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_relative_to_a_mirrors_page_are_resolved() {
        let page = "https://mirror/root/simple/uv/";
        assert_eq!(resolve(page, "https://files/x.whl"), "https://files/x.whl");
        assert_eq!(resolve(page, "/p/x.whl"), "https://mirror/p/x.whl");
        assert_eq!(resolve(page, "../../p/x.whl"), "https://mirror/root/p/x.whl");
        assert_eq!(resolve(page, "x.whl"), "https://mirror/root/simple/uv/x.whl");
    }

    #[test]
    fn what_gives_access_is_not_shown() {
        assert_eq!(shown("https://u:p@h/x@y"), "https://h/x@y");
        assert_eq!(shown("https://h/x@y"), "https://h/x@y");
        assert_eq!(shown("https://h/x?token=1"), "https://h/x?…");
        assert_eq!(shown("https://u:p@h?x"), "https://h?…");
        assert_eq!(shown("npm:@a/b@1"), "npm:@a/b@1");
    }

    #[test]
    fn credentials_of_an_address_are_decoded_for_the_header() {
        let (url, credentials) = split_credentials("https://a%40b:p%3aq@h/x");
        assert_eq!((url.as_str(), credentials.as_deref()), ("https://h/x", Some("a@b:p:q")));
        assert_eq!(basic("Aladdin:open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(basic("token"), "Basic dG9rZW46");
        assert_eq!(percent_decode("100%"), "100%");
    }
}
