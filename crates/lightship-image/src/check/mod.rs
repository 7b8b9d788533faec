//! Whether an image keeps to a budget: GO or NO-GO, with every rule that was looked at.

mod baseline;
mod budget;
mod error;
mod render;
mod rules;

use serde::Serialize;

pub use self::baseline::{Baseline, BaselineError};
pub use self::budget::{Budget, Growth, Limit, Limits};
pub use self::error::CheckError;
pub use self::render::{markdown, text};
pub use self::rules::check;
use crate::measure::Sizes;

/// The answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    pub image: String,
    /// Every rule holds.
    pub go: bool,
    /// What the image ships, in both measures.
    pub total: Sizes,
    /// Every rule of the budget; those that do not hold first.
    pub rules: Vec<Rule>,
    /// What a rule names and the image does not have.
    pub notes: Vec<String>,
}

/// One rule, and what is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// As the budget file has it: `total.unpacked`.
    pub name: String,
    pub unit: Unit,
    pub limit: u64,
    pub actual: u64,
    /// By how much it is missed; 0 where it holds.
    pub over: u64,
    pub holds: bool,
    /// What contributes most, the most first.
    pub by: Vec<Part>,
    /// What the limit was made from, where it is a share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// What a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Bytes,
    Count,
}

/// Something that contributes to a sum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    pub name: String,
    /// In bytes.
    pub size: u64,
}

#[cfg(test)]
mod tests;
