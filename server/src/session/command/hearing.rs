//! Hearing less, and hearing it again.

use common::Name;

use super::super::talk::Talk;
use crate::limits;
use crate::post::{Heed, Post};

impl Talk<'_, '_> {
    pub(super) fn ignore(&mut self, name: &Name) {
        if *name == self.me {
            return self.refuse_command("That is yourself.");
        }
        let registry = &self.visit.shared.registry;
        if !registry.ignore(&self.me, name) {
            let why = format!("You ignore {} already, which is the most.", limits::IGNORED);
            return self.refuse_command(&why);
        }
        let voice = registry.voice(name);
        self.heed(Heed::Ignore(voice));
        self.say(&format!(
            "You hear nothing more from {name}. /unignore {name} ends that."
        ));
    }

    pub(super) fn unignore(&mut self, name: &Name) {
        let registry = &self.visit.shared.registry;
        if !registry.unignore(&self.me, name) {
            return self.refuse_command(&format!("You do not ignore {name}."));
        }
        let voice = registry.voice(name);
        self.heed(Heed::Unignore(voice));
        self.say(&format!("You hear {name} again."));
    }

    pub(super) fn list_ignored(&mut self) {
        let ignored = self.visit.shared.registry.ignored(&self.me);
        let names: Vec<&str> = ignored.iter().map(Name::as_str).collect();
        match names.as_slice() {
            [] => self.say("You ignore nobody."),
            names => self.say(&format!("You ignore {}.", names.join(", "))),
        }
    }

    pub(super) fn toggle_quiet(&mut self) {
        self.quiet = !self.quiet;
        let (what, told) = match self.quiet {
            true => (
                Heed::MessagesOnly,
                "You are not told who comes and goes. /quiet ends that.",
            ),
            false => (Heed::Everything, "You are told who comes and goes."),
        };
        self.heed(what);
        self.say(told);
    }

    fn heed(&mut self, what: Heed) {
        let id = self.visit.link.id;
        self.visit.shared.posts.send(Post::Heed { id, what });
    }
}
