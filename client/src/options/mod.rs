//! Options: the command line of `chat-client`.
//!
//! Invariant: it reads no environment and prints nothing.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: nothing.

mod draft;
mod model;
mod table;

use std::ffi::OsString;

use common::options::{self, EarlyExit};

use draft::Draft;
pub use model::{Layout, Options, ReconnectChoice, TimeChoice};
use table::TABLE;

const HEAD: &str = "\
Talk in a chat room.

Usage: chat-client [OPTIONS] [HOST [PORT]]
       chat-client [OPTIONS] HOST:PORT | [IPV6]:PORT | PORT

The default address is 127.0.0.1, port 4000.

Options:
";

const TAIL: &str = "
Type a line and press Enter to send it. /quit, q, exit, bye, Ctrl-D and Ctrl-C
leave. A line that begins with / is a command to the server; // begins a text
with a slash. From a pipe each line is sent. At its end the client leaves, after
the transfers of /send and /get.

Exit codes: 0 left, or the file is there; 1 failure, 2 usage, 3 cannot connect,
4 name refused, 5 removed by the server, or the file refused, 6 connection lost.
";

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

/// Returns the rows of the manual's table of options.
pub fn manual_rows() -> String {
    options::manual_rows(TABLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Transport;
    use crate::screen::clock::TimeFormat;
    use crate::transfers::{Destination, Task};
    use common::Address;
    use std::time::Duration;

    fn read(line: &str) -> Result<Options, EarlyExit> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn an_address_stands_among_the_options() {
        let address = |line| read(line).unwrap().address;
        assert_eq!(address(""), Address::new("127.0.0.1", 4000));
        assert_eq!(address("--plain 5000"), Address::new("127.0.0.1", 5000));
    }

    #[test]
    fn options_stand_anywhere_and_every_value_may_be_attached() {
        let options = read("--name ann host --plain --heartbeat=1.5 99").unwrap();
        assert_eq!(options.name.as_deref(), Some("ann"));
        assert_eq!(options.layout, Layout::Plain);
        assert_eq!(options.heartbeat, Duration::from_millis(1500));
        assert_eq!(options.address, Address::new("host", 99));
        assert_eq!(read("-n ann").unwrap().name.as_deref(), Some("ann"));
        for option in TABLE.iter().filter(|option| option.value.is_some()) {
            let name = option.name;
            let others = "-n bot --get 1";
            let apart = read(&format!("{others} {name} 1"));
            assert_eq!(apart, read(&format!("{others} {name}=1")), "{name}");
        }
    }

    #[test]
    fn there_is_one_transport() {
        let transport = |line| read(line).unwrap().transport;
        assert_eq!(transport(""), Transport::Tcp);
        assert_eq!(transport("--udp --udp"), Transport::Udp);
        assert_eq!(transport("--unframed"), Transport::Unframed);
        for line in ["--udp --unframed", "--unframed --udp"] {
            assert!(matches!(read(line), Err(EarlyExit::Usage(_))));
        }
    }

    #[test]
    fn reconnecting_is_chosen_once() {
        let choice = |line| read(line).map(|options| options.reconnect);
        assert_eq!(choice(""), Ok(ReconnectChoice::OnTerminal));
        assert_eq!(choice("--reconnect"), Ok(ReconnectChoice::Always));
        let twice = "--no-reconnect --no-reconnect";
        assert_eq!(choice(twice), Ok(ReconnectChoice::Never));
        assert!(choice("--reconnect --no-reconnect").is_err());
    }

    #[test]
    fn times_have_a_format_or_are_off() {
        let times = |line| read(line).unwrap().times;
        assert_eq!(times(""), TimeChoice::OnTerminal);
        assert_eq!(times("--time off"), TimeChoice::Off);
        let seconds = TimeFormat::parse("%H:%M:%S").unwrap();
        assert_eq!(times("--time=%H:%M:%S"), TimeChoice::Format(seconds));
    }

    #[test]
    fn a_session_may_be_for_one_file() {
        let task = |line: &str| read(&format!("-n bot {line}")).unwrap().task;
        assert_eq!(task("--downloads x"), None);
        assert_eq!(task("--send a"), Some(Task::Send("a".into())));
        assert_eq!(task("--get 3"), Some(Task::Get(3, Destination::Downloads)));
        let output = Some(Task::Get(3, Destination::Output));
        assert_eq!(task("--get=#3 --to -"), output);
        let path = Some(Task::Get(3, Destination::Path("a".into())));
        assert_eq!(task("--to a --get 3"), path);
    }

    #[test]
    fn help_and_version_end_the_parsing() {
        assert_eq!(read("-h --nonsense"), Err(EarlyExit::Help));
        assert_eq!(read("host --help"), Err(EarlyExit::Help));
        assert_eq!(read("--version"), Err(EarlyExit::Version));
    }

    #[test]
    fn an_invalid_word_is_named() {
        #[track_caller]
        fn check(line: &str, part: &str) {
            match read(line) {
                Err(EarlyExit::Usage(why)) => assert!(why.contains(part), "{line:?}: {why}"),
                other => panic!("{line:?} was parsed as {other:?}"),
            }
        }
        check("--nonsense", "unrecognized option '--nonsense'");
        check("--name", "option '--name' requires an argument");
        check("--plain=yes", "option '--plain' doesn't allow an argument");
        check("--heartbeat 0", "not '0'");
        check("--heartbeat NaN", "not 'NaN'");
        check("--time %H.%q", "contains the unknown specifier %q");
        check("0", "1 to 65535");
        check("--send a", "require '--name'");
        check("-n a --unframed --send a", "do not work with '--unframed'");
        check("-n a --send a --get 1", "exclude");
        check("-n a --send a --to b", "requires '--get'");
        check("-n a --get x", "ID of a file");
    }
}
