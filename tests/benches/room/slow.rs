//! Slow: measures delays in a room in which half of the members never read, beside
//! the same room without them.

use std::io;
use std::time::Duration;

use crate::case::{Side, joined};
use crate::delay::Schedule;
use crate::report::{Figure, Unit};
use crate::subject::Running;

const READERS: usize = 100;
const STALLED: usize = 100;

/// The length of a line: together with [`INTERVAL`] a megabyte a second per member.
const LINE_BYTES: usize = 2_000;
const INTERVAL: Duration = Duration::from_millis(2);

/// The length of the run. The kernel buffers about 3 MB for a stalled member and the
/// server 1 MiB more, so after 6 s it has lagged and was disconnected.
const TIME: Duration = Duration::from_secs(6);

/// Measures one side.
///
/// # Errors
///
/// When a reader is disconnected or a message to a reader is lost.
pub fn run(running: &Running, side: Side) -> io::Result<Vec<Figure>> {
    let stalled = match side {
        Side::WithoutStalled => READERS..READERS,
        _ => READERS..READERS + STALLED,
    };
    let mut generator = joined(running, stalled.end)?;
    for member in stalled.clone() {
        generator.stall(member)?;
    }
    let schedule = Schedule {
        senders: 1,
        readers: READERS,
        line_bytes: LINE_BYTES,
        interval: INTERVAL,
        time: TIME,
    };
    let title = format!("delay of {READERS} readers");
    let mut figures = schedule.measure(running, &mut generator, &title)?;
    let dropped = stalled.filter(|&it| generator.is_dropped(it)).count();
    figures.push(Figure {
        name: "stalled members disconnected".into(),
        unit: Unit::Count,
        value: dropped as f64,
        load: None,
    });
    Ok(figures)
}
