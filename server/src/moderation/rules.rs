//! Rules: what the operator has decided. Bans, mutes, switches and the message of the day.
//!
//! The rules are read before a connection is admitted, and before a message is said.
//! A rule that is read for every line is a flag; one behind the lock is read once for
//! a connection.

use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::Name;

use crate::connection::MemberFlags;
use crate::connection::close::{Close, CloseReason};
use crate::connection::host::Host;
use crate::sync::lock;

const MUTED: &str = "You are muted.";
const OPERATOR_ONLY: &str = "Everybody is muted for now.";

/// The decisions of the operator, as they are now.
#[derive(Default)]
pub struct Moderation {
    /// Only the operator may speak.
    silence: AtomicBool,
    /// Private messages are off.
    no_private: AtomicBool,
    /// No new connection may join.
    locked: AtomicBool,
    lists: Mutex<Lists>,
}

#[derive(Default)]
struct Lists {
    bans: Vec<Ban>,
    muted: Vec<Name>,
    /// The message of the day, line by line.
    motd: Vec<String>,
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The banned name or address.
    pub target: BanTarget,
    /// The end of the ban; `None` is forever.
    pub until: Option<Instant>,
}

/// The target of a ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BanTarget {
    /// A name.
    Name(Name),
    /// Every connection from a host.
    Host(Host),
}

impl std::fmt::Display for BanTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BanTarget::Name(name) => write!(f, "{name}"),
            BanTarget::Host(host) => write!(f, "{host}"),
        }
    }
}

/// A rule that is either on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Only the operator may speak.
    Silence,
    /// Private messages are off.
    NoPrivate,
    /// No new connection may join.
    Locked,
}

impl Moderation {
    /// Makes rules without bans and mutes, with the message of the day `motd`.
    pub fn new(motd: Vec<String>) -> Moderation {
        let moderation = Moderation::default();
        moderation.set_motd(motd);
        moderation
    }

    /// Returns `true` if a switch is on.
    pub fn is_on(&self, switch: Switch) -> bool {
        self.flag(switch).load(Ordering::Relaxed)
    }

    /// Turns a switch on or off.
    pub fn set(&self, switch: Switch, on: bool) {
        self.flag(switch).store(on, Ordering::Relaxed);
    }

    fn flag(&self, switch: Switch) -> &AtomicBool {
        match switch {
            Switch::Silence => &self.silence,
            Switch::NoPrivate => &self.no_private,
            Switch::Locked => &self.locked,
        }
    }

    /// Returns why a member with these flags may not speak, if so.
    pub fn mute_reason(&self, flags: &MemberFlags) -> Option<&'static str> {
        if flags.is_muted() {
            return Some(MUTED);
        }
        self.is_on(Switch::Silence).then_some(OPERATOR_ONLY)
    }

    /// Checks whether a connection from `address` may join.
    ///
    /// # Errors
    ///
    /// How to close it if not.
    pub fn admit_address(&self, address: IpAddr) -> Result<(), Close> {
        if self.is_on(Switch::Locked) {
            return Err(lock_close());
        }
        if self.is_host_banned(address) {
            return Err(ban_close());
        }
        Ok(())
    }

    fn is_host_banned(&self, address: IpAddr) -> bool {
        let host = BanTarget::Host(Host::of(address));
        let is_target = |ban: &Ban| ban.target == host;
        lock(&self.lists).bans().iter().any(is_target)
    }

    /// Checks whether a connection from `address` may join as `name`. The address is
    /// checked again, because a ban may have come since it connected.
    ///
    /// # Errors
    ///
    /// A sentence for the peer if not.
    pub fn admit_name(&self, name: &Name, address: IpAddr) -> Result<(), String> {
        self.admit_address(address).map_err(|close| close.message)?;
        if self.is_banned(name) {
            return Err(format!("{name} is banned."));
        }
        Ok(())
    }

    /// Returns how to close the connection of a member called `name` from `address`, if
    /// one of the two is banned.
    pub fn ban_of(&self, name: &Name, address: IpAddr) -> Option<Close> {
        let is_banned = self.is_banned(name) || self.is_host_banned(address);
        is_banned.then(ban_close)
    }

    /// Returns `true` if `name` is banned.
    pub fn is_banned(&self, name: &Name) -> bool {
        let is_target = |ban: &Ban| ban.target == BanTarget::Name(name.clone());
        lock(&self.lists).bans().iter().any(is_target)
    }

    /// Bans a name or an address, for `time` or forever.
    pub fn ban(&self, target: BanTarget, time: Option<Duration>) {
        let until = time.map(|time| Instant::now() + time);
        let mut lists = lock(&self.lists);
        lists.bans.retain(|ban| ban.target != target);
        lists.bans.push(Ban { target, until });
    }

    /// Ends a ban. Returns `false` if there was none.
    pub fn unban(&self, target: &BanTarget) -> bool {
        let mut lists = lock(&self.lists);
        let before = lists.bans().len();
        lists.bans.retain(|ban| ban.target != *target);
        lists.bans.len() < before
    }

    /// Returns the bans that are not over.
    pub fn bans(&self) -> Vec<Ban> {
        lock(&self.lists).bans().to_vec()
    }

    /// Mutes a name, also for a later holder.
    pub fn mute(&self, name: &Name) {
        let mut lists = lock(&self.lists);
        if !lists.muted.contains(name) {
            lists.muted.push(name.clone());
        }
    }

    /// Sets the flag of a member that has just got `name`, if that is muted. It never
    /// clears the flag. An unmute either finds the member afterwards, or came before.
    pub fn apply_mute(&self, name: &Name, flags: &MemberFlags) {
        let lists = lock(&self.lists);
        if lists.muted.contains(name) {
            flags.set_muted(true);
        }
    }

    /// Unmutes a name. Returns `false` if it was not muted.
    pub fn unmute(&self, name: &Name) -> bool {
        let mut lists = lock(&self.lists);
        let before = lists.muted.len();
        lists.muted.retain(|muted| muted != name);
        lists.muted.len() < before
    }

    /// Unmutes every name, and lets all members speak.
    pub fn unmute_all(&self) {
        lock(&self.lists).muted.clear();
        self.set(Switch::Silence, false);
    }

    /// Returns `true` if a name is muted.
    #[cfg(test)]
    pub fn is_muted(&self, name: &Name) -> bool {
        lock(&self.lists).muted.contains(name)
    }

    /// Returns the message of the day, line by line.
    pub fn motd(&self) -> Vec<String> {
        lock(&self.lists).motd.clone()
    }

    /// Changes the message of the day.
    pub fn set_motd(&self, motd: Vec<String>) {
        lock(&self.lists).motd = motd;
    }
}

impl Lists {
    /// Removes the bans that are over, and returns the others.
    fn bans(&mut self) -> &[Ban] {
        let now = Instant::now();
        self.bans
            .retain(|ban| ban.until.is_none_or(|until| until > now));
        &self.bans
    }
}

/// Returns the close of the connection of a banned member.
pub fn ban_close() -> Close {
    Close::with_message(CloseReason::Kicked, "You are banned.")
}

fn lock_close() -> Close {
    Close::with_message(
        CloseReason::Kicked,
        "The server is locked. Try again later.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_holds_until_its_time_is_over_or_it_is_lifted() {
        let moderation = Moderation::default();
        let (ann, address) = (Name::from_static("ann"), IpAddr::from([10, 0, 0, 7]));
        moderation.ban(BanTarget::Name(ann.clone()), None);
        moderation.ban(
            BanTarget::Host(Host::of(address)),
            Some(Duration::from_secs(60)),
        );
        let admit = |name: &str, address| moderation.admit_name(&name.parse().unwrap(), address);
        let elsewhere = IpAddr::from([10, 0, 0, 8]);
        assert!(admit("ANN", elsewhere).is_err());
        assert!(admit("bob", elsewhere).is_ok());
        assert!(
            admit("bob", address).is_err(),
            "the ban came after it had connected"
        );
        let mapped = "::ffff:10.0.0.7".parse().unwrap();
        assert!(moderation.admit_address(mapped).is_err());
        moderation.ban(BanTarget::Host(Host::of(address)), Some(Duration::ZERO));
        assert!(moderation.admit_address(address).is_ok());
        assert_eq!(moderation.bans().len(), 1);
        assert!(moderation.unban(&BanTarget::Name(ann.clone())));
        assert!(!moderation.unban(&BanTarget::Name(ann.clone())));
        assert!(admit("ann", elsewhere).is_ok());
    }

    #[test]
    fn a_locked_server_admits_no_new_connection() {
        let moderation = Moderation::default();
        moderation.set(Switch::Locked, true);
        let address = IpAddr::from([127, 0, 0, 1]);
        let ann = Name::from_static("ann");
        assert!(moderation.admit_name(&ann, address).is_err());
        assert!(moderation.admit_address(address).is_err());
    }

    #[test]
    fn a_mute_is_a_names_until_all_may_speak() {
        let moderation = Moderation::default();
        let ann = Name::from_static("ann");
        moderation.mute(&ann);
        assert!(moderation.is_muted(&ann));
        assert!(moderation.unmute(&ann) && !moderation.unmute(&ann));
        moderation.mute(&ann);
        moderation.set(Switch::Silence, true);
        moderation.unmute_all();
        assert!(!moderation.is_muted(&ann) && !moderation.is_on(Switch::Silence));
    }
}
