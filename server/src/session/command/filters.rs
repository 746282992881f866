//! Filters: a member chooses to receive less, or more again.

use common::Name;

use super::super::member::MemberSession;
use crate::broadcaster::post::{FilterChange, MemberPost, Post};
use crate::limits;

pub fn ignore(session: &mut MemberSession<'_, '_>, name: &Name) {
    if *name == session.me {
        return session.refuse("You cannot ignore yourself.");
    }
    if !session.registry().ignore(&session.me, name) {
        let max = limits::MAX_IGNORED;
        return session.refuse(&format!("You already ignore {max} names, the maximum."));
    }
    let sender_id = session.registry().sender_id(name);
    send(session, FilterChange::Ignore(sender_id));
    session.notify(&format!("Ignoring {name}. /unignore {name} to undo."));
}

pub fn unignore(session: &mut MemberSession<'_, '_>, name: &Name) {
    if !session.registry().unignore(&session.me, name) {
        return session.refuse(&format!("You are not ignoring {name}."));
    }
    let sender_id = session.registry().sender_id(name);
    send(session, FilterChange::Unignore(sender_id));
    session.notify(&format!("No longer ignoring {name}."));
}

pub fn list_ignored(session: &mut MemberSession<'_, '_>) {
    let ignored = session.registry().ignored(&session.me);
    let names: Vec<&str> = ignored.iter().map(Name::as_str).collect();
    if names.is_empty() {
        session.notify("You ignore nobody.");
    } else {
        session.notify(&format!("You ignore {}.", names.join(", ")));
    }
}

pub fn toggle_join_leave(session: &mut MemberSession<'_, '_>) {
    session.guard.hides_join_leave = !session.guard.hides_join_leave;
    if session.guard.hides_join_leave {
        send(session, FilterChange::HideJoinLeave);
        session.notify("Join and leave notices are off. /quiet to undo.");
    } else {
        send(session, FilterChange::ShowJoinLeave);
        session.notify("Join and leave notices are on.");
    }
}

fn send(session: &mut MemberSession<'_, '_>, change: FilterChange) {
    let post = MemberPost::SetFilter(session.id(), change);
    session.posts().send(Post::Member(post));
}
