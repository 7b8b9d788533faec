//! Figures about lightship's own process, read when somebody asks for them. `/proc` is memory:
//! nothing here waits for a disk.

use std::fs;

use lightship_model::metrics::{CPU, OPEN_FDS, PROCESS_STARTED, RESIDENT, Writer};
use lightship_model::time::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// Writes what is to be had; without `/proc`, less.
pub(super) fn write(out: &mut Writer, started: Timestamp) {
    if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident)
    {
        out.count(&RESIDENT, &[], bytes);
    }
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let micros = used.tv_sec.saturating_mul(1_000_000).saturating_add(used.tv_nsec / 1000);
    out.sample(&CPU, &[], seconds(micros));
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the directory's own.
        let count = open.count().saturating_sub(1);
        out.count(&OPEN_FDS, &[], u64::try_from(count).unwrap_or(0));
    }
    out.millis(&PROCESS_STARTED, &[], started.as_millis());
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// Bytes of resident memory, out of `/proc/self/status`.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use lightship_model::metrics::Exposition;

    use super::*;

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    1808 kB\n"), Some(1808 * 1024));
        assert_eq!(resident("VmRSS: many"), None);
        assert_eq!(resident(""), None);
    }

    #[test]
    fn this_process_has_figures() {
        let mut out = Writer::new(Exposition::Prometheus);
        write(&mut out, Timestamp::from_millis(1500));
        let text = out.finish();
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
        };
        assert!(value("process_resident_memory_bytes") > 100_000.0);
        assert!(value("process_open_fds") >= 3.0);
        assert!(value("process_cpu_seconds_total") >= 0.0);
        assert_eq!(text.lines().last(), Some("process_start_time_seconds 1.5"));
    }
}
