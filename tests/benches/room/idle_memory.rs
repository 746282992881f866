//! Idle memory: measures the memory of the server's process for each member that only
//! waits, with all capabilities and without any.
//!
//! The difference of the two sides is what the capabilities cost an idle member. The
//! memory of the sockets in the kernel is left out, because it is the same.

use std::io;

use crate::case::{Side, joined_with};
use crate::generator::Requests;
use crate::proc;
use crate::report::{Figure, Unit};
use crate::subject::Running;

const MEMBERS: usize = 2000;

/// The members that join before the first measurement, so that what the server
/// allocates once is not counted.
const FIRST_MEMBERS: usize = 100;

/// Measures one side.
///
/// # Errors
///
/// When a member is refused or disconnected, most likely because the limit of open
/// files is too low (`ulimit -n 20000`).
pub fn run(running: &Running, side: Side) -> io::Result<Vec<Figure>> {
    let requests: Requests = match side {
        // Another build may not know them.
        Side::WithoutCapabilities | Side::Before => |_| None,
        _ => |_| Some("time id resume heartbeat"),
    };
    let pid = running.pid();
    let mut generator = joined_with(running, FIRST_MEMBERS, requests)?;
    let before = proc::resident(pid)?;
    generator.join(running.address, FIRST_MEMBERS + MEMBERS)?;
    generator.settle()?;
    let grown = proc::resident(pid)? - before;
    Ok(vec![Figure {
        name: format!("{MEMBERS} idle members: memory each, KiB"),
        unit: Unit::Kibibytes,
        value: grown / MEMBERS as f64,
        load: None,
    }])
}
