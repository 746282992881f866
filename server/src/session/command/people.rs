//! Who is here, who one is, and whether one is reading.

use common::notice::{self, format_duration, without_colons};
use common::{Event, Name};

use super::super::talk::Talk;
use super::idle;
use crate::limits;
use crate::post::Post;
use crate::registry::{Seen, Whois};

/// How wide a line of names is: it fits into any window.
const WIDTH: usize = 76;

/// How many characters of a reason stand in a row of `/who`.
const REASON: usize = 24;

impl Talk<'_, '_> {
    pub(super) fn who(&mut self) {
        let (seen, all) = self.around();
        let mut lines = vec![here(all)];
        lines.extend(seen.iter().map(row));
        lines.extend(rest(&seen, all));
        self.answer(&lines);
    }

    pub(super) fn names(&mut self) {
        let (seen, all) = self.around();
        let mut lines = vec![here(all)];
        let mut line = String::new();
        for name in seen.iter().map(|seen| seen.name.as_str()) {
            if !line.is_empty() && line.len() + name.len() > WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(name);
        }
        lines.push(line);
        lines.extend(rest(&seen, all));
        self.answer(&lines);
    }

    fn around(&self) -> (Vec<Seen>, usize) {
        let registry = &self.visit.shared.registry;
        registry.around(Some(&self.me), limits::LISTED)
    }

    pub(super) fn whois(&mut self, name: &Name) {
        let told = match self.visit.shared.registry.whois(name) {
            Whois::Here(seen) => described(&seen),
            Whois::Gone(ago) => format!("{name} was last here {} ago.", format_duration(ago)),
            Whois::Unknown => return self.refuse_command(&nobody(name)),
        };
        self.say(&told);
    }

    pub(super) fn rename(&mut self, name: &Name) {
        if name.as_str() == self.me.as_str() {
            return self.refuse_command(&format!("You are called {name} already."));
        }
        if !self.may_speak() {
            return;
        }
        if self.visit.shared.rules.is_banned(name) {
            return self.refuse_command(&format!("The operator has banned the name {name}."));
        }
        let old = std::mem::replace(&mut self.me, name.clone());
        if self.visit.rename(&old, name).is_err() {
            self.me = old;
            self.refuse_command(&format!("The name {name} is taken."));
        }
    }

    pub(super) fn away(&mut self, text: Option<&str>) {
        if text.is_some() && !self.may_speak() {
            return;
        }
        let reason = text.unwrap_or_default().to_string();
        self.visit.shared.registry.set_away(&self.me, Some(reason));
        let mut notice = Vec::new();
        match text {
            Some(text) => common::event::action(&self.me, &format!("is away, {text}"), &mut notice),
            None => Event::Notice(&notice::away(&self.me)).encode(&mut notice),
        }
        self.tell_room(notice, "You are away. /back ends that.");
    }

    pub(super) fn back(&mut self) {
        if !self.visit.shared.registry.set_away(&self.me, None) {
            return self.refuse_command("You are not away.");
        }
        let notice = Event::Notice(&notice::back(&self.me)).to_line();
        self.tell_room(notice, "You are back.");
    }

    /// Tells the room something about this member, and it that this was done.
    fn tell_room(&mut self, notice: Vec<u8>, told: &str) {
        self.visit.shared.posts.send(Post::About {
            id: self.visit.link.id,
            notice,
            told: Event::Notice(told).to_line(),
        });
    }
}

/// The refusal where somebody is asked for who was never here.
pub(super) fn nobody(name: &Name) -> String {
    format!("There is nobody called {name} here.")
}

fn here(all: usize) -> String {
    match all {
        1 => "You are alone here.".to_string(),
        all => format!("{all} are here."),
    }
}

fn rest(seen: &[Seen], all: usize) -> Option<String> {
    let left = all.saturating_sub(seen.len());
    (left > 0).then(|| format!("and {left} more."))
}

fn row(seen: &Seen) -> String {
    let away = match seen.away.as_deref() {
        None => String::new(),
        Some("") => "  away".to_string(),
        Some(why) => format!("  away ({})", beginning(why)),
    };
    let idle = idle(seen.link.idle());
    format!("{:<24}  {:<24}  {idle}{away}", seen.name, seen.room)
}

/// As much of a reason as a row has room for: two hundred long ones would be an
/// answer that a slow line cannot take. `/whois` gives all of it.
fn beginning(why: &str) -> String {
    match why.char_indices().nth(REASON) {
        Some((end, _)) => format!("{}...", why.get(..end).unwrap_or_default()),
        None => why.to_string(),
    }
}

fn described(seen: &Seen) -> String {
    let away = match seen.away.as_deref() {
        None => String::new(),
        Some("") => ", and away".to_string(),
        Some(why) => format!(", and away ({})", without_colons(why)),
    };
    let (name, room) = (&seen.name, &seen.room);
    let since = format_duration(seen.link.opened().elapsed());
    let idle = idle(seen.link.idle());
    format!("{name} has been here for {since}, is in {room}, {idle}{away}.")
}
