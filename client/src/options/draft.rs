//! The draft: options while the command line is read, one setter for each.

use std::path::PathBuf;
use std::time::Duration;

use common::{Address, HEARTBEAT};

use common::options::EarlyExit;

use super::model::{Layout, Options, ReconnectChoice, TimeChoice};
use crate::connection::Transport;
use crate::screen::clock::TimeFormat;
use crate::transfers::command;
use crate::transfers::{Destination, Task};

/// Options that are not complete yet.
pub(super) struct Draft {
    pub(super) name: Option<String>,
    pub(super) layout: Layout,
    pub(super) bell: bool,
    pub(super) downloads: PathBuf,
    pub(super) send: Option<PathBuf>,
    pub(super) to: Option<String>,
    reconnect: ReconnectChoice,
    times: TimeChoice,
    heartbeat: Duration,
    transport: Transport,
    get: Option<u64>,
}

impl Draft {
    /// Makes a draft of the defaults.
    pub(super) fn new() -> Draft {
        Draft {
            name: None,
            layout: Layout::Divided,
            bell: true,
            downloads: PathBuf::new(),
            send: None,
            to: None,
            reconnect: ReconnectChoice::default(),
            times: TimeChoice::default(),
            heartbeat: HEARTBEAT,
            transport: Transport::Tcp,
            get: None,
        }
    }

    /// Sets the heartbeat interval. Less than a tenth of a second would be a flood, more
    /// than an hour no sign of life. The range also rejects `NaN`.
    pub(super) fn set_heartbeat(&mut self, text: &str) -> Result<(), EarlyExit> {
        match text.parse() {
            Ok(seconds) if (0.1..=3600.0).contains(&seconds) => {
                self.heartbeat = Duration::from_secs_f64(seconds);
                Ok(())
            }
            _ => usage(format!(
                "option '--heartbeat' takes 0.1 to 3600 seconds, not '{text}'"
            )),
        }
    }

    /// Sets the transport. The same may be given twice.
    pub(super) fn set_transport(&mut self, transport: Transport) -> Result<(), EarlyExit> {
        if self.transport != Transport::Tcp && self.transport != transport {
            return usage("options '--udp' and '--unframed' exclude each other".into());
        }
        self.transport = transport;
        Ok(())
    }

    /// Sets the choice of `--reconnect` or `--no-reconnect`. The same may be given twice.
    pub(super) fn set_reconnect(&mut self, choice: ReconnectChoice) -> Result<(), EarlyExit> {
        if self.reconnect != ReconnectChoice::default() && self.reconnect != choice {
            return usage("options '--reconnect' and '--no-reconnect' exclude each other".into());
        }
        self.reconnect = choice;
        Ok(())
    }

    /// Sets the times before the lines.
    pub(super) fn set_times(&mut self, text: &str) -> Result<(), EarlyExit> {
        self.times = match text {
            "off" => TimeChoice::Off,
            pattern => match TimeFormat::parse(pattern) {
                Ok(format) => TimeChoice::Format(format),
                Err(why) => return usage(format!("the value of option '--time' {why}")),
            },
        };
        Ok(())
    }

    /// Sets the file to fetch.
    pub(super) fn set_get(&mut self, text: &str) -> Result<(), EarlyExit> {
        self.get = command::parse_id(text);
        if self.get.is_none() {
            return usage(format!(
                "option '--get' takes the ID of a file, not '{text}'"
            ));
        }
        Ok(())
    }

    /// Completes the options with the words that are not options, the address.
    pub(super) fn finish(mut self, address: &[String]) -> Result<Options, EarlyExit> {
        let task = self.task()?;
        if task.is_some() && self.name.is_none() {
            return usage("options '--send' and '--get' require '--name'".into());
        }
        if task.is_some() && self.transport == Transport::Unframed {
            return usage("options '--send' and '--get' do not work with '--unframed'".into());
        }
        Ok(Options {
            // No server listens at port 0.
            address: Address::parse(address, 1..=u16::MAX).or_else(usage)?,
            name: self.name,
            layout: self.layout,
            bell: self.bell,
            heartbeat: self.heartbeat,
            transport: self.transport,
            reconnect: self.reconnect,
            times: self.times,
            downloads: self.downloads,
            task,
        })
    }

    fn task(&mut self) -> Result<Option<Task>, EarlyExit> {
        let to = match self.to.as_deref() {
            None => Destination::Downloads,
            Some("-") => Destination::Output,
            Some(path) => Destination::Path(PathBuf::from(path)),
        };
        match (self.send.take(), self.get, to) {
            (None, None, Destination::Downloads) => Ok(None),
            (Some(path), None, Destination::Downloads) => Ok(Some(Task::Send(path))),
            (None, Some(id), to) => Ok(Some(Task::Get(id, to))),
            (Some(_), Some(_), _) => {
                usage("options '--send' and '--get' exclude each other".into())
            }
            _ => usage("option '--to' requires '--get'".into()),
        }
    }
}

/// Returns the error for an invalid command line.
pub(super) fn usage<T>(why: String) -> Result<T, EarlyExit> {
    Err(EarlyExit::Usage(why))
}
