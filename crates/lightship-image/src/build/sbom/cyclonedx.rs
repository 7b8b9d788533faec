//! `CycloneDX` 1.6, in JSON.

use serde_json::{Value, json};

use super::purl::purl;
use super::{Bill, Component, Kind};

/// The bill as a `CycloneDX` document.
pub fn cyclonedx(bill: &Bill) -> Value {
    let components: Vec<Value> = bill.sorted().into_iter().map(component).collect();
    let references: Vec<&Value> = components.iter().map(|it| &it["bom-ref"]).collect();
    let image = "image";
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", bill.uuid("cyclonedx")),
        "version": 1,
        "metadata": {
            "timestamp": bill.created(),
            "tools": {
                "components": [{
                    "type": "application",
                    "name": "lightship",
                    "version": env!("CARGO_PKG_VERSION"),
                }],
            },
            "component": {
                "type": "container",
                "bom-ref": image,
                "name": bill.name,
                "version": bill.image.to_string(),
                "hashes": [{ "alg": "SHA-256", "content": bill.image.0.as_str() }],
            },
        },
        "dependencies": [{ "ref": image, "dependsOn": references }],
        "components": components,
    })
}

fn component(component: &Component) -> Value {
    let purl = purl(component);
    let kind = match component.kind {
        Kind::Debian { .. } | Kind::Npm => "library",
        Kind::Generic => "application",
    };
    let (group, name) = match (&component.kind, component.name.split_once('/')) {
        (Kind::Npm, Some((scope, name))) => (Some(scope), name),
        _ => (None, component.name.as_str()),
    };
    let mut value = json!({
        "type": kind,
        "bom-ref": purl,
        "name": name,
        "version": component.version,
        "purl": purl,
    });
    if let Some(group) = group {
        value["group"] = group.into();
    }
    if let Some(digest) = &component.sha256 {
        value["hashes"] = json!([{ "alg": "SHA-256", "content": digest.as_str() }]);
    }
    if let Some(license) = &component.license {
        value["licenses"] = json!([{ "expression": license }]);
    }
    if let Some(files) = component.files {
        let kept = format!("{}/{}", files.kept, files.total);
        value["properties"] = json!([{ "name": "lightship:files", "value": kept }]);
    }
    value
}
