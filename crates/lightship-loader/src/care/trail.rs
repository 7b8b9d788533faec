//! The audit trail, for those who read it.

use std::path::Path;

use lightship_model::time::Timestamp;
use serde_json::Value;

use crate::error::{LoaderError, Result};
use crate::store::audit::{self, lines};
pub use crate::store::audit::{Remark, Report};
use crate::store::{ToolDir, receipts};

/// Whether the trail of the directory at `root` is what was written.
///
/// # Errors
/// When it is there and can't be read.
pub fn verify(root: &Path) -> Result<Report> {
    let dir = ToolDir::at(root);
    let receipts = receipts::read_all(&dir)?;
    audit::verify(&dir, receipts.by_slug.values())
        .map_err(|error| LoaderError::io("read", &dir.audit(), error))
}

/// Which acts are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Acts that name this tool, or a prefix of it.
    pub tool: Option<String>,
    pub since: Option<Timestamp>,
    /// The last ones, at most.
    pub last: Option<usize>,
}

/// The acts of the trail, oldest first. Lines that are none are left out: [`verify`] speaks of
/// them.
///
/// # Errors
/// When the trail is there and can't be read.
pub fn acts(root: &Path, filter: &Filter) -> Result<Vec<Value>> {
    let dir = ToolDir::at(root);
    let mut acts = Vec::new();
    let read = lines(&dir, |raw| {
        let act = serde_json::from_slice::<Value>(&raw.bytes).ok();
        acts.extend(act.filter(|act| act["act"].is_string() && filter.takes(act)));
    });
    read.map_err(|error| LoaderError::io("read", &dir.audit(), error))?;
    let skip = filter.last.map_or(0, |last| acts.len().saturating_sub(last));
    Ok(acts.split_off(skip))
}

impl Filter {
    fn takes(&self, act: &Value) -> bool {
        let at = |at: &Value| Timestamp::try_from(at.as_str()?.to_owned()).ok();
        let late = self.since.is_none_or(|since| at(&act["at"]).is_some_and(|at| at >= since));
        late && self.tool.as_deref().is_none_or(|tool| names(act, tool))
    }
}

/// Whether `act` is about `tool`.
fn names(act: &Value, tool: &str) -> bool {
    let is = |value: &Value| value.as_str() == Some(tool);
    let slug = |value: &Value| {
        let rest = value.as_str().and_then(|slug| slug.strip_prefix(tool));
        rest.is_some_and(|rest| rest.starts_with('-'))
    };
    let any = |key: &str, wanted: &dyn Fn(&Value) -> bool| {
        act[key].as_array().is_some_and(|list| list.iter().any(wanted))
    };
    is(&act["tool"])
        || slug(&act["prefix"])
        || any("prefixes", &slug)
        || ["tools", "good", "damaged"].iter().any(|key| any(key, &is))
}
