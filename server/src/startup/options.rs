//! Turns the command line into [`Options`].

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use common::{Address, address};

use super::capacity;
use super::help::HELP;
use crate::accept::listeners::UdpPort;
use crate::files::config::FilesConfig;
use crate::limits::{Limits, MIN_BACKLOG, Rate};
use crate::record::log::LogScope;
use crate::record::transcript::{self, TranscriptConfig};

/// What the command line asks for.
#[derive(Debug)]
pub enum Action {
    /// Run a server.
    Serve(Box<Options>),
    /// Print this and end.
    Print(String),
}

/// With what to run a server.
#[derive(Debug)]
pub struct Options {
    /// Where to listen; at least one.
    pub addresses: Vec<Address>,
    /// At which port to listen over UDP, if at all.
    pub udp: Option<UdpPort>,
    /// The limits, as they stand after all options.
    pub limits: Limits,
    /// What is logged.
    pub log_scope: LogScope,
    /// The log file's path.
    pub log: Option<String>,
    /// The path of what everybody is told who comes in.
    pub motd: Option<String>,
    /// Where all that rooms hear is kept.
    pub transcript: Option<TranscriptConfig>,
    /// Where the files lie that people share.
    pub files: Option<FilesConfig>,
}

/// Reads the arguments after the program's name.
///
/// # Errors
///
/// Says which argument is wrong, and how.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Action, String> {
    let text = |argument: OsString| {
        let shown = argument.to_string_lossy().into_owned();
        argument
            .into_string()
            .map_err(|_| format!("{shown} is no UTF-8 text"))
    };
    let arguments: Result<Vec<String>, String> = arguments.into_iter().map(text).collect();
    let mut arguments = arguments?.into_iter().peekable();
    let mut words = Vec::new();
    let mut places = Vec::new();
    let mut udp = None;
    let mut limits = Limits {
        max_clients: capacity::max_clients(),
        ..Limits::default()
    };
    let mut scope = LogScope::Everything;
    let mut log = None;
    let mut motd = None;
    let mut kept = TranscriptConfig {
        path: PathBuf::new(),
        max_bytes: transcript::MAX_BYTES,
        old_files: transcript::OLD_FILES,
    };
    let mut shared = FilesConfig::new(PathBuf::new());
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next();
            value.ok_or_else(|| format!("{argument} needs a value after it"))
        };
        match argument.as_str() {
            "-h" | "--help" => return Ok(Action::Print(HELP.to_string())),
            "-V" | "--version" => {
                let version = env!("CARGO_PKG_VERSION");
                return Ok(Action::Print(format!("chat-server {version}")));
            }
            "--max-clients" => {
                // More than the machine holds would end in an abort, not an error.
                let max = capacity::max_clients();
                limits.max_clients = at_least(1, &argument, &value()?)?.min(max);
            }
            "--max-unnamed" => limits.max_unnamed = at_least(1, &argument, &value()?)?,
            "--per-address" => limits.max_per_address = at_least(1, &argument, &value()?)?,
            "--name-timeout" => limits.name_timeout = seconds(&argument, &value()?)?,
            "--strict" => limits.unframed_delay = None,
            "--rate" => limits.rate = rate(&value()?)?,
            "--backlog" => {
                let least = MIN_BACKLOG / 1024;
                let kib = at_least(least, &argument, &value()?)?;
                limits.max_backlog = kib.saturating_mul(1024);
            }
            "--stall" => limits.stall_timeout = seconds(&argument, &value()?)?,
            "--heartbeat" => limits.heartbeat = seconds(&argument, &value()?)?,
            "--history" => limits.history_lines = at_least(0, &argument, &value()?)?,
            "--crowd" => limits.join_notice_limit = at_least(0, &argument, &value()?)?,
            "--max-rooms" => limits.max_rooms = at_least(1, &argument, &value()?)?,
            "--transcript" => kept.path = value()?.into(),
            "--transcript-size" => kept.max_bytes = mib(&argument, &value()?)?,
            "--transcript-keep" => {
                let files = at_least(0, &argument, &value()?)?;
                kept.old_files = u32::try_from(files).unwrap_or(u32::MAX);
            }
            "--listen" => {
                let mut place = vec![value()?];
                place.extend(arguments.next_if(|next| is_number(next)));
                places.push(Address::parse(&place, PORTS)?);
            }
            "--udp" => {
                let port = arguments.next_if(|next| is_number(next));
                let port = port
                    .map(|port| address::parse_port(&port, PORTS))
                    .transpose()?;
                udp = Some(port.map_or(UdpPort::Same, UdpPort::At));
            }
            "--files" => shared.folder = value()?.into(),
            "--file-size" => shared.max_file_bytes = mib(&argument, &value()?)?,
            "--files-size" => shared.max_total_bytes = mib(&argument, &value()?)?,
            "--files-rate" => shared.rate = mib(&argument, &value()?)?,
            "--transfers" => shared.max_transfers = at_least(1, &argument, &value()?)?,
            "--files-days" => {
                let days = at_least(1, &argument, &value()?)? as u64;
                shared.max_age = Duration::from_secs(days.saturating_mul(86_400));
            }
            "--motd" => motd = Some(value()?),
            "--log" => log = Some(value()?),
            "--quiet" => scope = LogScope::NoMessages,
            option if option.starts_with('-') => return Err(format!("unknown option {option}")),
            _ => words.push(argument),
        }
    }
    // Without a word about it, it listens where HOST and PORT have their defaults.
    if places.is_empty() || !words.is_empty() {
        places.insert(0, Address::parse(&words, PORTS)?);
    }
    Ok(Action::Serve(Box::new(Options {
        addresses: places,
        udp,
        limits,
        log_scope: scope,
        log,
        motd,
        transcript: Some(kept).filter(|kept| kept.path != PathBuf::new()),
        files: Some(shared).filter(|shared| shared.folder != PathBuf::new()),
    })))
}

/// A listener at port 0 gets a free one from the system.
const PORTS: RangeInclusive<u16> = 0..=u16::MAX;

fn at_least(least: usize, option: &str, value: &str) -> Result<usize, String> {
    match value.parse() {
        Ok(number) if number >= least => Ok(number),
        _ => Err(format!(
            "{option} takes a whole number from {least} on, not {value}"
        )),
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn mib(option: &str, value: &str) -> Result<u64, String> {
    let mib = at_least(1, option, value)? as u64;
    Ok(mib.saturating_mul(1024 * 1024))
}

/// A year is as good as for ever, and cannot overflow a clock.
const LONGEST: f64 = 365.0 * 86_400.0;

fn seconds(option: &str, value: &str) -> Result<Duration, String> {
    match value.parse::<f64>() {
        Ok(seconds) if (0.001..=LONGEST).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(format!("{option} takes a number of seconds, not {value}")),
    }
}

fn rate(value: &str) -> Result<Rate, String> {
    if value == "off" {
        return Ok(Rate::Unlimited);
    }
    let (per_second, burst) = value.split_once(':').unwrap_or((value, "50"));
    let number = |text: &str| text.parse::<u32>().ok().filter(|&number| number > 0);
    match (number(per_second), number(burst)) {
        (Some(per_second), Some(burst)) => Ok(Rate::Limited { per_second, burst }),
        _ => Err(format!("--rate takes LINES[:BURST] or off, not {value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        match parse(line.split_whitespace().map(OsString::from))? {
            Action::Serve(options) => Ok(*options),
            Action::Print(text) => Err(text),
        }
    }

    #[test]
    fn it_listens_at_every_address_that_is_named() {
        let check = |line: &str, expected: &[&str]| {
            let places = parsed(line).unwrap().addresses;
            let places: Vec<String> = places.iter().map(Address::to_string).collect();
            assert_eq!(places, expected, "{line}");
        };
        check("", &["127.0.0.1:4000"]);
        check("0.0.0.0 0", &["0.0.0.0:0"]);
        check("--listen ::1", &["[::1]:4000"]);
        check(
            "--listen ::1 5 --listen 10.0.0.7",
            &["[::1]:5", "10.0.0.7:4000"],
        );
        check("--listen [::1]:5 --listen 6", &["[::1]:5", "127.0.0.1:6"]);
        check("0.0.0.0 --listen ::1", &["0.0.0.0:4000", "[::1]:4000"]);
    }

    #[test]
    fn udp_has_a_port_of_its_own_if_one_is_given() {
        let check = |line: &str, expected: Option<UdpPort>| {
            let options = parsed(line).unwrap();
            assert_eq!(options.udp, expected, "{line}");
            assert_eq!(options.addresses[0].port, 4000, "{line}");
        };
        check("", None);
        check("--udp", Some(UdpPort::Same));
        check("--udp 5000", Some(UdpPort::At(5000)));
        check("--udp localhost", Some(UdpPort::Same));
        check("--udp --strict", Some(UdpPort::Same));
        assert!(parsed("--udp 70000").is_err());
    }

    #[test]
    fn options_change_their_limit() {
        let limits = parsed("--stall 0.5 --rate 5:7 --backlog 64")
            .unwrap()
            .limits;
        assert_eq!(limits.stall_timeout, Duration::from_millis(500));
        assert_eq!(limits.max_backlog, 65_536);
        let (per_second, burst) = (5, 7);
        assert_eq!(limits.rate, Rate::Limited { per_second, burst });
        assert_eq!(parsed("--rate off").unwrap().limits.rate, Rate::Unlimited);
    }

    #[test]
    fn mistakes_are_named() {
        let check = |line: &str, named: &str| {
            let error = parsed(line).map(|_| ()).unwrap_err();
            assert!(error.contains(named), "{line}: {error}");
        };
        check("--what", "--what");
        check("--log", "--log needs a value");
        check("localhost x", "invalid port \"x\"");
        check("localhost 65536", "from 0 to 65535");
        check("a b c", "c");
        check("--listen :x", "invalid address");
        check("--listen a:1 2", "extra operand \"2\"");
        check("--rate 0", "--rate");
        check("--max-clients 0", "from 1 on");
        check("--stall -1", "--stall");
        check("--stall nan", "--stall");
    }
}
