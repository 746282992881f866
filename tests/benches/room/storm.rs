//! Storm: measures the time until all are in who connect at one moment.

use std::io;
use std::time::Instant;

use crate::crowd::MEMBERS;
use crate::generator::Generator;
use crate::report::{Figure, Unit};
use crate::subject::Running;

/// Measures from the first connection to the last welcome. Each member sends its name as
/// soon as it is connected.
///
/// # Errors
///
/// When a member is refused or disconnected, most likely because the limit of open
/// files is too low (`ulimit -n 20000`).
pub fn run(running: &Running) -> io::Result<Vec<Figure>> {
    let mut generator = Generator::new()?;
    let start = Instant::now();
    generator.join_at_once(running.address, MEMBERS)?;
    Ok(vec![Figure {
        name: format!("{MEMBERS} join at one moment, s"),
        unit: Unit::Seconds,
        value: start.elapsed().as_secs_f64(),
        load: None,
    }])
}
