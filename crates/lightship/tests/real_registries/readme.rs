//! Runs every command of the README while `up` runs.

use testkit::console;

use crate::machine::Machine;

const README: &str = include_str!("../../../../README.md");

/// The two commands of the set-up: this test is what they do, and CI runs the second.
const SET_UP: [&str; 2] = ["cargo run --release -- up", "./test"];

/// Runs each line after `$ ` in a `console` block, and looks for what stands under it: a line
/// of the README's output counts as found when its first word is printed.
pub(crate) fn every_console_command_works(machine: &Machine) {
    for command in SET_UP {
        assert!(README.contains(&format!("$ {command}\n")), "`{command}` is not in the README");
    }
    let mut ran = 0;
    for block in README.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for (command, expected) in console::commands(block) {
            if SET_UP.contains(&command) {
                continue;
            }
            let printed = machine.bash(command);
            for line in expected.iter().filter(|line| **line != "…") {
                let word = line.split_whitespace().next().unwrap_or_default();
                assert!(printed.contains(word), "`{command}` printed no `{word}`:\n{printed}");
            }
            ran += 1;
        }
    }
    assert!(ran >= 5, "the README shows {ran} commands");
}
