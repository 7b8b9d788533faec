//! Which mount a directory is on, from `/proc/self/mountinfo`.

use std::fs;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

/// A mount, as far as it tells what to expect of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) id: u64,
    /// `ext4`, `fuse.rclone`.
    pub(crate) file_system: String,
    /// Of the mount and of the file system: `ro,noexec,relatime rw,size=1024k`.
    pub(crate) options: String,
    /// Device, root within it, and source: what tells it from another that had its number.
    identity: String,
}

/// File systems of one machine, whose `flock` the kernel itself answers for everybody who can
/// have them mounted.
const LOCAL: [&str; 12] = [
    "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "ramfs", "tmpfs", "vfat",
    "xfs", "zfs",
];

impl Mount {
    /// The mount that `path` is on.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
        let text = fs::read_to_string("/proc/self/mountinfo").ok()?;
        text.lines().filter_map(Self::parse).find(|mount| mount.id == found.stx_mnt_id)
    }

    /// One line (proc(5)): `36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/x rw`.
    fn parse(line: &str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let before: Vec<&str> = before.split(' ').collect();
        let after: Vec<&str> = after.split(' ').collect();
        let [id, _parent, device, root, _point, options, ..] = before[..] else { return None };
        let [file_system, source, super_options, ..] = after[..] else { return None };
        Some(Self {
            id: id.parse().ok()?,
            file_system: file_system.to_owned(),
            options: format!("{options} {super_options}"),
            identity: format!("{device} {root} {source}"),
        })
    }

    /// Whether a lock on it is seen by everybody who can write to it.
    pub(crate) fn has_trusted_locks(&self) -> bool {
        LOCAL.contains(&self.file_system.as_str())
    }

    /// Changes whenever what was found out about the mount may not hold any more.
    pub(crate) fn fingerprint(&self) -> String {
        let Self { id, file_system, options, identity } = self;
        format!("{id} {identity} {file_system} {options}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_with_and_without_optional_fields() {
        let line =
            "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=x";
        let mount = Mount::parse(line).unwrap();
        assert_eq!((mount.id, mount.file_system.as_str()), (36, "ext3"));
        assert_eq!(mount.options, "rw,noatime rw,errors=x");
        assert!(mount.has_trusted_locks());
        let line = "9 1 0:4 / /m rw - fuse.rclone data: rw,user_id=0";
        assert!(!Mount::parse(line).unwrap().has_trusted_locks());
        assert_eq!(Mount::parse("rubbish"), None);
    }

    #[test]
    fn a_mount_is_found_and_other_options_are_another_fingerprint() {
        let mount = Mount::of(Path::new("/proc")).unwrap();
        assert_eq!(mount.file_system, "proc");
        let other = Mount { options: "ro".into(), ..mount.clone() };
        assert_ne!(mount.fingerprint(), other.fingerprint());
    }
}
