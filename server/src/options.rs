//! Turns the command line into [`Options`].

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use common::{Address, address};

use crate::capacity;
use crate::files;
use crate::limits::{Limits, Rate, SMALLEST_BACKLOG};
use crate::listeners::UdpPort;
use crate::log::Scope;
use crate::transcript::{self, Settings};

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
    pub places: Vec<Address>,
    /// At which port to listen over UDP, if at all.
    pub udp: Option<UdpPort>,
    /// The limits, as they stand after all options.
    pub limits: Limits,
    /// What is logged.
    pub scope: Scope,
    /// The log file's path.
    pub log: Option<String>,
    /// The path of what everybody is told who comes in.
    pub motd: Option<String>,
    /// Where all that rooms hear is kept.
    pub transcript: Option<Settings>,
    /// Where the files lie that people share.
    pub files: Option<files::Settings>,
}

const HELP: &str = "\
A chat room for terminals.

Usage: chat-server [OPTIONS] [HOST [PORT]]     (also HOST:PORT, or PORT alone)

  HOST  where to listen: 127.0.0.1 for this machine alone (the default),
        0.0.0.0 or :: for everybody who can reach it
  PORT  4000 if none is given; 0 picks a free one

Options:
  --listen ADDRESS     listen there (HOST PORT, HOST:PORT or PORT) as well, or
                       instead if there is no HOST before; may be repeated
  --udp [PORT]         let people in over UDP as well, at PORT or the same one
  --max-clients N      how many may be connected at once
                       (default, and at most: what this machine holds, which is
                       printed at the start)
  --max-unnamed N      how many of them may have no name yet; past it the
                       oldest of these is closed (256)
  --per-address N      how many may come from one address; loopback is
                       exempt (64)
  --name-timeout SECS  how long a connection may take to give a name (30)
  --strict             only a newline ends a line: do not take a peer that sends
                       none, as classroom scripts do, for what it is
  --rate N[:BURST]     how many lines a second one client may send, and how
                       many at once; faster ones wait, none is lost (10:50).
                       --rate off lifts the limit
  --backlog KIB        how much may wait for a member that reads slowly,
                       before it is removed (1024)
  --stall SECS         how long such a member may take nothing at all (10)
  --heartbeat SECS     how often clients that keep a heartbeat send one; they
                       are removed when three are missing (30)
  --history N          how many lines each room keeps for those who come
                       later; 0 keeps none (1000)
  --crowd N            up to how many members a room is told of each who comes
                       or goes; above, only how many, every 10 s (50)
  --max-rooms N        how many rooms there may be at once (1000)
  --motd FILE          tell everybody who comes in the lines of FILE
  --files FOLDER       let people share files, which are kept in FOLDER
  --file-size MIB      how large one may be (100)
  --files-size MIB     how much all may take together (1024)
  --transfers N        how many transfers one member may have at once (4)
  --files-rate MIB     how much several may move in a second, together (200)
  --files-days N       how long a file is kept (30)
  --transcript FILE    append every line that a room hears to FILE
  --transcript-size MIB   begin a new FILE past this size (10)
  --transcript-keep N  how many older files to keep, as FILE.1 and so on (5)
  --log FILE           write the log to FILE as well, with the time
  --quiet              do not log what is said
  -h, --help           this
  -V, --version        the version

While it runs: type a line to say it to everybody, /help for commands, Ctrl-C to
stop, twice to stop at once.
Exit codes: 0 stopped, 1 failure, 2 usage, 3 cannot listen, 130 stopped at once.";

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
        clients: capacity::clients(),
        ..Limits::default()
    };
    let mut scope = Scope::Everything;
    let mut log = None;
    let mut motd = None;
    let mut kept = Settings {
        path: PathBuf::new(),
        most_bytes: transcript::MOST_BYTES,
        kept: transcript::KEPT,
    };
    let mut shared = files::Settings::of(PathBuf::new());
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
                let most = capacity::clients();
                limits.clients = at_least(1, &argument, &value()?)?.min(most);
            }
            "--max-unnamed" => limits.unnamed = at_least(1, &argument, &value()?)?,
            "--per-address" => limits.per_address = at_least(1, &argument, &value()?)?,
            "--name-timeout" => limits.naming = seconds(&argument, &value()?)?,
            "--strict" => limits.quiet = None,
            "--rate" => limits.rate = rate(&value()?)?,
            "--backlog" => {
                let least = SMALLEST_BACKLOG / 1024;
                let kib = at_least(least, &argument, &value()?)?;
                limits.backlog = kib.saturating_mul(1024);
            }
            "--stall" => limits.stall = seconds(&argument, &value()?)?,
            "--heartbeat" => limits.heartbeat = seconds(&argument, &value()?)?,
            "--history" => limits.history = at_least(0, &argument, &value()?)?,
            "--crowd" => limits.crowd = at_least(0, &argument, &value()?)?,
            "--max-rooms" => limits.rooms = at_least(1, &argument, &value()?)?,
            "--transcript" => kept.path = value()?.into(),
            "--transcript-size" => kept.most_bytes = mib(&argument, &value()?)?,
            "--transcript-keep" => {
                let files = at_least(0, &argument, &value()?)?;
                kept.kept = u32::try_from(files).unwrap_or(u32::MAX);
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
            "--file-size" => shared.most_bytes = mib(&argument, &value()?)?,
            "--files-size" => shared.all_bytes = mib(&argument, &value()?)?,
            "--files-rate" => shared.rate = mib(&argument, &value()?)?,
            "--transfers" => shared.transfers = at_least(1, &argument, &value()?)?,
            "--files-days" => {
                let days = at_least(1, &argument, &value()?)? as u64;
                shared.kept = Duration::from_secs(days.saturating_mul(86_400));
            }
            "--motd" => motd = Some(value()?),
            "--log" => log = Some(value()?),
            "--quiet" => scope = Scope::NoMessages,
            option if option.starts_with('-') => return Err(format!("unknown option {option}")),
            _ => words.push(argument),
        }
    }
    // Without a word about it, it listens where HOST and PORT have their defaults.
    if places.is_empty() || !words.is_empty() {
        places.insert(0, Address::parse(&words, PORTS)?);
    }
    Ok(Action::Serve(Box::new(Options {
        places,
        udp,
        limits,
        scope,
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
            let places = parsed(line).unwrap().places;
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
            assert_eq!(options.places[0].port, 4000, "{line}");
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
        assert_eq!(limits.stall, Duration::from_millis(500));
        assert_eq!(limits.backlog, 65_536);
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
