//! What of a package is of use to programs.

use crate::tree::{Entry, Kind};

const LEFT_OUT: [&str; 9] = [
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/lintian",
    "usr/share/doc-base",
    "usr/share/bash-completion",
    "usr/share/zsh",
    "usr/share/fish",
    "usr/share/bug",
];

/// Documentation, manuals, translations and completions are left out; licences stay.
pub fn is_useful(entry: &Entry) -> bool {
    if let Some(rest) = entry.path.strip_prefix("usr/share/doc/") {
        // A package may share another one's directory.
        let shared = !rest.contains('/') && matches!(entry.kind, Kind::Symlink(_));
        return shared || rest.ends_with("/copyright") && entry.kind != Kind::Directory;
    }
    !LEFT_OUT.iter().any(|folder| {
        let rest = entry.path.strip_prefix(folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn useful(path: &str, kind: Kind) -> bool {
        let path = path.to_owned();
        is_useful(&Entry { path, kind, size: 0, mode: 0o644, uid: 0, gid: 0, mtime: 0 })
    }

    #[test]
    fn licences_stay_and_what_only_people_read_goes() {
        for (path, expected) in [
            ("usr/bin/tool", true),
            ("usr/share/manifest", true),
            ("usr/share/man", false),
            ("usr/share/man/man1/tool.1.gz", false),
            ("usr/share/bug/tool", false),
            ("usr/share/doc/tool/copyright", true),
            ("usr/share/doc/tool/changelog.gz", false),
        ] {
            assert_eq!(useful(path, Kind::File), expected, "{path}");
        }
        assert!(useful("usr/share/doc/tool", Kind::Symlink("other".to_owned())));
        assert!(!useful("usr/share/doc/tool/old", Kind::Symlink("other".to_owned())));
        assert!(!useful("usr/share/doc/tool", Kind::Directory));
    }
}
