use std::io::Read as _;
use std::process::Stdio;

use crate::case::{Case, Place};
use crate::subject::Need;

/// L12
#[test]
fn a_process_that_holds_the_output_open_does_not_hold_the_end_up() {
    for place in Place::BOTH {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let case = Case::new().at(place).need(Need::SingleChild).stdout(Stdio::from(writer));
        let mut running = case.script("sleep 1000 & echo last words; exit 3").start();
        assert_eq!(running.exit(), 3);
        let mut bytes = [0; 11];
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"last words\n");
    }
}
