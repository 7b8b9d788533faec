use std::fs;
use std::path::Path;

use crate::shipped::root;

/// Every promise names its test, and the test is there.
#[test]
fn each_promise_names_a_test_that_exists() {
    let promises = fs::read_to_string(root().join("promises.md")).unwrap();
    let mut sources = String::new();
    for crate_name in ["lightship-init", "lightship-model", "lightship"] {
        collect(&root().join("crates").join(crate_name), &mut sources);
    }
    let rows: Vec<&str> = promises.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 5, "{rows:?}");
    for row in rows {
        let tests: Vec<&str> =
            row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            assert!(sources.contains(&format!("fn {test}(")), "there is no test `{test}`: {row}");
        }
    }
}

fn collect(dir: &Path, sources: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
