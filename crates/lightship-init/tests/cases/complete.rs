//! Every case of the three lists is a test here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn numbers(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            numbers(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let lines = text.lines().filter_map(|line| line.strip_prefix("/// "));
            found.extend(lines.flat_map(|line| line.split(", ")).map(str::to_owned));
        }
    }
}

#[test]
fn every_case_has_a_test() {
    let mut found = BTreeSet::new();
    numbers(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"), &mut found);
    let wanted = [('T', 14), ('D', 17), ('L', 20)];
    for (list, count) in wanted {
        for number in 1..=count {
            let case = format!("{list}{number}");
            assert!(found.contains(&case), "{case} has no test");
        }
    }
}
