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

#[test]
fn the_same_manifest_makes_the_same_image_in_every_form() {
    let home = Home::new();
    let text = "[image]\nentrypoint = [\"/srv/hello\"]\n[image.env]\nA = \"b\"\n\
                [[image.files]]\nto = \"/srv/hello\"\ntext = \"hi\"\n";
    home.write("lightship.toml", text);
    let build = |more: &[&str]| -> serde_json::Value {
        let words = [&["image", "build", "--answer", "json", "--tag", "hello:1"], more].concat();
        serde_json::from_str(&home.run(&words).ok()).unwrap()
    };
    let first = build(&["-o", "one"]);
    let again = build(&["-o", "two"]);
    assert!(first["digest"].as_str().unwrap().starts_with("sha256:"), "{first}");
    assert_eq!(first["digest"], again["digest"]);
    assert_eq!(first["layers"].as_array().unwrap().len(), 2, "{first}");

    let index = std::fs::read_to_string(home.path("one/index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    assert_eq!(index["manifests"][0]["digest"], first["digest"]);
    // Beside the image lie the two bills of it.
    assert_eq!(index["manifests"].as_array().unwrap().len(), 3);

    // And, on request, as files of the same bytes.
    let third = build(&["-o", "three", "--sbom", "bills/of"]);
    assert_eq!(third["digest"], first["digest"]);
    for (name, word) in [("image.spdx.json", "spdxVersion"), ("image.cdx.json", "bomFormat")] {
        let bill = std::fs::read(home.path("bills/of").join(name)).unwrap();
        let parsed: serde_json::Value = serde_json::from_slice(&bill).unwrap();
        assert!(parsed.get(word).is_some(), "{name}");
        let digest = lightship_model::digest::Digest::of(&bill);
        assert!(home.path("one/blobs/sha256").join(digest.as_str()).exists(), "{name}");
    }
    home.run(&["image", "build", "--sbom", "bills"]).refused(2);
    let words = ["image", "build", "-o", "root", "--format", "dir", "--sbom", "bills"];
    home.run(&words).refused(2);

    build(&["-o", "saved.tar", "--format", "docker-archive"]);
    build(&["-o", "oci.tar", "--format", "oci-archive"]);
    let sizes = |image: &str| {
        let told = home.run(&["image", "measure", image, "--format", "json"]).ok();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        told["images"][0]["live"]["unpacked"].clone()
    };
    assert_eq!(sizes("one"), 2);
    assert_eq!(sizes("one"), sizes("saved.tar"));
    assert_eq!(sizes("one"), sizes("oci.tar"));

    let refused = home.run(&["image", "build", "-o", "x", "--level", "40"]).refused(2);
    assert!(refused.contains("40 is no level of zstd"), "{refused}");
}
