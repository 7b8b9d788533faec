//! An installer that gives lightship commands, over its abstract socket.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use super::{can, error};
use crate::support::{sandbox, script};

const TALK: &str = r#"
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("\0" + sys.argv[1])
print("CONNECTED")
"#;

#[test]
fn it_does_not_get_through_to_the_control_socket() {
    if !can("Landlock 6, which knows sockets", |report| report.landlock >= Some(6)) {
        return;
    }
    let sandbox = sandbox();
    let name = format!("lightship-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let control = UnixListener::bind_addr(&address).unwrap();
    control.set_nonblocking(true).unwrap();
    std::fs::write(sandbox.path("talk.py"), TALK).unwrap();
    let run = format!("python3 '{}' {name}", sandbox.path("talk.py").display());
    sandbox.manifest(&script("bad", "retries = 0", &run));
    let run = sandbox.run().ended_well();
    let error = error(&sandbox, &run);
    assert!(error.contains("Operation not permitted"), "{error}");
    assert!(!sandbox.log("bad").contains("CONNECTED"));
    assert_eq!(control.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}
