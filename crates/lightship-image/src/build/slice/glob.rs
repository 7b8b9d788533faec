//! Patterns for paths: `*` is anything but a slash, `**` anything at all.

/// Whether `path` is what `pattern` means.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let Some(star) = pattern.find('*') else { return pattern == path };
    let (head, rest) = pattern.split_at(star);
    let Some(path) = path.strip_prefix(head) else { return false };
    let (rest, deep) = match rest.strip_prefix("**") {
        Some(rest) => (rest, true),
        None => (&rest[1..], false),
    };
    let ends = path.char_indices().map(|(at, _)| at).chain([path.len()]);
    for end in ends {
        if !deep && path[..end].contains('/') {
            return false;
        }
        if matches(rest, &path[end..]) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_star_stays_in_its_directory() {
        for (pattern, path, expected) in [
            ("usr/bin/bash", "usr/bin/bash", true),
            ("usr/bin/bash", "usr/bin/bashbug", false),
            ("usr/lib/*.so.1", "usr/lib/liba.so.1", true),
            ("usr/lib/*.so.1", "usr/lib/x/liba.so.1", false),
            ("usr/lib/*/liba.so", "usr/lib/x/liba.so", true),
            ("usr/share/**", "usr/share/a/b/c", true),
            ("usr/share/**/x", "usr/share/a/b/x", true),
            ("usr/share/**/x", "usr/share/a/b/y", false),
            ("a*b*c", "aXbYc", true),
            ("é*", "éü", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
