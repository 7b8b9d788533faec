//! The budget file.

use std::collections::BTreeMap;

use lightship_model::manifest::{ManifestError, Text};
use lightship_model::size::Size;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

/// What an image may be. Every limit is the most that still holds.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Budget {
    /// Of all layers: what is pulled and stored.
    pub total: Limits,
    pub layer: LayerLimits,
    /// Against another image.
    pub growth: Growth,
    /// By the name of a Debian package.
    pub package: BTreeMap<String, Limits>,
    pub npm: BTreeMap<String, Limits>,
    pub tool: BTreeMap<String, Limits>,
    /// By a pattern of paths.
    pub path: BTreeMap<String, Limits>,
    pub forbidden: Forbidden,
    pub waste: Waste,
    pub setuid: Option<Setuid>,
    pub file: FileLimits,
}

/// In one measure or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub unpacked: Option<Limit>,
    pub compressed: Option<Limit>,
}

/// Of layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LayerLimits {
    pub count: Option<u64>,
    /// Of the largest one.
    pub unpacked: Option<Limit>,
    pub compressed: Option<Limit>,
}

/// How much larger than another image.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Growth {
    /// An image, or a measurement that was saved as JSON.
    pub baseline: Option<String>,
    pub unpacked: Option<Limit>,
    pub compressed: Option<Limit>,
    pub unpacked_percent: Option<Percent>,
    pub compressed_percent: Option<Percent>,
}

/// What must not be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Forbidden {
    /// Names, or patterns of names.
    pub packages: Vec<String>,
    pub npm: Vec<String>,
    pub paths: Vec<String>,
}

/// What is shipped for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Waste {
    /// Unpacked, hidden by later layers.
    pub dead: Option<Limit>,
    /// Unpacked, all but one of files with the same content.
    pub duplicate: Option<Limit>,
}

/// Programs that run with the rights of their owner or group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setuid {
    /// Beyond those that are allowed.
    pub count: u64,
    /// Patterns of paths.
    pub allow: Vec<String>,
}

/// Of single files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileLimits {
    /// Of the largest one.
    pub unpacked: Option<Limit>,
    /// Patterns of paths that do not count.
    pub except: Vec<String>,
}

/// Bytes: `"500MB"`, or a number; 0 is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limit(pub u64);

/// A share in percent, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Percent(pub f64);

impl Budget {
    /// A limit of what is shipped, unpacked, and nothing else.
    pub fn of(size: Size) -> Self {
        let total = Limits { unpacked: Some(Limit(size.0)), compressed: None };
        Self { total, ..Self::default() }
    }

    /// Reads a budget file.
    ///
    /// # Errors
    /// With the place: what is no budget, and one without a single limit, to which every image
    /// would keep.
    pub fn read(text: &Text) -> Result<Self, ManifestError> {
        let budget: Self = text.read()?;
        let named = [("package", &budget.package), ("npm", &budget.npm), ("tool", &budget.tool)];
        let parts = named.into_iter().chain([("path", &budget.path)]);
        for (kind, table) in parts {
            if let Some((name, _)) = table.iter().find(|(_, limits)| limits.is_empty()) {
                let error = text.error(0, format!("`[{kind}.\"{name}\"]` has no limit"));
                return Err(with_help(error, "write `unpacked = \"10MB\"`, or leave it out"));
            }
        }
        if budget.growth.baseline.is_some() && !budget.growth.has_limit() {
            let error = text.error(0, "`[growth]` names a baseline and no limit");
            return Err(with_help(error, "write `unpacked = \"10MB\"` or `unpacked-percent = 5`"));
        }
        if !budget.file.except.is_empty() && budget.file.unpacked.is_none() {
            let error = text.error(0, "`[file]` has exceptions and no limit");
            return Err(with_help(error, "write `unpacked = \"50MB\"`"));
        }
        if budget == Self::default() {
            let error = text.error(0, "the budget has no limit: every image would keep to it");
            return Err(with_help(error, "begin with `[total]` and `unpacked = \"500MB\"`"));
        }
        Ok(budget)
    }
}

fn with_help(error: ManifestError, help: &str) -> ManifestError {
    ManifestError { help: Some(help.to_owned()), ..error }
}

impl Limits {
    fn is_empty(&self) -> bool {
        self.unpacked.is_none() && self.compressed.is_none()
    }
}

impl Growth {
    /// Whether there is anything that a baseline is needed for.
    pub fn has_limit(&self) -> bool {
        self.unpacked.is_some()
            || self.compressed.is_some()
            || self.unpacked_percent.is_some()
            || self.compressed_percent.is_some()
    }
}

struct LimitVisitor;

impl Visitor<'_> for LimitVisitor {
    type Value = Limit;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a size like \"500MB\", or a number of bytes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Limit, E> {
        if text.trim() == "0" {
            return Ok(Limit(0));
        }
        Size::parse(text).map(|size| Limit(size.0)).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Limit, E> {
        u64::try_from(bytes).map(Limit).map_err(|_| E::custom("a limit is at least 0"))
    }

    fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Limit, E> {
        Ok(Limit(bytes))
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LimitVisitor)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if value.is_finite() && value >= 0.0 {
            Ok(Self(value))
        } else {
            Err(de::Error::custom("a percentage is at least 0"))
        }
    }
}
