use std::path::Path;
use std::process::Command;

use crate::lightship::BINARY;

/// The code of `bench/soak` where no PID namespace can be made.
const NOT_PERMITTED: i32 = 77;

/// Ten seconds of what `bench/soak` does for ten minutes: crashes, orphans, clients of all
/// kinds, a loader that ends badly.
#[test]
fn crashes_orphans_and_clients_leave_nothing_behind() {
    let soak = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/soak");
    let numbers = ["--minutes", "0.15", "--orphans", "30", "--clients", "20"];
    let soaked = Command::new(soak).args(["--binary", BINARY]).args(numbers).output().unwrap();
    let (printed, why) =
        (String::from_utf8_lossy(&soaked.stdout), String::from_utf8_lossy(&soaked.stderr));
    if soaked.status.code() == Some(NOT_PERMITTED) {
        eprintln!("skipped: {why}");
        return;
    }
    assert!(soaked.status.success(), "{printed}{why}");
    assert!(printed.ends_with("verdict: passed\n") && printed.contains(" 0 told wrong."));
}
