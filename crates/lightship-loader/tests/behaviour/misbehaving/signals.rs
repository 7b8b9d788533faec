//! An installer that kills the service and the loader.

use super::{Service, can, error};
use crate::support::{sandbox, script};

#[test]
fn it_reaches_neither_the_service_nor_the_loader() {
    if !can("Landlock 6, which knows signals", |report| report.landlock >= Some(6)) {
        return;
    }
    let (sandbox, service) = (sandbox(), Service::start());
    let pid = service.pid();
    let run = format!(
        "sleep 60 & kill -KILL $! && echo its own it may\n\
         for signal in KILL TERM STOP; do\n\
           if kill -$signal {pid} || kill -$signal $PPID; then echo REACHED; fi\n\
         done\nexit 1"
    );
    sandbox.manifest(&script("bad", "retries = 0", &run));
    let run = sandbox.run().ended_well();
    let error = error(&sandbox, &run);
    assert!(error.to_lowercase().contains("not permitted"), "{error}");
    let log = sandbox.log("bad");
    assert!(log.contains("its own it may") && !log.contains("REACHED"), "{log}");
    service.assert_alive();
}
