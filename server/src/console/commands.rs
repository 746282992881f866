//! Commands: what the operator decides about members, who are notified.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use common::notice::{format_duration, no_such_user, without_colons};
use common::{Event, Name};

use super::{Console, NO_FILES};
use crate::broadcaster::post::Audience;
use crate::connection::Connection;
use crate::connection::close::{Close, CloseReason};
use crate::connection::host::Host;
use crate::moderation::rules::{self, BanTarget, Switch};

impl Console {
    pub(super) fn kick(&self, rest: &str) -> String {
        let (name, why) = rest.split_once(' ').unwrap_or((rest, ""));
        if name.is_empty() {
            return "Usage: /kick NAME [REASON]".to_string();
        }
        let Some((_, connection)) = self.find_member(name) else {
            let departed = name.parse::<Name>().ok();
            let ended = departed
                .is_some_and(|departed| self.resume.end_departed(|name, _| *name == departed) > 0);
            return if ended {
                format!("{name} has left, and cannot come back as the same member.")
            } else {
                no_such_user(name)
            };
        };
        let message = match why.trim() {
            "" => "You were kicked.".to_string(),
            why => format!("You were kicked, {}", without_colons(why)),
        };
        self.disconnect(
            connection,
            &Close::with_message(CloseReason::Kicked, message),
        );
        format!("Kicked {name}.")
    }

    /// Disconnects a member, also if it gets another connection at the same moment. The
    /// session that gives it one looks afterwards whether the previous one was
    /// disconnected.
    fn disconnect(&self, connection: Arc<Connection>, close: &Close) {
        let id = connection.member_id();
        let mut present = Some(connection);
        while let Some(connection) = present {
            self.reaper.disconnect(&connection, close.clone());
            present = self.registry.connection_of(id);
            present = present.filter(|present| !present.is_leaving());
        }
    }

    pub(super) fn ban(&self, rest: &str) -> String {
        let (target, time) = rest.split_once(' ').unwrap_or((rest, ""));
        let usage = "Usage: /ban NAME|ADDRESS [TIME], with TIME as in 30s, 10m, 2h or 1d";
        let Some(target) = parse_ban_target(target) else {
            return usage.to_string();
        };
        let time = match time.trim() {
            "" => None,
            time => match parse_duration(time) {
                Some(time) => Some(time),
                None => return usage.to_string(),
            },
        };
        self.moderation.ban(target.clone(), time);
        let present = self.connections_of(&target);
        let count = present.len();
        for connection in present {
            self.disconnect(connection, &rules::ban_close());
        }
        self.resume.end_departed(|name, host| match &target {
            BanTarget::Name(banned) => banned == name,
            BanTarget::Host(banned) => *banned == host,
        });
        let time = time.map_or_else(
            || "forever".to_string(),
            |time| format!("for {}", format_duration(time)),
        );
        format!("Banned {target} {time}, disconnected {count}.")
    }

    /// Returns the open connections that a ban concerns.
    fn connections_of(&self, target: &BanTarget) -> Vec<Arc<Connection>> {
        match target {
            BanTarget::Name(name) => self.registry.find_connection(name).into_iter().collect(),
            BanTarget::Host(host) => {
                let (members, _) = self.registry.list_members(None, usize::MAX);
                let connections = members.into_iter().map(|info| info.connection);
                connections
                    .filter(|connection| Host::of(connection.address.ip()) == *host)
                    .collect()
            }
        }
    }

    pub(super) fn remove_file(&self, rest: &str) -> String {
        let Some(files) = &self.files else {
            return NO_FILES.to_string();
        };
        match rest.parse().map(|id| files.remove_file(None, id)) {
            Ok(Ok(metadata)) => format!("{} is removed.", metadata.name),
            Ok(Err(why)) => why,
            Err(_) => "Usage: /forget ID; /files lists them".to_string(),
        }
    }

    pub(super) fn unban(&self, rest: &str) -> String {
        match parse_ban_target(rest) {
            Some(target) if self.moderation.unban(&target) => {
                format!("Unbanned {target}.")
            }
            Some(target) => format!("{target} is not banned. /bans lists all bans."),
            None => "Usage: /unban NAME|ADDRESS".to_string(),
        }
    }

    pub(super) fn mute(&self, rest: &str) -> String {
        if rest == "all" {
            self.moderation.set(Switch::Silence, true);
            self.announce_all("Everybody is muted for now.");
            return "Muted everybody. /unmute all to undo.".to_string();
        }
        let Ok(name) = rest.parse::<Name>() else {
            return no_such_user(rest);
        };
        // First the name: so a member that gets it now is either found here, or finds
        // the mute.
        self.moderation.mute(&name);
        let found = self.registry.set_muted(&name, true);
        match found.filter(|(connection, _)| !connection.is_leaving()) {
            Some((connection, _)) => {
                self.send_notice(&connection, "You are muted.");
                format!("Muted {name}, also after joining again.")
            }
            // It may come back by its token, or join again.
            None => {
                format!("{name} is not here, and is muted when it joins. /unmute {name} to undo.")
            }
        }
    }

    pub(super) fn unmute(&self, rest: &str) -> String {
        if rest == "all" {
            self.moderation.unmute_all();
            self.registry.unmute_all();
            self.announce_all("Everybody may speak again.");
            return "Unmuted everybody.".to_string();
        }
        let Ok(name) = rest.parse::<Name>() else {
            return no_such_user(rest);
        };
        let was_noted = self.moderation.unmute(&name);
        // It may have been muted under another name.
        let found = self.registry.set_muted(&name, false);
        let connection = found.filter(|&(_, was_muted)| was_muted);
        if let Some((connection, _)) = &connection {
            self.send_notice(connection, "You are no longer muted.");
        }
        if was_noted || connection.is_some() {
            format!("Unmuted {name}.")
        } else {
            format!("{name} is not muted.")
        }
    }

    pub(super) fn switch_private(&self, rest: &str) -> String {
        let (off, message) = match rest {
            "off" => (true, "Private messages are off."),
            "on" => (false, "Private messages are on."),
            _ => return "Usage: /private off|on".to_string(),
        };
        self.moderation.set(Switch::NoPrivate, off);
        self.announce_all(message);
        message.to_string()
    }

    pub(super) fn lock(&self) -> String {
        self.moderation.set(Switch::Locked, true);
        "The server is locked. /unlock to undo.".to_string()
    }

    pub(super) fn unlock(&self) -> String {
        self.moderation.set(Switch::Locked, false);
        "The server is unlocked.".to_string()
    }

    pub(super) fn announce_in(&self, rest: &str) -> String {
        let (room, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let text = text.trim();
        let name = common::command::parse_room(room).ok();
        match name.and_then(|room| self.registry.room_id(&room)) {
            _ if text.is_empty() => "Usage: /say ROOM TEXT".to_string(),
            None => format!("No such room, {room}. /rooms lists them."),
            Some(id) => {
                let message = format!("Said in {}.", id.name);
                self.announce(Some(id), text);
                message
            }
        }
    }

    pub(super) fn change_motd(&self, rest: &str) -> String {
        match rest {
            "" => match self.moderation.motd().as_slice() {
                [] => "No message of the day.".to_string(),
                lines => format!("The message of the day is\n{}", lines.join("\n")),
            },
            "off" => {
                self.moderation.set_motd(Vec::new());
                "Removed the message of the day.".to_string()
            }
            text => {
                self.moderation.set_motd(super::motd([text].into_iter()));
                "Changed the message of the day.".to_string()
            }
        }
    }

    fn find_member(&self, name: &str) -> Option<(Name, Arc<Connection>)> {
        let name = name.parse::<Name>().ok()?;
        // A member that leaves keeps its name until all have received the notice.
        let connection = self
            .registry
            .find_connection(&name)
            .filter(|connection| !connection.is_leaving())?;
        Some((name, connection))
    }

    fn send_notice(&self, connection: &Connection, text: &str) {
        let audience = Audience::OneWithNotice(connection.member_id());
        self.posts.deliver(audience, Event::Notice(text).to_line());
    }
}

/// Parses an address, or else a name. No name is an address.
fn parse_ban_target(text: &str) -> Option<BanTarget> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(BanTarget::Host(Host::of(address)));
    }
    text.parse().ok().map(BanTarget::Name)
}

/// The longest ban that ends, so that no clock overflows.
const MAX_BAN_SECONDS: u64 = 365 * 86_400;

/// Parses `30s`, `10m`, `2h`, `1d`, or `10` for minutes.
fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match text.get(digits.len()..)? {
        "s" => 1,
        "m" | "min" | "" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let time = digits.parse::<u64>().ok()?.checked_mul(seconds)?;
    (1..=MAX_BAN_SECONDS)
        .contains(&time)
        .then(|| Duration::from_secs(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_ban() {
        let check = |text, expected: Option<u64>| {
            assert_eq!(
                parse_duration(text),
                expected.map(Duration::from_secs),
                "{text}"
            );
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
            parse_ban_target("10.0.0.7"),
            Some(BanTarget::Host(Host::of(IpAddr::from([10, 0, 0, 7]))))
        );
        assert_eq!(
            parse_ban_target("ann"),
            Some(BanTarget::Name("ann".parse().unwrap()))
        );
        assert_eq!(parse_ban_target("a b"), None);
    }
}
