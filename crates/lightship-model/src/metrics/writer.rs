//! Writes metrics as text: Prometheus 0.0.4, and `OpenMetrics` 1.0 for those who ask for it.

use std::fmt::Write as _;

use super::{Kind, Metric};

/// The two text formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    Prometheus,
    OpenMetrics,
}

impl Exposition {
    /// The one that an `Accept` field asks for.
    pub fn asked_for(accept: &str) -> Self {
        let open = |range: &str| {
            let name = range.split(';').next().unwrap_or_default();
            name.trim().eq_ignore_ascii_case("application/openmetrics-text")
        };
        if accept.split(',').any(open) { Self::OpenMetrics } else { Self::Prometheus }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The text so far. Samples of one metric have to come one after another.
#[derive(Debug)]
pub struct Writer {
    format: Exposition,
    text: String,
    /// The metric whose head was written last.
    current: &'static str,
}

impl Writer {
    pub fn new(format: Exposition) -> Self {
        Self { format, text: String::with_capacity(8 * 1024), current: "" }
    }

    /// One sample. `labels` are the values of the metric's labels, in their order.
    pub fn sample(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        if self.current != metric.name {
            self.current = metric.name;
            self.head(metric);
        }
        self.text.push_str(metric.name);
        for (index, (label, value)) in metric.labels.iter().zip(labels).enumerate() {
            self.text.push(if index == 0 { '{' } else { ',' });
            self.text.push_str(label);
            self.text.push_str("=\"");
            self.escape(value, true);
            self.text.push('"');
        }
        if !metric.labels.is_empty() {
            self.text.push('}');
        }
        // Writing into a string can't fail.
        writeln!(self.text, " {value}").unwrap_or_default();
    }

    /// A sample that is a count; those above 2^53 are rounded.
    pub fn count(&mut self, metric: &'static Metric, labels: &[&str], value: u64) {
        self.sample(metric, labels, float(value));
    }

    /// A duration in milliseconds.
    pub fn millis(&mut self, metric: &'static Metric, labels: &[&str], millis: u64) {
        self.sample(metric, labels, float(millis) / 1000.0);
    }

    /// 1 or 0.
    pub fn is(&mut self, metric: &'static Metric, labels: &[&str], holds: bool) {
        self.sample(metric, labels, f64::from(u8::from(holds)));
    }

    fn head(&mut self, metric: &Metric) {
        let (name, kind) = match (self.format, metric.kind) {
            (Exposition::Prometheus, Kind::Info) => (metric.name, "gauge"),
            (Exposition::Prometheus, kind) => (metric.name, kind.as_str()),
            // Here the name of the family has no suffix.
            (Exposition::OpenMetrics, kind) => {
                let name = metric.name;
                let suffix = match kind {
                    Kind::Counter => "_total",
                    Kind::Info => "_info",
                    Kind::Gauge => "",
                };
                (name.strip_suffix(suffix).unwrap_or(name), kind.as_str())
            }
        };
        self.text.extend(["# HELP ", name, " "]);
        self.escape(metric.help, self.format == Exposition::OpenMetrics);
        self.text.extend(["\n# TYPE ", name, " ", kind, "\n"]);
        if self.format == Exposition::OpenMetrics && !metric.unit.is_empty() {
            self.text.extend(["# UNIT ", name, " ", metric.unit, "\n"]);
        }
    }

    fn escape(&mut self, text: &str, quotes: bool) {
        for c in text.chars() {
            match c {
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '"' if quotes => self.text.push_str("\\\""),
                c => self.text.push(c),
            }
        }
    }

    /// The whole text.
    pub fn finish(mut self) -> String {
        if self.format == Exposition::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats; 2^53 is enough")]
fn float(value: u64) -> f64 {
    value as f64
}
