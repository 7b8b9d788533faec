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
        let Wheel { name, module, program } = wheel;
        let file = format!("{name}-1.0.0-py3-none-any.whl");
        let bytes = build(name, module, program);
        self.put(&format!("/wheels/{file}"), "application/octet-stream", bytes.clone());
        let page = json!({
            "meta": { "api-version": "1.0" },
            "name": name,
            "files": [{
                "filename": file,
                // Relative to the page, as mirrors have it.
                "url": format!("../../wheels/{file}"),
                "hashes": { "sha256": Digest::of(&bytes).as_str() },
            }],
        });
        let media_type = "application/vnd.pypi.simple.v1+json";
        self.put(&format!("/simple/{name}/"), media_type, page.to_string());
        bytes
    }
}

fn build(name: &str, module: &str, program: Option<&str>) -> Vec<u8> {
    let info = format!("{name}-1.0.0.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n");
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
