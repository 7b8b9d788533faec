//! What of an installer's output is worth showing where there is room for a few lines.

/// The specification's limit for a tool's `error`, in characters.
pub const ERROR_LIMIT: usize = 500;

/// The last useful lines of `output`, at most [`ERROR_LIMIT`] characters.
///
/// From the last line that opens an error on, if it fits; otherwise the end. Colours,
/// carriage-return progress and blank lines are left out.
pub fn error_excerpt(output: &str) -> String {
    let lines: Vec<String> = output.lines().map(clean).filter(|line| !line.is_empty()).collect();
    let opens = |line: &String| {
        let lower = line.to_ascii_lowercase();
        lower.starts_with("error") || lower.starts_with("npm error") || lower.contains(" error:")
    };
    let mut first = lines.iter().position(opens).unwrap_or(0);
    while first + 1 < lines.len() && length(&lines[first..]) > ERROR_LIMIT {
        first += 1;
    }
    tail_chars(&lines[first..].join("\n"), ERROR_LIMIT)
}

/// The last `limit` characters of `text`.
fn tail_chars(text: &str, limit: usize) -> String {
    let count = text.chars().count();
    text.chars().skip(count.saturating_sub(limit)).collect()
}

fn length(lines: &[String]) -> usize {
    lines.iter().map(|line| line.chars().count() + 1).sum::<usize>().saturating_sub(1)
}

/// One line as a terminal would leave it: the text after the last carriage return, without
/// escape sequences and trailing blanks.
pub fn clean(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    let line = line.rsplit('\r').next().unwrap_or_default();
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\t' => plain.push(' '),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// Skips what follows ESC: a CSI sequence to its final byte, an OSC to its end, or one character.
fn skip_escape(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => {
            chars.find(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        Some(']') => {
            chars.find(|c| *c == '\u{7}' || *c == '\u{1b}');
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_compilers_error_is_kept_and_its_noise_is_not() {
        let output = "   Compiling a v1\n   Compiling b v1\n\u{1b}[31merror\u{1b}[0m: linker `cc` not found\n\n\
                      error: could not compile `b`\n";
        assert_eq!(
            error_excerpt(output),
            "error: linker `cc` not found\nerror: could not compile `b`"
        );
    }

    #[test]
    fn only_the_last_state_of_a_progress_line_counts() {
        assert_eq!(clean("10%\r50%\r100% \r"), "100%");
        assert_eq!(clean("\u{1b}]0;title\u{7}text"), "text");
    }

    proptest! {
        #[test]
        fn an_excerpt_never_exceeds_the_limit(output in "(?s).{0,4000}") {
            prop_assert!(error_excerpt(&output).chars().count() <= ERROR_LIMIT);
        }
    }
}
