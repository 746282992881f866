//! What is said to some alone.

use common::notice::without_colons;
use common::{Event, Name};

use super::super::talk::Talk;
use super::people::nobody;
use crate::post::{Lines, Post};
use crate::registry::Reach;
use crate::rules::Rule;

impl Talk<'_, '_> {
    pub(super) fn whisper(&mut self, to: &[Name], text: &str) {
        if !self.may_speak() {
            return;
        }
        if self.visit.shared.rules.holds(Rule::NoPrivate) {
            return self.refuse_command("The operator has switched private messages off.");
        }
        if to.contains(&self.me) {
            return self.refuse_command("That is yourself, who knows it already.");
        }
        let reached = self.visit.shared.registry.reach(&self.me, to);
        let line = Event::Private {
            from: self.me.clone(),
            to: to.to_vec(),
            text,
        };
        let line = Lines::new(line.to_line());
        for (name, reach) in to.iter().zip(reached) {
            match reach {
                Reach::Missing => {
                    self.refuse_command(&format!("{} Nothing was sent.", nobody(name)))
                }
                // Who is ignored is not told.
                Reach::Deaf => {}
                Reach::Here(link, away) => {
                    self.visit.link.touch();
                    self.visit.shared.posts.send(Post::Whisper {
                        from: self.visit.link.id,
                        to: link.id,
                        line: Lines::clone(&line),
                        missed: Event::Refusal(&format!("{name} has just left.")).to_line(),
                    });
                    if let Some(why) = away {
                        self.tell_away(name, &why);
                    }
                }
            }
        }
    }

    fn tell_away(&mut self, name: &Name, why: &str) {
        match why {
            "" => self.say(&format!("{name} is away.")),
            why => self.say(&format!("{name} is away ({}).", without_colons(why))),
        }
    }

    pub(super) fn answer_private(&mut self, text: &str) {
        match self.visit.shared.registry.wrote(&self.me) {
            Some(name) => self.whisper(&[name], text),
            None => self.refuse_command("Nobody has written to you in private yet."),
        }
    }
}
