//! `{{prefix}}` and its like in the strings of a recipe.
//!
//! Double braces, so that a shell's `${VAR}` and JSON's braces pass untouched.

/// A placeholder that stands between double braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder<'a> {
    /// The tool's own prefix: where it installs to, and where it will stay.
    Prefix,
    /// The scratch directory of this attempt, gone when it ends.
    Stage,
    /// The tool's version as the manifest has it.
    Version,
    /// The prefix of a tool that this one requires.
    ToolPrefix(&'a str),
}

/// Why a string with placeholders can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error(
        "`{{{{{0}}}}}` is not known here: use {{{{prefix}}}}, {{{{stage}}}}, {{{{version}}}} or \
         {{{{tools.NAME.prefix}}}} of a tool in `requires`"
    )]
    Unknown(String),
    #[error("`{{{{` is never closed")]
    Unclosed,
}

/// Replaces each placeholder of `text` by what `value` gives for it.
///
/// # Errors
/// When a placeholder is not closed, is unknown, or `value` has nothing for it.
pub fn expand(
    text: &str,
    mut value: impl FnMut(Placeholder<'_>) -> Option<String>,
) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        out.push_str(&rest[..open]);
        let after = &rest[open + 2..];
        let close = after.find("}}").ok_or(TemplateError::Unclosed)?;
        let name = after[..close].trim();
        let placeholder = parse(name).ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
        let replacement =
            value(placeholder).ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
        out.push_str(&replacement);
        rest = &after[close + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

fn parse(name: &str) -> Option<Placeholder<'_>> {
    match name {
        "prefix" => Some(Placeholder::Prefix),
        "stage" => Some(Placeholder::Stage),
        "version" => Some(Placeholder::Version),
        _ => name.strip_prefix("tools.")?.strip_suffix(".prefix").map(Placeholder::ToolPrefix),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(placeholder: Placeholder<'_>) -> Option<String> {
        match placeholder {
            Placeholder::Prefix => Some("/p".into()),
            Placeholder::ToolPrefix("onnx") => Some("/o".into()),
            _ => None,
        }
    }

    #[test]
    fn placeholders_are_replaced_and_shell_braces_are_not() {
        assert_eq!(
            expand("-L {{ tools.onnx.prefix }}/lib ${HOME} {{prefix}}", values).unwrap(),
            "-L /o/lib ${HOME} /p"
        );
    }

    #[test]
    fn an_unknown_or_open_placeholder_is_an_error() {
        assert!(matches!(expand("{{prefx}}", values), Err(TemplateError::Unknown(_))));
        assert!(matches!(expand("{{stage}}", values), Err(TemplateError::Unknown(_))));
        assert!(matches!(expand("{{prefix", values), Err(TemplateError::Unclosed)));
    }

    proptest! {
        #[test]
        fn text_without_double_braces_is_unchanged(text in "[^{]*") {
            prop_assert_eq!(expand(&text, values).unwrap(), text);
        }
    }
}
