//! Turns a member's command into posts, and answers into lines.
//!
//! Each command reads the registry or asks the broadcaster, and answers its
//! member alone; what concerns others goes to them as a post. What they all
//! share stands here, the rest by what it is about.

mod files;
mod hearing;
mod past;
mod people;
mod private;
mod rooms;

use std::time::Duration;

use common::command::{CommandSpec, TABLE};
use common::notice::{format_duration, without_colons};
use common::{Command, Event};

use super::talk::Talk;
use crate::reason::{Ending, Reason};

impl Talk<'_, '_> {
    /// Does what the command line `/word rest` asks for.
    ///
    /// # Errors
    ///
    /// The ending, if it asks for that.
    pub(super) fn obey(&mut self, word: &str, rest: &str) -> Result<(), Ending> {
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
            Command::Msg { to, text } => self.whisper(&to, text),
            Command::Reply(text) => self.answer_private(text),
            Command::Me(text) => self.act(text),
            Command::Nick(name) => self.rename(&name),
            Command::Join(room) => self.go_to(&room),
            Command::Leave => self.go_to(&crate::registry::lobby().name),
            Command::Rooms => self.rooms(),
            Command::Topic(text) => self.topic(text),
            Command::Away(text) => self.away(text),
            Command::Back => self.back(),
            Command::History(count) => self.history(count),
            Command::Search(text) => self.search(text),
            Command::Ignore(None) => self.list_ignored(),
            Command::Ignore(Some(name)) => self.ignore(&name),
            Command::Unignore(name) => self.unignore(&name),
            Command::Quiet => self.toggle_quiet(),
            Command::Files => self.list_files(),
            Command::Put { name, size } => self.put(name, size),
            Command::Get(id) => self.get(id),
            Command::Forget(id) => self.forget(id),
            Command::Ping => self.say("pong"),
            Command::Version => self.say(concat!("chat-server ", env!("CARGO_PKG_VERSION"))),
            Command::Uptime => self.uptime(),
            Command::Quit(why) => {
                // A reason is told to all, so it is speech as well.
                let why = why.filter(|_| self.hushed().is_none());
                self.visit.parting = why.unwrap_or_default().to_string();
                return Err(Reason::Quit.into());
            }
        }
        Ok(())
    }

    /// Answers with a notice.
    fn say(&mut self, text: &str) {
        self.reply(&Event::Notice(text));
    }

    /// Answers that it was not done, and why.
    fn refuse_command(&mut self, why: &str) {
        self.reply(&Event::Refusal(why));
    }

    /// Answers with several lines in one piece. A long answer costs the member
    /// as much as so many lines of its own: twenty for one.
    fn answer(&mut self, lines: &[String]) {
        self.bucket
            .charge(u32::try_from(lines.len() / 20).unwrap_or(u32::MAX));
        let mut bytes = Vec::new();
        for line in lines {
            Event::Notice(&without_colons(line)).encode(&mut bytes);
        }
        self.visit.shared.posts.tell(self.visit.link.id, bytes);
    }

    fn help(&mut self) {
        let row = |row: &common::command::HelpRow| {
            let usages: Vec<String> = row.entries.iter().map(CommandSpec::usage).collect();
            format!("{:<38} {}", usages.join(", "), row.summary)
        };
        let rows: Vec<String> = TABLE.iter().map(row).collect();
        self.answer(&rows);
    }

    fn explain(&mut self, entry: &CommandSpec) {
        let mut told = format!("{} - {}", entry.usage(), entry.detail);
        if !entry.aliases.is_empty() {
            told += &format!(" Also /{}.", entry.aliases.join(", /"));
        }
        self.say(&told);
    }

    fn act(&mut self, text: &str) {
        if self.may_speak() {
            self.speech.act(&self.me, text);
            self.post();
        }
    }

    fn uptime(&mut self) {
        let time = self.visit.shared.started.elapsed();
        self.say(&format!(
            "The server has been running for {}.",
            format_duration(time)
        ));
    }
}

/// For how long, as it stands in a table.
fn idle(time: Duration) -> String {
    format!("idle {}", format_duration(time))
}
