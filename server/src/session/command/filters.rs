//! Hearing less, and hearing it again.

use common::Name;

use super::super::chat::ChatSession;
use crate::broadcaster::post::{FilterChange, Post};
use crate::limits;

impl ChatSession<'_, '_> {
    pub(super) fn ignore(&mut self, name: &Name) {
        if *name == self.me {
            return self.refuse_command("That is yourself.");
        }
        let registry = &self.guard.context.registry;
        if !registry.ignore(&self.me, name) {
            let why = format!(
                "You ignore {} already, which is the most.",
                limits::MAX_IGNORED
            );
            return self.refuse_command(&why);
        }
        let sender_id = registry.sender_id(name);
        self.send_filter(FilterChange::Ignore(sender_id));
        self.notify(&format!(
            "You hear nothing more from {name}. /unignore {name} ends that."
        ));
    }

    pub(super) fn unignore(&mut self, name: &Name) {
        let registry = &self.guard.context.registry;
        if !registry.unignore(&self.me, name) {
            return self.refuse_command(&format!("You do not ignore {name}."));
        }
        let sender_id = registry.sender_id(name);
        self.send_filter(FilterChange::Unignore(sender_id));
        self.notify(&format!("You hear {name} again."));
    }

    pub(super) fn list_ignored(&mut self) {
        let ignored = self.guard.context.registry.ignored(&self.me);
        let names: Vec<&str> = ignored.iter().map(Name::as_str).collect();
        match names.as_slice() {
            [] => self.notify("You ignore nobody."),
            names => self.notify(&format!("You ignore {}.", names.join(", "))),
        }
    }

    pub(super) fn toggle_join_leave_notices(&mut self) {
        self.hides_join_leave = !self.hides_join_leave;
        let (what, message) = match self.hides_join_leave {
            true => (
                FilterChange::HideJoinLeave,
                "You are not told who comes and goes. /quiet ends that.",
            ),
            false => (
                FilterChange::ShowJoinLeave,
                "You are told who comes and goes.",
            ),
        };
        self.send_filter(what);
        self.notify(message);
    }

    fn send_filter(&mut self, what: FilterChange) {
        let id = self.guard.connection.id;
        self.guard
            .context
            .posts
            .send(Post::SetFilter { id, change: what });
    }
}
