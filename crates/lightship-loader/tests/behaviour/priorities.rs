//! Installers take what processor and disk others leave, however the kernel divides them.

use std::fs;
use std::path::Path;

use crate::support::{makes, sandbox, script};

const IDLE: &str = "5";

/// What the installer sees of itself, as files of its prefix.
const LOOKS: &str = "cp /proc/self/stat \"$PREFIX/stat\"
cp /proc/self/autogroup \"$PREFIX/autogroup\" || true
cp /proc/self/cgroup \"$PREFIX/cgroup\"
";

#[test]
fn an_installer_is_idle_and_last_among_sessions_and_groups() {
    let sandbox = sandbox();
    sandbox.manifest(&script("one", "", &format!("{}{LOOKS}", makes("one", "x"))));
    let _run = sandbox.run().installed_all();
    let saw = |name: &str| fs::read_to_string(sandbox.prefix("one").join(name));

    // Field 41 of the line, counted from the end of the name: proc_pid_stat(5).
    let stat = saw("stat").unwrap();
    let policy = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().nth(38).unwrap();
    assert_eq!(policy, IDLE, "{stat}");

    if Path::new("/proc/self/autogroup").exists() {
        let autogroup = saw("autogroup").unwrap();
        assert!(autogroup.trim_end().ends_with("nice 19"), "{autogroup}");
    }

    // Where this test can make groups of the processor (version 1), so could the loader.
    let groups = saw("cgroup").unwrap();
    let own = |text: &str| {
        let line = text.lines().find(|line| line.split(':').nth(1) == Some("cpu"))?;
        line.splitn(3, ':').nth(2).map(str::to_owned)
    };
    let Some(mine) = own(&fs::read_to_string("/proc/self/cgroup").unwrap()) else { return };
    let probe = Path::new("/sys/fs/cgroup/cpu")
        .join(mine.trim_start_matches('/'))
        .join(format!("probe-{}", std::process::id()));
    if fs::create_dir(&probe).is_err() {
        return;
    }
    fs::remove_dir(probe).unwrap();
    assert!(own(&groups).unwrap().contains("/lightship-"), "{groups}");
}
