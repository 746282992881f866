//! The language that the tests are written in: somebody joins, says something,
//! and somebody else expects it, in time.
//!
//! Nothing here sleeps to wait for something. Every wait is for a line, a close
//! or a number, and ends with a panic that shows all that was heard so far when
//! the [`DEADLINE`] is over.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod bystanders;
mod commands;
mod process;
mod test_client;
mod udp_test_client;

use std::time::{Duration, Instant};

pub use bystanders::Bystanders;
pub use commands::type_every_command;
pub use process::{Running, Usage};
pub use test_client::TestClient;
pub use udp_test_client::UdpTestClient;

/// How long anything may take that a test waits for. Far longer than it should,
/// as the machine may be busy; a test that passes never waits for it.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until `look` finds something, looking again and again.
///
/// For what cannot be waited for otherwise, such as a number in `/proc`.
///
/// # Panics
///
/// When the deadline is over; `what` says what was waited for.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
