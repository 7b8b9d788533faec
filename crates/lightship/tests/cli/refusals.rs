//! What `up` refuses, each with one screen that says what to do, and its own exit code.

use crate::support::{Home, listener, manifest};

#[test]
fn a_health_port_in_use_is_told_with_its_address() {
    let home = Home::new();
    let (_held, address) = listener();
    home.write("m.toml", &manifest("sleep 60"));
    let screen = home.run(&["up", "--manifest", "m.toml", "--listen", &address]).refused(69);
    assert!(screen.contains(&address) && screen.contains("--listen"), "{screen}");
    assert!(screen.lines().count() < 20, "{screen}");
}

#[test]
fn a_tool_directory_that_cannot_be_made_is_told_before_anything_starts() {
    let home = Home::new();
    home.write("file", "");
    home.write("m.toml", &manifest("touch started; sleep 60"));
    for dir in ["file/tools", "/proc/lightship"] {
        let args = ["up", "--manifest", "m.toml", "--tool-dir", dir];
        let screen = home.run(&args).refused(73);
        assert!(screen.starts_with("error: ") && screen.contains(dir), "{screen}");
        assert!(screen.contains("\n  caused by: "), "{screen}");
        assert!(screen.contains("\n  help: ") && screen.contains("--tool-dir"), "{screen}");
        assert!(!home.path("started").exists());
    }
}

#[test]
fn a_manifest_without_a_service_needs_a_command() {
    let home = Home::new();
    home.write("m.toml", "");
    let screen = home.run(&["up", "--manifest", "m.toml"]).refused(3);
    assert!(screen.contains("names no service"), "{screen}");
    assert!(screen.contains("lightship up -- "), "{screen}");
}

#[test]
fn wrong_usage_is_the_users_and_names_the_nearest_option() {
    let screen = Home::new().run(&["up", "--manifst", "x"]).refused(2);
    assert!(screen.contains("--manifest"), "{screen}");
}
