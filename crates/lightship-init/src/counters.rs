//! What only PID 1 can count, for `/metrics`: plain numbers that the loop adds to.

use std::collections::BTreeMap;
use std::time::Duration;

use lightship_model::metrics::{
    LOG_DROPPED, ORPHANS, PROBE_DURATION, PROBE_SUCCESS, SIGNALS, Writer,
};

/// Counts since lightship started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    /// Processes reaped that lightship had not started.
    pub(crate) orphans_reaped: u64,
    /// By the signal's name, like `TERM`; real-time signals under one name, so that this stays
    /// short.
    pub(crate) signals_received: BTreeMap<&'static str, u64>,
    /// Lines of the service that nobody took.
    pub(crate) stdout_lines_dropped: u64,
    pub(crate) stderr_lines_dropped: u64,
    /// The newest answers of the service's probes.
    pub(crate) ready_probe: Option<Probed>,
    pub(crate) live_probe: Option<Probed>,
}

/// How a probe went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Probed {
    pub(crate) success: bool,
    pub(crate) took: Duration,
}

impl Counters {
    pub(crate) fn signal(&mut self, name: &'static str) {
        *self.signals_received.entry(name).or_default() += 1;
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        let probes = [("ready", self.ready_probe), ("live", self.live_probe)];
        let known = || probes.iter().filter_map(|(name, probed)| Some((*name, (*probed)?)));
        for (name, probed) in known() {
            out.is(&PROBE_SUCCESS, &[name], probed.success);
        }
        for (name, probed) in known() {
            out.sample(&PROBE_DURATION, &[name], probed.took.as_secs_f64());
        }
        out.count(&ORPHANS, &[], self.orphans_reaped);
        for (name, count) in &self.signals_received {
            out.count(&SIGNALS, &[name], *count);
        }
        out.count(&LOG_DROPPED, &["stdout"], self.stdout_lines_dropped);
        out.count(&LOG_DROPPED, &["stderr"], self.stderr_lines_dropped);
    }
}

#[cfg(test)]
mod tests {
    use lightship_model::metrics::Exposition;

    use super::*;

    #[test]
    fn counts_come_out_under_their_names() {
        let probed = Probed { success: true, took: Duration::from_millis(20) };
        let mut counters =
            Counters { orphans_reaped: 3, live_probe: Some(probed), ..Counters::default() };
        counters.signal("TERM");
        counters.signal("TERM");
        let mut out = Writer::new(Exposition::Prometheus);
        counters.write(&mut out);
        let text = out.finish();
        for line in [
            "lightship_orphans_reaped_total 3\n",
            "lightship_signals_received_total{signal=\"TERM\"} 2\n",
            "lightship_probe_duration_seconds{probe=\"live\"} 0.02\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(!text.contains("probe=\"ready\""));
    }
}
