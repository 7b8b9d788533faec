//! Is there a tool directory, or can one be made?

use super::{Context, Finding, Status};
use crate::error::LoaderError;

const ID: &str = "tool-dir";

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let root = context.dir.root();
    let shown = root.display();
    let finding = match std::fs::metadata(root) {
        Ok(metadata) if !metadata.is_dir() => {
            Finding::new(ID, Status::Fail, format!("the tool directory {shown} is a file"))
                .help("name another one with --tool-dir DIR or LOA_TOOL_DIR")
        }
        Ok(_) => Finding::new(ID, Status::Ok, format!("the tool directory is {shown}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let what = format!("there is no tool directory {shown} yet: the first load makes it");
            Finding::new(ID, Status::Ok, what)
        }
        Err(source) => {
            let error = LoaderError::Directory { path: root.to_owned(), what: "", source };
            let what = format!("the tool directory {shown} can't be read");
            Finding::new(ID, Status::Fail, what).detail(crate::chain(&error)).help(error.help())
        }
    };
    vec![finding]
}
