use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

#[test]
fn what_hangs_is_given_up() {
    let (_hold, never) = channel::<()>();
    let hanging = move || never.recv().is_ok();
    assert_eq!(within(Duration::from_millis(20), hanging), Err(Duration::from_millis(20)));
    assert_eq!(within(Duration::from_mins(1), || 7), Ok(7));
}

#[test]
fn what_was_found_is_remembered_until_the_mount_is_another() {
    let root = tempfile::tempdir().unwrap();
    let dir = ToolDir::at(root.path());
    assert_eq!(judge(&examine(root.path()).look), Verdict::Store);
    let text = fs::read_to_string(memory(&dir)).unwrap();
    // Believed as it stands, for the same mount.
    let mut changed: Memory = serde_json::from_str(&text).unwrap();
    changed.abilities.has.remove(&Ability::Hardlink);
    let write =
        |memory: &Memory| fs::write(super::memory(&dir), serde_json::to_vec(memory).unwrap());
    write(&changed).unwrap();
    assert!(!examine(root.path()).has(Ability::Hardlink));
    changed.fingerprint.push_str(" ro");
    write(&changed).unwrap();
    assert!(examine(root.path()).has(Ability::Hardlink));
}

#[test]
fn a_directory_that_can_t_be_made_is_missing() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "x").unwrap();
    let look = examine(&root.path().join("file/tools")).look;
    assert!(matches!(look, Look::Missing(_)), "{look:?}");
}

#[test]
fn a_local_directory_is_made_and_closed_to_writers() {
    let root = tempfile::tempdir().unwrap();
    let local = root.path().join("deep/local");
    secure_local(&local).unwrap();
    fs::set_permissions(&local, fs::Permissions::from_mode(0o777)).unwrap();
    secure_local(&local).unwrap();
    assert_eq!(fs::metadata(&local).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn a_local_directory_that_somebody_else_laid_out_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let trap = root.path().join("trap");
    symlink(root.path(), &trap).unwrap();
    assert!(secure_local(&trap).unwrap_err().to_string().contains("no directory"));
    if rustix::process::geteuid().is_root() {
        let theirs = root.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        std::os::unix::fs::chown(&theirs, Some(65534), None).unwrap();
        assert!(secure_local(&theirs).unwrap_err().to_string().contains("another user"));
    }
}
