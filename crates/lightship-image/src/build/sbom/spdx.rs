//! SPDX 2.3, in JSON.

use serde_json::{Value, json};

use super::purl::purl;
use super::{Bill, Component, Kind};

const IMAGE: &str = "SPDXRef-Image";

/// The bill as an SPDX document.
pub fn spdx(bill: &Bill) -> Value {
    let components = bill.sorted();
    let image = json!({
        "SPDXID": IMAGE,
        "name": bill.name,
        "versionInfo": bill.image.to_string(),
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "primaryPackagePurpose": "CONTAINER",
        "checksums": [{ "algorithm": "SHA256", "checksumValue": bill.image.0.as_str() }],
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    });
    let ids: Vec<String> =
        (1..=components.len()).map(|it| format!("SPDXRef-Package-{it}")).collect();
    let packages = components.iter().zip(&ids).map(|(component, id)| package(component, id));
    let describes = json!({
        "spdxElementId": "SPDXRef-DOCUMENT",
        "relationshipType": "DESCRIBES",
        "relatedSpdxElement": IMAGE,
    });
    let contains = ids.iter().map(|id| {
        json!({
            "spdxElementId": IMAGE,
            "relationshipType": "CONTAINS",
            "relatedSpdxElement": id,
        })
    });
    let packages: Vec<Value> = [image].into_iter().chain(packages).collect();
    let relationships: Vec<Value> = [describes].into_iter().chain(contains).collect();
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bill.name,
        "documentNamespace": format!("urn:uuid:{}", bill.uuid("spdx")),
        "creationInfo": {
            "created": bill.created(),
            "creators": [concat!("Tool: lightship-", env!("CARGO_PKG_VERSION"))],
        },
        "packages": packages,
        "relationships": relationships,
    })
}

fn package(component: &Component, id: &str) -> Value {
    let license = component.license.as_deref().unwrap_or("NOASSERTION");
    let mut package = json!({
        "SPDXID": id,
        "name": component.name,
        "versionInfo": component.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": license,
        "copyrightText": "NOASSERTION",
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": purl(component),
        }],
    });
    if let Some(digest) = &component.sha256 {
        package["checksums"] = json!([{ "algorithm": "SHA256", "checksumValue": digest.as_str() }]);
    }
    if let Some(files) = component.files {
        package["comment"] =
            format!("{} of {} files are in the image", files.kept, files.total).into();
    }
    if let Kind::Debian { source: Some(source), .. } = &component.kind {
        package["sourceInfo"] = format!("built from the source package {source}").into();
    }
    package
}
