//! An installer that writes outside of its prefix and stage.

use std::fs;
use std::path::PathBuf;

use testkit::Sandbox;

use super::{Service, error, landlock};
use crate::support::{sandbox, script, simple};

/// Shell that tries to write, remove, rename, link and truncate in all the places that are not
/// its own, says where it could, and fails.
fn vandal(targets: &[PathBuf], victim: &str) -> String {
    let list: Vec<String> = targets.iter().map(|path| format!("'{}'", path.display())).collect();
    let list = list.join(" ");
    format!(
        "echo mine > \"$PREFIX/mine\"; mkdir \"$STAGE/mine\"; mv \"$PREFIX/mine\" \"$STAGE/mine\"\n\
         ln \"$STAGE/mine/mine\" \"$PREFIX/again\"; echo x > /dev/null; echo own places work\n\
         for folder in {list}; do\n\
           if echo x > \"$folder/new\"; then echo WROTE \"$folder\"; fi\n\
           if mkdir \"$folder/newdir\"; then echo MADE \"$folder\"; fi\n\
           if mv \"$PREFIX/again\" \"$folder/moved\"; then echo MOVED \"$folder\"; fi\n\
           if ln -s x \"$folder/link\"; then echo LINKED \"$folder\"; fi\n\
           if mknod \"$STAGE/disk\" b 254 0; then echo DEVICE; rm \"$STAGE/disk\"; fi\n\
         done 2>&1\n\
         for file in {victim}; do\n\
           if echo x >> \"$file\"; then echo CHANGED \"$file\"; fi\n\
           if : > \"$file\"; then echo EMPTIED \"$file\"; fi\n\
           if rm \"$file\"; then echo REMOVED \"$file\"; fi\n\
         done 2>&1\n\
         exit 1"
    )
}

/// A sandbox with an installed tool `good`, and a tool `bad` that goes for all that is there.
fn prepare(sandbox: &Sandbox) -> Vec<PathBuf> {
    sandbox.manifest(&simple("good", "good"));
    let _run = sandbox.run().installed_all();
    let dir = sandbox.dir();
    let folders = vec![
        sandbox.path("home"),
        sandbox.path(""),
        dir.clone(),
        dir.join("bin"),
        dir.join("v1"),
        dir.join("v1/receipts"),
        dir.join("v1/logs"),
        dir.join("v1/stage"),
        dir.join("v1/store"),
        sandbox.prefix("good"),
        sandbox.prefix("good").join("bin"),
    ];
    let receipt = sandbox.receipts()["good"].0.display().to_string();
    let program = sandbox.prefix("good").join("bin/good").display().to_string();
    let state = dir.join("loader-state.json").display().to_string();
    let audit = dir.join("audit.jsonl").display().to_string();
    let victims = format!("'{receipt}' '{program}' '{state}' '{audit}'");
    let bad = script("bad", "retries = 0", &vandal(&folders, &victims));
    sandbox.manifest(&format!("{}{bad}", simple("good", "good")));
    folders
}

const SIGNS: [&str; 8] =
    ["WROTE", "MADE", "MOVED", "LINKED", "DEVICE", "CHANGED", "EMPTIED", "REMOVED"];

#[test]
fn it_is_denied_everywhere_and_the_error_says_where_it_may() {
    if !landlock() {
        return;
    }
    let (sandbox, service) = (sandbox(), Service::start());
    let folders = prepare(&sandbox);
    let before = sandbox.installed_tree();
    let run = sandbox.run().ended_well();
    let error = error(&sandbox, &run);
    assert!(error.contains("Permission denied"), "{error}");
    assert!(error.contains("installers may write only to $PREFIX and $STAGE"), "{error}");
    let log = sandbox.log("bad");
    assert!(log.contains("own places work"), "{log}");
    for sign in SIGNS {
        assert!(!log.contains(&format!("{sign} ")) && !log.contains(&format!("{sign}\n")), "{log}");
    }
    for folder in folders {
        for name in ["new", "newdir", "moved", "link"] {
            assert!(fs::symlink_metadata(folder.join(name)).is_err(), "{}", folder.display());
        }
    }
    assert_eq!(sandbox.installed_tree(), before);
    assert_eq!(sandbox.output_of("good"), "good");
    sandbox.audit();
    service.assert_alive();
}

/// Without Landlock the same installer gets through, or the test above would show nothing; and
/// the level says so.
#[test]
fn without_landlock_it_is_not_held_and_the_level_says_so() {
    let mut sandbox = sandbox();
    prepare(&sandbox);
    sandbox.set("LIGHTSHIP_CONFINE_WITHOUT", "landlock");
    let run = sandbox.run().ended_well();
    let report = super::report(&run);
    assert_eq!(report.landlock, None);
    assert!(!report.level.contains("landlock"), "{report:?}");
    assert!(report.missing.iter().any(|reason| reason.contains("Landlock")), "{report:?}");
    let log = sandbox.log("bad");
    for sign in ["WROTE", "MADE", "LINKED", "CHANGED", "EMPTIED", "REMOVED"] {
        assert!(log.contains(sign), "{sign}: {log}");
    }
}
