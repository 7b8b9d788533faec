//! The dashboard: one page with everything in it, and the policy by which a browser runs exactly
//! the scripts and styles that stand in it and loads nothing from elsewhere.

use super::answer::{Answer, HTML};

/// The page.
const PAGE: &str = include_str!("dashboard.html");

/// What a browser may do with it. Scripts and styles are known by their digests: text that gets
/// into the page by mistake is never run. A test works this out from the page; made here, it
/// would take 12 KB of PID 1.
const POLICY: &str = include_str!("dashboard.policy");

/// The page as an answer.
pub(super) fn answer() -> Answer {
    Answer::new(200, HTML, PAGE)
        .with("Content-Security-Policy", POLICY.trim_end())
        .with("Referrer-Policy", "no-referrer")
}

#[cfg(test)]
mod tests {
    use lightship_model::digest::Digest;

    use super::*;

    /// What a browser may do with `page`. Scripts and styles are known by their digests.
    fn policy(page: &str) -> String {
        format!(
            "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            sources(page, "script"),
            sources(page, "style")
        )
    }

    /// The digests of all elements called `name`, or that there are none.
    fn sources(page: &str, name: &str) -> String {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let mut sources = String::new();
        let mut rest = page;
        while let Some((_, after)) = rest.split_once(&open) {
            let (text, after) = after.split_once(&close).unwrap_or((after, ""));
            if !sources.is_empty() {
                sources.push(' ');
            }
            sources.extend(["'sha256-", &base64(Digest::of(text.as_bytes()).as_str()), "'"]);
            rest = after;
        }
        if sources.is_empty() { "'none'".to_owned() } else { sources }
    }

    /// Hexadecimal digits as Base64.
    fn base64(hex: &str) -> String {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        // Three bytes are six digits of sixteen, and four of sixty-four.
        for six in hex.as_bytes().chunks(6) {
            let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0);
            let bits = six.iter().fold(0, |bits, byte| bits << 4 | digit(byte));
            let missing = 6 - six.len();
            let bits = bits << (4 * missing);
            for place in 0..4 {
                let index = (bits >> (18 - 6 * place)) & 63;
                let letter = LETTERS.get(index as usize).copied().unwrap_or(b'A');
                // Each byte that is not there leaves out a letter.
                let padding = place >= 4 - missing / 2;
                text.push(if padding { '=' } else { char::from(letter) });
            }
        }
        text
    }

    #[test]
    fn the_policy_is_that_of_the_page() {
        let policy = format!("{}\n", policy(PAGE));
        assert_eq!(POLICY, policy, "dashboard.policy has to say this");
    }

    #[test]
    fn base64_is_the_published_one() {
        for (hex, text) in [
            ("", ""),
            ("66", "Zg=="),
            ("666f", "Zm8="),
            ("666f6f", "Zm9v"),
            ("666f6f62", "Zm9vYg=="),
            ("fbff", "+/8="),
        ] {
            assert_eq!(base64(hex), text);
        }
    }

    #[test]
    fn scripts_and_styles_are_known_by_their_digests() {
        let page = "<style>a</style><script></script><b><script>x</script>";
        let policy = policy(page);
        let empty = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";
        assert!(policy.contains(&format!("script-src {empty} 'sha256-")), "{policy}");
        assert_eq!(policy.matches("sha256-").count(), 3);
        assert!(sources("", "script") == "'none'" && !policy.contains("unsafe"));
    }

    #[test]
    fn the_page_has_nothing_that_its_policy_forbids() {
        let elements = |open: &str| PAGE.matches(open).count();
        // An element with attributes has no digest in the policy.
        assert_eq!(elements("<script"), elements("<script>"));
        assert_eq!(elements("<style"), elements("<style>"));
        for forbidden in [" onclick=", " onload=", " style=", "src=\"http", "href=\"http", "<form"]
        {
            assert!(!PAGE.contains(forbidden), "{forbidden}");
        }
        let (name, policy) = &answer().fields[0];
        assert_eq!(*name, "Content-Security-Policy");
        assert!(policy.contains("frame-ancestors 'none'"));
    }
}
