//! Table: every option of `chat-client`, in the order of `--help`.

use std::path::PathBuf;

use common::options::Setter::{Flag, Value};
use common::options::{EarlyExit, OptionSpec};

use super::draft::Draft;
use super::model::{Layout, ReconnectChoice};
use crate::connection::Transport;

type Spec = OptionSpec<Draft>;

/// All options.
#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("--name", Value(|draft, _, value| { draft.name = Some(value.to_string()); Ok(()) }),
        "be called NAME; without it the client asks").short("-n").value("NAME"),
    Spec::new("--plain", Flag(|draft| { draft.layout = Layout::Plain; Ok(()) }),
        "plain lines instead of a divided screen"),
    Spec::new("--no-bell", Flag(|draft| { draft.bell = false; Ok(()) }),
        "do not ring for private messages and lines with your name"),
    Spec::new("--time", Value(|draft, _, value| draft.set_times(value)),
        "put the local time before each line, as in date +FORMAT; 'off' for none; only on a \
         terminal unless it is given").value("FORMAT").default("%H:%M"),
    Spec::new("--reconnect", Flag(|draft| draft.set_reconnect(ReconnectChoice::Always)),
        "connect again when the connection breaks; this is the default on a terminal"),
    Spec::new("--no-reconnect", Flag(|draft| draft.set_reconnect(ReconnectChoice::Never)),
        "end when the connection breaks; this is the default in a pipe"),
    Spec::new("--heartbeat", Value(|draft, _, value| draft.set_heartbeat(value)),
        "send a heartbeat every SECONDS, 0.1 to 3600; the connection counts as lost when no \
         line comes for three times as long").value("SECONDS").default("30"),
    Spec::new("--udp", Flag(|draft| draft.set_transport(Transport::Udp)),
        "use UDP; /stats shows what was lost"),
    Spec::new("--unframed", Flag(|draft| draft.set_transport(Transport::Unframed)),
        "for an unframed server: send each message with your name and without a newline"),
    Spec::new("--downloads", Value(|draft, _, value| { draft.downloads = PathBuf::from(value); Ok(()) }),
        "put the files that /get fetches into FOLDER").value("FOLDER").default("."),
    Spec::new("--send", Value(|draft, _, value| { draft.send = Some(PathBuf::from(value)); Ok(()) }),
        "share FILE and leave; no messages are shown").value("FILE"),
    Spec::new("--get", Value(|draft, _, value| draft.set_get(value)),
        "fetch file ID and leave; no messages are shown").value("ID"),
    Spec::new("--to", Value(|draft, _, value| { draft.to = Some(value.to_string()); Ok(()) }),
        "put the file of --get at PATH, a folder or a file; - is standard output").value("PATH"),
    Spec::new("--help", Flag(|_| Err(EarlyExit::Help)),
        "print this help").short("-h"),
    Spec::new("--version", Flag(|_| Err(EarlyExit::Version)),
        "print the version").short("-V"),
];
