//! Reading one file: form errors, each with line, column, and the nearest key that exists.

use serde::de::DeserializeOwned;

use super::error::ManifestError;
use super::layer::Layer;
use crate::nearest::nearest;

/// A longer line is not shown, in bytes.
const MAX_EXCERPT: usize = 400;
/// Of a longer message the beginning is shown, in characters.
const MAX_MESSAGE: usize = 500;

/// A manifest's text and the name it goes by in messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub name: String,
    pub text: String,
}

impl Text {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The error `message` at byte `offset` of this text.
    pub fn error(&self, offset: usize, message: impl Into<String>) -> ManifestError {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let excerpt = if line.len() <= MAX_EXCERPT { line } else { "" };
        ManifestError {
            file: self.name.clone(),
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            excerpt: excerpt.to_owned(),
            message: one_line(message.into()),
            help: None,
        }
    }

    pub(super) fn parse(&self) -> Result<Layer, ManifestError> {
        self.read()
    }

    /// Reads this text as TOML of the form `T`.
    ///
    /// # Errors
    /// Where it has another form, with line, column and the nearest key.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ManifestError> {
        toml::from_str(&self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let (message, help) = reword(error.message());
            ManifestError { help: help.map(one_line), ..self.error(offset, message) }
        })
    }
}

/// What was typed may stand in a message, and may hold anything.
pub(super) fn one_line(message: String) -> String {
    if message.len() <= MAX_MESSAGE && !message.contains(char::is_control) {
        return message;
    }
    let shown =
        |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    let mut shown: String = message.chars().take(MAX_MESSAGE).map(shown).collect();
    if message.chars().nth(MAX_MESSAGE).is_some() {
        shown.push('…');
    }
    shown
}

/// serde's words for an unknown key list every key; ours name the nearest one.
fn reword(message: &str) -> (String, Option<String>) {
    let message = message.trim();
    let Some((_, rest)) = message.split_once("unknown field `") else {
        return (message.to_owned(), None);
    };
    let Some((field, rest)) = rest.split_once('`') else {
        return (message.to_owned(), None);
    };
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let help = match nearest(field, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    };
    (format!("unknown key `{field}`"), Some(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_characters() {
        let text = Text::new("f", "a = 1\nü = x\n");
        let error = text.error(text.text.find('x').unwrap(), "m");
        assert_eq!((error.line, error.column, error.excerpt.as_str()), (2, 5, "ü = x"));
    }

    #[test]
    fn a_message_is_one_line_whatever_was_typed() {
        let error = Text::new("f", "\"a\\n\\u001bü\" = 1\n").parse().unwrap_err();
        assert_eq!(error.message, "unknown key `a\\n\\u{1b}ü`");
    }

    #[test]
    fn a_fault_in_a_long_line_or_with_a_long_name_is_told_shortly() {
        let text = Text::new("f", format!("{} = 1\n", "x".repeat(60_000)));
        let error = text.parse().unwrap_err();
        assert!(error.message.starts_with("unknown key `xxx") && error.message.ends_with('…'));
        assert!(error.to_string().len() < 2000, "{}", error.to_string().len());
    }

    #[test]
    fn a_place_past_the_end_or_inside_a_character_does_no_harm() {
        let text = Text::new("f", "ü");
        assert_eq!(text.error(1, "m").column, 1);
        assert_eq!(text.error(99, "m").line, 1);
    }
}
