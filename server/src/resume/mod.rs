//! Resume: the tokens with which members come back after their connection broke.
//!
//! ```text
//!            break             10 s, or a kick         10 min
//! Attached --------> Detached -----------------> Departed --------> (no token)
//!     ^   a token       |    the leave is told      |
//!     +-----------------+---------------------------+
//! ```
//!
//! A member with a token keeps its name for a moment when its connection breaks. If it
//! comes back in time, nobody notices. Otherwise the leave is told, and the token is
//! still good for some minutes.
//!
//! Writes: nothing to a socket; the thread `departures` posts leaves.
//! Locks: its table, in this file only. No guard leaves it.
//! Blocks: a session that resumes waits for the previous session to end.

mod departures;

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::{Name, Token};

pub use departures::Departures;

use crate::connection::close::CloseReason;
use crate::connection::{Connection, MemberId};
use crate::limits;
use crate::random::random_bytes;
use crate::registry::MemberProfile;
use crate::sync::lock;

/// The tokens of all members that have asked for one.
pub struct ResumeTable {
    tokens: Mutex<Tokens>,
    /// Notified when a session has ended.
    changed: Condvar,
    /// Finds a token by its hash. The key of the hash is secret, so the time of a
    /// failed search tells nothing about the tokens in the table.
    hasher: RandomState,
}

#[derive(Default)]
struct Tokens {
    members: HashMap<MemberId, TokenState>,
    by_hash: HashMap<u64, MemberId>,
    /// The members whose connection is broken.
    broken: BTreeSet<MemberId>,
}

struct TokenState {
    token: Token,
    state: State,
    last_number: Arc<AtomicU64>,
}

enum State {
    /// The session of this connection runs.
    Attached(Arc<Connection>),
    /// The connection broke, and nobody knows yet.
    Detached(Detached),
    /// The leave is being told.
    Departing,
    /// The leave was told.
    Departed(Departed),
}

/// A member whose connection broke.
#[derive(Clone)]
pub struct Detached {
    /// The name, which the member still has.
    pub name: Name,
    /// The stand-in for the connection. A kick closes it.
    pub connection: Arc<Connection>,
    /// When the connection broke.
    pub since: Instant,
    /// The member may have missed lines that were said after this moment.
    pub missed_since: Instant,
    /// The member does not want join and leave notices.
    pub hides_join_leave: bool,
}

/// A member whose leave was told.
struct Departed {
    detached: Detached,
    profile: MemberProfile,
}

/// A member that is about to resume.
pub struct Resumed {
    /// Its number.
    pub member: MemberId,
    /// Its state when its connection broke.
    pub detached: Detached,
    /// Its choices, if its leave was told: name and room are given up already.
    pub profile: Option<MemberProfile>,
    /// Its token.
    pub token: Token,
    /// The number of its last line that was dealt with.
    pub last_number: Arc<AtomicU64>,
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

    /// Gives the member of `connection` a token. Its sessions share `last_number`, the
    /// number of its last line that was dealt with.
    pub fn issue(&self, connection: &Arc<Connection>, last_number: Arc<AtomicU64>) -> Token {
        let token = Token(u128::from_ne_bytes(random_bytes()));
        let member = connection.member_id();
        let mut tokens = self.lock();
        tokens.by_hash.insert(self.hasher.hash_one(token), member);
        let entry = TokenState {
            token,
            state: State::Attached(Arc::clone(connection)),
            last_number,
        };
        tokens.members.insert(member, entry);
        token
    }

    /// Returns `false` if so many connections are broken that the next member whose
    /// connection breaks must leave at once.
    pub fn has_space(&self) -> bool {
        self.lock().broken.len() < limits::MAX_DEPARTED
    }

    /// Records that the connection of a member broke.
    pub fn detach(&self, member: MemberId, detached: Detached) {
        let mut tokens = self.lock();
        if let Some(entry) = tokens.members.get_mut(&member) {
            entry.state = State::Detached(detached);
            tokens.broken.insert(member);
        }
        self.changed.notify_all();
    }

    /// Ends the token of a member.
    pub fn remove(&self, member: MemberId) {
        let mut tokens = self.lock();
        if let Some(entry) = tokens.members.remove(&member) {
            let hash = self.hasher.hash_one(entry.token);
            tokens.by_hash.remove(&hash);
            tokens.broken.remove(&member);
        }
        self.changed.notify_all();
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
        let last_number = Arc::clone(&entry.last_number);
        // A kick in the meantime ends the token.
        if detached.connection.lifecycle.close_cause().is_some() {
            entry.state = State::Detached(detached);
            return None;
        }
        tokens.broken.remove(&member);
        Some(Resumed {
            member,
            detached,
            profile,
            token,
            last_number,
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
        if let Some(entry) = tokens.members.get_mut(&member) {
            entry.state = match profile {
                Some(profile) => State::Departed(Departed { detached, profile }),
                None => State::Detached(detached),
            };
            tokens.broken.insert(member);
        }
    }

    /// Returns the member with this token.
    fn find(&self, token: Token) -> Option<MemberId> {
        let tokens = self.lock();
        let member = *tokens.by_hash.get(&self.hasher.hash_one(token))?;
        let entry = tokens.members.get(&member)?;
        entry.token.matches(token).then_some(member)
    }

    /// Closes the connection of a member's running session, and waits until the session
    /// has ended, so that no line is dealt with twice.
    fn end_previous(&self, member: MemberId) -> Option<MutexGuard<'_, Tokens>> {
        let deadline = Instant::now() + limits::TAKEOVER_TIMEOUT;
        let mut tokens = self.lock();
        loop {
            match &tokens.members.get(&member)?.state {
                State::Detached(_) | State::Departed(_) => return Some(tokens),
                State::Departing => {}
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

    /// Returns the members whose leave must be told now: those that did not come back
    /// in time, and those that were kicked meanwhile.
    fn take_due(&self, now: Instant, leave_delay: Duration) -> Vec<(MemberId, Detached)> {
        let mut tokens = self.lock();
        let Tokens {
            members, broken, ..
        } = &mut *tokens;
        let mut due = Vec::new();
        for &member in broken.iter() {
            let Some(entry) = members.get_mut(&member) else {
                continue;
            };
            if let State::Detached(detached) = &entry.state {
                let was_kicked = detached.connection.lifecycle.close_cause().is_some();
                if was_kicked || now >= detached.since + leave_delay {
                    due.push((member, detached.clone()));
                    entry.state = State::Departing;
                }
            }
        }
        due
    }

    /// Records that the leave of a member was told.
    fn set_departed(&self, member: MemberId, detached: Detached, profile: MemberProfile) {
        if let Some(entry) = self.lock().members.get_mut(&member) {
            entry.state = State::Departed(Departed { detached, profile });
        }
        self.changed.notify_all();
    }

    /// Ends the tokens that have expired. Returns their members.
    fn take_expired(&self, now: Instant, lifetime: Duration) -> Vec<MemberId> {
        let tokens = self.lock();
        let is_expired = |member: &&MemberId| {
            tokens.members.get(member).is_none_or(|entry| {
                matches!(&entry.state, State::Departed(departed)
                    if now >= departed.detached.since + lifetime)
            })
        };
        let expired: Vec<MemberId> = tokens.broken.iter().filter(is_expired).copied().collect();
        drop(tokens);
        expired.iter().for_each(|&member| self.remove(member));
        expired
    }

    fn lock(&self) -> MutexGuard<'_, Tokens> {
        lock(&self.tokens)
    }
}
