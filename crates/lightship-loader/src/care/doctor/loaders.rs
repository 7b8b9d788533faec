//! Is somebody at work in the directory?

use std::fs;

use super::{Context, Finding, Status};
use crate::store::DirLock;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let what = if DirLock::is_taken(&context.dir) {
        // Who it is, is a courtesy.
        let holder = fs::read_to_string(context.dir.lock()).unwrap_or_default();
        format!("a loader ({}) is at work in the directory", holder.trim())
    } else {
        "no loader is at work in the directory".to_owned()
    };
    vec![Finding::new("loader", Status::Ok, what)]
}
