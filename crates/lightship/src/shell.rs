//! Text for a shell to read.

/// `text` as one word for `sh`, in quotes only where it needs them.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

/// `text` in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A command on one line, as it is shown to people: not quoted, without line breaks.
pub(crate) fn shown(command: &[String]) -> String {
    command.iter().flat_map(|word| word.split_whitespace()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_would_take_apart_is_quoted() {
        assert_eq!(word("/data/tools-1.0"), "/data/tools-1.0");
        assert_eq!(word("/a b/it's"), "'/a b/it'\\''s'");
        assert_eq!(word(""), "''");
        assert_eq!(word("$HOME"), "'$HOME'");
    }

    #[test]
    fn a_command_of_many_lines_is_shown_on_one() {
        let command = ["sh", "-c", "while :; do\n  sleep 1\ndone"].map(str::to_owned);
        assert_eq!(shown(&command), "sh -c while :; do sleep 1 done");
    }
}
