//! Quota: how much of the store all files, those of one host and those of one member may
//! take.
//!
//! An upload counts with its whole size from its beginning, so that it never lacks the
//! space that it was granted. A file of an earlier life of the server counts only
//! toward the whole store, because its member and host are not on disk.

use common::transfer::format_size;

use super::config::FilesConfig;
use crate::connection::MemberId;
use crate::connection::host::Host;

/// The unit in which nearly every file system gives out space.
const BLOCK: u64 = 4096;

/// A host may take a quarter of the store: much for a class behind one router, and it
/// takes four hosts to leave nothing to others.
const HOST_DIVISOR: usize = 4;

/// A member may take an eighth: others of its host have at least as much.
const MEMBER_DIVISOR: usize = 8;

/// The member and the host whose quotas a file counts toward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The member that sends or has sent the file.
    pub member: MemberId,
    /// The host from which it does. The file counts there after its member has left.
    pub host: Host,
}

/// The holder, if it is known, and the size in bytes of a file or upload.
pub type HeldFile = (Option<Holder>, u64);

/// Checks whether `holder` may share one more file, `name` of `size` bytes, beside the
/// files and uploads that are `held`.
///
/// # Errors
///
/// A sentence for the member that names the quota, if not.
pub fn check(
    config: &FilesConfig,
    held: &[HeldFile],
    holder: Holder,
    name: &str,
    size: u64,
) -> Result<(), String> {
    let of_host = |other: Holder| other.host == holder.host;
    let of_member = |other: Holder| other.member == holder.member;
    let used = |counts: &dyn Fn(Holder) -> bool| {
        let counts = |file: &&HeldFile| file.0.is_some_and(counts);
        Amount::of(held.iter().filter(counts))
    };
    let host_quota = quota(config, HOST_DIVISOR);
    let member_quota = quota(config, MEMBER_DIVISOR);
    let checks = [
        ("", Amount::of(held.iter()), quota(config, 1)),
        (" from your address", used(&of_host), host_quota),
        (" of yours", used(&of_member), member_quota),
    ];
    for (whose, used, quota) in checks {
        if used.files >= quota.files {
            let max = quota.files;
            return Err(format!("Too many files{whose}, the maximum is {max}."));
        }
        let left = quota.bytes.saturating_sub(used.bytes);
        if disk_bytes(size) > left {
            let (max, free) = (quota.bytes, left.saturating_sub(BLOCK));
            let [max, free] = [max, free].map(format_size);
            return Err(format!(
                "Not enough space for {name}, files{whose} may take {max} and {free} are free."
            ));
        }
    }
    Ok(())
}

/// A number of files, and the bytes that they take on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Amount {
    files: usize,
    bytes: u64,
}

impl Amount {
    fn of<'a>(files: impl Iterator<Item = &'a HeldFile>) -> Amount {
        let none = Amount { files: 0, bytes: 0 };
        files.fold(none, |sum, (_, size)| Amount {
            files: sum.files + 1,
            bytes: sum.bytes.saturating_add(disk_bytes(*size)),
        })
    }
}

/// Returns the quota that is this part of the store, but at least one file of the largest
/// size: a file that is allowed must fit.
fn quota(config: &FilesConfig, divisor: usize) -> Amount {
    let part = config.max_total_bytes / divisor as u64;
    let largest = disk_bytes(config.max_file_bytes);
    Amount {
        files: (config.max_files / divisor).max(1),
        bytes: part.max(largest).min(config.max_total_bytes),
    }
}

/// Returns the bytes on disk of a file of `size` bytes: whole blocks, and the block of its
/// metadata.
fn disk_bytes(size: u64) -> u64 {
    let blocks = size.div_ceil(BLOCK).saturating_add(1);
    blocks.saturating_mul(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_whole_blocks_and_one_more() {
        for (size, blocks) in [(1, 2), (4096, 2), (4097, 3)] {
            assert_eq!(disk_bytes(size), blocks * BLOCK, "{size}");
        }
        assert!(disk_bytes(u64::MAX) > u64::MAX - BLOCK);
    }

    #[test]
    fn a_quota_is_a_part_of_the_store_but_holds_the_largest_file() {
        let check = |max_file_bytes: u64, expected: u64| {
            let config = FilesConfig {
                max_file_bytes,
                max_total_bytes: 100 * BLOCK,
                max_files: 2,
                ..FilesConfig::new("")
            };
            let (files, bytes) = (1, expected * BLOCK);
            assert_eq!(quota(&config, HOST_DIVISOR), Amount { files, bytes });
        };
        check(BLOCK, 25);
        check(29 * BLOCK, 30);
        check(200 * BLOCK, 100);
    }
}
