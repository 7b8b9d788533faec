//! Bills as documents about an image: manifests that name it as their subject, as the OCI image
//! specification 1.1 has it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Bill, cyclonedx, spdx};
use crate::build::image::{Image, Referrer};
use crate::oci::document::Document;
use crate::oci::{Manifest, media};

const SPDX: &str = "application/spdx+json";
const CYCLONEDX: &str = "application/vnd.cyclonedx+json";

/// Puts both forms of `bill` beside `image`.
pub fn attach(image: &mut Image, bill: &Bill) -> serde_json::Result<()> {
    for (kind, document) in [(SPDX, spdx(bill)), (CYCLONEDX, cyclonedx(bill))] {
        image.referrers.push(referrer(image, bill, kind, &document)?);
    }
    Ok(())
}

fn referrer(
    image: &Image,
    bill: &Bill,
    kind: &'static str,
    document: &Value,
) -> serde_json::Result<Referrer> {
    let content = Document::of(kind, document)?;
    let config = Document::raw(media::EMPTY, b"{}".to_vec());
    let created = ("org.opencontainers.image.created".to_owned(), bill.created());
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: Some(kind.to_owned()),
        config: config.descriptor(),
        layers: vec![content.descriptor()],
        subject: Some(image.manifest.descriptor()),
        annotations: BTreeMap::from([created]),
    };
    let manifest = Document::of(media::MANIFEST, &manifest)?;
    Ok(Referrer { manifest, config, content, artifact_type: kind.to_owned() })
}
