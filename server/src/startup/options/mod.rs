//! Options: the command line of `chat-server`.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: no; it reads `/proc` once, for the capacity.

mod draft;
mod table;

use std::ffi::OsString;

use common::options::{self, EarlyExit};

use draft::Draft;
pub use draft::Options;
use table::TABLE;

const HEAD: &str = "\
A chat room for terminals.

Usage: chat-server [OPTIONS] [HOST [PORT]]     (also HOST:PORT, or PORT alone)

  HOST  where to listen: 127.0.0.1 for this machine alone (the default),
        0.0.0.0 or :: for everybody who can reach it
  PORT  4000 if none is given; 0 picks a free one

Options:
";

const TAIL: &str = "
While it runs: type a line to say it to everybody, /help for commands, Ctrl-C to
stop, twice to stop at once.
Exit codes: 0 stopped, 1 failure, 2 usage, 3 cannot listen, 130 stopped at once.";

/// Parses the words after the program's name.
///
/// # Errors
///
/// The reason why the program must end; see [`EarlyExit`].
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Options, EarlyExit> {
    let mut draft = Draft::new();
    let operands = options::parse(TABLE, words, &mut draft)?;
    draft.finish(&operands)
}

/// Returns the text of `--help`.
pub fn help() -> String {
    format!("{HEAD}{}{TAIL}", options::help(TABLE))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use common::Address;

    use super::*;
    use crate::accept::listeners::UdpPort;
    use crate::limits::Rate;

    fn read(line: &str) -> Result<Options, EarlyExit> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn it_listens_at_every_address_that_is_named() {
        let check = |line: &str, expected: &[&str]| {
            let addresses = read(line).unwrap().addresses;
            let addresses: Vec<String> = addresses.iter().map(Address::to_string).collect();
            assert_eq!(addresses, expected, "{line}");
        };
        check("", &["127.0.0.1:4000"]);
        check("0.0.0.0 0", &["0.0.0.0:0"]);
        check("--listen ::1", &["[::1]:4000"]);
        check("--listen=[::1]:7", &["[::1]:7"]);
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
            let options = read(line).unwrap();
            assert_eq!(options.udp, expected, "{line}");
            assert_eq!(options.addresses[0].port, 4000, "{line}");
        };
        check("", None);
        check("--udp", Some(UdpPort::Same));
        check("--udp 5000", Some(UdpPort::At(5000)));
        check("--udp=5000", Some(UdpPort::At(5000)));
        check("--udp localhost", Some(UdpPort::Same));
        check("--udp --strict", Some(UdpPort::Same));
        assert!(read("--udp 70000").is_err());
    }

    #[test]
    fn options_change_their_limit() {
        let limits = read("--stall 0.5 --rate=5:7 --backlog 64").unwrap().limits;
        assert_eq!(limits.stall_timeout, Duration::from_millis(500));
        assert_eq!(limits.max_backlog, 65_536);
        let (per_second, burst) = (5, 7);
        assert_eq!(limits.rate, Rate::Limited { per_second, burst });
        assert_eq!(read("--rate off").unwrap().limits.rate, Rate::Unlimited);
    }

    #[test]
    fn each_default_in_the_table_is_what_the_server_does_without_it() {
        let without = format!("{:?}", read("--files a --transcript b").unwrap());
        for option in TABLE {
            if let Some(default) = option.default {
                let line = format!("--files a --transcript b {}={default}", option.name);
                let with = format!("{:?}", read(&line).unwrap());
                assert_eq!(with, without, "{}", option.name);
            }
        }
    }

    #[test]
    fn the_manual_has_the_table() {
        let manual = include_str!("../../../README.md");
        for row in options::manual_rows(TABLE).lines() {
            assert!(manual.contains(row), "server/README.md lacks\n{row}");
        }
    }

    #[test]
    fn an_invalid_word_is_named() {
        #[track_caller]
        fn check(line: &str, part: &str) {
            match read(line) {
                Err(EarlyExit::Usage(why)) => assert!(why.contains(part), "{line}: {why}"),
                other => panic!("{line} was parsed as {other:?}"),
            }
        }
        check("--what", "unrecognized option '--what'");
        check("--log", "option '--log' requires an argument");
        check("--quiet=no", "option '--quiet' doesn't allow an argument");
        check("localhost x", "invalid port \"x\"");
        check("localhost 65536", "from 0 to 65535");
        check("a b c", "c");
        check("--listen :x", "invalid address");
        check("--listen a:1 2", "extra operand \"2\"");
        check(
            "--rate 0",
            "invalid value '0' for '--rate', expected LINES[:BURST]",
        );
        check("--max-clients 0", "a whole number from 1 on");
        check("--stall -1", "'--stall', expected a number of seconds");
        check("--stall nan", "'--stall'");
    }
}
