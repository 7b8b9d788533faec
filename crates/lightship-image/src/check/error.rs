//! Why an image can't be held against a budget.

/// Why there is no answer. None of these is a GO.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    #[error("`{rule}` can't be held: {image} is a directory, which is not compressed")]
    NotPacked { rule: String, image: String },
    #[error("the budget limits growth, and it is not said against what")]
    NoBaseline,
    #[error("the budget has no limit: every image would keep to it")]
    Empty,
}

impl CheckError {
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotPacked { .. } => {
                "check the image itself (a layout, an archive or a registry's), or limit what is \
                 unpacked"
            }
            Self::NoBaseline => {
                "name it with --baseline IMAGE, or as `baseline` in the budget's `[growth]`"
            }
            Self::Empty => "begin with `[total]` and `unpacked = \"500MB\"`",
        }
    }
}
