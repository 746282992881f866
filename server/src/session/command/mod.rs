//! Command: a member's command becomes posts, and a reply.
//!
//! Each command reads the registry or asks the broadcaster, and replies to its
//! member alone. What concerns others goes to them as a post.
//!
//! Writes: nothing to a socket; everything is posted.
//! Locks: the registry and the file catalog, inside their own methods.
//! Blocks: on the broadcaster's queue and on its answer to a query.

mod files;
mod filters;
mod history;
mod members;
mod messages;
mod rooms;

use common::Command;
use common::command::{CommandSpec, HelpRow, TABLE};
use common::notice::format_duration;

use super::member_session::MemberSession;
use crate::connection::close::{Close, CloseReason};
use crate::room::id::RoomRef;

/// Runs the command line `/word rest`.
///
/// # Errors
///
/// How the connection closes, if the command asks for that.
pub fn run(session: &mut MemberSession<'_, '_>, word: &str, rest: &str) -> Result<(), Close> {
    let command = match Command::parse(word, rest) {
        Ok(command) => command,
        Err(why) => {
            session.refuse(&why);
            return Ok(());
        }
    };
    match command {
        Command::Help(None) => help(session),
        Command::Help(Some(entry)) => explain(session, entry),
        Command::Who => members::who(session),
        Command::Names => members::names(session),
        Command::Whois(name) => members::whois(session, &name),
        Command::Msg { to, text } => messages::send_private(session, &to, text),
        Command::Reply(text) => messages::reply_private(session, text),
        Command::Me(text) => messages::send_action(session, text),
        Command::Nick(name) => members::rename(session, &name)?,
        Command::Join(room) => rooms::change_room(session, &room),
        Command::Leave => rooms::change_room(session, &RoomRef::lobby().name),
        Command::Rooms => rooms::list(session),
        Command::Topic(text) => rooms::topic(session, text),
        Command::Away(text) => members::away(session, text),
        Command::Back => members::back(session),
        Command::History(count) => history::show_last(session, count),
        Command::Search(text) => history::search(session, text),
        Command::Ignore(None) => filters::list_ignored(session),
        Command::Ignore(Some(name)) => filters::ignore(session, &name),
        Command::Unignore(name) => filters::unignore(session, &name),
        Command::Quiet => filters::toggle_join_leave(session),
        Command::Files => files::list(session),
        Command::Put { name, size } => files::request_upload(session, name, size),
        Command::Get(id) => files::request_download(session, id),
        Command::Forget(id) => files::remove(session, id),
        Command::Ping => session.reply_text("pong"),
        Command::Version => session.reply_text(concat!("chat-server ", env!("CARGO_PKG_VERSION"))),
        Command::Uptime => uptime(session),
        Command::Quit(why) => {
            // Other members read the reason, so a muted member cannot give one.
            let why = why.filter(|_| session.mute_reason().is_none());
            session.guard.quit_message = why.unwrap_or_default().to_string();
            return Err(CloseReason::Quit.into());
        }
    }
    Ok(())
}

fn help(session: &mut MemberSession<'_, '_>) {
    let row = |row: &HelpRow| {
        let usages: Vec<String> = row.entries.iter().map(CommandSpec::usage).collect();
        format!("{:<38} {}", usages.join(", "), row.summary)
    };
    let rows: Vec<String> = TABLE.iter().map(row).collect();
    session.reply_lines(&rows);
}

fn explain(session: &mut MemberSession<'_, '_>, entry: &CommandSpec) {
    let mut message = format!("{} - {}", entry.usage(), entry.detail);
    if !entry.aliases.is_empty() {
        message += &format!(" Also /{}.", entry.aliases.join(", /"));
    }
    session.reply_text(&message);
}

fn uptime(session: &mut MemberSession<'_, '_>) {
    let time = session.guard.context.started.elapsed();
    session.reply_text(&format!(
        "The server has been running for {}.",
        format_duration(time)
    ));
}
