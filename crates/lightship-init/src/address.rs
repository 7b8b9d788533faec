//! Addresses as they are written. Names are not resolved: PID 1 asks no name server, and a
//! static libc can't. `localhost` is known.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Why an address can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("`{0}` is not HOST:PORT with an IP address (or localhost) and a port")]
    Malformed(String),
    #[error("`{0}` is not an address like http://127.0.0.1:8080/path")]
    NotHttp(String),
}

/// What `HOST:PORT` means: one address, or two for `localhost`.
pub fn parse(text: &str) -> Result<Vec<SocketAddr>, AddressError> {
    let malformed = || AddressError::Malformed(text.to_owned());
    if let Ok(address) = text.parse() {
        return Ok(vec![address]);
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(malformed)?;
    let port = port.parse().map_err(|_| malformed())?;
    if host != "localhost" {
        return Err(malformed());
    }
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    Ok(loopback.map(|ip| SocketAddr::new(ip, port)).to_vec())
}

/// Where someone on this machine reaches what listens on `address`.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// An `http://` URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpUrl {
    pub addresses: Vec<SocketAddr>,
    /// As it goes into the `Host` field.
    pub host: String,
    /// Path and query, from `/` on.
    pub path: String,
}

impl HttpUrl {
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let not_http = || AddressError::NotHttp(url.to_owned());
        let rest = url.strip_prefix("http://").ok_or_else(not_http)?;
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        if path.contains(|c: char| c.is_ascii_control() || c == ' ') {
            return Err(not_http());
        }
        // In `[::1]` the last colon is no port's.
        let has_port = host.rfind(':') > host.rfind(']');
        let with_port = if has_port { host.to_owned() } else { format!("{host}:80") };
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            addresses: parse(&with_port)?,
            host: host.to_owned(),
            path: format!("{slash}{path}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_addresses_and_localhost_are_understood() {
        assert_eq!(parse("127.0.0.1:0").unwrap().len(), 1);
        assert_eq!(parse("[::]:3000").unwrap(), ["[::]:3000".parse().unwrap()]);
        assert_eq!(parse("localhost:80").unwrap().len(), 2);
        for bad in ["", "3000", ":3000", "example:80", "127.0.0.1", "127.0.0.1:99999", "::1:80:x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_url_is_taken_apart() {
        let url = HttpUrl::parse("http://127.0.0.1:8080/a?b=c#d").unwrap();
        assert_eq!((url.host.as_str(), url.path.as_str()), ("127.0.0.1:8080", "/a?b=c"));
        let url = HttpUrl::parse("http://[::1]?x").unwrap();
        assert_eq!((url.addresses[0].port(), url.path.as_str()), (80, "/?x"));
        assert_eq!(HttpUrl::parse("http://localhost:1").unwrap().path, "/");
        for bad in ["https://127.0.0.1/", "127.0.0.1", "http://", "http://1.2.3.4/a b"] {
            assert!(HttpUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_listens_everywhere_is_reached_at_home() {
        assert_eq!(reachable("0.0.0.0:3".parse().unwrap()).to_string(), "127.0.0.1:3");
        assert_eq!(reachable("[::]:3".parse().unwrap()).to_string(), "[::1]:3");
    }
}
