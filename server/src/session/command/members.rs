//! Members: who is here, renaming, and being away.

use std::time::Duration;

use common::notice::{self, format_duration, without_colons};
use common::{Event, Name};

use super::super::member_session::MemberSession;
use super::super::name_reclaim::delay_refusal;
use crate::broadcaster::post::{MemberChange, MemberPost, Post};
use crate::connection::close::Close;
use crate::limits;
use crate::moderation::rules;
use crate::registry::{MemberInfo, NameTaken, Whois};

/// The longest line of names, in bytes: it fits into any window.
const LINE_WIDTH: usize = 76;

/// The most characters of an away reason in a row of `/who`.
const MAX_AWAY_SHOWN: usize = 24;

pub fn who(session: &mut MemberSession<'_, '_>) {
    let (members, total) = list_members(session);
    let mut lines = vec![count_line(total)];
    lines.extend(members.iter().map(member_row));
    lines.extend(more_line(&members, total));
    session.reply_lines(&lines);
}

pub fn names(session: &mut MemberSession<'_, '_>) {
    let (members, total) = list_members(session);
    let mut lines = vec![count_line(total)];
    lines.extend(name_lines(
        "Here, ",
        members.iter().map(|info| info.name.as_str()),
    ));
    lines.extend(more_line(&members, total));
    session.reply_lines(&lines);
}

/// Returns lines of names. Words of the server begin each, so that names cannot form a
/// notice.
pub fn name_lines<'a>(begin: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() <= LINE_WIDTH => *line += &format!(", {name}"),
            _ => lines.push(format!("{begin}{name}")),
        }
    }
    lines
}

fn list_members(session: &MemberSession<'_, '_>) -> (Vec<MemberInfo>, usize) {
    let registry = session.registry();
    registry.list_members(Some(&session.me), limits::MAX_LISTED)
}

pub fn whois(session: &mut MemberSession<'_, '_>, name: &Name) {
    let message = match session.registry().whois(&session.me, name) {
        Whois::Present(info) => describe(&info),
        Whois::Departed(ago) => format!("{name} was last here {} ago.", format_duration(ago)),
        Whois::Unknown => return session.refuse(&notice::no_such_user(name.as_str())),
    };
    session.reply_text(&message);
}

/// Gives the member another name.
///
/// # Errors
///
/// How the connection closes, if it must while a refusal is delayed.
pub fn rename(session: &mut MemberSession<'_, '_>, name: &Name) -> Result<(), Close> {
    if name.as_str() == session.me.as_str() {
        session.refuse(&format!("You are already called {name}."));
        return Ok(());
    }
    if !session.may_speak_or_refuse() {
        return Ok(());
    }
    if session.guard.context.moderation.is_banned(name) {
        session.refuse(&format!("{name} is banned."));
        return Ok(());
    }
    if let Err(NameTaken(holder)) = session.guard.rename(&session.me, name) {
        holder.map_or(Ok(()), |holder| delay_refusal(session.guard, &holder))?;
        session.refuse(&format!("{name} is already in use."));
        return Ok(());
    }
    session.me = name.clone();
    // A ban that came between found no holder of the name.
    if session.guard.context.moderation.is_banned(name) {
        let lifecycle = &session.connection().lifecycle;
        lifecycle.set_disconnect(rules::ban_close());
    }
    Ok(())
}

pub fn away(session: &mut MemberSession<'_, '_>, text: Option<&str>) {
    if text.is_some() && !session.may_speak_or_refuse() {
        return;
    }
    let reason = text.unwrap_or_default().to_string();
    session.registry().set_away(&session.me, Some(reason));
    let mut notice = Vec::new();
    match text {
        Some(text) => common::event::action(&session.me, &format!("is away, {text}"), &mut notice),
        None => Event::Notice(&notice::away(&session.me)).encode(&mut notice),
    }
    announce_to_room(session, notice, "You are away. /back to undo.");
}

pub fn back(session: &mut MemberSession<'_, '_>) {
    if !session.registry().set_away(&session.me, None) {
        return session.refuse("You are not away.");
    }
    let notice = Event::Notice(&notice::back(&session.me)).to_line();
    announce_to_room(session, notice, "You are back.");
}

/// Notifies all others in the room of a change of this member, and replies to it.
fn announce_to_room(session: &MemberSession<'_, '_>, others: Vec<u8>, reply: &str) {
    let notice = MemberChange {
        id: session.id(),
        others,
        own: Event::Notice(reply).to_line(),
    };
    session
        .posts()
        .send(Post::Member(MemberPost::Change(notice)));
}

fn count_line(total: usize) -> String {
    match total {
        1 => "You are alone here.".to_string(),
        total => format!("{total} members are here."),
    }
}

fn more_line(listed: &[MemberInfo], total: usize) -> Option<String> {
    let more = total.saturating_sub(listed.len());
    (more > 0).then(|| format!("and {more} more."))
}

fn member_row(info: &MemberInfo) -> String {
    let away = match info.away.as_deref() {
        None => String::new(),
        Some("") => "  away".to_string(),
        Some(why) => format!("  away ({})", shorten(why)),
    };
    let idle = idle_column(info.connection.activity.idle_time());
    format!("{:<24}  {:<24}  {idle}{away}", info.name, info.room)
}

/// Cuts a reason to the width of a row. Two hundred long reasons would overload a
/// slow connection. `/whois` gives all of it.
fn shorten(why: &str) -> String {
    match why.char_indices().nth(MAX_AWAY_SHOWN) {
        Some((end, _)) => format!("{}...", why.get(..end).unwrap_or_default()),
        None => why.to_string(),
    }
}

/// Returns for how long a member has said nothing, as a column of a table.
fn idle_column(time: Duration) -> String {
    format!("idle {}", format_duration(time))
}

fn describe(info: &MemberInfo) -> String {
    let away = match info.away.as_deref() {
        None => String::new(),
        Some("") => ", and away".to_string(),
        Some(why) => format!(", and away ({})", without_colons(why)),
    };
    let (name, room) = (&info.name, &info.room);
    let since = format_duration(info.connection.activity.opened().elapsed());
    let idle = idle_column(info.connection.activity.idle_time());
    format!("{name} has been here for {since}, is in {room}, {idle}{away}.")
}
