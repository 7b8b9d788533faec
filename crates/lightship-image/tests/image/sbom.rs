//! Bills of materials, read by the libraries of those who made the formats. Where Python does
//! not have them the test says so; `deploy/validators` puts them where `LIGHTSHIP_VALIDATORS` points.

use std::fs;
use std::process::Command;

use lightship_image::build::compress::Compression;
use lightship_image::build::sbom::{Bill, Component, Files, Kind, attach, cyclonedx, spdx};
use lightship_image::oci::{Index, Manifest, layout};
use lightship_model::digest::Digest;

use crate::sample::{bill, sample};

const CYCLONEDX: &str = "
import sys
try:
    from cyclonedx.validation.json import JsonStrictValidator
    from cyclonedx.schema import SchemaVersion
except ImportError as error:
    sys.exit('absent: %s' % error)
problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
print('valid' if problem is None else problem)
";

const SPDX: &str = "
import sys
try:
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
except ImportError as error:
    sys.exit('absent: %s' % error)
problems = validate_full_spdx_document(parse_file(sys.argv[1]), 'SPDX-2.3')
print('\\n'.join(problem.validation_message for problem in problems) or 'valid')
";

/// What Python prints; nothing where it lacks the library.
fn ask(program: &str, document: &std::path::Path) -> Option<String> {
    let mut python = Command::new("python3");
    if let Some(validators) = std::env::var_os("LIGHTSHIP_VALIDATORS") {
        python.env("PYTHONPATH", validators);
    }
    let out = python.args(["-W", "ignore", "-c", program]).arg(document).output().unwrap();
    let stderr = String::from_utf8_lossy(&out.stderr);
    if stderr.starts_with("absent: ") {
        eprintln!("skipped: {stderr}");
        return None;
    }
    assert!(out.status.success(), "{stderr}");
    Some(String::from_utf8(out.stdout).unwrap().trim().to_owned())
}

fn large(image: &lightship_image::build::image::Image) -> Bill {
    let mut bill = bill(image);
    let debian = Kind::Debian {
        architecture: "amd64".into(),
        suite: "bookworm".into(),
        source: Some("gcc-12".into()),
    };
    for (kind, name) in [(debian, "libgcc-s1"), (Kind::Npm, "@scope/name")] {
        bill.components.push(Component {
            kind,
            name: name.into(),
            version: "12.2.0-14+deb12u1".into(),
            sha256: Some(Digest::of(name.as_bytes())),
            license: Some("MIT OR Apache-2.0".into()),
            files: Some(Files { kept: 1, total: 9 }),
        });
    }
    bill
}

#[test]
fn both_forms_are_valid() {
    let dir = tempfile::tempdir().unwrap();
    let bill = large(&sample(dir.path(), Compression::Gzip(1), 1));
    for (name, document, program) in
        [("bill.cdx.json", cyclonedx(&bill), CYCLONEDX), ("bill.spdx.json", spdx(&bill), SPDX)]
    {
        let path = dir.path().join(name);
        fs::write(&path, document.to_string()).unwrap();
        if let Some(verdict) = ask(program, &path) {
            assert_eq!(verdict, "valid", "{name}");
        }
    }
}

#[test]
fn a_bill_lies_in_the_layout_as_a_document_about_the_image() {
    let dir = tempfile::tempdir().unwrap();
    let mut image = sample(dir.path(), Compression::Gzip(1), 1);
    let bill = large(&image);
    attach(&mut image, &bill).unwrap();
    let out = dir.path().join("out");
    layout::write(&out, &image, "1.0").unwrap();
    let blob = |digest: &str| fs::read(out.join("blobs/sha256").join(digest)).unwrap();
    let index: Index = serde_json::from_slice(&fs::read(out.join("index.json")).unwrap()).unwrap();
    let mut kinds = Vec::new();
    for entry in &index.manifests[1..] {
        let manifest: Manifest = serde_json::from_slice(&blob(entry.digest.0.as_str())).unwrap();
        assert_eq!(manifest.subject.unwrap().digest, index.manifests[0].digest);
        assert_eq!(manifest.artifact_type, entry.artifact_type);
        let document = blob(manifest.layers[0].digest.0.as_str());
        assert!(String::from_utf8(document).unwrap().contains("libgcc-s1"));
        kinds.extend(manifest.artifact_type);
    }
    assert_eq!(kinds, ["application/spdx+json", "application/vnd.cyclonedx+json"]);
    // Built again without them, they are gone with the blobs.
    image.referrers.clear();
    let written = layout::write(&out, &image, "1.0").unwrap();
    assert_eq!(written.removed, 5);
}
