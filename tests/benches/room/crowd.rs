//! 9,900 members in one room -> the time in which they join, what they are told
//! meanwhile, what each costs, and how fast one of them is heard by all.

use std::io;
use std::time::Instant;

use crate::generator::Generator;
use crate::proc;
use crate::report::{Figure, Unit};
use crate::subject::Running;
use crate::throughput::Talk;

/// Fewer than half of 20,000 open files, so that a server which opened two per
/// member, and the generator, would still get along.
pub const MEMBERS: usize = 9_900;

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// # Errors
///
/// When a member is refused or dropped; most likely the open files are too few
/// (`ulimit -n 20000`).
pub fn run(running: &Running, seconds: f64) -> io::Result<Vec<Figure>> {
    let mut generator = Generator::new()?;
    let pid = running.pid();
    let available = proc::available()?;
    let accounted = proc::accounted(pid)?;
    let start = Instant::now();
    generator.join(running.address, MEMBERS)?;
    // It is over when the last has heard of it, not when the silence after
    // that is over. Who tells of many joins in one notice may be late with it:
    // such a one is small, and comes into the measurement that follows.
    let told = generator.settle()?;
    let received = generator.received() as f64 / MEBIBYTE;
    let available = available - proc::available()?;
    let accounted = proc::accounted(pid)? - accounted;
    let resident = proc::resident(pid)?;
    let threads = proc::threads(pid)?;

    let figure = |what: &str, unit, value| Figure {
        name: format!("{MEMBERS} members: {what}"),
        unit,
        value,
        load: None,
    };
    let memory = |how: &str, all| {
        let what = format!("memory each, KiB, {how}");
        figure(&what, Unit::Kibibytes, all / MEMBERS as f64)
    };
    let mut figures = vec![
        figure("all joined, s", Unit::Seconds, (told - start).as_secs_f64()),
        figure("all joined, MiB received", Unit::Mebibytes, received),
        figure("threads", Unit::Count, threads),
        memory("accounted for", accounted),
        memory("by MemAvailable", available),
        memory("resident", resident),
    ];
    let talk = Talk::in_one_room(&generator, 1, seconds);
    figures.extend(talk.run(&mut generator, running)?);
    Ok(figures)
}
