use std::collections::BTreeSet;
use std::fs;

use crate::shipped::{printed, root};

/// The crates that are compiled into the shipped file, or run to compile it. A new one is a
/// decision: it goes into the list by hand.
#[test]
fn the_list_of_dependencies_is_the_one_that_was_decided_on() {
    let tree = ["tree", "-p", "lightship-init", "-e", "normal", "--prefix", "none", "--locked"];
    let names = |text: &str| -> BTreeSet<String> {
        text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
    };
    let listed = fs::read_to_string(root().join("crates/lightship-init/dependencies.txt")).unwrap();
    assert_eq!(names(&printed("cargo", &tree)), names(&listed));
}
