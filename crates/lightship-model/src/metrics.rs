//! Metrics: one table of all of them, a writer of both text formats, and those that can be told
//! from a [`Status`]. PID 1 adds what only it knows. `docs/metrics.md` is made from the table.

mod status;
mod table;
mod writer;

pub use self::status::write;
pub use self::table::*;
pub use self::writer::{Exposition, Writer};

/// One metric of the table.
#[derive(Debug)]
pub struct Metric {
    /// As samples carry it, with its unit and `_total` where that is due.
    pub name: &'static str,
    pub kind: Kind,
    /// Base unit, the last part of the name; nothing where there is none.
    pub unit: &'static str,
    /// Labels, each bounded by the manifest or by this code.
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only grows, from each start of lightship on.
    Counter,
    /// Always 1: its labels are the message.
    Info,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Info => "info",
        }
    }
}

/// `docs/metrics.md`.
pub fn reference() -> String {
    let mut text = REFERENCE_HEAD.to_owned();
    for metric in ALL {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = labels.join(", ");
        let (name, kind, help) = (metric.name, metric.kind.as_str(), metric.help);
        text.extend(["| `", name, "` | ", kind, " | ", &labels, " | ", help, " |\n"]);
    }
    text
}

const REFERENCE_HEAD: &str = "\
# Metrics

`GET /metrics`, from memory. Prometheus text 0.0.4; OpenMetrics 1.0 when `Accept` asks for \
`application/openmetrics-text`. No label is unbounded: tools are those of the manifest, paths \
are routes and not what was asked for, and everything else is a word of this list.

This page is made from the code (`crates/lightship-model/src/metrics/table.rs`): after a change \
there, `LIGHTSHIP_UPDATE_DOCS=1 cargo test -p lightship-model metrics` writes it anew.

Counters start at 0 with lightship, not with the service. Durations are of the monotonic clock. \
A metric is left out while it has nothing to say: no exit code before a first exit.

To get them into OpenTelemetry, let a collector scrape this endpoint (its Prometheus receiver); \
lightship sends nothing anywhere by itself.

| metric | type | labels | meaning |
|---|---|---|---|
";

#[cfg(test)]
mod tests;
