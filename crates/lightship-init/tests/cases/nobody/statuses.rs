use crate::case::{Case, Place};

/// L4
#[test]
fn the_code_is_the_commands_however_many_orphans_end_with_it() {
    for place in Place::BOTH {
        for code in (0..256).step_by(8) {
            let script = format!(
                "i=0; while [ $i -lt 12 ]; do (sh -c 'exit 99' &); i=$((i+1)); done; exit {code}"
            );
            assert_eq!(Case::new().at(place).script(&script).run().0, code, "{place:?}");
        }
    }
}

/// L4
#[test]
fn a_supervisor_mistakes_no_orphan_for_its_service() {
    // Three ends with 3, and then a good one; each leaves orphans that end with 99.
    let manifest = r#"
        [service]
        command = ["sh", "-c", '''
            for i in 1 2 3 4 5 6 7 8; do (sh -c 'exit 99' &); done
            echo run >> {dir}/runs
            [ $(wc -l < {dir}/runs) -ge 3 ] && exit 0
            exit 3
        ''']
    "#;
    let case =
        Case::new().at(Place::PidOne).manifest(manifest).options(&["--listen", "127.0.0.1:0"]);
    let runs = case.dir().join("runs");
    let mut running = case.start();
    assert_eq!(running.exit(), 0, "{}", running.output());
    assert_eq!(std::fs::read_to_string(runs).unwrap().lines().count(), 3);
}
