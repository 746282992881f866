//! Going from room to room, and what a room is about.

use common::{Event, Name, event, notice};

use super::super::chat::ChatSession;
use crate::broadcaster::post::{Post, RoomChange};
use crate::limits;
use crate::record::log::LogEntry;
use crate::registry::{RoomChangeError, RoomChanged};
use crate::room::id::Lines;

impl ChatSession<'_, '_> {
    pub(super) fn change_room(&mut self, room: &Name) {
        match self.guard.context.registry.change_room(&self.me, room) {
            Ok(moved) => self.post_room_change(moved),
            Err(RoomChangeError::AlreadyThere) => {
                self.refuse_command(&format!("You are in {room} already."))
            }
            Err(RoomChangeError::TooManyRooms(max)) => {
                let why =
                    format!("There are {max} rooms already, which is the most. /rooms lists them.");
                self.refuse_command(&why);
            }
        }
    }

    fn post_room_change(&mut self, moved: RoomChanged) {
        let RoomChanged { from, to, others } = moved;
        let (me, old, new) = (&self.me, &from.name, &to.name);
        let line = |text: &str| Event::Notice(text).to_line();
        let entry = format!("[MOVED] {me} has gone from {old} to {new}.");
        self.guard.context.posts.send(Post::Move(RoomChange {
            id: self.guard.connection.id,
            departure_notice: line(&notice::moved_to(me, old, new)),
            arrival_notice: line(&notice::arrived_from(me, old, new)),
            own_notice: line(&notice::own_new_room(new, &others)),
            log_entry: LogEntry::Line(entry),
            to,
        }));
    }

    pub(super) fn list_rooms(&mut self) {
        let rooms = self.guard.context.registry.rooms();
        let row = |(name, count): &(Name, usize)| format!("{name:<24}  {count:>5}");
        let mut lines: Vec<String> = rooms.iter().take(limits::MAX_LISTED).map(row).collect();
        if let Some(more) = rooms
            .len()
            .checked_sub(lines.len())
            .filter(|&more| more > 0)
        {
            lines.push(format!("and {more} more."));
        }
        self.reply_lines(&lines);
    }

    pub(super) fn topic(&mut self, text: Option<&str>) {
        let id = self.guard.connection.id;
        let Some(text) = text else {
            let none = Event::Notice("This room has no topic. /topic TEXT sets one.").to_line();
            return self.guard.context.posts.send(Post::AskTopic { id, none });
        };
        if self.check_not_muted() {
            let mut line = Vec::new();
            event::action(&self.me, &format!("set the topic to {text}"), &mut line);
            let line = Lines::new(line);
            self.guard.context.posts.send(Post::SetTopic { id, line });
        }
    }
}
