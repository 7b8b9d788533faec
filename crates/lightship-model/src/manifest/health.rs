//! `[health]`: where health listens, and who is told what.

use std::fmt;

use serde::Deserialize;

/// The shortest token that is taken, in characters.
pub const SHORTEST_TOKEN: usize = 16;

/// `[health]`. An absent address leaves the default standing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthSettings {
    /// Address of the health port, as written: `HOST:PORT`.
    pub listen: Option<String>,
    pub details: Details,
    /// What a caller has to show for details; always there for [`Details::Token`].
    pub token: Option<TokenSource>,
    pub control: Control,
}

/// Who is told more than whether everything is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Details {
    /// Callers on this machine, and those who show the token, if there is one.
    #[default]
    Local,
    Always,
    /// Who shows the token.
    Token,
    Never,
}

/// Where the token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    Inline(Token),
    /// Absolute path of a file that holds it.
    File(String),
}

/// A secret: it shows itself in no message.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Nothing when it is shorter than [`SHORTEST_TOKEN`].
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.chars().count() >= SHORTEST_TOKEN).then(|| Self(text.to_owned()))
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Where commands are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Control {
    /// Where the runtime finds a place for the socket.
    #[default]
    Auto,
    Off,
    /// An absolute path, or `@NAME` for an abstract socket.
    At(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_keeps_to_itself() {
        assert_eq!(Token::new("short"), None);
        let token = Token::new("0123456789abcdef\n").unwrap();
        assert_eq!(token.reveal(), "0123456789abcdef");
        assert!(!format!("{:?}", TokenSource::Inline(token)).contains("0123"));
    }
}
