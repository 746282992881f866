//! Crowd: measures 9,900 members in one room.
//!
//! The figures are the time in which they join, the bytes that they receive
//! meanwhile, the memory of each, and the throughput of one sender.

use std::io;
use std::time::Instant;

use crate::generator::Generator;
use crate::proc;
use crate::report::{Figure, Unit};
use crate::subject::Running;
use crate::throughput::Workload;

/// The number of members: less than half of 20,000 open files, which is enough for a
/// server that opens two per member.
pub const MEMBERS: usize = 9_900;

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Measures the room.
///
/// # Errors
///
/// When a member is refused or disconnected, most likely because the limit of open
/// files is too low (`ulimit -n 20000`).
pub fn run(running: &Running, seconds: f64) -> io::Result<Vec<Figure>> {
    let mut generator = Generator::new()?;
    let pid = running.pid();
    let available = proc::available()?;
    let accounted = proc::accounted(pid)?;
    let start = Instant::now();
    generator.join(running.address, MEMBERS)?;
    // Joining ends with the last notice, not with the silence after it. A summary
    // of many joins may be late, but it is small and part of the next measurement.
    let last_notice = generator.settle()?;
    let received = generator.received() as f64 / MEBIBYTE;
    let available = available - proc::available()?;
    let accounted = proc::accounted(pid)? - accounted;
    let resident = proc::resident(pid)?;
    let threads = proc::threads(pid)?;

    let figure = |title: &str, unit, value| Figure {
        name: format!("{MEMBERS} members: {title}"),
        unit,
        value,
        load: None,
    };
    let memory = |source: &str, all| {
        let title = format!("memory each, KiB, {source}");
        figure(&title, Unit::Kibibytes, all / MEMBERS as f64)
    };
    let mut figures = vec![
        figure(
            "all joined, s",
            Unit::Seconds,
            (last_notice - start).as_secs_f64(),
        ),
        figure("all joined, MiB received", Unit::Mebibytes, received),
        figure("threads", Unit::Count, threads),
        memory("accounted for", accounted),
        memory("by MemAvailable", available),
        memory("resident", resident),
    ];
    let workload = Workload::in_one_room(&generator, 1, seconds);
    figures.extend(workload.run(&mut generator, running)?);
    Ok(figures)
}
