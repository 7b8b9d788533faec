//! A measurement as JSON: exact bytes.

use lightship_image::measure::tables::OwnerRow;
use lightship_image::measure::{Measurement, OwnerKind, Sizes};
use serde_json::{Map, Value, json};

use super::{By, Extent};

pub(super) fn of(measurement: &Measurement, extent: &Extent) -> Value {
    let duplicates = measurement.duplicates();
    let duplicate: Sizes = duplicates.iter().map(|group| group.reclaimable).sum();
    let dead = measurement.dead_total();
    let mut document = json!({
        "image": measurement.name,
        "format": measurement.format,
        "packed": measurement.is_packed(),
        "platform": measurement.platform,
        "manifest": measurement.manifest,
        "entries": measurement.entries.len(),
        "shipped": measurement.shipped_total(),
        "live": measurement.live_total(),
        "dead": dead,
        "metadataOnly": measurement.metadata_only(),
        "duplicate": duplicate,
        "reclaimable": dead + duplicate,
        "warnings": measurement.warnings,
    });
    let top = extent.top;
    let owners = measurement.by_owner();
    let npm = || owners.iter().filter(|row| row.kind == OwnerKind::Npm).take(top);
    if let Value::Object(fields) = &mut document {
        for by in &extent.by {
            match by {
                By::Layers => add(fields, "layers", layers(measurement)),
                By::Dirs => {
                    let rows = measurement.directories(extent.depth);
                    add(
                        fields,
                        "directories",
                        rows.iter().take(top).map(|row| json!(row)).collect(),
                    );
                }
                By::Packages => {
                    add(
                        fields,
                        "packages",
                        owners.iter().take(top).map(|row| json!(row)).collect(),
                    );
                }
                By::Npm => add(fields, "npm", npm().map(|row: &OwnerRow| json!(row)).collect()),
                By::Files => add(fields, "files", json!(measurement.largest(top))),
                By::Dead => add(fields, "deadFiles", json!(measurement.dead(top))),
                By::Duplicates => {
                    add(
                        fields,
                        "duplicates",
                        duplicates.iter().take(top).map(|group| json!(group)).collect(),
                    );
                }
            }
        }
    }
    document
}

fn add(fields: &mut Map<String, Value>, name: &str, value: Value) {
    fields.insert(name.to_owned(), value);
}

fn layers(measurement: &Measurement) -> Value {
    let live = measurement.live_by_layer();
    let layers = measurement.layers.iter().zip(live).enumerate();
    layers
        .map(|(place, (layer, live))| {
            json!({
                "layer": place,
                "digest": layer.digest,
                "diffId": layer.diff_id.as_ref().map(|digest| format!("sha256:{digest}")),
                "compression": layer.compression,
                "shipped": layer.shipped,
                "live": live,
                "dead": {
                    "unpacked": layer.shipped.unpacked.saturating_sub(live.unpacked),
                    "packed": layer.shipped.packed.saturating_sub(live.packed),
                },
                "tar": layer.tar,
                "entries": layer.entries,
                "createdBy": layer.created_by,
            })
        })
        .collect()
}
