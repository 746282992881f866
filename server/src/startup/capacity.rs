//! Capacity: how many clients this machine holds, as the kernel reports it.
//!
//! Each client takes a thread and an open file. A transfer has a second file open, so it
//! takes the places of two clients (`connection/admission.rs`). Near the limit of memory
//! maps the start of a thread may abort the whole process, before any error can be
//! handled. So the capacity is computed once, at the start, with room to spare.

use std::fs;

/// A thread takes four memory maps: its stack, the stack for its signals, and
/// a guard page for each (measured).
const MAPS_PER_THREAD: usize = 4;

/// Open files that are not clients: listeners, the log, standard streams, and refused
/// connections.
const FILES_SPARED: usize = 64;

/// The capacity where the kernel reports nothing (no `/proc`): as many files as a
/// process may open by default nearly everywhere, less the spared.
const UNKNOWN: usize = 256 - FILES_SPARED;

/// Returns the number of clients that fit.
pub fn max_clients() -> usize {
    let status = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let number = |path: &str| status(path).trim().parse::<usize>().ok();
    let own = status("/proc/self/limits");
    let maps = number("/proc/sys/vm/max_map_count").map(|maps| share(maps) / MAPS_PER_THREAD);
    let threads = [
        number("/proc/sys/kernel/threads-max"),
        number("/proc/sys/kernel/pid_max"),
        number("/sys/fs/cgroup/pids.max"),
        own_limit(&own, "Max processes"),
    ];
    let files = own_limit(&own, "Max open files").map(spared_files);
    let threads = threads.into_iter().flatten().map(share);
    let all = threads.chain(maps).chain(files);
    all.min().unwrap_or(UNKNOWN).max(1)
}

/// Returns 80 % of a limit. The rest is for writers and for other programs.
fn share(limit: usize) -> usize {
    limit / 5 * 4
}

fn spared_files(limit: usize) -> usize {
    // With very few files, half of them is all that can be spared.
    limit.saturating_sub(FILES_SPARED).max(limit / 2)
}

/// Returns the soft limit in the line of `/proc/self/limits` that begins with `what`.
fn own_limit(limits: &str, what: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix(what))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read_and_unlimited_is_none() {
        let limits = "Limit            Soft Limit  Hard Limit  Units\n\
                      Max processes    unlimited   unlimited   processes\n\
                      Max open files   1024        4096        files\n";
        assert_eq!(own_limit(limits, "Max open files"), Some(1024));
        assert_eq!(own_limit(limits, "Max processes"), None);
        assert_eq!(own_limit("", "Max open files"), None);
    }

    #[test]
    fn few_files_still_hold_a_few_clients() {
        assert_eq!(spared_files(1000), 936);
        assert_eq!(spared_files(32), 16);
    }
}
