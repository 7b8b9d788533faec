//! Telling how far an attempt is, without telling too often.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use lightship_model::event::{Event, Phase, Progress, Unit, What};
use lightship_model::name::ToolName;

use crate::Sink;
use crate::clock::now;
use crate::store::measure;

/// At most four events a second a tool.
const INTERVAL: Duration = Duration::from_millis(250);

/// One tool's progress, shared by whoever knows a part of it.
#[derive(Clone)]
pub(crate) struct Reporter(Arc<Mutex<State>>);

struct State {
    tool: ToolName,
    sink: Sink,
    current: Progress,
    told: Option<Instant>,
}

impl Reporter {
    pub(crate) fn new(tool: ToolName, sink: Sink) -> Self {
        let state = State { tool, sink, current: Progress::default(), told: None };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Begins a phase: told at once.
    pub(crate) fn phase(&self, phase: Phase) {
        self.change(true, |progress| *progress = Progress { phase, ..Progress::default() });
    }

    pub(crate) fn message(&self, message: &str) {
        self.change(false, |progress| progress.message = Some(message.to_owned()));
    }

    pub(crate) fn count(&self, done: u64, total: Option<u64>, unit: Unit) {
        self.change(false, |progress| {
            progress.done = Some(done);
            progress.total = total;
            progress.unit = Some(unit);
        });
    }

    /// Whether the bytes in the trees are the best that can be told: something with a total, or
    /// crates, is not counted.
    fn wants_bytes(&self) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Progress { unit, total, .. } = &state.current;
        unit.is_none_or(|unit| unit == Unit::Bytes && total.is_none())
    }

    fn change(&self, at_once: bool, change: impl FnOnce(&mut Progress)) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.current.clone();
        change(&mut state.current);
        let due = state.told.is_none_or(|told| told.elapsed() >= INTERVAL);
        if at_once || (due && state.current != before) {
            state.told = Some(Instant::now());
            let progress = state.current.clone();
            let event = Event::new(now(), What::Progress { name: state.tool.clone(), progress });
            (state.sink)(event);
        }
    }

    /// Tells every so often how much lies in `trees`, until the guard is dropped.
    pub(crate) fn watch(&self, trees: Vec<PathBuf>) -> Watch {
        let (stop, stopped) = mpsc::channel::<()>();
        let reporter = self.clone();
        let body = move || {
            let mut pause = Duration::from_secs(1);
            while stopped.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Timeout) {
                let begun = Instant::now();
                if reporter.wants_bytes() {
                    let bytes = trees.iter().map(|tree| measure::tree(tree).bytes).sum();
                    reporter.count(bytes, None, Unit::Bytes);
                }
                // Measuring a large tree must stay a hundredth of the work at most.
                pause = Duration::from_secs(1).max(begun.elapsed() * 100);
            }
        };
        // Without the thread there are no bytes to see, and nothing else is lost.
        drop(thread::Builder::new().name("measure".into()).spawn(body));
        Watch { _stop: stop }
    }
}

/// Ends the measuring when it is dropped.
pub(crate) struct Watch {
    _stop: mpsc::Sender<()>,
}
