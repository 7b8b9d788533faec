//! What packages say of one another: `Depends: a | b (>= 1.2), c:any [amd64]`, `Provides`,
//! `Conflicts`. Parsed where it is needed, out of the archive's own text.

use std::cmp::Ordering;
use std::fmt;

use crate::version::compare;

/// How a version has to stand to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Earlier,
    EarlierOrEqual,
    Equal,
    LaterOrEqual,
    Later,
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "<<" => Self::Earlier,
            // The old spelling of `<=` and `>=`.
            "<=" | "<" => Self::EarlierOrEqual,
            "=" => Self::Equal,
            ">=" | ">" => Self::LaterOrEqual,
            ">>" => Self::Later,
            _ => return None,
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Earlier => "<<",
            Self::EarlierOrEqual => "<=",
            Self::Equal => "=",
            Self::LaterOrEqual => ">=",
            Self::Later => ">>",
        }
    }

    /// Whether `version` stands so to `wanted`.
    pub fn holds(self, version: &str, wanted: &str) -> bool {
        let order = compare(version, wanted);
        match self {
            Self::Earlier => order == Ordering::Less,
            Self::EarlierOrEqual => order != Ordering::Greater,
            Self::Equal => order == Ordering::Equal,
            Self::LaterOrEqual => order != Ordering::Less,
            Self::Later => order == Ordering::Greater,
        }
    }
}

/// One package name with what is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation<'a> {
    pub name: &'a str,
    pub version: Option<(Operator, &'a str)>,
}

impl Relation<'_> {
    /// Whether a package of that version is what is asked for.
    pub fn accepts(&self, version: &str) -> bool {
        self.version.is_none_or(|(operator, wanted)| operator.holds(version, wanted))
    }

    /// Whether something that is provided is what is asked for: without a version it answers
    /// only questions without one.
    pub fn accepts_provided(&self, version: Option<&str>) -> bool {
        match (self.version, version) {
            (None, _) => true,
            (Some((operator, wanted)), Some(version)) => operator.holds(version, wanted),
            (Some(_), None) => false,
        }
    }
}

impl fmt::Display for Relation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.version {
            Some((operator, version)) => write!(f, " ({} {version})", operator.as_str()),
            None => Ok(()),
        }
    }
}

/// The groups of a field for the architecture `arch` (`amd64`), each with its alternatives. A
/// group that is not for this architecture is left out.
pub fn groups<'a>(field: &'a str, arch: &'a str) -> impl Iterator<Item = Vec<Relation<'a>>> {
    field.split(',').filter_map(move |group| {
        let alternatives: Vec<Relation<'a>> =
            group.split('|').filter_map(|text| parse(text, arch)).collect();
        (!alternatives.is_empty()).then_some(alternatives)
    })
}

/// The relations of a field without alternatives: `Provides`, `Conflicts`, `Breaks`.
pub fn list<'a>(field: &'a str, arch: &'a str) -> impl Iterator<Item = Relation<'a>> {
    groups(field, arch).flatten()
}

/// `name[:arch] [(op version)] [[arch …]] [<profile …>]`; nothing if it is for others.
fn parse<'a>(text: &'a str, arch: &str) -> Option<Relation<'a>> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_whitespace() || "([<".contains(c)).unwrap_or(text.len());
    let (word, mut rest) = text.split_at(end);
    // `:any` and `:native` are met by the one architecture that we choose from.
    let name = word.split_once(':').map_or(word, |(name, _)| name);
    if name.is_empty() {
        return None;
    }
    let mut version = None;
    loop {
        rest = rest.trim_start();
        let close = match rest.as_bytes().first() {
            Some(b'(') => ')',
            Some(b'[') => ']',
            Some(b'<') => '>',
            _ => return Some(Relation { name, version }),
        };
        let Some((inner, after)) = rest[1..].split_once(close) else {
            return Some(Relation { name, version });
        };
        match close {
            ')' => version = parse_version(inner),
            ']' if !is_for(inner, arch) => return None,
            // Build profiles stand in source packages alone.
            _ => {}
        }
        rest = after;
    }
}

fn parse_version(text: &str) -> Option<(Operator, &str)> {
    let text = text.trim();
    let end = text.find(|c| !"<>=".contains(c)).unwrap_or(text.len());
    Some((Operator::parse(&text[..end])?, text[end..].trim()))
}

/// `amd64 i386`, or `!amd64`: all others.
fn is_for(list: &str, arch: &str) -> bool {
    let mut names = list.split_whitespace().peekable();
    let negated = names.peek().is_some_and(|name| name.starts_with('!'));
    let is_named = names.any(|name| {
        let name = name.trim_start_matches('!');
        name == arch || name == "any" || name == "linux-any" || name == format!("any-{arch}")
    });
    is_named != negated
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(field: &str) -> Vec<Vec<String>> {
        groups(field, "amd64")
            .map(|group| group.iter().map(ToString::to_string).collect())
            .collect()
    }

    #[test]
    fn alternatives_versions_and_architectures_are_understood() {
        let field = "libc6 (>= 2.34), debconf (>= 0.5) | debconf-2.0,python3:any,\n x [!amd64], \
                     y [amd64 i386], z(<<1:2~),, w <!nocheck>";
        assert_eq!(
            shown(field),
            [
                vec!["libc6 (>= 2.34)"],
                vec!["debconf (>= 0.5)", "debconf-2.0"],
                vec!["python3"],
                vec!["y"],
                vec!["z (<< 1:2~)"],
                vec!["w"],
            ]
        );
    }

    #[test]
    fn a_provided_name_without_a_version_meets_no_wish_for_one() {
        let wish = list("x (>= 2)", "amd64").next().unwrap();
        assert!(!wish.accepts_provided(None));
        assert!(wish.accepts_provided(Some("2")) && !wish.accepts_provided(Some("1")));
        assert!(list("x", "amd64").next().unwrap().accepts_provided(None));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[a-z0-9 :|,()<>=!\\[\\]~é]{0,60}") {
            drop(shown(&text));
        }
    }
}
