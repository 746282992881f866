//! Turns a member's command into posts, and answers into lines.
//!
//! Each command reads the registry or asks the broadcaster, and answers its
//! member alone; what concerns others goes to them as a post. What they all
//! share stands here, the rest by what it is about.

mod files;
mod filters;
mod history;
mod members;
mod messages;
mod rooms;

use std::time::Duration;

use common::command::{CommandSpec, TABLE};
use common::notice::{format_duration, without_colons};
use common::{Command, Event};

use super::chat::ChatSession;
use crate::connection::close::{Close, CloseReason};
use crate::room::id::RoomId;

impl ChatSession<'_, '_> {
    /// Does what the command line `/word rest` asks for.
    ///
    /// # Errors
    ///
    /// The ending, if it asks for that.
    pub(super) fn run_command(&mut self, word: &str, rest: &str) -> Result<(), Close> {
        let command = match Command::parse(word, rest) {
            Ok(command) => command,
            Err(why) => {
                self.refuse_command(&why);
                return Ok(());
            }
        };
        match command {
            Command::Help(None) => self.help(),
            Command::Help(Some(entry)) => self.explain(entry),
            Command::Who => self.who(),
            Command::Names => self.names(),
            Command::Whois(name) => self.whois(&name),
            Command::Msg { to, text } => self.send_private(&to, text),
            Command::Reply(text) => self.reply_private(text),
            Command::Me(text) => self.send_action(text),
            Command::Nick(name) => self.rename(&name),
            Command::Join(room) => self.change_room(&room),
            Command::Leave => self.change_room(&RoomId::lobby().name),
            Command::Rooms => self.list_rooms(),
            Command::Topic(text) => self.topic(text),
            Command::Away(text) => self.away(text),
            Command::Back => self.back(),
            Command::History(count) => self.history(count),
            Command::Search(text) => self.search(text),
            Command::Ignore(None) => self.list_ignored(),
            Command::Ignore(Some(name)) => self.ignore(&name),
            Command::Unignore(name) => self.unignore(&name),
            Command::Quiet => self.toggle_join_leave_notices(),
            Command::Files => self.list_files(),
            Command::Put { name, size } => self.request_upload(name, size),
            Command::Get(id) => self.request_download(id),
            Command::Forget(id) => self.remove_file(id),
            Command::Ping => self.notify("pong"),
            Command::Version => self.notify(concat!("chat-server ", env!("CARGO_PKG_VERSION"))),
            Command::Uptime => self.uptime(),
            Command::Quit(why) => {
                // A reason is told to all, so it is speech as well.
                let why = why.filter(|_| self.mute_reason().is_none());
                self.guard.quit_message = why.unwrap_or_default().to_string();
                return Err(CloseReason::Quit.into());
            }
        }
        Ok(())
    }

    /// Answers with a notice.
    fn notify(&mut self, text: &str) {
        self.reply(&Event::Notice(text));
    }

    /// Answers that it was not done, and why.
    fn refuse_command(&mut self, why: &str) {
        self.reply(&Event::Refusal(why));
    }

    /// Answers with several lines in one piece. A long answer costs the member
    /// as much as so many lines of its own: twenty for one.
    fn reply_lines(&mut self, lines: &[String]) {
        self.rate_limit
            .charge(u32::try_from(lines.len() / 20).unwrap_or(u32::MAX));
        let mut bytes = Vec::new();
        for line in lines {
            Event::Notice(&without_colons(line)).encode(&mut bytes);
        }
        self.guard
            .context
            .posts
            .send_to(self.guard.connection.id, bytes);
    }

    fn help(&mut self) {
        let row = |row: &common::command::HelpRow| {
            let usages: Vec<String> = row.entries.iter().map(CommandSpec::usage).collect();
            format!("{:<38} {}", usages.join(", "), row.summary)
        };
        let rows: Vec<String> = TABLE.iter().map(row).collect();
        self.reply_lines(&rows);
    }

    fn explain(&mut self, entry: &CommandSpec) {
        let mut message = format!("{} - {}", entry.usage(), entry.detail);
        if !entry.aliases.is_empty() {
            message += &format!(" Also /{}.", entry.aliases.join(", /"));
        }
        self.notify(&message);
    }

    fn send_action(&mut self, text: &str) {
        if self.check_not_muted() {
            self.outbox.push_action(&self.me, text);
            self.flush_outbox();
        }
    }

    fn uptime(&mut self) {
        let time = self.guard.context.started.elapsed();
        self.notify(&format!(
            "The server has been running for {}.",
            format_duration(time)
        ));
    }
}

/// For how long, as it stands in a table.
fn idle_column(time: Duration) -> String {
    format!("idle {}", format_duration(time))
}
