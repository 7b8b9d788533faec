//! A simple index (PEP 691) with wheels of pure Python.

use lightship_model::digest::Digest;
use serde_json::json;

use super::Registry;
use crate::archive::{self, Member};

/// A wheel of version 1.0.0, with one module of the same name.
#[derive(Clone, Copy, Debug)]
pub struct Wheel<'a> {
    /// Without a hyphen: it is the module's name, too.
    pub name: &'a str,
    /// Text of the module; with a function `main` where there is a program.
    pub module: &'a str,
    /// Name of the program that calls `main`.
    pub program: Option<&'a str>,
}

impl Registry {
    /// Publishes a wheel; gives the wheel's bytes.
    pub fn put_wheel(&self, wheel: Wheel<'_>) -> Vec<u8> {
        let release = WheelRelease { version: "1.0.0", published: None, needs: &[], wheel };
        self.put_wheels(&[release])
    }

    /// Publishes releases of one package; gives the bytes of the last one's wheel.
    pub fn put_wheels(&self, releases: &[WheelRelease<'_>]) -> Vec<u8> {
        let mut files = Vec::new();
        let (mut package, mut last) = ("", Vec::new());
        for release in releases {
            let name = release.wheel.name;
            let file = format!("{name}-{}-py3-none-any.whl", release.version);
            let bytes = build(release);
            self.put(&format!("/wheels/{file}"), "application/octet-stream", bytes.clone());
            let mut entry = json!({
                "filename": file,
                // Relative to the page, as mirrors have it.
                "url": format!("../../wheels/{file}"),
                "hashes": { "sha256": Digest::of(&bytes).as_str() },
                "size": bytes.len(),
            });
            if let Some(published) = release.published {
                entry["upload-time"] = published.into();
            }
            files.push(entry);
            (package, last) = (name, bytes);
        }
        let page = json!({ "meta": { "api-version": "1.1" }, "name": package, "files": files });
        let media_type = "application/vnd.pypi.simple.v1+json";
        self.put(&format!("/simple/{package}/"), media_type, page.to_string());
        last
    }
}

/// One release of a package.
#[derive(Clone, Copy, Debug)]
pub struct WheelRelease<'a> {
    pub version: &'a str,
    /// As RFC 3339; the index says no time when absent.
    pub published: Option<&'a str>,
    /// Requirements, as pip reads them.
    pub needs: &'a [&'a str],
    pub wheel: Wheel<'a>,
}

fn build(release: &WheelRelease<'_>) -> Vec<u8> {
    let Wheel { name, module, program } = release.wheel;
    let version = release.version;
    let info = format!("{name}-{version}.dist-info");
    let needs: Vec<String> =
        release.needs.iter().map(|need| format!("Requires-Dist: {need}\n")).collect();
    let needs = needs.concat();
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}");
    let wheel = "Wheel-Version: 1.0\nGenerator: testkit\nRoot-Is-Purelib: true\n\
                 Tag: py3-none-any\n";
    let programs = program
        .map_or(String::new(), |program| format!("[console_scripts]\n{program} = {name}:main\n"));
    let files = [
        (format!("{name}.py"), module),
        (format!("{info}/METADATA"), &metadata),
        (format!("{info}/WHEEL"), wheel),
        (format!("{info}/entry_points.txt"), &programs),
    ];
    let lines: Vec<String> = files.iter().map(|(path, _)| format!("{path},,\n")).collect();
    let record = (format!("{info}/RECORD"), format!("{}{info}/RECORD,,\n", lines.concat()));
    let mut members: Vec<Member<'_>> =
        files.iter().map(|(path, text)| (path.as_str(), 0o644, *text)).collect();
    members.push((&record.0, 0o644, &record.1));
    archive::zip(&members)
}
