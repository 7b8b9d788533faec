//! ASCII armour: bytes as lines of text between two marks.

use super::OpenPgpError;

/// The bytes of the armoured block of `kind` (`PGP SIGNATURE`) that `text` begins with, and what
/// follows it. The checksum at its end is not looked at: what is inside is verified anyway.
pub(super) fn decode<'a>(text: &'a str, kind: &str) -> Result<(Vec<u8>, &'a str), OpenPgpError> {
    let malformed = OpenPgpError::Malformed;
    let mut lines = text.split_inclusive('\n');
    let mut used = 0;
    let mut next = || {
        let line = lines.next()?;
        used += line.len();
        Some((line.trim_end(), used))
    };
    if next().is_none_or(|(line, _)| line != format!("-----BEGIN {kind}-----")) {
        return Err(malformed("an armoured block is missing"));
    }
    loop {
        match next() {
            Some(("", _)) => break,
            Some((line, _)) if line.contains(": ") => {}
            _ => return Err(malformed("its armour has no empty line")),
        }
    }
    let mut body = String::new();
    let end = format!("-----END {kind}-----");
    loop {
        match next() {
            Some((line, used)) if line == end => {
                return Ok((base64(&body)?, &text[used..]));
            }
            Some((line, _)) if line.starts_with('=') => {}
            Some((line, _)) if !line.starts_with('-') => body.push_str(line),
            _ => return Err(malformed("its armour has no end")),
        }
    }
}

fn base64(text: &str) -> Result<Vec<u8>, OpenPgpError> {
    let malformed = OpenPgpError::Malformed("its armour is no base64");
    let digits = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in digits.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return Err(malformed),
        };
        bits = bits << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or_default());
        }
    }
    if count >= 6 { Err(malformed) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_decoded_and_what_follows_it_is_kept() {
        let text = "-----BEGIN X-----\nComment: c\n\naGVs\nbG8=\n=AbCd\n-----END X-----\nrest";
        assert_eq!(decode(text, "X").unwrap(), (b"hello".to_vec(), "rest"));
        for broken in
            ["", "-----BEGIN X-----\n\naGVs\n", "-----BEGIN X-----\n\na!\n-----END X-----\n"]
        {
            assert!(decode(broken, "X").is_err(), "{broken}");
        }
    }
}
