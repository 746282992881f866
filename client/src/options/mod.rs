//! Turns the words of the command line into [`Options`].
//!
//! Written by hand, as the grammar is small, and over any iterator, so that a
//! test needs no process. It knows no environment and prints nothing.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use common::{Address, HEARTBEAT};

use crate::connection::Transport;
use crate::transfers::{Destination, Task, command};

/// What `--help` prints.
pub const HELP: &str = "\
Talk in a chat room.

Usage: chat-client [OPTIONS] [HOST [PORT]]
       chat-client [OPTIONS] HOST:PORT | [IPV6]:PORT | PORT

The room is at 127.0.0.1, port 4000, if nothing else is said.

Options:
  -n, --name NAME          be called NAME; asked for if not given
      --plain              plain lines instead of a divided screen
      --no-bell            do not ring when somebody names one, or writes to one
                           in private
      --heartbeat SECONDS  how often to show the server that we are here
                           (0.1 to 3600, normally 30); it counts as lost
                           when nothing was heard for three times as long
      --udp                talk over UDP; /stats counts what it has lost
      --unframed           talk to a server that knows no lines: each text is
                           sent as it is, with one's name and no newline
      --downloads FOLDER   where /get puts files, instead of this folder
      --send FILE          share FILE, print no messages, and leave
      --get ID             fetch file ID in the same way, to --downloads, or
      --to PATH            to this folder or file; - is standard output
  -h, --help               print this and end
  -V, --version            print the version and end

Type a line and press Enter to say it. /quit, q, exit, bye, Ctrl-D and Ctrl-C
leave. A line that begins with / is a command to the server; // says a text
that begins with a slash. From a pipe each line is said, and the end of the
input leaves, once the files are through that /send and /get have asked for.

Exit codes: 0 left, or the file is there; 1 failure, 2 usage, 3 cannot connect,
4 name refused, 5 removed by the server, or the file refused, 6 connection lost.
";

/// What the person wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Where the room is.
    pub address: Address,
    /// The name as it was given, not yet looked at.
    pub name: Option<String>,
    /// How the room should look.
    pub layout: Layout,
    /// Whether the terminal rings for what concerns the person.
    pub bell: bool,
    /// The time from one heartbeat to the next.
    pub heartbeat: Duration,
    /// How lines get to the server.
    pub transport: Transport,
    /// Where files go that are fetched; nothing is the folder we are in.
    pub downloads: PathBuf,
    /// The one file that it is all about, if it is.
    pub task: Option<Task>,
}

/// How the room should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Messages above, the line one types below, where a terminal can do it.
    Divided,
    /// One line after the other, in any case.
    Plain,
}

/// Why there are no options to go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EarlyExit {
    /// `--help` was asked for.
    Help,
    /// `--version` was asked for.
    Version,
    /// The words make no sense, for this reason.
    Usage(String),
}

/// Reads the words after the program's name.
///
/// # Errors
///
/// Says why the program should not go on; see [`Stop`].
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Options, EarlyExit> {
    let mut words = words.into_iter().map(text);
    let mut places = Vec::new();
    let mut name = None;
    let mut layout = Layout::Divided;
    let mut bell = true;
    let mut heartbeat = HEARTBEAT;
    let mut transport = Transport::Tcp;
    let mut downloads = PathBuf::new();
    let mut files = Files::default();
    while let Some(word) = words.next().transpose()? {
        // `--name=NAME` is the same as `--name NAME`.
        let (option, attached) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (word.as_str(), None),
        };
        // A closure, since only some options take the next word away.
        let mut value = || match attached {
            Some(value) => Ok(value.to_string()),
            None => words
                .next()
                .unwrap_or_else(|| usage(format!("{option} needs a value"))),
        };
        // An option without a value must not be given one: `--plain=no` would
        // be taken for its opposite.
        match (option, attached) {
            ("-n" | "--name", _) => name = Some(value()?),
            ("--heartbeat", _) => heartbeat = seconds(&value()?)?,
            ("--downloads", _) => downloads = PathBuf::from(value()?),
            ("--send", _) => files.send = Some(PathBuf::from(value()?)),
            ("--get", _) => files.get = Some(value()?),
            ("--to", _) => files.to = Some(value()?),
            ("--no-bell", None) => bell = false,
            ("--udp", None) => transport = choose(transport, Transport::Udp)?,
            ("--unframed", None) => transport = choose(transport, Transport::Unframed)?,
            ("--plain", None) => layout = Layout::Plain,
            ("-h" | "--help", None) => return Err(EarlyExit::Help),
            ("-V" | "--version", None) => return Err(EarlyExit::Version),
            _ if word.starts_with('-') => return usage(format!("there is no option {word:?}")),
            _ => places.push(word),
        }
    }
    let task = files.task()?;
    if task.is_some() && (name.is_none() || transport == Transport::Unframed) {
        return usage("--send and --get need --name, and a server that knows lines".into());
    }
    Ok(Options {
        // There is nothing to connect to at port 0.
        address: Address::parse(&places, 1..=u16::MAX).or_else(usage)?,
        name,
        layout,
        bell,
        heartbeat,
        transport,
        downloads,
        task,
    })
}

/// The options about one file.
#[derive(Default)]
struct Files {
    send: Option<PathBuf>,
    get: Option<String>,
    to: Option<String>,
}

impl Files {
    fn task(self) -> Result<Option<Task>, EarlyExit> {
        let to = match self.to.as_deref() {
            None => Destination::Downloads,
            Some("-") => Destination::Output,
            Some(path) => Destination::Path(PathBuf::from(path)),
        };
        match (self.send, self.get, to) {
            (None, None, Destination::Downloads) => Ok(None),
            (Some(path), None, Destination::Downloads) => Ok(Some(Task::Send(path))),
            (None, Some(id), to) => match command::parse_id(&id) {
                Some(id) => Ok(Some(Task::Get(id, to))),
                None => usage(format!("--get takes the number of a file, not {id:?}")),
            },
            (Some(_), Some(_), _) => usage("--send and --get exclude each other".into()),
            _ => usage("--to goes with --get".into()),
        }
    }
}

/// One may ask for the same twice, but not for two.
fn choose(before: Transport, now: Transport) -> Result<Transport, EarlyExit> {
    match before == Transport::Tcp || before == now {
        true => Ok(now),
        false => usage("--udp and --unframed exclude each other: --unframed is over TCP".into()),
    }
}

/// Says in one line what is wrong; the caller adds where to read more.
fn usage<T>(why: String) -> Result<T, EarlyExit> {
    Err(EarlyExit::Usage(why))
}

/// A word of the command line may be any bytes; ours are all text.
fn text(word: OsString) -> Result<String, EarlyExit> {
    word.into_string()
        .or_else(|word| usage(format!("{word:?} is not text")))
}

/// Less than a tenth of a second would be a flood, and more than an hour no
/// sign of life. The range also refuses `NaN`, which is in none.
fn seconds(text: &str) -> Result<Duration, EarlyExit> {
    match text.parse() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => usage(format!(
            "--heartbeat takes 0.1 to 3600 seconds, not {text:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, EarlyExit> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_place_stands_among_the_options() {
        let address = |line| read(line).unwrap().address;
        assert_eq!(address(""), Address::new("127.0.0.1", 4000));
        assert_eq!(address("--plain 5000"), Address::new("127.0.0.1", 5000));
    }

    #[test]
    fn options_stand_anywhere_and_take_their_value_either_way() {
        let options = read("--name ann host --plain --heartbeat=1.5 99").unwrap();
        assert_eq!(options.name.as_deref(), Some("ann"));
        assert_eq!(options.layout, Layout::Plain);
        assert_eq!(options.heartbeat, Duration::from_millis(1500));
        assert_eq!(options.address, Address::new("host", 99));
        assert_eq!(read("-n ann").unwrap().name.as_deref(), Some("ann"));
        assert_eq!(read("--name=ann").unwrap().name.as_deref(), Some("ann"));
    }

    #[test]
    fn there_is_one_way_to_talk() {
        let transport = |line| read(line).unwrap().transport;
        assert_eq!(transport(""), Transport::Tcp);
        assert_eq!(transport("--udp --udp"), Transport::Udp);
        assert_eq!(transport("--unframed"), Transport::Unframed);
        for line in ["--udp --unframed", "--unframed --udp"] {
            assert!(matches!(read(line), Err(EarlyExit::Usage(_))));
        }
    }

    #[test]
    fn one_may_come_for_one_file() {
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
    fn help_and_version_end_the_reading() {
        assert_eq!(read("-h --nonsense"), Err(EarlyExit::Help));
        assert_eq!(read("host --help"), Err(EarlyExit::Help));
        assert_eq!(read("--version"), Err(EarlyExit::Version));
    }

    #[test]
    fn nonsense_is_named() {
        #[track_caller]
        fn check(line: &str, part: &str) {
            match read(line) {
                Err(EarlyExit::Usage(why)) => assert!(why.contains(part), "{line:?}: {why}"),
                other => panic!("{line:?} was read as {other:?}"),
            }
        }
        check("--nonsense", "--nonsense");
        check("--name", "--name needs a value");
        check("--plain=yes", "--plain=yes");
        check("--heartbeat 0", "not \"0\"");
        check("--heartbeat NaN", "not \"NaN\"");
        check("0", "1 to 65535");
        check("--send a", "need --name");
        check("-n a --unframed --send a", "knows lines");
        check("-n a --send a --get 1", "exclude");
        check("-n a --send a --to b", "goes with --get");
        check("-n a --get x", "number of a file");
    }
}
