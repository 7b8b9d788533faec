//! How much of the machine installers may have, so that the service never wants for it.

use std::fs;
use std::path::Path;

use super::cgroup;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Memory of all installers together, in bytes, where the manifest says nothing.
pub(super) fn memory() -> u64 {
    let machine = total(&fs::read_to_string("/proc/meminfo").unwrap_or_default());
    let all = [machine, cgroup::memory_limit()].into_iter().flatten().min();
    memory_of(all.unwrap_or(GIB))
}

/// All but a quarter, and all but 256 MiB; of little, half.
fn memory_of(all: u64) -> u64 {
    all - (all / 4).max(256 * MIB).min(all / 2)
}

fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Bytes of a volume of `total` that installers leave free: 2 %, from 64 MiB to 1 GiB, and of a
/// small one an eighth.
fn reserve_of(total: u64) -> u64 {
    (total / 50).clamp(64 * MIB, GIB).min(total / 8)
}

/// What is free on the volume of `dir` and what has to stay free, in bytes, if it is less than
/// that. A volume that does not tell is never full.
pub(super) fn shortage(dir: &Path) -> Option<(u64, u64)> {
    let volume = rustix::fs::statvfs(dir).ok()?;
    let reserve = reserve_of(volume.f_blocks.saturating_mul(volume.f_frsize));
    let free = volume.f_bavail.saturating_mul(volume.f_frsize);
    (free < reserve).then_some((free, reserve))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_keeps_a_quarter_and_in_a_small_container_more() {
        assert_eq!(memory_of(16 * GIB), 12 * GIB);
        assert_eq!(memory_of(GIB), 768 * MIB);
        assert_eq!(memory_of(512 * MIB), 256 * MIB);
        assert_eq!(memory_of(256 * MIB), 128 * MIB);
    }

    #[test]
    fn the_reserve_fits_the_volume() {
        assert_eq!(reserve_of(10 * GIB), 10 * GIB / 50);
        assert_eq!(reserve_of(1000 * GIB), GIB);
        assert_eq!(reserve_of(GIB), 64 * MIB);
        assert_eq!(reserve_of(32 * MIB), 4 * MIB);
        assert_eq!(reserve_of(0), 0);
    }

    #[test]
    fn the_machines_memory_is_read_in_kibibytes() {
        assert_eq!(total("MemTotal:   2048 kB\nMemFree: 1 kB\n"), Some(2 * MIB));
        assert_eq!(total(""), None);
    }
}
