//! Patterns for paths: `?` and `*` stay within a name, `**` crosses slashes. A pattern that
//! names a directory means all that is below it.

/// A pattern for paths without a slash in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<u8>);

impl Glob {
    /// `/usr/share/doc/**`, `usr/bin/git*`, `**/*.pyc`.
    pub fn new(pattern: &str) -> Self {
        Self(pattern.trim_start_matches("./").trim_matches('/').as_bytes().to_vec())
    }

    /// Whether `path`, or a directory above it, is meant.
    pub fn matches(&self, path: &[u8]) -> bool {
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        ends.chain([path.len()]).any(|end| self.matches_all(&path[..end]))
    }

    /// Whether `path` itself is meant. Keeps the set of places in the pattern at which a path that
    /// was read so far may be, so that no pattern takes longer than its length times that of the
    /// path.
    pub fn matches_all(&self, path: &[u8]) -> bool {
        let plain = self.0.iter().position(|byte| b"*?".contains(byte));
        let Some(plain) = plain else { return self.0 == path };
        if !path.starts_with(&self.0[..plain]) {
            return false;
        }
        let mut places = vec![false; self.0.len() + 1];
        let mut next = places.clone();
        places[0] = true;
        self.skip_stars(&mut places);
        for byte in path {
            next.fill(false);
            for at in (0..self.0.len()).filter(|at| places[*at]) {
                match self.0[at] {
                    b'*' => next[at] |= *byte != b'/' || self.is_double(at),
                    b'?' => next[at + 1] |= *byte != b'/',
                    wanted => next[at + 1] |= wanted == *byte,
                }
            }
            self.skip_stars(&mut next);
            std::mem::swap(&mut places, &mut next);
        }
        places[self.0.len()]
    }

    /// A star may stand for nothing; `**/` for no directory at all.
    fn skip_stars(&self, places: &mut [bool]) {
        for at in 0..self.0.len() {
            if places[at] && self.0[at] == b'*' {
                places[at + 1] = true;
                if self.is_double(at) && self.0[..at].last().is_none_or(|byte| *byte == b'/') {
                    let after = at + 2;
                    if self.0.get(after) == Some(&b'/') {
                        places[after + 1] = true;
                    }
                }
            }
        }
    }

    fn is_double(&self, at: usize) -> bool {
        let star = |at: Option<usize>| at.and_then(|at| self.0.get(at)) == Some(&b'*');
        star(Some(at + 1)) || star(at.checked_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_a_shell_means_by_them() {
        for (pattern, path, is_meant) in [
            ("/usr/bin/git", "usr/bin/git", true),
            ("usr/bin/git*", "usr/bin/git-shell", true),
            ("usr/bin/git*", "usr/bin/git/x", true),
            ("usr/*/git", "usr/local/bin/git", false),
            ("usr/**/git", "usr/local/bin/git", true),
            ("usr/**/git", "usr/git", true),
            ("**/*.pyc", "a.pyc", true),
            ("**/*.pyc", "a/b/c.pyc", true),
            ("**/*.pyc", "a/b/c.py", false),
            ("usr/share/doc", "usr/share/doc/git/copyright", true),
            ("usr/share/doc/", "usr/share/docs", false),
            ("usr/share/doc/**", "usr/share/doc/a", true),
            ("/etc/passw?", "etc/passwd", true),
            ("usr?bin", "usr/bin", false),
            ("**", "anything/at/all", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(path.as_bytes()), is_meant, "{pattern} {path}");
        }
    }

    #[test]
    fn a_path_alone_is_meant_on_request() {
        for (pattern, path, is_meant) in [
            ("usr/bin/bash", "usr/bin/bash", true),
            ("usr/bin/bash", "usr/bin/bashbug", false),
            ("usr/bin/bash", "usr/bin/bash/x", false),
            ("usr/lib/*.so.1", "usr/lib/liba.so.1", true),
            ("usr/lib/*.so.1", "usr/lib/x/liba.so.1", false),
            ("usr/lib/*/liba.so", "usr/lib/x/liba.so", true),
            ("usr/share/**", "usr/share/a/b/c", true),
            ("usr/share/**/x", "usr/share/a/b/y", false),
            ("a*b*c", "aXbYc", true),
            ("é*", "éü", true),
        ] {
            let glob = Glob::new(pattern);
            assert_eq!(glob.matches_all(path.as_bytes()), is_meant, "{pattern} {path}");
        }
    }

    #[test]
    fn no_pattern_takes_for_ever() {
        let pattern = "**a**b".repeat(40);
        assert!(!Glob::new(&pattern).matches("a/".repeat(200).as_bytes()));
    }
}
