//! Cuts an event's texts: what remembers events must stay small, whoever wrote them.

use super::{ToolChange, What};

/// The longest text, in characters: twice what the specification gives an error.
pub const MAX_WORDS: usize = 1000;
/// The most reasons that are kept of what can't be had.
const MAX_REASONS: usize = 16;
/// The longest path that Linux takes, in bytes.
const MAX_PATH: usize = 4096;

impl What {
    /// The same, with what is longer than [`MAX_WORDS`] cut there.
    #[must_use]
    pub fn cut(mut self) -> Self {
        match &mut self {
            Self::Plan { tools, dir, .. } => {
                shorten(dir, MAX_PATH);
                for tool in tools {
                    tool.change.cut();
                    shorten(&mut tool.source, MAX_WORDS);
                }
            }
            Self::Confinement(report) => {
                shorten(&mut report.level, MAX_WORDS);
                report.missing.truncate(MAX_REASONS);
                for reason in &mut report.missing {
                    shorten(reason, MAX_WORDS);
                }
            }
            Self::Volume(volume) => {
                let folders = [&mut volume.dir, &mut volume.records_dir];
                for folder in folders.into_iter().chain(&mut volume.tools_dir) {
                    shorten(folder, MAX_PATH);
                }
                for said in volume.abilities.lacks.values_mut() {
                    shorten(said, MAX_WORDS);
                }
                shorten_any(&mut volume.why);
                shorten_any(&mut volume.file_system);
            }
            Self::Tool(change) => change.cut(),
            Self::Progress { progress, .. } => shorten_any(&mut progress.message),
            Self::Warning { message: text }
            | Self::ServiceFaulted { message: text, .. }
            | Self::HealthListening { address: text }
            | Self::ServiceFailed { error: text }
            | Self::Stopping { reason: text } => shorten(text, MAX_WORDS),
            Self::ServiceStarted { .. }
            | Self::ServiceReady { .. }
            | Self::ServiceLate { .. }
            | Self::ServiceExited { .. }
            | Self::LoaderStarted { .. }
            | Self::LoaderExited { .. }
            | Self::LoadComplete { .. } => {}
        }
        self
    }
}

impl ToolChange {
    fn cut(&mut self) {
        let texts = [&mut self.version, &mut self.error, &mut self.reason, &mut self.confinement];
        for text in texts {
            shorten_any(text);
        }
    }
}

fn shorten_any(text: &mut Option<String>) {
    if let Some(text) = text {
        shorten(text, MAX_WORDS);
    }
}

fn shorten(text: &mut String, characters: usize) {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
        text.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Progress;
    use crate::state::ToolStatus;

    #[test]
    fn long_texts_are_cut_between_characters_and_short_ones_stay() {
        let long = "é".repeat(5000);
        let name = || "x".parse().unwrap();
        let error = Some(long.clone());
        let change = ToolChange { error, ..ToolChange::new(name(), ToolStatus::Failed) };
        let What::Tool(change) = What::Tool(change.because("short")).cut() else { panic!() };
        assert_eq!(change.error, Some("é".repeat(MAX_WORDS)));
        assert_eq!(change.reason.as_deref(), Some("short"));
        let progress = Progress { message: Some(long.clone()), ..Progress::default() };
        let What::Progress { progress, .. } = What::Progress { name: name(), progress }.cut()
        else {
            panic!()
        };
        assert_eq!(progress.message, Some("é".repeat(MAX_WORDS)));
        let plan = What::Plan { tools: Vec::new(), slots: 1, dir: long };
        assert!(matches!(plan.cut(), What::Plan { dir, .. } if dir == "é".repeat(MAX_PATH)));
    }
}
