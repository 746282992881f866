//! Tests: the language of the tests. A client joins, says something, and another client
//! expects it in time.
//!
//! Nothing here sleeps to wait for an event. Every wait is for a line, a close or a
//! number. After the [`DEADLINE`] it panics with all lines received so far.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod attacks;
mod bystanders;
mod capable_client;
mod commands;
mod cutting_proxy;
mod delay_proxy;
mod process;
mod random;
mod resuming_client;
mod test_client;
mod udp_test_client;

use std::time::{Duration, Instant};

pub use attacks::{ATTACKS, Attack, Attackers};
pub use bystanders::Bystanders;
pub use commands::type_every_command;
pub use cutting_proxy::CuttingProxy;
pub use delay_proxy::start_delay_proxy;
pub use process::{Running, Usage};
pub use random::Random;
pub use resuming_client::ResumingClient;
pub use test_client::TestClient;
pub use udp_test_client::UdpTestClient;

/// The timeout of every wait. It is far longer than needed, because the machine may be
/// busy. A passing test never waits for it.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Repeats `look` until it finds something. It is for conditions without an event, such
/// as a number in `/proc`.
///
/// # Panics
///
/// When the deadline is over, with `what` as the missing condition.
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
