//! The local directory, before it is put on anybody's search path.

use std::fs::{DirBuilder, symlink_metadata};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use rustix::process::geteuid;

/// Whether nobody but this user can write to `local`, which is made if it isn't there: it lies
/// where everybody may make directories.
pub(crate) fn is_ours(local: &Path) -> bool {
    // That it is there already, or can't be made, is seen by looking.
    DirBuilder::new().recursive(true).mode(0o755).create(local).unwrap_or_default();
    let found = symlink_metadata(local);
    found.is_ok_and(|found| {
        found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o022 == 0
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn it_is_made_and_one_that_others_can_write_to_or_lead_elsewhere_is_not_ours() {
        let dir = tempfile::tempdir().unwrap();
        let local = dir.path().join("deep/local");
        assert!(is_ours(&local));
        set_permissions(&local, Permissions::from_mode(0o777)).unwrap();
        assert!(!is_ours(&local));
        set_permissions(&local, Permissions::from_mode(0o755)).unwrap();
        let link = dir.path().join("link");
        symlink(&local, &link).unwrap();
        assert!(!is_ours(&link));
        assert!(!is_ours(Path::new("/proc/local")));
    }
}
