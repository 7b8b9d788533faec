//! What stands behind the `?` of a request.

/// The values of the parameter `key`. A `+` stays one: it stands in tools' names.
pub(super) fn values<'a>(query: &'a str, key: &'a str) -> impl Iterator<Item = String> + 'a {
    query
        .split('&')
        .filter_map(move |pair| pair.split_once('=').filter(|(name, _)| *name == key))
        .map(|(_, value)| decode(value))
}

/// Whether the parameter is there and not switched off: `full`, `full=true`, `full=1`.
pub(super) fn flag(query: &str, key: &str) -> bool {
    query.split('&').any(|pair| match pair.split_once('=') {
        Some((name, value)) => name == key && matches!(value, "" | "1" | "true"),
        None => pair == key,
    })
}

/// Undoes percent-encoding; what is none stays.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, left) = match (first, tail) {
            (b'%', [high, low, left @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, left),
                _ => (b'%', tail),
            },
            _ => (*first, tail),
        };
        bytes.push(byte);
        rest = left;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_that_encode_nothing_stay() {
        assert_eq!(decode("a%2Cb%"), "a,b%");
        assert_eq!(decode("%zz%4"), "%zz%4");
    }

    #[test]
    fn flags_are_on_without_a_value_too() {
        for on in ["full", "a=b&full", "full=true", "full=1&x"] {
            assert!(flag(on, "full"), "{on}");
        }
        for off in ["", "full=false", "fuller", "x=full", "full=0"] {
            assert!(!flag(off, "full"), "{off}");
        }
    }
}
