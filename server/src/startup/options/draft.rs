//! Draft: the options while the command line is read, and the values that they take.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use common::options::EarlyExit;
use common::{Address, address};

use crate::accept::listeners::UdpPort;
use crate::files::config::FilesConfig;
use crate::limits::{Limits, Rate};
use crate::record::log::LogScope;
use crate::record::transcript::{self, TranscriptConfig};
use crate::startup::capacity;

/// The ports to listen at; 0 lets the system pick one.
const PORTS: RangeInclusive<u16> = 0..=u16::MAX;

/// The longest time of an option, in seconds: a year, so that no clock overflows.
const MAX_SECONDS: f64 = 365.0 * 86_400.0;

/// The options of a server.
#[derive(Debug)]
pub struct Options {
    /// The addresses to listen at, not looked up yet.
    pub addresses: Vec<Address>,
    /// The UDP port, if it listens there as well.
    pub udp: Option<UdpPort>,
    /// The limits of the server.
    pub limits: Limits,
    /// The events that are logged.
    pub log_scope: LogScope,
    /// The path of the log file.
    pub log: Option<String>,
    /// The path of the message of the day.
    pub motd: Option<String>,
    /// The transcript, if one is written.
    pub transcript: Option<TranscriptConfig>,
    /// The shared files, if sharing is on.
    pub files: Option<FilesConfig>,
}

/// The options so far. The transcript counts if it has a path, and so do the files.
pub(super) struct Draft {
    pub(super) limits: Limits,
    pub(super) log_scope: LogScope,
    pub(super) log: Option<String>,
    pub(super) motd: Option<String>,
    pub(super) transcript: TranscriptConfig,
    pub(super) files: FilesConfig,
    addresses: Vec<Address>,
    udp: Option<UdpPort>,
}

impl Draft {
    /// Makes a draft of the defaults.
    pub(super) fn new() -> Draft {
        Draft {
            limits: Limits {
                max_clients: capacity::max_clients(),
                ..Limits::default()
            },
            log_scope: LogScope::Everything,
            log: None,
            motd: None,
            transcript: TranscriptConfig {
                path: PathBuf::new(),
                max_bytes: transcript::MAX_BYTES,
                old_files: transcript::OLD_FILES,
            },
            files: FilesConfig::new(PathBuf::new()),
            addresses: Vec::new(),
            udp: None,
        }
    }

    /// Adds an address, with its port if that is a word of its own.
    pub(super) fn listen(&mut self, host: &str, port: Option<&str>) -> Result<(), EarlyExit> {
        let words: Vec<String> = [Some(host), port]
            .into_iter()
            .flatten()
            .map(str::to_string)
            .collect();
        self.addresses.push(parse_address(&words)?);
        Ok(())
    }

    /// Listens over UDP, at the TCP port if none is given.
    pub(super) fn listen_udp(&mut self, port: Option<&str>) -> Result<(), EarlyExit> {
        let parsed = port.map(|port| address::parse_port(port, PORTS));
        let port = parsed.transpose().map_err(EarlyExit::Usage)?;
        self.udp = Some(port.map_or(UdpPort::Same, UdpPort::At));
        Ok(())
    }

    /// Completes the options with the operands, the address.
    pub(super) fn finish(mut self, operands: &[String]) -> Result<Options, EarlyExit> {
        if self.addresses.is_empty() || !operands.is_empty() {
            self.addresses.insert(0, parse_address(operands)?);
        }
        let is_set = |path: &PathBuf| !path.as_os_str().is_empty();
        Ok(Options {
            addresses: self.addresses,
            udp: self.udp,
            limits: self.limits,
            log_scope: self.log_scope,
            log: self.log,
            motd: self.motd,
            transcript: Some(self.transcript).filter(|config| is_set(&config.path)),
            files: Some(self.files).filter(|config| is_set(&config.folder)),
        })
    }
}

fn parse_address(words: &[String]) -> Result<Address, EarlyExit> {
    Address::parse(words, PORTS).map_err(EarlyExit::Usage)
}

/// Parses a whole number of at least `min`.
pub(super) fn at_least(min: usize, name: &str, value: &str) -> Result<usize, EarlyExit> {
    let number = value.parse().ok().filter(|&number| number >= min);
    let expected = format!("a whole number from {min} on");
    number.ok_or_else(|| EarlyExit::invalid(name, value, &expected))
}

/// Parses a number of MiB into bytes.
pub(super) fn mib(name: &str, value: &str) -> Result<u64, EarlyExit> {
    let mib = at_least(1, name, value)? as u64;
    Ok(mib.saturating_mul(1024 * 1024))
}

/// Parses a number of seconds, from a millisecond to a year.
pub(super) fn seconds(name: &str, value: &str) -> Result<Duration, EarlyExit> {
    match value.parse::<f64>() {
        Ok(seconds) if (0.001..=MAX_SECONDS).contains(&seconds) => {
            Ok(Duration::from_secs_f64(seconds))
        }
        _ => Err(EarlyExit::invalid(name, value, "a number of seconds")),
    }
}

/// Parses `LINES`, `LINES:BURST` or `off`.
pub(super) fn rate(name: &str, value: &str) -> Result<Rate, EarlyExit> {
    if value == "off" {
        return Ok(Rate::Unlimited);
    }
    let (per_second, burst) = value.split_once(':').unwrap_or((value, "50"));
    let number = |text: &str| text.parse::<u32>().ok().filter(|&number| number > 0);
    match (number(per_second), number(burst)) {
        (Some(per_second), Some(burst)) => Ok(Rate::Limited { per_second, burst }),
        _ => Err(EarlyExit::invalid(name, value, "LINES[:BURST] or off")),
    }
}
