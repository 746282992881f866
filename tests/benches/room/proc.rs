//! `/proc` -> how busy, how big and how many-threaded a process is.

use std::fs;
use std::io::{self, Error};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

/// Linux counts a process's time in these on every machine of today, whatever
/// its own clock does (`getconf CLK_TCK`).
const TICKS_PER_SECOND: f64 = 100.0;

/// How much of one core was used, 1.0 is all of it, and over what time.
#[derive(Clone, Copy)]
pub struct Load {
    pub seconds: f64,
    pub generator: f64,
    /// More than 1.0 when the subject has several threads.
    pub subject: f64,
    /// All that is neither, the host of a virtual machine included: where it
    /// is not next to nothing, the figures beside it are not worth much.
    pub others: f64,
}

/// A measurement of load that has begun.
pub struct Watch {
    subject: u32,
    subject_ticks: f64,
    own_ticks: f64,
    all_ticks: f64,
    start: Instant,
}

impl Watch {
    /// Watches this process and the subject's.
    ///
    /// # Errors
    ///
    /// When the subject is gone.
    pub fn start(subject: u32) -> io::Result<Watch> {
        Ok(Watch {
            subject,
            subject_ticks: ticks(subject)?,
            own_ticks: ticks(process::id())?,
            all_ticks: all_ticks()?,
            start: Instant::now(),
        })
    }

    /// # Errors
    ///
    /// When the subject is gone.
    pub fn stop(self) -> io::Result<Load> {
        let seconds = self.start.elapsed().as_secs_f64();
        let all = all_ticks()? - self.all_ticks;
        let own = ticks(process::id())? - self.own_ticks;
        let subject = ticks(self.subject)? - self.subject_ticks;
        let cores = |ticks: f64| ticks / TICKS_PER_SECOND / seconds;
        Ok(Load {
            seconds,
            generator: cores(own),
            subject: cores(subject),
            others: cores(all - own - subject).max(0.0),
        })
    }
}

/// The time of all cores in which they had work, or waited for the host of a
/// virtual machine, see proc_stat(5).
fn all_ticks() -> io::Result<f64> {
    const IDLE: [usize; 2] = [3, 4];
    // The two fields after these are contained in the first two.
    const FIELDS: usize = 8;
    let text = fs::read_to_string("/proc/stat")?;
    let fields = text.split_whitespace().skip(1).take(FIELDS).enumerate();
    let busy = fields.filter(|(index, _)| !IDLE.contains(index));
    Ok(busy
        .filter_map(|(_, field)| field.parse::<f64>().ok())
        .sum())
}

/// User and system time of all its threads, see proc(5).
fn ticks(pid: u32) -> io::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path)?;
    // The second field is the program's name and may hold anything.
    let after_name = text.rsplit_once(") ").map(|(_, rest)| rest);
    let fields = after_name.unwrap_or_default().split(' ').skip(11).take(2);
    let ticks: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
    match ticks[..] {
        [user, system] => Ok(user + system),
        _ => Err(Error::other(format!("no times in {path}"))),
    }
}

/// Threads of a process.
///
/// # Errors
///
/// When it is gone.
pub fn threads(pid: u32) -> io::Result<f64> {
    field(&format!("/proc/{pid}/status"), "Threads:")
}

/// Resident memory of a process in KiB.
///
/// # Errors
///
/// When it is gone.
pub fn resident(pid: u32) -> io::Result<f64> {
    field(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// Memory in KiB that a process and its sockets are known to take: its own
/// with the page tables, and all stacks and small objects of the kernel, the
/// generator's ends of the sockets included. Unlike what the machine could
/// still give, it does not move when another program takes or frees memory.
///
/// # Errors
///
/// When the process is gone.
pub fn accounted(pid: u32) -> io::Result<f64> {
    let page_tables = field(&format!("/proc/{pid}/status"), "VmPTE:")?;
    let stacks = field("/proc/meminfo", "KernelStack:")?;
    let objects = field("/proc/meminfo", "Slab:")?;
    Ok(resident(pid)? + page_tables + stacks + objects)
}

/// Memory that the machine could still give, in KiB, as soon as it stands
/// still: what ended a moment ago gives its sockets and stacks back late.
///
/// # Errors
///
/// When there is no `/proc`.
pub fn available() -> io::Result<f64> {
    const STILL_KIB: f64 = 512.0;
    let mut last = field("/proc/meminfo", "MemAvailable:")?;
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(200));
        let now = field("/proc/meminfo", "MemAvailable:")?;
        if (now - last).abs() < STILL_KIB {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}

/// The number after a label such as `Threads:`.
fn field(path: &str, label: &str) -> io::Result<f64> {
    fs::read_to_string(path)?
        .lines()
        .find_map(|line| line.strip_prefix(label))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| Error::other(format!("no {label} in {path}")))
}
