//! Taking a cleartext-signed message apart (RFC 9580, 7): the text, what of it is signed, and
//! the signatures. Nothing may stand before or behind it.

use super::{OpenPgpError, armor};

const BEGIN: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";

/// A message taken apart, not verified.
pub(super) struct Cleartext {
    /// What is for reading: without the dashes that escaped its lines.
    pub(super) text: String,
    /// What is signed: no white space at the ends of lines, which end with CR LF.
    pub(super) signed: Vec<u8>,
    /// Packets.
    pub(super) signatures: Vec<u8>,
}

pub(super) fn split(message: &str) -> Result<Cleartext, OpenPgpError> {
    let malformed = |what| Err(OpenPgpError::Malformed(what));
    let mut used = 0;
    let mut lines = message.split_inclusive('\n').map(|line| {
        let at = used;
        used += line.len();
        (line.trim_end_matches(['\n', '\r']), at)
    });
    if lines.next().is_none_or(|(line, _)| line.trim_end() != BEGIN) {
        return malformed("it does not begin as a signed message");
    }
    // What is not signed must say nothing: any other header could be taken for the text's.
    loop {
        match lines.next() {
            Some(("", _)) => break,
            Some((line, _)) if line.starts_with("Hash: ") => {}
            _ => return malformed("there is more than `Hash:` before its text"),
        }
    }
    let mut text = String::with_capacity(message.len());
    let mut signed = Vec::with_capacity(message.len());
    let signature = loop {
        let Some((line, at)) = lines.next() else { return malformed("its text has no end") };
        if line.trim_end() == SIGNATURE {
            break &message[at..];
        }
        let line = match line.strip_prefix("- ") {
            Some(line) => line,
            None if line.starts_with('-') => return malformed("a dash is not escaped"),
            None => line,
        };
        if !text.is_empty() {
            signed.extend_from_slice(b"\r\n");
        }
        signed.extend_from_slice(line.trim_end_matches([' ', '\t', '\r']).as_bytes());
        text.push_str(line);
        text.push('\n');
    };
    let (signatures, rest) = armor::decode(signature, "PGP SIGNATURE")?;
    if !rest.trim().is_empty() {
        return malformed("something follows its signature");
    }
    Ok(Cleartext { text, signed, signatures })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        format!(
            "{BEGIN}\nHash: SHA256\n\n{text}\n{SIGNATURE}\n\naGVsbG8=\n-----END PGP SIGNATURE-----\n"
        )
    }

    #[test]
    fn what_is_signed_has_other_line_ends_than_what_is_read() {
        let split = split(&message("A: 1  \n- - dash\n\nend\t")).unwrap();
        assert_eq!(split.signed, b"A: 1\r\n- dash\r\n\r\nend");
        assert_eq!(split.text, "A: 1  \n- dash\n\nend\t\n");
        assert_eq!(split.signatures, b"hello");
    }

    #[test]
    fn a_first_line_that_is_empty_is_signed_too() {
        assert_eq!(split(&message("\nx")).unwrap().signed, b"\r\nx");
    }

    #[test]
    fn nothing_may_stand_around_it_or_unescaped_in_it() {
        let good = message("A: 1");
        for bad in [
            format!("Evil: 1\n{good}"),
            format!("{good}Evil: 1\n"),
            good.replace("Hash: SHA256", "Evil: 1"),
            good.replace("A: 1", "-----BEGIN PGP SIGNED MESSAGE-----"),
            good.replace(SIGNATURE, ""),
            String::new(),
        ] {
            assert!(split(&bad).is_err(), "{bad}");
        }
    }
}
