//! What the operator decides about somebody, who is told.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use common::notice::{format_duration, without_colons};
use common::{Event, Name};

use super::{Console, NO_FILES};
use crate::link::Link;
use crate::reason::{Ending, Reason};
use crate::rules::{self, Rule, Whom};

impl Console {
    pub(super) fn kick(&self, rest: &str) -> String {
        let (name, why) = rest.split_once(' ').unwrap_or((rest, ""));
        if name.is_empty() {
            return "Whom? Type /kick NAME [WHY].".to_string();
        }
        let Some((_, link)) = self.find(name) else {
            return nobody(name);
        };
        let told = match why.trim() {
            "" => "The operator removed you.".to_string(),
            why => format!("The operator removed you, {}", without_colons(why)),
        };
        self.usher
            .show_out(&link, Ending::told(Reason::Kicked, told));
        format!("{name} is removed.")
    }

    pub(super) fn ban(&self, rest: &str) -> String {
        let (whom, time) = rest.split_once(' ').unwrap_or((rest, ""));
        let usage = "Type /ban NAME or ADDRESS, and for how long, as in 30s, 10m, 2h or 1d.";
        let Some(whom) = read_whom(whom) else {
            return format!("Whom? {usage}");
        };
        let time = match time.trim() {
            "" => None,
            time => match read_time(time) {
                Some(time) => Some(time),
                None => return format!("For how long? {usage}"),
            },
        };
        self.rules.ban(whom.clone(), time);
        let present = self.concerned(&whom);
        for link in &present {
            self.usher.show_out(link, rules::banned());
        }
        let time = time.map_or_else(
            || "for ever".to_string(),
            |time| format!("for {}", format_duration(time)),
        );
        format!("{whom} is banned {time}, {} removed.", present.len())
    }

    /// The connections that a ban concerns now.
    fn concerned(&self, whom: &Whom) -> Vec<Arc<Link>> {
        match whom {
            Whom::Name(name) => self.registry.find(name).into_iter().collect(),
            Whom::Address(address) => {
                let (members, _) = self.registry.around(None, usize::MAX);
                let links = members.into_iter().map(|seen| seen.link);
                links
                    .filter(|link| link.address.ip().to_canonical() == *address)
                    .collect()
            }
        }
    }

    pub(super) fn forget(&self, rest: &str) -> String {
        let Some(files) = &self.files else {
            return NO_FILES.to_string();
        };
        match rest.parse().map(|id| files.forget(None, id)) {
            Ok(Ok(about)) => format!("{} is removed.", about.name),
            Ok(Err(why)) => why,
            Err(_) => "Which file? Type /forget and its number; /files lists them.".to_string(),
        }
    }

    pub(super) fn unban(&self, rest: &str) -> String {
        match read_whom(rest) {
            Some(whom) if self.rules.unban(&whom) => format!("{whom} may come in again."),
            Some(whom) => format!("{whom} is not banned. /bans lists all who are."),
            None => "Whom? Type /unban NAME or ADDRESS.".to_string(),
        }
    }

    pub(super) fn mute(&self, rest: &str) -> String {
        if rest == "all" {
            self.rules.set(Rule::Silence, true);
            self.say("Only I speak for now.");
            return "Only you speak now. /unmute all ends that.".to_string();
        }
        match self.find(rest) {
            Some((name, link)) => {
                self.rules.mute(&name);
                link.set_muted(true);
                self.tell(&link, "The operator has muted you.");
                format!("{name} is muted, also when coming again under this name.")
            }
            None => nobody(rest),
        }
    }

    pub(super) fn unmute(&self, rest: &str) -> String {
        if rest == "all" {
            self.rules.unmute_all();
            let (members, _) = self.registry.around(None, usize::MAX);
            members.iter().for_each(|seen| seen.link.set_muted(false));
            self.say("Everybody may speak again.");
            return "Everybody may speak.".to_string();
        }
        let Ok(name) = rest.parse::<Name>() else {
            return nobody(rest);
        };
        let was_noted = self.rules.unmute(&name);
        // It may have been muted under another name.
        let link = self.registry.find(&name).filter(|link| link.is_muted());
        if let Some(link) = &link {
            link.set_muted(false);
            self.tell(link, "You may speak again.");
        }
        match was_noted || link.is_some() {
            true => format!("{name} may speak again."),
            false => format!("{name} is not muted."),
        }
    }

    pub(super) fn private(&self, rest: &str) -> String {
        let (off, told) = match rest {
            "off" => (true, "Private messages are off for now."),
            "on" => (false, "Private messages are on again."),
            _ => return "Type /private off or /private on.".to_string(),
        };
        self.rules.set(Rule::NoPrivate, off);
        self.say(told);
        told.to_string()
    }

    pub(super) fn lock(&self) -> String {
        self.rules.set(Rule::Locked, true);
        "Nobody new comes in. /unlock ends that.".to_string()
    }

    pub(super) fn unlock(&self) -> String {
        self.rules.set(Rule::Locked, false);
        "Everybody may come in.".to_string()
    }

    pub(super) fn say_in(&self, rest: &str) -> String {
        let (room, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let text = text.trim();
        let place = common::command::parse_room(room).ok();
        match place.and_then(|room| self.registry.place(&room)) {
            _ if text.is_empty() => "Where, and what? Type /say ROOM TEXT.".to_string(),
            None => format!("There is no room {room}. /rooms lists them."),
            Some(place) => {
                let told = format!("Said in {}.", place.name);
                self.announce(Some(place), text);
                told
            }
        }
    }

    pub(super) fn change_motd(&self, rest: &str) -> String {
        match rest {
            "" => match self.rules.motd().as_slice() {
                [] => "Newcomers are told nothing.".to_string(),
                lines => format!("Newcomers are told\n{}", lines.join("\n")),
            },
            "off" => {
                self.rules.set_motd(Vec::new());
                "Newcomers are told nothing from now on.".to_string()
            }
            text => {
                self.rules.set_motd(super::motd([text].into_iter()));
                "Newcomers are told that from now on.".to_string()
            }
        }
    }

    fn find(&self, name: &str) -> Option<(Name, Arc<Link>)> {
        let name = name.parse::<Name>().ok()?;
        // Who is leaving keeps the name until everybody has been told.
        let link = self
            .registry
            .find(&name)
            .filter(|link| link.ending().is_none())?;
        Some((name, link))
    }

    fn tell(&self, link: &Link, text: &str) {
        self.posts.tell(link.id, Event::Notice(text).to_line());
    }
}

fn nobody(name: &str) -> String {
    format!("There is nobody called {name} here.")
}

/// An address, or else a name: `10.0.0.7` could be either.
fn read_whom(text: &str) -> Option<Whom> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(Whom::Address(address.to_canonical()));
    }
    text.parse().ok().map(Whom::Name)
}

/// The longest ban that has an end, so that no clock overflows.
const LONGEST: u64 = 365 * 86_400;

/// `30s`, `10m`, `2h`, `1d`, or `10` for minutes.
fn read_time(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match text.get(digits.len()..)? {
        "s" => 1,
        "m" | "min" | "" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let time = digits.parse::<u64>().ok()?.checked_mul(seconds)?;
    (1..=LONGEST)
        .contains(&time)
        .then(|| Duration::from_secs(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_ban() {
        let check = |text, expected: Option<u64>| {
            assert_eq!(read_time(text), expected.map(Duration::from_secs), "{text}");
        };
        check("30s", Some(30));
        check("10m", Some(600));
        check("10", Some(600));
        check("2h", Some(7200));
        check("1d", Some(86_400));
        for wrong in ["", "m", "0m", "-1m", "1y", "x", "99999999999d", "1.5h"] {
            check(wrong, None);
        }
    }

    #[test]
    fn an_address_is_no_name() {
        assert_eq!(
            read_whom("10.0.0.7"),
            Some(Whom::Address(IpAddr::from([10, 0, 0, 7])))
        );
        assert_eq!(read_whom("ann"), Some(Whom::Name("ann".parse().unwrap())));
        assert_eq!(read_whom("a b"), None);
    }
}
