//! Resume: the tokens with which members come back after their connection broke.
//!
//! ```text
//!            break             10 s, or a kick         10 min
//! Attached --------> Detached -----------------> Departed --------> (no token)
//!     ^   a token       |    it is announced        |
//!     +-----------------+---------------------------+
//! ```
//!
//! A member with a token keeps its name for a moment when its connection breaks. If it
//! comes back in time, nobody notices. Otherwise the departure is announced, and the token is
//! still good for some minutes.
//!
//! Writes: nothing to a socket; the thread `departures` posts leaves.
//! Locks: its table, in this file only. No guard leaves it.
//! Blocks: a session that resumes, until the previous session has ended; the thread
//! `departures` on the broadcaster's full queue.

mod departures;
mod tokens;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::{Name, Token};

pub use departures::Departures;
pub use tokens::Detached;

use crate::connection::close::CloseReason;
use crate::connection::host::Host;
use crate::connection::{Connection, MemberId};
use crate::limits::{self, Limits};
use crate::random::random_bytes;
use crate::registry::MemberProfile;
use crate::sync::lock;
use tokens::{Departed, State, TokenState, Tokens};

/// The tokens of all members that have asked for one.
pub struct ResumeTable {
    tokens: Mutex<Tokens>,
    /// Notified when a session has ended.
    changed: Condvar,
    /// Finds a token by its hash. The key of the hash is secret, so the time of a
    /// failed search tells nothing about the tokens in the table.
    hasher: RandomState,
}

/// A member that is about to resume.
pub struct Resumed {
    /// Its number.
    pub member: MemberId,
    /// Its state when its connection broke.
    pub detached: Detached,
    /// Its choices, if its departure was announced: name and room are given up already.
    pub profile: Option<MemberProfile>,
    /// Its token.
    pub token: Token,
    /// The number of its last line that was handled.
    pub last_handled: Arc<AtomicU64>,
}

impl ResumeTable {
    /// Makes a table without tokens.
    pub fn new() -> ResumeTable {
        ResumeTable {
            tokens: Mutex::default(),
            changed: Condvar::new(),
            hasher: RandomState::new(),
        }
    }

    /// Gives the member of `connection` a token. Its sessions share `last_handled`, the
    /// number of its last line that was handled.
    pub fn issue(&self, connection: &Arc<Connection>, last_handled: Arc<AtomicU64>) -> Token {
        let token = Token(u128::from_ne_bytes(random_bytes()));
        let member = connection.member_id();
        let mut tokens = self.lock();
        tokens.by_hash.insert(self.hasher.hash_one(token), member);
        let entry = TokenState {
            token,
            state: State::Attached(Arc::clone(connection)),
            last_handled,
        };
        tokens.members.insert(member, entry);
        token
    }

    /// Makes room for one more broken connection of a member, by ending the oldest
    /// token of a member whose departure was announced. Returns `false` if there is
    /// none to end, or if the member has no token, so that it must leave at once.
    pub fn make_room(&self, member: MemberId, host: Host, limits: &Limits) -> bool {
        let mut tokens = self.lock();
        if !tokens.members.contains_key(&member) {
            return false;
        }
        let of_host = tokens.broken.iter().filter(|(_, other)| *other == host);
        let host_is_full = !host.is_loopback() && of_host.count() >= limits.max_per_address;
        let max = limits::MAX_BROKEN.min(limits.max_clients);
        if !host_is_full && tokens.broken.len() < max {
            return true;
        }
        let oldest = tokens.broken.iter().find(|(member, other)| {
            let token = tokens.members.get(member);
            let is_told = token.is_some_and(|token| matches!(token.state, State::Departed(_)));
            is_told && (!host_is_full || *other == host)
        });
        let Some(&(oldest, _)) = oldest else {
            return false;
        };
        tokens.end(oldest, &self.hasher);
        true
    }

    /// Records that the connection of a member broke, for which
    /// [`make_room`](Self::make_room) has made room.
    pub fn detach(&self, member: MemberId, detached: Detached) {
        let mut tokens = self.lock();
        let host = Host::of(detached.connection.address.ip());
        if let Some(token) = tokens.members.get_mut(&member) {
            token.state = State::Detached(detached);
            tokens.broken.push_back((member, host));
        }
        self.changed.notify_all();
    }

    /// Ends the token of a member.
    pub fn remove(&self, member: MemberId) {
        self.lock().remove(member, &self.hasher);
        self.changed.notify_all();
    }

    /// Ends the tokens of the meant members whose departure was announced, or just is.
    /// Returns their number.
    pub fn end_departed(&self, is_meant: impl Fn(&Name, Host) -> bool) -> usize {
        let mut tokens = self.lock();
        let meant = tokens.broken.iter().filter(|(member, host)| {
            let token = tokens.members.get(member);
            let departed = token.and_then(|token| token.state.departed());
            departed.is_some_and(|departed| is_meant(&departed.name, *host))
        });
        let meant: Vec<MemberId> = meant.map(|&(member, _)| member).collect();
        for &member in &meant {
            tokens.end(member, &self.hasher);
        }
        meant.len()
    }

    /// Announces the departure of a member soon, because it has shown no life for long.
    pub fn hasten_leave(&self, member: MemberId) {
        let mut tokens = self.lock();
        let token = tokens.members.get_mut(&member);
        if let Some(State::Detached(detached)) = token.map(|token| &mut token.state) {
            detached.leave_at = detached.since;
        }
    }

    /// Makes `connection` that of the member with this token. If the previous session
    /// still runs, its connection is closed, and this blocks until that has ended.
    /// Returns `None` if there is no such token.
    pub fn resume(&self, token: Token, connection: &Arc<Connection>) -> Option<Resumed> {
        let member = self.find(token)?;
        let mut tokens = self.end_previous(member)?;
        let entry = tokens.members.get_mut(&member)?;
        let attached = State::Attached(Arc::clone(connection));
        let (detached, profile) = match std::mem::replace(&mut entry.state, attached) {
            State::Detached(detached) => (detached, None),
            State::Departed(departed) => (departed.detached, Some(departed.profile)),
            previous => {
                entry.state = previous;
                return None;
            }
        };
        let last_handled = Arc::clone(&entry.last_handled);
        if detached.was_kicked() {
            match profile {
                // Its departure is announced soon, which ends the token.
                None => entry.state = State::Detached(detached),
                Some(_) => tokens.end(member, &self.hasher),
            }
            return None;
        }
        tokens.broken.retain(|&(other, _)| other != member);
        Some(Resumed {
            member,
            detached,
            profile,
            token,
            last_handled,
        })
    }

    /// Takes back a [`resume`](Self::resume) that could not be completed.
    pub fn undo_resume(&self, resumed: Resumed) {
        let mut tokens = self.lock();
        let Resumed {
            member,
            detached,
            profile,
            ..
        } = resumed;
        let host = Host::of(detached.connection.address.ip());
        if let Some(token) = tokens.members.get_mut(&member) {
            token.state = match profile {
                Some(profile) => State::Departed(Departed { detached, profile }),
                None => State::Detached(detached),
            };
            tokens.broken.push_back((member, host));
        }
        self.changed.notify_all();
    }

    /// Returns the member with this token.
    fn find(&self, token: Token) -> Option<MemberId> {
        let tokens = self.lock();
        let member = *tokens.by_hash.get(&self.hasher.hash_one(token))?;
        let entry = tokens.members.get(&member)?;
        entry.token.matches(token).then_some(member)
    }

    /// Closes the connection of a member's running session, and waits until the session
    /// has ended, so that no line is handled twice.
    fn end_previous(&self, member: MemberId) -> Option<MutexGuard<'_, Tokens>> {
        let deadline = Instant::now() + limits::TAKEOVER_TIMEOUT;
        let mut tokens = self.lock();
        loop {
            match &tokens.members.get(&member)?.state {
                State::Detached(_) | State::Departed(_) => return Some(tokens),
                State::Departing(_) => {}
                State::Attached(previous) => {
                    if previous.lifecycle.set_close(CloseReason::Reset) {
                        previous.interrupt_read();
                    }
                }
            }
            let time = deadline.saturating_duration_since(Instant::now());
            if time.is_zero() {
                return None;
            }
            let woken = self.changed.wait_timeout(tokens, time);
            tokens = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Returns the members whose departure must be announced now: those that did not
    /// come back in time, and those that were kicked meanwhile.
    fn take_due(&self, now: Instant) -> Vec<(MemberId, Detached)> {
        let mut tokens = self.lock();
        let Tokens {
            members, broken, ..
        } = &mut *tokens;
        let mut due = Vec::new();
        for &(member, _) in broken.iter() {
            let Some(token) = members.get_mut(&member) else {
                continue;
            };
            if let State::Detached(detached) = &token.state
                && (detached.was_kicked() || now >= detached.leave_at)
            {
                let detached = detached.clone();
                due.push((member, detached.clone()));
                token.state = State::Departing(detached);
            }
        }
        due
    }

    /// Records that the departure of a member was announced.
    fn set_departed(&self, member: MemberId, detached: Detached, profile: MemberProfile) {
        if let Some(entry) = self.lock().members.get_mut(&member) {
            entry.state = State::Departed(Departed { detached, profile });
        }
        self.changed.notify_all();
    }

    /// Ends the tokens that have expired. Returns their members, and those whose token
    /// ended otherwise since the last call.
    fn take_ended(&self, now: Instant, lifetime: Duration) -> Vec<MemberId> {
        let mut tokens = self.lock();
        let expired = tokens.broken.iter().filter(|(member, _)| {
            let token = tokens.members.get(member);
            token.is_some_and(|token| match &token.state {
                State::Departed(departed) => now >= departed.detached.since + lifetime,
                _ => false,
            })
        });
        let expired: Vec<MemberId> = expired.map(|&(member, _)| member).collect();
        for member in expired {
            tokens.end(member, &self.hasher);
        }
        std::mem::take(&mut tokens.ended)
    }

    fn lock(&self) -> MutexGuard<'_, Tokens> {
        lock(&self.tokens)
    }
}
