//! Waiting for a tool: asks the running lightship for it, and listens until it is there.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lightship_model::name::ToolName;
use lightship_model::outlook::End;
use serde_json::Value;

use super::ShimError;
use super::progress::Progress;
use crate::control::ControlAddress;
use crate::lines::{Line, Lines};

/// A lightship that was there and is gone may come back within this time.
const COMES_BACK: Duration = Duration::from_secs(3);
/// Between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(100);
/// Between two attempts when it has too much to do.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
/// A lightship that says nothing for so long hangs: it tells all 15 seconds that it is there.
const SILENCE: Duration = Duration::from_mins(1);
/// Whoever does not want to wait still wants to know how it stands.
const FIRST_WORD: Duration = Duration::from_secs(2);

/// How long to wait at the longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Duration);

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waited {
    Installed,
    Failed {
        reason: String,
    },
    /// Nobody loads it.
    Hopeless {
        reason: String,
    },
    /// The limit has passed; `words` say how it stands.
    Late {
        words: String,
    },
}

impl Waited {
    /// Good when it is there. `limit` is how long it was waited for.
    pub(crate) fn into_result(self, tool: &ToolName, limit: Duration) -> Result<(), ShimError> {
        let tool = tool.clone();
        match self {
            Self::Installed => Ok(()),
            Self::Failed { reason } => Err(ShimError::Failed { tool, reason }),
            Self::Hopeless { reason } => Err(ShimError::Hopeless { tool, reason }),
            Self::Late { words } => Err(ShimError::Late { tool, words, limit }),
        }
    }
}

/// Why nobody could be asked.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    #[error("no lightship runs here that would load it (tried {to}): `lightship up` does")]
    Nobody { to: ControlAddress },
    #[error("lightship has ended meanwhile ({to}): start it again")]
    Gone { to: ControlAddress },
    #[error(
        "an installer may not ask for it ({to}: {source}): name its tool in `requires` of the \
         tool that needs it"
    )]
    Confined { to: ControlAddress, source: io::Error },
    #[error("lightship can't be asked for it ({to}: {source})")]
    Unreachable { to: ControlAddress, source: io::Error },
    #[error("lightship refuses to load it: {error}")]
    Refused { error: String },
}

/// What one connection came to.
enum Heard {
    End(Word),
    /// It ended without a last word.
    Cut,
    Busy,
    Late,
}

/// Asks for `tool` and waits until it is there or will not come. `installer` is the tool for
/// whose installer this is asked.
///
/// # Errors
/// When there is nobody to ask, or who is there does not want to.
pub fn wait(
    control: &ControlAddress,
    tool: &ToolName,
    installer: Option<&ToolName>,
    limit: Limit,
) -> Result<Waited, WaitError> {
    let mut waiting = Waiting {
        to: control,
        tool,
        installer,
        until: Instant::now() + limit.0,
        newest: None,
        progress: Progress::new(),
    };
    let Word { end, reason, words } = waiting.run()?;
    Ok(match end {
        Some(End::Installed) => Waited::Installed,
        Some(End::Failed) => Waited::Failed { reason },
        Some(End::Hopeless) => Waited::Hopeless { reason },
        None => Waited::Late { words },
    })
}

struct Waiting<'a> {
    to: &'a ControlAddress,
    tool: &'a ToolName,
    installer: Option<&'a ToolName>,
    until: Instant,
    newest: Option<Word>,
    progress: Progress,
}

impl Waiting<'_> {
    /// Until the end, or the limit.
    fn run(&mut self) -> Result<Word, WaitError> {
        let to = || self.to.clone();
        let mut lost: Option<Instant> = None;
        loop {
            let heard = match self.to.connect() {
                Ok(stream) => {
                    lost = None;
                    self.listen(stream)?
                }
                Err(error) if self.newest.is_none() => {
                    return Err(match error.kind() {
                        ErrorKind::ConnectionRefused | ErrorKind::NotFound => {
                            WaitError::Nobody { to: to() }
                        }
                        ErrorKind::PermissionDenied if self.installer.is_some() => {
                            WaitError::Confined { to: to(), source: error }
                        }
                        _ => WaitError::Unreachable { to: to(), source: error },
                    });
                }
                Err(_) => Heard::Cut,
            };
            let pause = match heard {
                Heard::End(word) => return Ok(word),
                Heard::Late => return Ok(self.late()),
                Heard::Busy => BUSY_PAUSE,
                Heard::Cut => {
                    let since = *lost.get_or_insert_with(Instant::now);
                    if since.elapsed() > COMES_BACK {
                        return Err(WaitError::Gone { to: to() });
                    }
                    PAUSE
                }
            };
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(self.late());
            }
            sleep(pause.min(left));
            self.progress.draw();
        }
    }

    fn late(&self) -> Word {
        Word { end: None, ..self.newest.clone().unwrap_or_default() }
    }

    /// Asks on `stream`, and listens to the answer.
    fn listen(&mut self, mut stream: UnixStream) -> Result<Heard, WaitError> {
        let installer = self.installer.map(|tool| format!("?needed_by={tool}"));
        let request = format!(
            "POST /v1/tools/{}/wait{} HTTP/1.0\r\nHost: lightship\r\n\r\n",
            self.tool,
            installer.unwrap_or_default()
        );
        let asked = stream.set_write_timeout(Some(SILENCE));
        if asked.and_then(|()| stream.write_all(request.as_bytes())).is_err() {
            return Ok(Heard::Cut);
        }
        let mut lines = Incoming::new(stream);
        let mut status = None;
        loop {
            let line = match self.next_line(&mut lines) {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(Heard::Cut),
                Err(late) => return Ok(late),
            };
            match status {
                None => status = line.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok()),
                Some(200) => {
                    let Some(word) = line.strip_prefix("data: ").and_then(read) else {
                        continue;
                    };
                    self.progress.tell(self.tool, &word.words);
                    self.newest = Some(word.clone());
                    if word.end.is_some() {
                        return Ok(Heard::End(word));
                    }
                    if Instant::now() >= self.until {
                        return Ok(Heard::Late);
                    }
                }
                Some(503) => return Ok(Heard::Busy),
                // What is wrong stands behind the head.
                Some(_) if line.starts_with('{') => {
                    let body: Value = serde_json::from_str(&line).unwrap_or_default();
                    let error = body["error"].as_str().unwrap_or("it does not say why").to_owned();
                    return Err(WaitError::Refused { error });
                }
                Some(_) => {}
            }
        }
    }

    /// The next line; nothing at the end. The error is that nobody waits any more.
    fn next_line(&mut self, lines: &mut Incoming) -> Result<Option<String>, Heard> {
        let begun = Instant::now();
        loop {
            let now = Instant::now();
            let mut left = self.until.saturating_duration_since(now);
            if self.newest.is_none() {
                left = left.max(FIRST_WORD.saturating_sub(begun.elapsed()));
            }
            if left.is_zero() {
                return Err(Heard::Late);
            }
            if begun.elapsed() > SILENCE {
                return Ok(None);
            }
            let tick = self.progress.tick().unwrap_or(SILENCE);
            match lines.next(left.min(tick)) {
                Ok(line) => return Ok(line),
                Err(error) if is_passing(&error) => self.progress.draw(),
                Err(_) => return Ok(None),
            }
        }
    }
}

/// How things stand, as far as it is of interest here.
#[derive(Clone, Debug, Default)]
struct Word {
    end: Option<End>,
    reason: String,
    words: String,
}

fn read(text: &str) -> Option<Word> {
    let value: Value = serde_json::from_str(text).ok()?;
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let end = match value["end"].as_str() {
        None => None,
        Some("installed") => Some(End::Installed),
        Some("failed") => Some(End::Failed),
        Some(_) => Some(End::Hopeless),
    };
    Some(Word { end, reason: text("reason"), words: text("words") })
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Lines of a socket, with a time to wait for each. Part of a line is kept when the time is over.
struct Incoming {
    stream: UnixStream,
    lines: Lines,
    /// Lines that have come, the newest first.
    there: Vec<Line>,
}

impl Incoming {
    fn new(stream: UnixStream) -> Self {
        Self { stream, lines: Lines::default(), there: Vec::new() }
    }

    /// Nothing at the end; a line that is too long is an empty one.
    fn next(&mut self, within: Duration) -> io::Result<Option<String>> {
        while self.there.is_empty() {
            let mut buffer = [0; 4096];
            self.stream.set_read_timeout(Some(within))?;
            let length = self.stream.read(&mut buffer)?;
            if length == 0 {
                return Ok(None);
            }
            self.there = self.lines.push(buffer.get(..length).unwrap_or_default());
            self.there.reverse();
        }
        Ok(self.there.pop().map(|line| match line {
            Line::Text(text) => text.trim_end().to_owned(),
            Line::Unusable => String::new(),
        }))
    }
}
