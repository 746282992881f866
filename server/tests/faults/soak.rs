//! Soak: all attacks one after the other, in any order. It takes seconds, or as long as
//! wanted:
//!
//! ```text
//! CHAT_SOAK_SECONDS=1200 cargo test -p server --test faults soak
//! ```

use std::thread;
use std::time::{Duration, Instant};

use tests::{ATTACKS, Attackers, Random};

use super::fixture::{FaultFixture, Scratch};

/// The most threads of one attack.
const MAX_THREADS: u64 = 8;

/// The longest time of one attack, in milliseconds.
const MAX_MILLIS: u64 = 3000;

/// The allowed growth of resident memory in KiB. The lists of departed members and the
/// stacks of a storm take about 25 MiB; after five minutes it grows no more (measured).
const MEMORY_SLACK: usize = 40 * 1024;

fn duration() -> Duration {
    let seconds = std::env::var("CHAT_SOAK_SECONDS").ok();
    Duration::from_secs(seconds.map_or(10, |seconds| seconds.parse().unwrap()))
}

/// Faults 56 to 58.
#[test]
fn attacks_in_any_order_cost_the_others_no_line_and_leave_nothing_behind() {
    let scratch = Scratch::new();
    let files = scratch.file("files");
    let options = ["--quiet", "--history", "1000", "--files", &files];
    let fixture = FaultFixture::start(&options);
    let mut random = Random::from_environment();
    let end = Instant::now() + duration();
    while Instant::now() < end {
        let attack = &ATTACKS[random.below(ATTACKS.len() as u64) as usize];
        let threads = 1 + random.below(MAX_THREADS) as usize;
        let _attackers = Attackers::start(fixture.address, attack, threads);
        thread::sleep(Duration::from_millis(random.below(MAX_MILLIS)));
    }
    fixture.check_within(MEMORY_SLACK);
}
