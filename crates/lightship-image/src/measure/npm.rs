//! npm's packages: a directory directly in a `node_modules`, or in a scope of one, with a
//! `package.json`. A package within a package owns only itself.

/// Whether `directory` may be a package.
pub(super) fn is_package(directory: &[u8]) -> bool {
    let mut parts = directory.rsplit(|byte| *byte == b'/');
    let (name, above) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let plain =
        |name: &[u8]| !name.is_empty() && !name.starts_with(b"@") && !name.starts_with(b".");
    plain(name)
        && (above == b"node_modules"
            || (above.starts_with(b"@") && parts.next() == Some(b"node_modules")))
}

/// Name and version of a `package.json`; the directory tells the name where that does not.
pub(super) fn read(directory: &str, bytes: &[u8]) -> (String, String) {
    #[derive(Default, serde::Deserialize)]
    struct Package {
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        version: Option<String>,
    }
    let package: Package = serde_json::from_slice(bytes).unwrap_or_default();
    let from_path = || directory.rsplit("node_modules/").next().unwrap_or(directory).to_owned();
    let name = package.name.filter(|name| !name.is_empty()).unwrap_or_else(from_path);
    (clean(&name), clean(&package.version.unwrap_or_default()))
}

/// What comes from an image is shown on terminals.
fn clean(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(214).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_lie_in_node_modules_or_in_a_scope() {
        for (path, is) in [
            ("node_modules/a", true),
            ("x/node_modules/@s/a", true),
            ("x/node_modules/@s", false),
            ("x/node_modules/.bin", false),
            ("x/node_modules/a/lib", false),
            ("x/@s/a", false),
        ] {
            assert_eq!(is_package(path.as_bytes()), is, "{path}");
        }
        let read = |bytes: &str| read("x/node_modules/@s/a", bytes.as_bytes());
        assert_eq!(read(r#"{"name":"b","version":"1.0.0"}"#), ("b".into(), "1.0.0".into()));
        assert_eq!(read("rubbish"), ("@s/a".into(), String::new()));
    }
}
