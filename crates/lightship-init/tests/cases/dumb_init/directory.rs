use std::path::Path;

use crate::case::{Case, Place};
use crate::running::wait_until;

/// D15
#[test]
fn the_init_holds_no_directory_and_the_command_starts_where_it_was_started() {
    for place in Place::BOTH {
        let running = Case::new().at(place).command(&["sleep", "1000"]).start();
        let command = running.find("sleep");
        assert_eq!(command.directory().unwrap(), running.dir().canonicalize().unwrap());
        let init = running.init();
        let root = || (init.directory().as_deref() == Some(Path::new("/"))).then_some(());
        wait_until("the init is in /", root);
    }
}
