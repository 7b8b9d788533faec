//! How much room the machine has: processors and memory that this container may use.

use std::fs;
use std::thread::available_parallelism;

use lightship_model::schedule::Limits;

/// What an installer that compiles is counted with: rustc on a large crate takes about this.
const MEMORY_A_TOOL: u64 = 1 << 30;

/// Processors that the cgroup's quota leaves.
pub(crate) fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// How many tools may be installed at once: two more than there are processors, as some are
/// downloading while others compile; fewer where memory is short. One that compiles takes all of
/// a few processors; more than four it seldom has work for.
pub(crate) fn limits() -> Limits {
    let by_memory = memory().map_or(u64::MAX, |bytes| bytes / MEMORY_A_TOOL);
    limits_for(cores(), usize::try_from(by_memory).unwrap_or(usize::MAX))
}

fn limits_for(cores: usize, by_memory: usize) -> Limits {
    const MOST: usize = 8;
    let attempts = (cores + 2).min(by_memory).clamp(1, MOST);
    Limits { attempts, compilers: (cores / 4).clamp(1, attempts) }
}

/// Memory that can be had, in bytes: what is available, less if the cgroup's limit is lower.
fn memory() -> Option<u64> {
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = limits.iter().find_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
    let available = available(&fs::read_to_string("/proc/meminfo").ok()?)?;
    Some(limit.map_or(available, |limit: u64| limit.min(available)))
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_one_slot_and_never_too_many() {
        let limits = |attempts, compilers| Limits { attempts, compilers };
        assert_eq!(limits_for(2, 20), limits(4, 1));
        assert_eq!(limits_for(2, 0), limits(1, 1));
        assert_eq!(limits_for(8, 20), limits(8, 2));
        assert_eq!(limits_for(64, 500), limits(8, 8));
    }

    #[test]
    fn available_memory_is_read_in_kibibytes() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2048 * 1024));
        assert_eq!(available("nothing"), None);
    }
}
