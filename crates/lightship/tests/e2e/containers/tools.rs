//! The specification's second test: all four tools reach `installed` in a container that has
//! neither compiler nor Python baked, and work from everywhere.

use std::process::Command;

use testkit::Done;

use crate::container::{Plan, acts, volume};
use crate::engines::podman;
use crate::manifest::{FOUR, uv};

#[test]
fn all_four_tools_load_beside_the_gateway_and_work_from_exec_and_in_its_environment() {
    let Some(turn) = podman() else { return };
    let volume = volume();
    let tools = format!("{FOUR}{}", uv("on-demand"));
    let container = Plan::new(&turn.engine, &tools).on(volume.path()).start();
    for program in ["cc", "gcc", "python3", "rustc", "cargo"] {
        assert_ne!(container.exec(program).code, Some(0), "{program} is in the image");
    }
    let health = container.complete();
    assert_eq!(health["status"], "healthy", "{health:#}\n{}", container.logs());
    for tool in ["rust", "ck-search", "beads_rust", "sentence-transformers"] {
        assert_eq!(health["tools"]["status"][tool], "installed", "{health:#}");
    }
    for flag in ["semanticSearch", "taskGraph", "memoryStack"] {
        assert_eq!(health["capabilities"][flag], true, "{health:#}");
    }

    // From `exec`, and as the gateway's own children find them.
    let uses = "echo x | b3sum && cowsay hello >/dev/null && python3 -c 'import humanize; \
                print(humanize.intcomma(1234567))'";
    let from_exec = container.exec(uses).ok();
    assert!(from_exec.ends_with("1,234,567\n"), "{from_exec}");
    let pid = health["service"]["pid"].as_u64().unwrap();
    let in_gateway = format!(
        "tr '\\0' '\\n' </proc/{pid}/environ | grep -E '^(PATH|PYTHONPATH)=' >/tmp/env && \
         env -i sh -c 'set -a; . /tmp/env; {}'",
        uses.replace('\'', "'\\''")
    );
    assert_eq!(container.exec(&in_gateway).ok(), from_exec);

    // What nobody has run yet is not there; the first run loads it, and becomes it.
    assert_eq!(health["tools"]["status"]["uv"], "pending", "{health:#}");
    let ran = container.exec("lightship-init exec uv --version").ok();
    assert!(ran.starts_with("uv 0.13.9"), "{ran}");
    assert!(container.exec("uv --version").ok().starts_with("uv 0.13.9"));

    // Audit and logs are on the volume, and the trail is whole.
    let acts = acts(volume.path());
    assert_eq!(acts.iter().filter(|act| *act == "installed").count(), 7, "{acts:?}");
    let mut audit = Command::new(env!("CARGO_BIN_EXE_lightship"));
    audit.args(["audit", "verify", "--tool-dir"]).arg(volume.path());
    Done::from(audit.output().unwrap()).ok();
    for tool in ["rust", "ck-search", "beads_rust", "sentence-transformers"] {
        let log = volume.path().join(format!("v1/logs/{tool}.log"));
        assert!(log.metadata().unwrap().len() > 0, "{tool}");
    }
    // No secret of the gateway reached an installer.
    let leaked = container.exec("grep -rl of-the-test /data/tools/v1/logs /data/tools/audit.jsonl");
    assert_eq!(leaked.code, Some(1), "{leaked:?}");
}
