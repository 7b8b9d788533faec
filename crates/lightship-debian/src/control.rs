//! Debian's control format (deb822): paragraphs of `Name: value`, values going on in lines that
//! begin with a space. Nothing is copied; a list of packages of 50 MB is read a paragraph at a
//! time.

use std::io::{self, BufRead};

/// A paragraph that is longer than this is none.
const LONGEST: usize = 8 << 20;

/// One paragraph.
#[derive(Clone, Copy, Debug)]
pub struct Paragraph<'a> {
    text: &'a str,
}

impl<'a> Paragraph<'a> {
    /// The fields in their order: name, and value with its further lines as they stand.
    pub fn fields(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.text;
        std::iter::from_fn(move || {
            loop {
                let end = field_end(rest);
                let (field, after) = rest.split_at(end);
                if field.is_empty() {
                    return None;
                }
                rest = after;
                // Comments, and lines without a colon, are no fields.
                if let Some((name, value)) = field.split_once(':')
                    && !name.starts_with(['#', ' ', '\t'])
                    && !name.contains('\n')
                {
                    return Some((name, value.trim_matches([' ', '\t', '\r', '\n'])));
                }
            }
        })
    }

    /// The value of the field `name`, in whatever case it is written.
    pub fn get(self, name: &str) -> Option<&'a str> {
        self.fields().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The lines of a field's value, each without its surroundings; empty ones left out.
    pub fn lines(self, name: &str) -> impl Iterator<Item = &'a str> {
        let lines = self.get(name).unwrap_or_default().lines();
        lines.map(str::trim).filter(|line| !line.is_empty())
    }
}

/// Where the first field of `text` ends: before the next line that goes not on with it.
fn field_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == b'\n') {
        let next = from + at + 1;
        match bytes.get(next) {
            Some(b' ' | b'\t') => from = next,
            _ => return next,
        }
    }
    bytes.len()
}

/// The paragraphs of a text.
pub fn paragraphs(text: &str) -> impl Iterator<Item = Paragraph<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let end = paragraph_end(rest);
            let (paragraph, after) = rest.split_at(end);
            if paragraph.is_empty() {
                return None;
            }
            rest = after;
            let paragraph = Paragraph { text: paragraph };
            if paragraph.fields().next().is_some() {
                return Some(paragraph);
            }
        }
    })
}

/// The end of the first paragraph, with the blank line behind it.
fn paragraph_end(text: &str) -> usize {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if line.trim().is_empty() {
            break;
        }
    }
    end
}

/// Reads paragraphs from a stream, keeping one at a time.
#[derive(Debug)]
pub struct Paragraphs<R> {
    reader: R,
    buffer: String,
}

impl<R: BufRead> Paragraphs<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: String::new() }
    }

    /// The next paragraph; nothing at the end.
    ///
    /// # Errors
    /// What reading fails with, bytes that are no UTF-8, and a paragraph without an end.
    #[expect(clippy::should_implement_trait, reason = "it lends what it gives: no iterator can")]
    pub fn next(&mut self) -> io::Result<Option<Paragraph<'_>>> {
        self.buffer.clear();
        loop {
            let before = self.buffer.len();
            let room = u64::try_from(LONGEST - before).unwrap_or_default();
            let count = io::Read::take(&mut self.reader, room).read_line(&mut self.buffer)?;
            let blank = self.buffer[before..].trim().is_empty();
            if blank && before == 0 && count > 0 {
                self.buffer.clear();
                continue;
            }
            if count == 0 && self.buffer.len() >= LONGEST {
                return Err(io::Error::other("a paragraph of its control format has no end"));
            }
            if count == 0 || blank {
                let there = !self.buffer.is_empty();
                return Ok(there.then_some(Paragraph { text: &self.buffer }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "Package: a\nDescription: one\n two\n .\n three\nTag: x,\n\ty\n\n\n\
                        # a comment\nPackage: b\nno field\nSHA256: 12\n";

    #[test]
    fn fields_and_their_further_lines_are_found() {
        let all: Vec<_> = paragraphs(TEXT).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].get("package"), Some("a"));
        let lines: Vec<_> = all[0].lines("Description").collect();
        assert_eq!(lines, ["one", "two", ".", "three"]);
        assert_eq!(all[0].get("Tag"), Some("x,\n\ty"));
        assert_eq!(all[1].fields().collect::<Vec<_>>(), [("Package", "b"), ("SHA256", "12")]);
        assert!(paragraphs("\n\n# only a comment\n").next().is_none());
    }

    #[test]
    fn an_endless_paragraph_is_refused() {
        let endless = io::Read::chain(&b"A: "[..], io::repeat(b'x'));
        let mut reader = Paragraphs::new(io::BufReader::new(endless));
        assert!(reader.next().is_err());
    }

    proptest! {
        #[test]
        fn a_stream_gives_what_the_text_gives(text in "([A-C]: [a-z ]{0,5}\n| [a-z]{1,3}\n|\n){0,20}") {
            let whole: Vec<Vec<(String, String)>> =
                paragraphs(&text).map(|paragraph| owned(paragraph)).collect();
            let mut reader = Paragraphs::new(text.as_bytes());
            let mut streamed = Vec::new();
            while let Some(paragraph) = reader.next().unwrap() {
                let fields = owned(paragraph);
                if !fields.is_empty() {
                    streamed.push(fields);
                }
            }
            prop_assert_eq!(whole, streamed);
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,60}", lines in "[ \t\n:#a\r]{0,40}") {
            for text in [text, lines] {
                paragraphs(&text).for_each(|paragraph| drop(owned(paragraph)));
            }
        }
    }

    fn owned(paragraph: Paragraph<'_>) -> Vec<(String, String)> {
        paragraph.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}
