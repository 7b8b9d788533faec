//! A service that puts itself into the background.

use lightship_model::event::What;

use crate::lightship::Lightship;

fn hint(script: &str) -> Option<String> {
    let manifest = format!("[service]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n");
    let mut running = Lightship::manifest(&manifest).start();
    let mut found = None;
    running.event(|what| match what {
        What::ServiceExited { .. } => Some(()),
        _ => None,
    });
    assert_eq!(running.exit(), 0);
    running.saw(|what| {
        if let What::Warning { message } = what {
            found = Some(message.clone());
        }
        false
    });
    found
}

#[test]
fn a_daemon_gets_a_hint() {
    let message = hint("setsid sleep 1000 & exit 0").expect("there is no hint");
    assert!(message.contains("foreground"), "{message}");
    assert!(hint("sleep 1000 & exit 0").is_some());
}

#[test]
fn a_command_that_just_ends_gets_none() {
    assert_eq!(hint("true"), None);
}
