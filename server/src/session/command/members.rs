//! Who is here, who one is, and whether one is reading.

use common::notice::{self, format_duration, without_colons};
use common::{Event, Name};

use super::super::chat::ChatSession;
use super::idle_column;
use crate::broadcaster::post::Post;
use crate::limits;
use crate::registry::{MemberInfo, Whois};

/// How wide a line of names is: it fits into any window.
const LINE_WIDTH: usize = 76;

/// How many characters of a reason stand in a row of `/who`.
const MAX_AWAY_SHOWN: usize = 24;

impl ChatSession<'_, '_> {
    pub(super) fn who(&mut self) {
        let (info, all) = self.list_members();
        let mut lines = vec![count_line(all)];
        lines.extend(info.iter().map(member_row));
        lines.extend(more_line(&info, all));
        self.reply_lines(&lines);
    }

    pub(super) fn names(&mut self) {
        let (info, all) = self.list_members();
        let mut lines = vec![count_line(all)];
        let mut line = String::new();
        for name in info.iter().map(|info| info.name.as_str()) {
            if !line.is_empty() && line.len() + name.len() > LINE_WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(name);
        }
        lines.push(line);
        lines.extend(more_line(&info, all));
        self.reply_lines(&lines);
    }

    fn list_members(&self) -> (Vec<MemberInfo>, usize) {
        let registry = &self.guard.context.registry;
        registry.list_members(Some(&self.me), limits::MAX_LISTED)
    }

    pub(super) fn whois(&mut self, name: &Name) {
        let message = match self.guard.context.registry.whois(name) {
            Whois::Present(info) => describe(&info),
            Whois::Departed(ago) => format!("{name} was last here {} ago.", format_duration(ago)),
            Whois::Unknown => return self.refuse_command(&no_such_user(name)),
        };
        self.notify(&message);
    }

    pub(super) fn rename(&mut self, name: &Name) {
        if name.as_str() == self.me.as_str() {
            return self.refuse_command(&format!("You are called {name} already."));
        }
        if !self.check_not_muted() {
            return;
        }
        if self.guard.context.moderation.is_banned(name) {
            return self.refuse_command(&format!("The operator has banned the name {name}."));
        }
        let old = std::mem::replace(&mut self.me, name.clone());
        if self.guard.rename(&old, name).is_err() {
            self.me = old;
            self.refuse_command(&format!("The name {name} is taken."));
        }
    }

    pub(super) fn away(&mut self, text: Option<&str>) {
        if text.is_some() && !self.check_not_muted() {
            return;
        }
        let reason = text.unwrap_or_default().to_string();
        self.guard.context.registry.set_away(&self.me, Some(reason));
        let mut notice = Vec::new();
        match text {
            Some(text) => common::event::action(&self.me, &format!("is away, {text}"), &mut notice),
            None => Event::Notice(&notice::away(&self.me)).encode(&mut notice),
        }
        self.notify_room(notice, "You are away. /back ends that.");
    }

    pub(super) fn back(&mut self) {
        if !self.guard.context.registry.set_away(&self.me, None) {
            return self.refuse_command("You are not away.");
        }
        let notice = Event::Notice(&notice::back(&self.me)).to_line();
        self.notify_room(notice, "You are back.");
    }

    /// Tells the room something about this member, and it that this was done.
    fn notify_room(&mut self, notice: Vec<u8>, message: &str) {
        self.guard.context.posts.send(Post::About {
            id: self.guard.connection.id,
            notice,
            message: Event::Notice(message).to_line(),
        });
    }
}

/// The refusal where somebody is asked for who was never here.
pub(super) fn no_such_user(name: &Name) -> String {
    format!("There is nobody called {name} here.")
}

fn count_line(all: usize) -> String {
    match all {
        1 => "You are alone here.".to_string(),
        all => format!("{all} are here."),
    }
}

fn more_line(info: &[MemberInfo], all: usize) -> Option<String> {
    let left = all.saturating_sub(info.len());
    (left > 0).then(|| format!("and {left} more."))
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

/// As much of a reason as a row has room for: two hundred long ones would be an
/// answer that a slow line cannot take. `/whois` gives all of it.
fn shorten(why: &str) -> String {
    match why.char_indices().nth(MAX_AWAY_SHOWN) {
        Some((end, _)) => format!("{}...", why.get(..end).unwrap_or_default()),
        None => why.to_string(),
    }
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
