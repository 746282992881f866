//! Options: from the words of the command line to [`Options`].
//!
//! The parser is written by hand, because the grammar is small. It takes any iterator, so
//! a test needs no process.
//!
//! Invariant: it reads no environment and prints nothing.
//!
//! Writes: nothing.
//! Locks: nothing.
//! Blocks: nothing.

mod draft;
mod help;
mod model;
mod table;

use std::ffi::OsString;

use draft::{Draft, usage};
pub use help::help;
pub use model::{EarlyExit, Layout, Options};
use table::Setter;
pub use table::{OptionSpec, TABLE};

/// Parses the words after the program's name.
///
/// # Errors
///
/// The reason why the program should end; see [`EarlyExit`].
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Options, EarlyExit> {
    let mut words = words.into_iter().map(text);
    let mut address = Vec::new();
    let mut draft = Draft::new();
    while let Some(word) = words.next().transpose()? {
        if !word.starts_with('-') {
            address.push(word);
            continue;
        }
        // `--name=NAME` is the same as `--name NAME`.
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => (word.as_str(), None),
        };
        let found = TABLE
            .iter()
            .find(|option| option.name == name || option.short == Some(name));
        let Some(option) = found else {
            return usage(format!("unrecognized option '{name}'"));
        };
        match (&option.set, attached) {
            (Setter::Flag(set), None) => set(&mut draft)?,
            // A value would be taken for its opposite, as in `--plain=no`.
            (Setter::Flag(_), Some(_)) => {
                return usage(format!("option '{name}' doesn't allow an argument"));
            }
            (Setter::Value(set), Some(value)) => set(&mut draft, value.to_string())?,
            (Setter::Value(set), None) => match words.next().transpose()? {
                Some(value) => set(&mut draft, value)?,
                None => return usage(format!("option '{name}' requires an argument")),
            },
        }
    }
    draft.finish(&address)
}

/// Returns a word as text. The system permits any bytes.
fn text(word: OsString) -> Result<String, EarlyExit> {
    word.into_string()
        .or_else(|word| usage(format!("argument {word:?} is not valid UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::Transport;
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
        check("0", "1 to 65535");
        check("--send a", "require '--name'");
        check("-n a --unframed --send a", "do not work with '--unframed'");
        check("-n a --send a --get 1", "exclude");
        check("-n a --send a --to b", "requires '--get'");
        check("-n a --get x", "ID of a file");
    }
}
