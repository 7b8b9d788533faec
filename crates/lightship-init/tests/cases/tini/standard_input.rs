use std::fs::{self, File};

use crate::case::{Case, Place};

/// T4
#[test]
fn standard_input_is_the_commands() {
    for place in Place::BOTH {
        let case = Case::new().at(place).command(&["sh"]);
        let file = case.dir().join("input");
        fs::write(&file, "echo read; exit 3\n").unwrap();
        let (code, output) = case.stdin(File::open(file).unwrap().into()).run();
        assert_eq!((code, output.contains("read")), (3, true), "{output}");
    }
}
