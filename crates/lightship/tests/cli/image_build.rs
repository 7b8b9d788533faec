//! `lightship image build` as it is typed.

use crate::support::Home;

#[test]
fn what_is_wrong_with_the_image_is_told_with_its_place() {
    let home = Home::new();
    home.write("lightship.toml", "[image]\npakages = [\"bash\"]\n");
    let screen = home.run(&["image", "build"]).refused(3);
    assert!(screen.contains("lightship.toml:2:1: unknown key `pakages`"), "{screen}");
    assert!(screen.contains("did you mean `packages`?"), "{screen}");

    home.write("lightship.toml", "[image]\npackages = []\n");
    let screen = home.run(&["image", "build", "--locked"]).refused(3);
    assert!(screen.contains("there is no lock"), "{screen}");
    home.run(&["image", "build", "--locked", "--upgrade"]).refused(2);
}

#[test]
fn an_image_of_files_alone_needs_no_network() {
    let home = Home::new();
    let text = "[image]\n[[image.files]]\nto = \"/srv/hello\"\ntext = \"hi\"\n";
    home.write("lightship.toml", text);
    let done = home.run(&["image", "build", "-o", "root", "--format", "dir", "--answer", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&done.ok()).unwrap();
    assert_eq!(answer["bytes"], 2);
    assert_eq!(std::fs::read_to_string(home.path("root/srv/hello")).unwrap(), "hi");
    let link = std::fs::read_link(home.path("root/bin")).unwrap();
    assert_eq!(link.to_str(), Some("usr/bin"));
    assert!(home.path("lightship.image.lock").exists());
    // What is there is not written over.
    let screen = home.run(&["image", "build", "-o", "root", "--format", "dir"]).refused(3);
    assert!(screen.contains("it is not empty"), "{screen}");
}
