//! What is said to some alone.

use common::notice::without_colons;
use common::{Event, Name};

use super::super::chat::ChatSession;
use super::members::no_such_user;
use crate::broadcaster::post::Post;
use crate::moderation::rules::Switch;
use crate::registry::Recipient;
use crate::room::id::Lines;

impl ChatSession<'_, '_> {
    pub(super) fn send_private(&mut self, to: &[Name], text: &str) {
        if !self.check_not_muted() {
            return;
        }
        if self.guard.context.moderation.is_on(Switch::NoPrivate) {
            return self.refuse_command("The operator has switched private messages off.");
        }
        if to.contains(&self.me) {
            return self.refuse_command("That is yourself, who knows it already.");
        }
        let reached = self.guard.context.registry.find_recipients(&self.me, to);
        let line = Event::Private {
            from: self.me.clone(),
            to: to.to_vec(),
            text,
        };
        let line = Lines::new(line.to_line());
        for (name, reach) in to.iter().zip(reached) {
            match reach {
                Recipient::Missing => {
                    self.refuse_command(&format!("{} Nothing was sent.", no_such_user(name)))
                }
                // Who is ignored is not told.
                Recipient::Ignoring => {}
                Recipient::Reachable(connection, away) => {
                    self.guard.connection.activity.record_message();
                    self.guard.context.posts.send(Post::Private {
                        from: self.guard.connection.id,
                        to: connection.id,
                        line: Lines::clone(&line),
                        if_departed: Event::Refusal(&format!("{name} has just left.")).to_line(),
                    });
                    if let Some(why) = away {
                        self.notify_away(name, &why);
                    }
                }
            }
        }
    }

    fn notify_away(&mut self, name: &Name, why: &str) {
        match why {
            "" => self.notify(&format!("{name} is away.")),
            why => self.notify(&format!("{name} is away ({}).", without_colons(why))),
        }
    }

    pub(super) fn reply_private(&mut self, text: &str) {
        match self.guard.context.registry.last_private_from(&self.me) {
            Some(name) => self.send_private(&[name], text),
            None => self.refuse_command("Nobody has written to you in private yet."),
        }
    }
}
