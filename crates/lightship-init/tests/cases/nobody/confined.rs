use crate::case::{Case, Place, is_root};

/// Makes a root that holds what commands need to run, nothing to write to, and no `/tmp` and
/// `/run`; then runs the init in it as a user of no name, without any capability. All in one
/// process, so that the init is PID 1.
const ROOT: &str = r#"
    set -e
    root=$DIR/root; init=$1; shift
    mkdir "$root"; mount -t tmpfs none "$root"; cd "$root"
    mkdir usr proc dev home
    mount --rbind /usr usr
    for name in bin lib lib64 sbin; do [ ! -e /$name ] || ln -s usr/$name $name; done
    mount -t proc proc proc
    cp "$(readlink -f "$init")" "${init##*/}"
    mount -o remount,ro "$root"
    exec chroot "$root" setpriv --reuid 65532 --regid 65532 --clear-groups \
        --no-new-privs --inh-caps=-all --bounding-set=-all "/${init##*/}" "$@"
"#;

/// L15
#[test]
fn it_needs_no_user_no_writable_place_and_no_capability() {
    if !is_root("only root can take everything away") {
        return;
    }
    let launcher = ["unshare", "--mount", "sh", "-c", ROOT, "sh"];
    let case = Case::new().at(Place::PidOne).through(&launcher).script(
        "id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; \
         ls /; (sleep 1000 &); touch /home/x || echo untouched; exit 3",
    );
    let (code, output) = case.run();
    assert_eq!(code, 3, "{output}");
    for part in ["65532\n", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "untouched"] {
        assert!(output.contains(part), "{output}");
    }
    assert!(!output.contains("\ntmp\n") && !output.contains("\nrun\n"), "{output}");
}

/// L15
#[test]
fn it_hears_signals_where_everything_was_taken_away() {
    if !is_root("only root can take everything away") {
        return;
    }
    let launcher = ["unshare", "--mount", "sh", "-c", ROOT, "sh"];
    let case = Case::new().at(Place::PidOne).through(&launcher);
    let mut running =
        case.script("trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done").start();
    running.printed("up");
    running.init().signal("TERM");
    assert_eq!(running.exit(), 5);
}
