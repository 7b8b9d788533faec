use serde_json::Value;

use super::*;

fn bill() -> Bill {
    let debian = |name: &str, source: Option<&str>| Component {
        kind: Kind::Debian {
            architecture: "amd64".into(),
            suite: "bookworm".into(),
            source: source.map(str::to_owned),
        },
        name: name.into(),
        version: "1:2.39.5-0+deb12u2".into(),
        sha256: Some(Digest::of(name.as_bytes())),
        license: None,
        files: Some(Files { kept: 12, total: 830 }),
    };
    let npm = Component {
        kind: Kind::Npm,
        name: "@scope/name".into(),
        version: "2.1.330".into(),
        license: Some("MIT".into()),
        files: None,
        ..debian("x", None)
    };
    let generic = Component { kind: Kind::Generic, name: "yq".into(), ..npm.clone() };
    Bill {
        name: "worker:1.0".into(),
        image: BlobDigest(Digest::of(b"manifest")),
        epoch: 1_700_000_000,
        components: vec![npm, generic, debian("git", None), debian("libgcc-s1", Some("gcc-12"))],
    }
}

fn purls() -> Vec<String> {
    bill().sorted().into_iter().map(purl::purl).collect()
}

#[test]
fn package_urls_are_those_that_scanners_know() {
    let sum = Digest::of(b"x");
    assert_eq!(
        purls(),
        [
            "pkg:deb/debian/git@1:2.39.5-0%2Bdeb12u2?arch=amd64&distro=bookworm".to_owned(),
            "pkg:deb/debian/libgcc-s1@1:2.39.5-0%2Bdeb12u2?arch=amd64&distro=bookworm&upstream=gcc-12"
                .to_owned(),
            "pkg:npm/%40scope/name@2.1.330".to_owned(),
            format!("pkg:generic/yq@2.1.330?checksum=sha256:{sum}"),
        ]
    );
}

#[test]
fn both_forms_list_every_component_and_do_not_depend_on_the_order() {
    let mut turned = bill();
    turned.components.reverse();
    assert_eq!(spdx(&turned), spdx(&bill()));
    assert_eq!(cyclonedx(&turned), cyclonedx(&bill()));
    let document = spdx(&bill());
    assert_eq!(document["creationInfo"]["created"], "2023-11-14T22:13:20Z");
    let listed = |list: &Value, get: fn(&Value) -> &Value| {
        let list = list.as_array().unwrap().iter();
        list.filter_map(|it| get(it).as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let locator: fn(&Value) -> &Value = |it| &it["externalRefs"][0]["referenceLocator"];
    assert_eq!(listed(&document["packages"], locator), purls());
    assert_eq!(document["relationships"].as_array().unwrap().len(), 5);
    assert_eq!(document["packages"][1]["comment"], "12 of 830 files are in the image");
    let document = cyclonedx(&bill());
    assert_eq!(listed(&document["components"], |it| &it["purl"]), purls());
    assert_eq!(document["components"][0]["properties"][0]["value"], "12/830");
    assert_eq!(document["components"][2]["group"], "@scope");
}

#[test]
fn identifiers_follow_from_the_image() {
    let serial = cyclonedx(&bill())["serialNumber"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = serial.strip_prefix("urn:uuid:").unwrap().split('-').collect();
    assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    let mut other = bill();
    other.image = BlobDigest(Digest::of(b"another"));
    assert_ne!(cyclonedx(&other)["serialNumber"], serial.as_str());
    assert_ne!(spdx(&bill())["documentNamespace"], serial.as_str());
}
