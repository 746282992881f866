//! A room in which half of the members never read -> how late the messages of
//! the others are, beside the same room without those.

use std::io;
use std::time::Duration;

use crate::case::{Side, joined};
use crate::delay::Pace;
use crate::proc::Watch;
use crate::report::{Figure, Unit};
use crate::subject::Running;

const READERS: usize = 100;
const STALLED: usize = 100;

/// A megabyte a second to each member.
const LINE_BYTES: usize = 2_000;
const INTERVAL: Duration = Duration::from_millis(2);

/// The kernel takes some 3 MB for a stalled member and the server 1 MiB more.
/// After 6 s all that can happen has happened: it lagged, and was dropped.
const TIME: Duration = Duration::from_secs(6);

/// # Errors
///
/// When a reader is dropped or a message to a reader is lost.
pub fn run(running: &Running, side: Side) -> io::Result<Vec<Figure>> {
    let stalled = match side {
        Side::WithoutStalled => READERS..READERS,
        _ => READERS..READERS + STALLED,
    };
    let mut generator = joined(running, stalled.end)?;
    for member in stalled.clone() {
        generator.stall(member)?;
    }
    let pace = Pace {
        senders: 1,
        readers: READERS,
        line_bytes: LINE_BYTES,
        interval: INTERVAL,
        time: TIME,
    };
    let watch = Watch::start(running.pid())?;
    let delays = pace.run(&mut generator)?;
    let load = watch.stop()?;
    let dropped = stalled.filter(|&it| generator.is_dropped(it)).count();
    let title = format!("delay of {READERS} readers");
    Ok(vec![
        delays.figure(&title, 50, load),
        delays.figure(&title, 99, load),
        Figure {
            name: "stalled members dropped".into(),
            unit: Unit::Count,
            value: dropped as f64,
            load: None,
        },
    ])
}
