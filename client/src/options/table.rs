//! The table of options, from which the parser, `--help` and the manual's table come.

use std::path::PathBuf;

use super::draft::Draft;
use super::model::{EarlyExit, Layout};
use crate::connection::Transport;

/// An option of the program.
pub struct OptionSpec {
    /// The short form, as `-n`.
    pub short: Option<&'static str>,
    /// The long form, as `--name`.
    pub name: &'static str,
    /// The placeholder of its value, if it takes one.
    pub value: Option<&'static str>,
    /// The value if the option is not given.
    pub default: Option<&'static str>,
    /// The meaning, in a few words.
    pub help: &'static str,
    pub(super) set: Setter,
}

/// A function that applies an option to the draft.
pub(super) enum Setter {
    /// Applies an option without a value.
    Flag(fn(&mut Draft) -> Result<(), EarlyExit>),
    /// Applies an option with its value.
    Value(fn(&mut Draft, String) -> Result<(), EarlyExit>),
}

impl OptionSpec {
    /// Returns the row of the manual's table.
    pub fn manual_row(&self) -> String {
        let short = self.short.map_or(String::new(), |it| format!("`{it}`, "));
        let default = self.default.map_or(String::new(), |it| format!("`{it}`"));
        let usage = self.usage();
        format!("| {short}`{usage}` | {default} | {} |", self.help)
    }

    /// Returns the long form with the placeholder of its value.
    pub(super) fn usage(&self) -> String {
        let value = self.value.map_or(String::new(), |it| format!(" {it}"));
        format!("{}{value}", self.name)
    }
}

/// All options, in the order of `--help`.
pub const TABLE: &[OptionSpec] = &[
    OptionSpec {
        short: Some("-n"),
        name: "--name",
        value: Some("NAME"),
        default: None,
        help: "be called NAME; without it the client asks",
        set: Setter::Value(|draft, value| {
            draft.name = Some(value);
            Ok(())
        }),
    },
    OptionSpec {
        short: None,
        name: "--plain",
        value: None,
        default: None,
        help: "plain lines instead of a divided screen",
        set: Setter::Flag(|draft| {
            draft.layout = Layout::Plain;
            Ok(())
        }),
    },
    OptionSpec {
        short: None,
        name: "--no-bell",
        value: None,
        default: None,
        help: "do not ring for private messages and lines with your name",
        set: Setter::Flag(|draft| {
            draft.bell = false;
            Ok(())
        }),
    },
    OptionSpec {
        short: None,
        name: "--heartbeat",
        value: Some("SECONDS"),
        default: Some("30"),
        help: "send a heartbeat every SECONDS, 0.1 to 3600; the connection counts as lost \
               when no line comes for three times as long",
        set: Setter::Value(|draft, value| draft.set_heartbeat(&value)),
    },
    OptionSpec {
        short: None,
        name: "--udp",
        value: None,
        default: None,
        help: "use UDP; /stats shows what was lost",
        set: Setter::Flag(|draft| draft.set_transport(Transport::Udp)),
    },
    OptionSpec {
        short: None,
        name: "--unframed",
        value: None,
        default: None,
        help: "for an unframed server: send each message with your name and without a newline",
        set: Setter::Flag(|draft| draft.set_transport(Transport::Unframed)),
    },
    OptionSpec {
        short: None,
        name: "--downloads",
        value: Some("FOLDER"),
        default: Some("."),
        help: "put the files that /get fetches into FOLDER",
        set: Setter::Value(|draft, value| {
            draft.downloads = PathBuf::from(value);
            Ok(())
        }),
    },
    OptionSpec {
        short: None,
        name: "--send",
        value: Some("FILE"),
        default: None,
        help: "share FILE and leave; no messages are shown",
        set: Setter::Value(|draft, value| {
            draft.send = Some(PathBuf::from(value));
            Ok(())
        }),
    },
    OptionSpec {
        short: None,
        name: "--get",
        value: Some("ID"),
        default: None,
        help: "fetch file ID and leave; no messages are shown",
        set: Setter::Value(|draft, value| draft.set_get(&value)),
    },
    OptionSpec {
        short: None,
        name: "--to",
        value: Some("PATH"),
        default: None,
        help: "put the file of --get at PATH, a folder or a file; - is standard output",
        set: Setter::Value(|draft, value| {
            draft.to = Some(value);
            Ok(())
        }),
    },
    OptionSpec {
        short: Some("-h"),
        name: "--help",
        value: None,
        default: None,
        help: "print this help",
        set: Setter::Flag(|_| Err(EarlyExit::Help)),
    },
    OptionSpec {
        short: Some("-V"),
        name: "--version",
        value: None,
        default: None,
        help: "print the version",
        set: Setter::Flag(|_| Err(EarlyExit::Version)),
    },
];
