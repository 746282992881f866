//! Proc: reads processor time, memory and threads of a process from `/proc`.

use std::fs;
use std::io::{self, Error};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

/// The unit of processor times in `/proc` on every current Linux (`getconf CLK_TCK`).
const TICKS_PER_SECOND: f64 = 100.0;

/// A load of the machine, in cores: 1.0 is one core.
#[derive(Clone, Copy)]
pub struct Load {
    /// The length of the measurement.
    pub seconds: f64,
    pub generator: f64,
    /// More than 1.0 is possible, because the subject may have several threads.
    pub subject: f64,
    /// The load of all other processes, the host of a virtual machine included. If it
    /// is not small, the figures beside it are not reliable.
    pub others: f64,
}

/// A running measurement of load.
pub struct LoadMeasurement {
    subject: u32,
    subject_ticks: f64,
    own_ticks: f64,
    all_ticks: f64,
    start: Instant,
}

impl LoadMeasurement {
    /// Starts to measure this process and the subject.
    ///
    /// # Errors
    ///
    /// When the subject is gone.
    pub fn start(subject: u32) -> io::Result<LoadMeasurement> {
        Ok(LoadMeasurement {
            subject,
            subject_ticks: ticks(subject)?,
            own_ticks: ticks(process::id())?,
            all_ticks: all_ticks()?,
            start: Instant::now(),
        })
    }

    /// Ends the measurement.
    ///
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

/// Returns the busy time of all cores, with the time in which they waited for the host
/// of a virtual machine, see proc_stat(5).
fn all_ticks() -> io::Result<f64> {
    const IDLE: [usize; 2] = [3, 4];
    // The first two fields contain the two fields after these.
    const FIELDS: usize = 8;
    let text = fs::read_to_string("/proc/stat")?;
    let fields = text.split_whitespace().skip(1).take(FIELDS).enumerate();
    let busy = fields.filter(|(index, _)| !IDLE.contains(index));
    Ok(busy
        .filter_map(|(_, field)| field.parse::<f64>().ok())
        .sum())
}

/// Returns the user and system time of all threads of a process, see proc(5).
fn ticks(pid: u32) -> io::Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path)?;
    // The second field is the program's name and may contain any characters.
    let after_name = text.rsplit_once(") ").map(|(_, rest)| rest);
    let fields = after_name.unwrap_or_default().split(' ').skip(11).take(2);
    let ticks: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
    match ticks[..] {
        [user, system] => Ok(user + system),
        _ => Err(Error::other(format!("no times in {path}"))),
    }
}

/// Returns the number of threads of a process.
///
/// # Errors
///
/// When the process is gone.
pub fn threads(pid: u32) -> io::Result<f64> {
    field(&format!("/proc/{pid}/status"), "Threads:")
}

/// Returns the resident memory of a process in KiB.
///
/// # Errors
///
/// When the process is gone.
pub fn resident(pid: u32) -> io::Result<f64> {
    field(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// Returns the memory in KiB of a process and its sockets.
///
/// It is the process with its page tables, and all stacks and small objects of the
/// kernel, the generator's ends of the sockets included. Unlike [`available`], it does
/// not change when another program allocates or frees memory.
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

/// Returns the available memory of the machine in KiB, as soon as it is stable. The
/// sockets and stacks of an ended process are freed late.
///
/// # Errors
///
/// When there is no `/proc`.
pub fn available() -> io::Result<f64> {
    const STABLE_KIB: f64 = 512.0;
    let mut last = field("/proc/meminfo", "MemAvailable:")?;
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(200));
        let now = field("/proc/meminfo", "MemAvailable:")?;
        if (now - last).abs() < STABLE_KIB {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}

/// Reads the number after a label such as `Threads:`.
fn field(path: &str, label: &str) -> io::Result<f64> {
    fs::read_to_string(path)?
        .lines()
        .find_map(|line| line.strip_prefix(label))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| Error::other(format!("no {label} in {path}")))
}
