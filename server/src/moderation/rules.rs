//! What the operator has decided: who may come in, who may speak, and how.
//!
//! Asked before anybody comes in, and before anything is said. What is asked for
//! every line is a flag; what needs the lock is asked once for a connection.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use common::Name;

use crate::connection::close::{Close, CloseReason};
use crate::sync::lock;

/// The operator's decisions, as they stand now.
#[derive(Default)]
pub struct Moderation {
    /// Only the operator speaks.
    silence: AtomicBool,
    /// Nobody speaks in private.
    no_private: AtomicBool,
    /// Nobody new comes in.
    locked: AtomicBool,
    lists: Mutex<Lists>,
}

#[derive(Default)]
struct Lists {
    bans: Vec<Ban>,
    muted: Vec<Name>,
    /// What everybody is told who comes in.
    motd: Vec<String>,
}

/// Somebody who may not come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Who.
    pub target: BanTarget,
    /// Until when; for ever if not said.
    pub until: Option<Instant>,
}

/// Whom a ban is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BanTarget {
    /// A member, by name.
    Name(Name),
    /// Everybody who comes from there.
    Address(IpAddr),
}

impl std::fmt::Display for BanTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BanTarget::Name(name) => write!(f, "{name}"),
            BanTarget::Address(address) => write!(f, "{address}"),
        }
    }
}

/// A rule that is either in force or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Only the operator speaks.
    Silence,
    /// Nobody speaks in private.
    NoPrivate,
    /// Nobody new comes in.
    Locked,
}

impl Moderation {
    /// Rules that greet everybody with the lines of `motd`.
    pub fn new(motd: Vec<String>) -> Moderation {
        let rules = Moderation::default();
        rules.set_motd(motd);
        rules
    }

    /// Whether a rule is in force.
    pub fn is_on(&self, rule: Switch) -> bool {
        self.flag(rule).load(Ordering::Relaxed)
    }

    /// Puts a rule in force, or ends it.
    pub fn set(&self, rule: Switch, holds: bool) {
        self.flag(rule).store(holds, Ordering::Relaxed);
    }

    fn flag(&self, rule: Switch) -> &AtomicBool {
        match rule {
            Switch::Silence => &self.silence,
            Switch::NoPrivate => &self.no_private,
            Switch::Locked => &self.locked,
        }
    }

    /// Whether a connection from `address` may come in.
    ///
    /// # Errors
    ///
    /// The ending to give it if not.
    pub fn admit_address(&self, address: IpAddr) -> Result<(), Close> {
        if self.is_on(Switch::Locked) {
            return Err(lock_close());
        }
        let address = address.to_canonical();
        let metadata = |ban: &Ban| ban.target == BanTarget::Address(address);
        match self.lock().bans().iter().any(metadata) {
            true => Err(ban_close()),
            false => Ok(()),
        }
    }

    /// Whether somebody may come in as `name`.
    ///
    /// # Errors
    ///
    /// A sentence for them if not.
    pub fn admit_name(&self, name: &Name) -> Result<(), String> {
        if self.is_on(Switch::Locked) {
            return Err(lock_close().message);
        }
        match self.is_banned(name) {
            true => Err(format!("The operator has banned the name {name}.")),
            false => Ok(()),
        }
    }

    /// Whether nobody may have `name`.
    pub fn is_banned(&self, name: &Name) -> bool {
        let metadata = |ban: &Ban| ban.target == BanTarget::Name(name.clone());
        self.lock().bans().iter().any(metadata)
    }

    /// Keeps somebody out, for so long or for ever.
    pub fn ban(&self, target: BanTarget, time: Option<Duration>) {
        let until = time.map(|time| Instant::now() + time);
        let mut lists = self.lock();
        lists.bans.retain(|ban| ban.target != target);
        lists.bans.push(Ban { target, until });
    }

    /// Lets somebody in again, and says whether they were kept out.
    pub fn unban(&self, target: &BanTarget) -> bool {
        let mut lists = self.lock();
        let before = lists.bans().len();
        lists.bans.retain(|ban| ban.target != *target);
        lists.bans.len() < before
    }

    /// Who is kept out now.
    pub fn bans(&self) -> Vec<Ban> {
        self.lock().bans().to_vec()
    }

    /// Notes that a name may not speak, also when it comes again.
    pub fn mute(&self, name: &Name) {
        let mut lists = self.lock();
        if !lists.muted.contains(name) {
            lists.muted.push(name.clone());
        }
    }

    /// Lets a name speak, and says whether it could not before.
    pub fn unmute(&self, name: &Name) -> bool {
        let mut lists = self.lock();
        let before = lists.muted.len();
        lists.muted.retain(|muted| muted != name);
        lists.muted.len() < before
    }

    /// Lets everybody speak.
    pub fn unmute_all(&self) {
        self.lock().muted.clear();
        self.set(Switch::Silence, false);
    }

    /// Whether a name may not speak.
    pub fn is_muted(&self, name: &Name) -> bool {
        self.lock().muted.contains(name)
    }

    /// What everybody is told who comes in, line by line.
    pub fn motd(&self) -> Vec<String> {
        self.lock().motd.clone()
    }

    /// Changes it.
    pub fn set_motd(&self, motd: Vec<String>) {
        self.lock().motd = motd;
    }

    fn lock(&self) -> MutexGuard<'_, Lists> {
        lock(&self.lists)
    }
}

impl Lists {
    /// The bans that are not over.
    fn bans(&mut self) -> &[Ban] {
        let now = Instant::now();
        self.bans
            .retain(|ban| ban.until.is_none_or(|until| until > now));
        &self.bans
    }
}

/// The ending of somebody who was banned.
pub fn ban_close() -> Close {
    Close::with_message(CloseReason::Kicked, "The operator has banned you.")
}

fn lock_close() -> Close {
    Close::with_message(
        CloseReason::Kicked,
        "The operator lets nobody new in for now.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_holds_until_its_time_is_over_or_it_is_lifted() {
        let rules = Moderation::default();
        let (ann, address) = (Name::from_static("ann"), IpAddr::from([10, 0, 0, 7]));
        rules.ban(BanTarget::Name(ann.clone()), None);
        rules.ban(BanTarget::Address(address), Some(Duration::from_secs(60)));
        assert!(rules.admit_name(&"ANN".parse().unwrap()).is_err());
        assert!(rules.admit_name(&Name::from_static("bob")).is_ok());
        let mapped = "::ffff:10.0.0.7".parse().unwrap();
        assert!(rules.admit_address(mapped).is_err());
        rules.ban(BanTarget::Address(address), Some(Duration::ZERO));
        assert!(rules.admit_address(address).is_ok());
        assert_eq!(rules.bans().len(), 1);
        assert!(rules.unban(&BanTarget::Name(ann.clone())));
        assert!(!rules.unban(&BanTarget::Name(ann.clone())));
        assert!(rules.admit_name(&ann).is_ok());
    }

    #[test]
    fn a_locked_room_lets_nobody_in() {
        let rules = Moderation::default();
        rules.set(Switch::Locked, true);
        assert!(rules.admit_name(&Name::from_static("ann")).is_err());
        assert!(rules.admit_address(IpAddr::from([127, 0, 0, 1])).is_err());
    }

    #[test]
    fn a_mute_is_a_names_until_all_may_speak() {
        let rules = Moderation::default();
        let ann = Name::from_static("ann");
        rules.mute(&ann);
        assert!(rules.is_muted(&ann));
        assert!(rules.unmute(&ann) && !rules.unmute(&ann));
        rules.mute(&ann);
        rules.set(Switch::Silence, true);
        rules.unmute_all();
        assert!(!rules.is_muted(&ann) && !rules.is_on(Switch::Silence));
    }
}
