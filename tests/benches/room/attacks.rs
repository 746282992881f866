//! Attacks: measures delays in a room while others try to take more than their share,
//! beside the same room in peace.
//!
//! The server has the limits of an ordinary start.

use std::io;
use std::time::Duration;

use tests::{Attack, Attackers};

use crate::case::{Side, joined};
use crate::delay::Schedule;
use crate::files::Folder;
use crate::report::Figure;
use crate::subject::Subject;

/// The members whose messages are measured. In turns they stay below the rate limit.
const MEMBERS: usize = 20;
const LINE_BYTES: usize = 100;
const INTERVAL: Duration = Duration::from_millis(20);

/// The number of attackers at once.
const ATTACKERS: usize = 8;

/// Measures one attack on one side.
///
/// # Errors
///
/// When the server does not start, a member is disconnected or a message is lost.
pub fn run(attack: &Attack, side: Side, server: &Subject, seconds: f64) -> io::Result<Vec<Figure>> {
    let folder = Folder::new()?;
    let running = server.start_limited(&folder.store())?;
    let mut generator = joined(&running, MEMBERS)?;
    let attackers = match side {
        Side::WithoutAttackers => 0,
        _ => ATTACKERS,
    };
    let attackers = Attackers::start(running.address, attack, attackers);
    let schedule = Schedule {
        senders: MEMBERS,
        readers: MEMBERS,
        line_bytes: LINE_BYTES,
        interval: INTERVAL,
        time: Duration::from_secs_f64(2.0 * seconds),
    };
    let figures = schedule.measure(&running, &mut generator, attack.name);
    drop(attackers);
    figures
}
