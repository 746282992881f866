//! Rooms: going to another room, the list of rooms, and topics.

use common::{Event, Name, event, notice};

use super::super::member_session::MemberSession;
use crate::broadcaster::post::{MemberNotice, MemberPost, Post, QueryPost, RoomChange};
use crate::limits;
use crate::record::log::LogEntry;
use crate::registry::{RoomChangeError, RoomChanged};
use crate::room::id::Lines;

pub fn change_room(session: &mut MemberSession<'_, '_>, room: &Name) {
    // The name of a new room is something that its maker says.
    let is_new = session.registry().room_id(room).is_none();
    if is_new && !session.may_speak_or_refuse() {
        return;
    }
    match session.registry().change_room(&session.me, room) {
        Ok(changed) => post_change(session, changed),
        Err(RoomChangeError::AlreadyThere) => {
            session.refuse(&format!("You are already in {room}."));
        }
        Err(RoomChangeError::TooManyRooms(max)) => {
            session.refuse(&format!(
                "Cannot create {room}, there are {max} rooms, the maximum. /rooms lists them."
            ));
        }
    }
}

fn post_change(session: &MemberSession<'_, '_>, changed: RoomChanged) {
    let RoomChanged { from, to, others } = changed;
    let (me, old, new) = (&session.me, &from.name, &to.name);
    let line = |text: &str| Event::Notice(text).to_line();
    let entry = format!("[MOVED] {me} has gone from {old} to {new}.");
    let change = RoomChange {
        id: session.id(),
        // The name of a room is a word of a member's, perhaps of this one's.
        leaving_notice: MemberNotice {
            text: line(&notice::moved_to(me, old, new)),
            plain: line(&notice::moved_away(me)),
        },
        arrival_notice: MemberNotice {
            text: line(&notice::arrived_from(me, old, new)),
            plain: line(&notice::arrived(me)),
        },
        own_notice: line(&notice::own_new_room(new, &others)),
        log_entry: LogEntry::Line(entry),
        to,
    };
    session.posts().send(Post::Member(MemberPost::Move(change)));
}

pub fn list(session: &mut MemberSession<'_, '_>) {
    let rooms = session.registry().rooms();
    let row = |(name, count): &(Name, usize)| format!("{name:<24}  {count:>5}");
    let mut lines: Vec<String> = rooms.iter().take(limits::MAX_LISTED).map(row).collect();
    let more = rooms.len() - lines.len();
    if more > 0 {
        lines.push(format!("and {more} more."));
    }
    session.reply_lines(&lines);
}

pub fn topic(session: &mut MemberSession<'_, '_>, text: Option<&str>) {
    let id = session.id();
    let Some(text) = text else {
        let none = Event::Notice("This room has no topic. /topic TEXT sets one.").to_line();
        let query = QueryPost::Topic { id, none };
        return session.posts().send(Post::Query(query));
    };
    if session.may_speak_or_refuse() {
        let mut line = Vec::new();
        event::action(&session.me, &format!("set the topic to {text}"), &mut line);
        let post = MemberPost::SetTopic(id, Lines::new(line));
        session.posts().send(Post::Member(post));
    }
}
