//! Is somebody at work in the directory?

use std::path::Path;

use super::{Context, Finding, Status};
use crate::store::{DirLock, ToolDir};

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let local = context.volume.tools_dir.as_ref().map(|dir| ToolDir::at(Path::new(dir)));
    let elsewhere = local.filter(|local| local.root() != context.dir.root());
    let mut dirs = std::iter::once(&context.dir).chain(&elsewhere);
    let what = dirs.find_map(|dir| Some((dir, DirLock::taken_by(dir)?))).map_or_else(
        || "no loader is at work in the directory".to_owned(),
        |(dir, holder)| format!("a loader ({holder}) is at work in {}", dir.root().display()),
    );
    vec![Finding::new("loader", Status::Ok, what)]
}
