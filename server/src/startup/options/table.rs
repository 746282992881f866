//! Table: every option of `chat-server`, in the order of `--help`.

use std::time::Duration;

use common::options::Setter::{Flag, OptionalNumber, Value, ValueAndNumber};
use common::options::{EarlyExit, OptionSpec};

use super::draft::{Draft, at_least, mib, rate, seconds};
use crate::limits::MIN_BACKLOG;
use crate::record::log::LogScope;
use crate::startup::capacity;

type Spec = OptionSpec<Draft>;

/// All options. More clients than the machine holds would end in an abort, not an error.
#[rustfmt::skip]
pub(super) const TABLE: &[Spec] = &[
    Spec::new("--listen", ValueAndNumber(Draft::listen),
        "listen there (HOST PORT, HOST:PORT or PORT) as well, or instead if there is no HOST \
         before; may be repeated").value("ADDRESS"),
    Spec::new("--udp", OptionalNumber(Draft::listen_udp),
        "let people join over UDP as well, at PORT or the same one").value("[PORT]"),
    Spec::new("--max-clients", Value(|draft, name, value| {
        let capacity = capacity::max_clients();
        draft.limits.max_clients = at_least(1, name, value)?.min(capacity);
        Ok(())
    }),
        "how many may be connected at once, where a transfer counts twice; the default, and the \
         maximum, is what this machine holds, which is printed at the start").value("N"),
    Spec::new("--max-unnamed", Value(|draft, name, value| { draft.limits.max_unnamed = at_least(1, name, value)?; Ok(()) }),
        "how many of them may have no name yet; past it the oldest of these is closed").value("N").default("256"),
    Spec::new("--per-address", Value(|draft, name, value| { draft.limits.max_per_address = at_least(1, name, value)?; Ok(()) }),
        "how many may come from one address, or one IPv6 /64 network; loopback is exempt").value("N").default("64"),
    Spec::new("--name-timeout", Value(|draft, name, value| { draft.limits.name_timeout = seconds(name, value)?; Ok(()) }),
        "how long a connection may take to give a name").value("SECONDS").default("30"),
    Spec::new("--strict", Flag(|draft| { draft.limits.unframed_delay = None; Ok(()) }),
        "only a newline ends a line; without it a peer that sends none, as classroom scripts \
         do, is recognised after 250 ms"),
    Spec::new("--rate", Value(|draft, name, value| { draft.limits.rate = rate(name, value)?; Ok(()) }),
        "how many lines a second one client may send, and how many at once; faster ones wait, \
         none is lost; off lifts the limit").value("N[:BURST]").default("10:50"),
    Spec::new("--backlog", Value(|draft, name, value| {
        let kib = at_least(MIN_BACKLOG / 1024, name, value)?;
        draft.limits.max_backlog = kib.saturating_mul(1024);
        Ok(())
    }),
        "how much may wait for a member that reads slowly, before it is disconnected").value("KIB").default("1024"),
    Spec::new("--stall", Value(|draft, name, value| { draft.limits.stall_timeout = seconds(name, value)?; Ok(()) }),
        "how long a member that reads slowly may take nothing at all").value("SECONDS").default("10"),
    Spec::new("--heartbeat", Value(|draft, name, value| { draft.limits.heartbeat = seconds(name, value)?; Ok(()) }),
        "how often clients that keep a heartbeat send one; they are disconnected when three are \
         missing").value("SECONDS").default("30"),
    Spec::new("--leave-delay", Value(|draft, name, value| { draft.limits.leave_delay = seconds(name, value)?; Ok(()) }),
        "how long after a break others are told, if the member can resume")
        .value("SECONDS").default("10"),
    Spec::new("--resume", Value(|draft, name, value| { draft.limits.token_lifetime = seconds(name, value)?; Ok(()) }),
        "how long such a member can resume").value("SECONDS").default("600"),
    Spec::new("--history", Value(|draft, name, value| { draft.limits.history_lines = at_least(0, name, value)?; Ok(()) }),
        "how many lines, and at most 1 MiB, each room keeps for members that come later; 0 \
         keeps none").value("N").default("1000"),
    Spec::new("--crowd", Value(|draft, name, value| { draft.limits.join_notice_limit = at_least(0, name, value)?; Ok(()) }),
        "up to how many members a room announces each join and leave; above, only how many, \
         every 10 s").value("N").default("50"),
    Spec::new("--max-rooms", Value(|draft, name, value| { draft.limits.max_rooms = at_least(1, name, value)?; Ok(()) }),
        "how many rooms there may be at once").value("N").default("1000"),
    Spec::new("--motd", Value(|draft, _, value| { draft.motd = Some(value.to_string()); Ok(()) }),
        "show the lines of FILE to everybody who joins").value("FILE"),
    Spec::new("--files", Value(|draft, _, value| { draft.files.folder = value.into(); Ok(()) }),
        "let members share files, which are kept in FOLDER").value("FOLDER"),
    Spec::new("--file-size", Value(|draft, name, value| { draft.files.max_file_bytes = mib(name, value)?; Ok(()) }),
        "how large one file may be").value("MIB").default("100"),
    Spec::new("--files-size", Value(|draft, name, value| { draft.files.max_total_bytes = mib(name, value)?; Ok(()) }),
        "how much all files may take on disk; a quarter for those from one address, an eighth for \
         those of one member").value("MIB").default("1024"),
    Spec::new("--max-files", Value(|draft, name, value| { draft.files.max_files = at_least(1, name, value)?; Ok(()) }),
        "how many files there may be, with the same parts").value("N").default("1000"),
    Spec::new("--transfers", Value(|draft, name, value| { draft.files.max_transfers = at_least(1, name, value)?; Ok(()) }),
        "how many transfers one member may have at once, tickets included").value("N").default("4"),
    Spec::new("--files-rate", Value(|draft, name, value| { draft.files.rate = mib(name, value)?; Ok(()) }),
        "how much several transfers may move in a second, together").value("MIB").default("200"),
    Spec::new("--files-days", Value(|draft, name, value| {
        let days = at_least(1, name, value)? as u64;
        draft.files.max_age = Duration::from_secs(days.saturating_mul(86_400));
        Ok(())
    }),
        "how long a file is kept").value("N").default("30"),
    Spec::new("--transcript", Value(|draft, _, value| { draft.transcript.path = value.into(); Ok(()) }),
        "append every line that is said in a room to FILE").value("FILE"),
    Spec::new("--transcript-size", Value(|draft, name, value| { draft.transcript.max_bytes = mib(name, value)?; Ok(()) }),
        "begin a new FILE past this size").value("MIB").default("10"),
    Spec::new("--transcript-keep", Value(|draft, name, value| {
        let files = at_least(0, name, value)?;
        draft.transcript.old_files = u32::try_from(files).unwrap_or(u32::MAX);
        Ok(())
    }),
        "how many older files to keep, as FILE.1 and so on").value("N").default("5"),
    Spec::new("--log", Value(|draft, _, value| { draft.log = Some(value.to_string()); Ok(()) }),
        "write the log to FILE as well, with the time").value("FILE"),
    Spec::new("--quiet", Flag(|draft| { draft.log_scope = LogScope::NoMessages; Ok(()) }),
        "do not log what is said"),
    Spec::new("--help", Flag(|_| Err(EarlyExit::Help)),
        "print this help").short("-h"),
    Spec::new("--version", Flag(|_| Err(EarlyExit::Version)),
        "print the version").short("-V"),
];
