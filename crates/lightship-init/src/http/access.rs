//! Who may see details, and who may change things.

use std::fmt;
use std::hint::black_box;
use std::net::IpAddr;

use lightship_model::health::Rights;
pub use lightship_model::manifest::Details;

use super::request::Request;
use crate::control::Caller;

/// What is asked of those who want to see or do more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    pub(crate) details: Details,
    pub(crate) token: Option<Token>,
}

/// What a caller shows to be let in. It is never printed.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Takes the same time for every guess of one length, so that a token can't be found letter
    /// by letter.
    fn is(&self, guess: &str) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), guess.as_bytes());
        let mut different = u8::from(ours.len() != theirs.len() || ours.is_empty());
        for (index, byte) in theirs.iter().enumerate() {
            different |= byte ^ ours.get(index).copied().unwrap_or_default();
            different = black_box(different);
        }
        different == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Network {
        /// On this machine.
        loopback: bool,
    },
    Control {
        /// Root, or the user that lightship runs as.
        trusted: bool,
        /// Who it is, where the kernel says so.
        caller: Option<Caller>,
    },
}

impl Peer {
    pub(super) fn network(ip: IpAddr) -> Self {
        Self::Network { loopback: ip.to_canonical().is_loopback() }
    }

    pub(super) fn control(caller: Option<Caller>) -> Self {
        Self::Control { trusted: caller.is_some_and(Caller::is_trusted), caller }
    }

    /// In words, for the audit trail.
    pub(super) fn shown(self) -> String {
        match self {
            Self::Control { caller: Some(Caller { uid, pid }), .. } => {
                format!("uid {uid} pid {pid} through the control socket")
            }
            Self::Control { caller: None, .. } => "the control socket".to_owned(),
            // Without the token nobody may command there.
            Self::Network { loopback: true } => {
                "the token's holder over http, from here".to_owned()
            }
            Self::Network { loopback: false } => {
                "the token's holder over http, from elsewhere".to_owned()
            }
        }
    }
}

impl Access {
    pub(super) fn rights(&self, peer: Peer, request: &Request) -> Rights {
        let loopback = match peer {
            Peer::Control { trusted, .. } => return Rights { details: true, control: trusted },
            Peer::Network { loopback } => loopback,
        };
        let bearer = request.bearer.as_deref();
        let token = self.token.as_ref().zip(bearer).is_some_and(|(token, guess)| token.is(guess));
        let details = match self.details {
            Details::Always => true,
            Details::Local => token || loopback && is_asked_locally(request),
            Details::Token => token,
            Details::Never => false,
        };
        Rights { details, control: token }
    }
}

/// Whether the request names this machine by address, or not at all. A browser that was led here
/// under another name (DNS rebinding) says that name, and a proxy says that it is one.
fn is_asked_locally(request: &Request) -> bool {
    !request.forwarded && request.host.as_deref().is_none_or(is_address)
}

/// Whether `host` is an IP address or `localhost`, with or without a port.
fn is_address(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::request::{Parsed, parse};
    use super::*;

    const LOCAL: Peer = Peer::Network { loopback: true };
    const REMOTE: Peer = Peer::Network { loopback: false };
    const SEES: Rights = Rights { details: true, control: false };
    const ALL: Rights = Rights { details: true, control: true };
    const NONE: Rights = Rights { details: false, control: false };

    fn request(fields: &str) -> Request {
        match parse(format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n").as_bytes()) {
            Parsed::Whole { request, .. } => request,
            other => panic!("{other:?}"),
        }
    }

    fn rights(details: Details, peer: Peer, fields: &str) -> Rights {
        let access = Access { details, token: Some(Token::new("s3cret")) };
        access.rights(peer, &request(fields))
    }

    #[test]
    fn each_word_has_its_meaning() {
        let plain = "Host: 10.0.0.1:3000";
        let bearer = "Host: x\r\nAuthorization: Bearer s3cret";
        let row = |details| {
            [(LOCAL, plain), (REMOTE, plain), (REMOTE, bearer)]
                .map(|(peer, fields)| rights(details, peer, fields))
        };
        assert_eq!(row(Details::Always), [SEES, SEES, ALL]);
        assert_eq!(row(Details::Local), [SEES, NONE, ALL]);
        assert_eq!(row(Details::Token), [NONE, NONE, ALL]);
        // A token still changes things where nothing is shown.
        let only_control = Rights { details: false, control: true };
        assert_eq!(row(Details::Never), [NONE, NONE, only_control]);
    }

    #[test]
    fn a_rebound_name_or_a_proxy_is_not_local() {
        for host in ["127.0.0.1", "127.0.0.1:3000", "[::1]:3000", "localhost:1", "LOCALHOST"] {
            assert_eq!(rights(Details::Local, LOCAL, &format!("Host: {host}")), SEES, "{host}");
        }
        for host in ["evil.example:3000", "127.0.0.1.evil.example", "", "localhost.evil", "[x]"] {
            assert_eq!(rights(Details::Local, LOCAL, &format!("Host: {host}")), NONE, "{host}");
        }
        let Parsed::Whole { request: old, .. } = parse(b"GET / HTTP/1.0\r\n\r\n") else { panic!() };
        assert_eq!(Access::default().rights(LOCAL, &old), SEES, "no browser asks like that");
        let proxied = "Host: 127.0.0.1\r\nX-Forwarded-For: 1.2.3.4";
        assert_eq!(rights(Details::Local, LOCAL, proxied), NONE);
    }

    #[test]
    fn a_wrong_token_or_none_configured_changes_nothing() {
        for guess in ["s3cre", "s3crets", "S3cret", "x3cret", ""] {
            let fields = format!("Host: x\r\nAuthorization: Bearer {guess}");
            assert_eq!(rights(Details::Token, REMOTE, &fields), NONE, "{guess}");
        }
        let empty = request("Host: x\r\nAuthorization: Bearer ");
        for token in [None, Some(Token::new(""))] {
            let access = Access { details: Details::Token, token };
            assert_eq!(access.rights(REMOTE, &empty), NONE);
        }
    }

    #[test]
    fn the_control_socket_shows_all_and_obeys_those_it_trusts() {
        let plain = "Host: lightship";
        for (trusted, expected) in [(true, ALL), (false, SEES)] {
            assert_eq!(
                rights(Details::Never, Peer::Control { trusted, caller: None }, plain),
                expected
            );
        }
    }

    #[test]
    fn peers_are_told_apart() {
        for (ip, loopback) in
            [("127.0.0.2", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false)]
        {
            assert_eq!(Peer::network(ip.parse().unwrap()), Peer::Network { loopback }, "{ip}");
        }
        assert_eq!(format!("{:?}", Token::new("s3cret")), "Token");
    }
}
