//! Commands to a running lightship: `lightship-init ctl …`, over its control socket.

use std::env;
use std::io;

use lightship_model::name::{NameError, ToolName};
use serde_json::Value;

use crate::address::AddressError;
use crate::client::At;
use crate::client::exchange::{Call, Peer, Reply};
use crate::control::{ControlAddress, ControlAddressError, VARIABLE};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Load this tool now, and what it requires.
    Promote { tool: String },
    /// Try a failed tool again.
    Retry { tool: String },
    /// Read the manifest again.
    Reload,
    /// Stop the service and end.
    Stop,
    /// The last lines of what the tool's installer printed.
    Log { tool: String, lines: usize },
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum CtlError {
    #[error(transparent)]
    Tool(#[from] NameError),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("can't use the control socket that {VARIABLE} names")]
    Variable(#[source] ControlAddressError),
    #[error("no lightship was found; tried {tried}")]
    NotFound { tried: String },
    #[error("can't ask {to}")]
    Unreachable { to: String, source: io::Error },
    #[error("lightship refuses: {error}")]
    Refused { status: u16, error: String },
}

impl CtlError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } | Self::Unreachable { .. } => Some(
                "name its control socket with --socket or LOA_CONTROL; \
                 the full health document of a running lightship has it under `control`",
            ),
            Self::Refused { status: 401 | 403, .. } => {
                Some("commands are taken from root and from the user that lightship runs as")
            }
            Self::Tool(_) | Self::Address(_) | Self::Variable(_) | Self::Refused { .. } => None,
        }
    }
}

/// Finds the control socket: the one that is named; else what `LOA_CONTROL` names; else that of
/// PID 1; else the one that the lightship behind `health_url` says it has.
pub fn find(
    named: Option<ControlAddress>,
    health_url: Option<&str>,
    token: Option<&str>,
) -> Result<ControlAddress, CtlError> {
    if let Some(address) = named {
        return Ok(address);
    }
    if let Some(text) = env::var(VARIABLE).ok().filter(|text| !text.is_empty()) {
        return text.parse().map_err(CtlError::Variable);
    }
    let init = ControlAddress::of_process(1);
    if init.connect().is_ok() {
        return Ok(init);
    }
    let mut tried = format!("PID 1 ({init})");
    if let Some(url) = health_url {
        if let Some(address) = told_by(url, token)? {
            return Ok(address);
        }
        tried.extend([" and ", url]);
    }
    Err(CtlError::NotFound { tried })
}

/// The control socket that the full document of the health port names.
fn told_by(url: &str, token: Option<&str>) -> Result<Option<ControlAddress>, CtlError> {
    const PATH: &str = "/health?full=true";
    let peer = Peer::new(&At::Url(url.to_owned()), PATH)?;
    let call = Call { method: "GET", path: peer.path(), token };
    let Ok(reply) = peer.exchange(&call) else { return Ok(None) };
    let document: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    Ok(document["control"].as_str().and_then(|text| text.parse().ok()))
}

/// Sends `order`, and returns what there is to print about it.
pub fn send(order: &Order, to: &ControlAddress) -> Result<String, CtlError> {
    let (method, path) = line(order)?;
    let peer = Peer::new(&At::Socket(to.clone()), &path)?;
    let call = Call { method, path: &path, token: None };
    let reply = peer.exchange(&call);
    let reply = reply.map_err(|source| CtlError::Unreachable { to: peer.name(), source })?;
    understand(order, reply)
}

fn line(order: &Order) -> Result<(&'static str, String), CtlError> {
    // A name is checked here, so that it can't become another path.
    let name = |tool: &str| tool.parse::<ToolName>();
    Ok(match order {
        Order::Promote { tool } => ("POST", format!("/v1/tools/{}/promote", name(tool)?)),
        Order::Retry { tool } => ("POST", format!("/v1/tools/{}/retry", name(tool)?)),
        Order::Reload => ("POST", "/v1/reload".to_owned()),
        Order::Stop => ("POST", "/v1/stop".to_owned()),
        Order::Log { tool, lines } => {
            ("GET", format!("/v1/tools/{}/log?lines={lines}", name(tool)?))
        }
    })
}

fn understand(order: &Order, reply: Reply) -> Result<String, CtlError> {
    let Reply { status, body } = reply;
    if !(200..300).contains(&status) {
        let document: Value = serde_json::from_str(&body).unwrap_or_default();
        let error = document["error"].as_str().map_or(body.trim().to_owned(), str::to_owned);
        return Err(CtlError::Refused { status, error });
    }
    Ok(match order {
        Order::Promote { tool } => format!("{tool} is loaded now"),
        Order::Retry { tool } => format!("{tool} is tried again"),
        Order::Reload => "the manifest is read again".to_owned(),
        Order::Stop => "lightship stops".to_owned(),
        Order::Log { .. } => body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promote(tool: &str) -> Order {
        Order::Promote { tool: tool.to_owned() }
    }

    #[test]
    fn a_name_can_not_become_another_path() {
        assert_eq!(line(&promote("g++")).unwrap(), ("POST", "/v1/tools/g++/promote".to_owned()));
        for bad in ["../stop", "a/b", "a?b", "", "a b\r\n"] {
            assert!(matches!(line(&promote(bad)), Err(CtlError::Tool(_))), "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_was_said() {
        let body = "{\"error\":\"the manifest has no such tool\"}\n".to_owned();
        let error = understand(&promote("x"), Reply { status: 404, body }).unwrap_err();
        assert_eq!(error.to_string(), "lightship refuses: the manifest has no such tool");
        let body = "plain\n".to_owned();
        let error = understand(&promote("x"), Reply { status: 403, body }).unwrap_err();
        assert!(error.to_string().ends_with("plain") && error.help().is_some());
    }

    #[test]
    fn nobody_there_is_told_with_where_was_looked() {
        let nowhere = ControlAddress::Abstract("lightship-test-nowhere".to_owned());
        assert_eq!(find(Some(nowhere.clone()), None, None).unwrap(), nowhere);
        let error = send(&Order::Stop, &nowhere).unwrap_err();
        assert_eq!(error.to_string(), "can't ask the control socket @lightship-test-nowhere");
        let error = CtlError::NotFound { tried: "PID 1 (@x)".to_owned() };
        assert!(error.help().unwrap().contains("LOA_CONTROL"));
    }
}
