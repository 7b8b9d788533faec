//! Which file system a path lies on.

use std::fs;
use std::path::Path;

/// A mount, as the kernel lists it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) kind: String,
    /// `rw,relatime`.
    pub(super) options: String,
}

/// The mount that `path` lies on.
pub(super) fn of(path: &Path) -> Option<Mount> {
    find(&fs::read_to_string("/proc/self/mountinfo").ok()?, path)
}

fn find(mountinfo: &str, path: &Path) -> Option<Mount> {
    let mut best: Option<(usize, Mount)> = None;
    for line in mountinfo.lines() {
        let Some((left, right)) = line.split_once(" - ") else { continue };
        let left: Vec<&str> = left.split(' ').collect();
        let (Some(point), Some(options)) = (left.get(4), left.get(5)) else { continue };
        // Blanks in a path stand as octal numbers.
        let point = point.replace("\\040", " ");
        let kind = right.split(' ').next().unwrap_or_default().to_owned();
        // Of two mounts on one point the later one is seen.
        if path.starts_with(&point) && best.as_ref().is_none_or(|(len, _)| *len <= point.len()) {
            best = Some((point.len(), Mount { kind, options: (*options).to_owned() }));
        }
    }
    best.map(|(_, mount)| mount)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 25 0:5 / /data rw,nosuid shared:2 - tmpfs tmpfs rw
31 30 0:9 /x /data/my\\040tools ro,noexec - overlay overlay rw
";

    #[test]
    fn the_innermost_mount_is_the_one() {
        let kind = |path| find(TEXT, Path::new(path)).unwrap().kind;
        assert_eq!(kind("/database"), "ext4");
        assert_eq!(kind("/data/x"), "tmpfs");
        let mount = find(TEXT, Path::new("/data/my tools/v1")).unwrap();
        assert_eq!(mount, Mount { kind: "overlay".into(), options: "ro,noexec".into() });
    }
}
