//! The operator's keyboard: lines from standard input become posts and orders.
//!
//! The end of input ends this thread and nothing else: a server without a
//! terminal has no console, and runs on.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use common::{Event, LineSplitter, MAX_LINE, Name, Next, text};

use crate::log::Log;
use crate::post::{Post, Posts};
use crate::reason::{Ending, Reason};
use crate::registry::Registry;
use crate::stop::Stopper;
use crate::usher::Usher;

const HELP: &str = "\
  TEXT              say TEXT to everybody, as Server
  /who              who is here, from where, idle for how long, and who lags
  /kick NAME [WHY]  remove somebody
  /stop             end the server; Ctrl-C does the same
  /help             this";

/// Does what the operator types.
pub struct Console {
    /// The way to everybody.
    pub posts: Posts,
    /// Who is here.
    pub registry: Arc<Registry>,
    /// Ends somebody's conversation.
    pub usher: Usher,
    /// Ends the server.
    pub stopper: Stopper,
    /// Answers go where the log goes, so that they never tear a line of it.
    pub log: Log,
}

impl Console {
    /// The thread's life: until the input ends or cannot be read.
    pub fn run(self, mut input: impl Read) {
        let mut lines = LineSplitter::new(MAX_LINE);
        loop {
            match lines.next() {
                Next::NotYet => {
                    if lines.fill(&mut input).is_err() {
                        return;
                    }
                }
                Next::Line(line) => self.act(&text::clean(line)),
                Next::TooLong | Next::NotUtf8 => {
                    self.log.line("That line is too long, or no UTF-8 text.");
                }
                // Whoever sends this is no attacker: it is the operator's own.
                Next::Endless => lines.skip_on(),
                Next::End => return,
            }
        }
    }

    fn act(&self, line: &str) {
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match (word, rest.trim()) {
            ("", _) => {}
            ("/who", _) => self.log.line(self.who()),
            ("/kick", "") => self.log.line("Whom? Type /kick NAME [WHY]."),
            ("/kick", rest) => self.log.line(self.kick(rest)),
            ("/stop", _) => drop(self.stopper.raise()),
            ("/help" | "/?", _) => self.log.line(HELP),
            _ if line.starts_with("//") => self.say(line.get(1..).unwrap_or_default()),
            _ if word.starts_with('/') => {
                self.log
                    .line(format!("There is no command {word}.\n{HELP}"));
            }
            _ => self.say(line),
        }
    }

    fn say(&self, text: &str) {
        let line = Event::Operator(text).to_line();
        self.posts.send(Post::Announce(line));
    }

    fn kick(&self, rest: &str) -> String {
        let (name, why) = rest.split_once(' ').unwrap_or((rest, ""));
        let link = name.parse::<Name>().ok();
        let link = link.and_then(|name| self.registry.find(&name));
        let Some(link) = link else {
            return format!("There is nobody called {name} here.");
        };
        // A refusal holds no colon, or a script might take it for a message.
        let why = why.trim().replace(':', " ");
        let told = match why.as_str() {
            "" => "The operator removed you.".to_string(),
            why => format!("The operator removed you, {why}"),
        };
        self.usher
            .show_out(&link, Ending::told(Reason::Kicked, told));
        format!("{name} is removed.")
    }

    fn who(&self) -> String {
        let members = self.registry.list();
        if members.is_empty() {
            return "Nobody is here.".to_string();
        }
        let mut table = format!("{:<24}  {:<21}  {:>9}", "NAME", "ADDRESS", "IDLE");
        for (name, link) in members {
            let address = link.address.to_string();
            let idle = short(link.idle());
            table.push_str(&format!("\n{name:<24}  {address:<21}  {idle:>9}"));
            if link.is_lagging() {
                table.push_str("  lagging");
            }
        }
        table
    }
}

/// A time as people say it: `42 s`, `5 min`, `3 h`, `2 d`.
fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let check = |seconds, expected| assert_eq!(short(Duration::from_secs(seconds)), expected);
        check(0, "0 s");
        check(59, "59 s");
        check(60, "1 min");
        check(7199, "1 h");
        check(200_000, "2 d");
    }
}
