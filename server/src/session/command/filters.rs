//! Filters: a member chooses to receive less, or more again.

use common::Name;
use common::notice::no_such_user;

use super::super::member_session::MemberSession;
use super::members::name_lines;
use crate::broadcaster::post::{FilterChange, MemberPost, Post};
use crate::limits;
use crate::registry::IgnoreOutcome;

pub fn ignore(session: &mut MemberSession<'_, '_>, name: &Name) {
    if *name == session.me {
        return session.refuse("You cannot ignore yourself.");
    }
    match session.registry().ignore(&session.me, name) {
        IgnoreOutcome::Ignored { id, gone } => {
            for id in gone {
                send(session, FilterChange::Unignore(id));
            }
            send(session, FilterChange::Ignore(id));
            session.reply_text(&format!("Ignoring {name}. /unignore {name} to undo."));
        }
        IgnoreOutcome::Missing => session.refuse(&no_such_user(name.as_str())),
        IgnoreOutcome::ListFull => {
            let max = limits::MAX_IGNORED;
            session.refuse(&format!("You already ignore {max} members, the maximum."));
        }
    }
}

pub fn unignore(session: &mut MemberSession<'_, '_>, name: &Name) {
    let Some(member) = session.registry().unignore(&session.me, name) else {
        return session.refuse(&format!("You are not ignoring {name}."));
    };
    send(session, FilterChange::Unignore(member));
    session.reply_text(&format!("No longer ignoring {name}."));
}

pub fn list_ignored(session: &mut MemberSession<'_, '_>) {
    let (present, gone) = session.registry().ignored(&session.me);
    // A hundred long names would not fit into one line.
    let mut lines = name_lines("You ignore ", present.iter().map(Name::as_str));
    if lines.is_empty() {
        lines.push("You ignore nobody".to_string());
    }
    if let Some(last) = lines.last_mut() {
        *last += &match gone {
            0 => ".".to_string(),
            gone => format!(". {gone} of those that you ignored have left."),
        };
    }
    session.reply_lines(&lines);
}

pub fn toggle_join_leave(session: &mut MemberSession<'_, '_>) {
    session.guard.hides_join_leave = !session.guard.hides_join_leave;
    if session.guard.hides_join_leave {
        send(session, FilterChange::HideJoinLeave);
        session.reply_text("Join and leave notices are off. /quiet to undo.");
    } else {
        send(session, FilterChange::ShowJoinLeave);
        session.reply_text("Join and leave notices are on.");
    }
}

fn send(session: &mut MemberSession<'_, '_>, change: FilterChange) {
    let post = MemberPost::SetFilter(session.id(), change);
    session.posts().send(Post::Member(post));
}
