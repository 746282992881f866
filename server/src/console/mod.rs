//! Console: the operator's lines become posts and decisions.
//!
//! The end of input ends this thread and nothing else. A server without a terminal has
//! no console, and runs on.
//!
//! Writes: nothing to a socket; answers go to the log.
//! Locks: the registry, the moderation and the catalog, inside their methods.
//! Blocks: its own thread, on the input and the broadcaster's full queue.

mod commands;
mod listings;
pub mod stdin;

use std::io::Read;
use std::sync::Arc;

use common::{Event, LineSplitter, MAX_LINE, NextLine, text};

use crate::broadcaster::post::{Post, PostSender};
use crate::files::Files;
use crate::moderation::reaper::Reaper;
use crate::moderation::rules::Moderation;
use crate::record::log::Log;
use crate::registry::Registry;
use crate::resume::ResumeTable;
use crate::room::id::{Lines, RoomRef};
use crate::shutdown::ShutdownHandle;

const HELP: &str = "  TEXT                  say TEXT to everybody, as Server
  /say ROOM TEXT        say TEXT in one room
  /who                  list the members with room, address and idle time
  /rooms                list the rooms with their number of members
  /kick NAME [REASON]   disconnect a member
  /ban NAME|ADDRESS [TIME]   disconnect and keep out, forever or for a TIME as
                        in 30s, 10m, 2h or 1d; /bans, /unban NAME|ADDRESS
  /mute NAME|all        stop a member, or all, from speaking; /unmute NAME|all
  /private off|on       turn private messages off or on
  /lock                 admit no new members; /unlock
  /files                list the shared files; /forget ID removes one
  /motd [TEXT]          show or set the message of the day; /motd off
  /stop                 stop the server; Ctrl-C does the same
  /help                 this";

/// The answer to `/files` without `--files`.
const NO_FILES: &str = "No files are shared here; start with --files FOLDER.";

/// The most lines of the message of the day. More would push what follows off the
/// screen.
const MAX_MOTD_LINES: usize = 20;

/// Returns the message of the day in `lines`: safe to show, and not too long.
pub fn motd<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let short = |line: &'a str| line.chars().take(MAX_MOTD_LINE).collect::<String>();
    let lines = lines.map(|line| text::sanitize(&short(line)).into_owned());
    lines.take(MAX_MOTD_LINES).collect()
}

/// The most characters of such a line, so that it fits into one event with four bytes
/// each.
const MAX_MOTD_LINE: usize = 1000;

/// The console of the operator.
pub struct Console {
    /// The queue of the broadcaster.
    pub posts: PostSender,
    /// The tokens with which members resume.
    pub resume: Arc<ResumeTable>,
    /// The members by name.
    pub registry: Arc<Registry>,
    /// The decisions of the operator.
    pub moderation: Arc<Moderation>,
    /// The shared files; `None` if sharing is off.
    pub files: Option<Arc<Files>>,
    /// Disconnects members.
    pub reaper: Reaper,
    /// Stops the server.
    pub shutdown: ShutdownHandle,
    /// Receives the answers, so that they never break a line of the log.
    pub log: Log,
}

impl Console {
    /// Runs until the input ends or cannot be read.
    pub fn run(self, mut input: impl Read) {
        let mut lines = LineSplitter::new(MAX_LINE);
        loop {
            match lines.next() {
                NextLine::Incomplete => {
                    if lines.fill(&mut input).is_err() {
                        return;
                    }
                }
                NextLine::Line(line) => self.run_line(&text::sanitize(line)),
                NextLine::TooLong | NextLine::NotUtf8 => {
                    self.log.line("Line is too long, or not valid UTF-8.");
                }
                // The operator's own input is trusted.
                NextLine::Overrun => lines.skip_overrun(),
                NextLine::End => return,
            }
        }
    }

    fn run_line(&self, line: &str) {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        let answer = match word.to_ascii_lowercase().as_str() {
            "" => return,
            "/who" => self.who(),
            "/rooms" => self.rooms(),
            "/kick" => self.kick(rest),
            "/ban" => self.ban(rest),
            "/bans" => self.bans(),
            "/unban" => self.unban(rest),
            "/mute" => self.mute(rest),
            "/unmute" => self.unmute(rest),
            "/private" => self.switch_private(rest),
            "/lock" => self.lock(),
            "/unlock" => self.unlock(),
            "/files" => self.list_files(),
            "/forget" => self.remove_file(rest),
            "/say" => self.announce_in(rest),
            "/motd" => self.change_motd(rest),
            "/help" | "/?" => HELP.to_string(),
            "/stop" => {
                let _again = self.shutdown.trigger();
                return;
            }
            _ if line.starts_with("//") => {
                return self.announce_all(line.get(1..).unwrap_or_default());
            }
            _ if word.starts_with('/') => format!("Unknown command {word}.\n{HELP}"),
            _ => return self.announce_all(line),
        };
        self.log.line(answer);
    }

    fn announce_all(&self, text: &str) {
        self.announce(None, text);
    }

    fn announce(&self, room: Option<RoomRef>, text: &str) {
        let line = Lines::new(Event::Operator(text).to_line());
        self.posts.send(Post::Announce { room, line });
    }
}
