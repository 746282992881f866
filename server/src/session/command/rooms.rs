//! Going from room to room, and what a room is about.

use common::{Event, Name, event, notice};

use super::super::talk::Talk;
use crate::limits;
use crate::log::Entry;
use crate::post::{Lines, Passage, Post};
use crate::registry::{Moved, NoMove};

impl Talk<'_, '_> {
    pub(super) fn go_to(&mut self, room: &Name) {
        match self.visit.shared.registry.enter(&self.me, room) {
            Ok(moved) => self.pass(moved),
            Err(NoMove::There) => self.refuse_command(&format!("You are in {room} already.")),
            Err(NoMove::Many(most)) => {
                let why = format!(
                    "There are {most} rooms already, which is the most. /rooms lists them."
                );
                self.refuse_command(&why);
            }
        }
    }

    fn pass(&mut self, moved: Moved) {
        let Moved { from, to, others } = moved;
        let (me, old, new) = (&self.me, &from.name, &to.name);
        let line = |text: &str| Event::Notice(text).to_line();
        let entry = format!("[MOVED] {me} has gone from {old} to {new}.");
        self.visit.shared.posts.send(Post::Move(Passage {
            id: self.visit.link.id,
            gone: line(&notice::moved_to(me, old, new)),
            come: line(&notice::arrived_from(me, old, new)),
            told: line(&notice::own_new_room(new, &others)),
            entry: Entry::Line(entry),
            to,
        }));
    }

    pub(super) fn rooms(&mut self) {
        let rooms = self.visit.shared.registry.rooms();
        let row = |(name, count): &(Name, usize)| format!("{name:<24}  {count:>5}");
        let mut lines: Vec<String> = rooms.iter().take(limits::LISTED).map(row).collect();
        if let Some(more) = rooms
            .len()
            .checked_sub(lines.len())
            .filter(|&more| more > 0)
        {
            lines.push(format!("and {more} more."));
        }
        self.answer(&lines);
    }

    pub(super) fn topic(&mut self, text: Option<&str>) {
        let id = self.visit.link.id;
        let Some(text) = text else {
            let none = Event::Notice("This room has no topic. /topic TEXT sets one.").to_line();
            return self.visit.shared.posts.send(Post::AskTopic { id, none });
        };
        if self.may_speak() {
            let mut line = Vec::new();
            event::action(&self.me, &format!("set the topic to {text}"), &mut line);
            let line = Lines::new(line);
            self.visit.shared.posts.send(Post::SetTopic { id, line });
        }
    }
}
