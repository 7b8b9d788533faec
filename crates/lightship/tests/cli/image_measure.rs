//! `lightship image measure`: what people and programs get, from files and from a pipe.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Done, Home};

/// A root with a copy and a link, as a tar.
fn root(home: &Home) {
    let root = home.path("root");
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    fs::write(root.join("usr/bin/one"), vec![b'x'; 1_500_000]).unwrap();
    fs::write(root.join("usr/bin/two"), vec![b'x'; 1_500_000]).unwrap();
    fs::hard_link(root.join("usr/bin/one"), root.join("usr/bin/three")).unwrap();
    fs::write(root.join("usr/note"), "a note").unwrap();
    let done = Command::new("tar")
        .args(["-C", root.to_str().unwrap(), "-czf"])
        .arg(home.path("root.tar.gz"))
        .arg("usr")
        .status();
    assert!(done.unwrap().success());
}

fn document(done: Done) -> Value {
    serde_json::from_str(&done.ok()).unwrap()
}

#[test]
fn people_get_tables_that_sum() {
    let home = Home::new();
    root(&home);
    let text = home.run(&["image", "measure", "root.tar.gz", "root"]).ok();
    for line in [
        "root.tar.gz: root-tar, 1 layer, 6 entries",
        "  UNPACKED    PACKED  MB",
        "root: directory, 1 layer, 6 entries",
        "  UNPACKED  MB",
        "      3.00  usr/bin",
        "      3.00  (unowned)",
        "      1.50  usr/bin/one = usr/bin/two",
        "      3.00  = shipped",
    ] {
        assert!(text.lines().any(|found| found == line), "`{line}` is not in\n{text}");
    }
}

#[test]
fn programs_get_exact_bytes_and_tables_that_they_ask_for() {
    let home = Home::new();
    root(&home);
    let packed = fs::metadata(home.path("root.tar.gz")).unwrap().len();
    let args = ["image", "measure", "root.tar.gz", "--format", "json", "--by", "files,duplicates"];
    let document = document(home.run(&args));
    let image = &document["images"][0];
    assert_eq!(image["shipped"]["unpacked"], 3_000_006);
    assert_eq!(image["shipped"]["packed"], packed);
    assert_eq!(image["reclaimable"]["unpacked"], 1_500_000);
    let paths: Vec<&str> = image["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths.len(), 3);
    assert_eq!(paths[2], "usr/note");
    assert!(image.get("layers").is_none());
}

#[test]
fn standard_input_is_taken_from_a_pipe_and_from_a_file() {
    let home = Home::new();
    root(&home);
    let file = fs::File::open(home.path("root.tar.gz")).unwrap();
    let mut cat =
        Command::new("cat").arg(home.path("root.tar.gz")).stdout(Stdio::piped()).spawn().unwrap();
    let args = ["image", "measure", "-", "--format", "json"];
    let mut piped = home.command(&args);
    piped.stdin(cat.stdout.take().unwrap());
    let mut direct = home.command(&args);
    direct.stdin(file);
    for command in [&mut piped, &mut direct] {
        let document = document(Done::from(command.output().unwrap()));
        assert_eq!(document["images"][0]["shipped"]["unpacked"], 3_000_006);
    }
    cat.wait().unwrap();
}

#[test]
fn what_is_no_image_is_refused_with_three_and_a_way_on() {
    let home = Home::new();
    home.write("x", "no image at all");
    let error = home.run(&["image", "measure", "x"]).refused(3);
    assert!(error.contains("can't read the image `x`"), "{error}");
    assert!(error.contains("`x` is no image, but something else"), "{error}");
    assert!(error.contains("help: an OCI layout"), "{error}");
    home.run(&["image", "measure", "nothing"]).refused(3);
    home.run(&["image", "measure"]).refused(2);
    home.run(&["image", "measure", "x", "--platform", "linux"]).refused(2);
}
