//! Tokens: the members that may resume, and the state of each.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use common::{Name, Token};

use crate::connection::host::Host;
use crate::connection::{Connection, MemberId};
use crate::rate_limit::TokenBucket;
use crate::registry::MemberProfile;

/// All tokens.
#[derive(Default)]
pub struct Tokens {
    pub(super) members: HashMap<MemberId, TokenState>,
    pub(super) by_hash: HashMap<u64, MemberId>,
    /// The members whose connection is broken, and their hosts; the first broke first.
    pub(super) broken: VecDeque<(MemberId, Host)>,
    /// The members that made room for others, or were banned.
    pub(super) ended: Vec<MemberId>,
}

pub struct TokenState {
    pub(super) token: Token,
    pub(super) state: State,
    pub(super) last_handled: Arc<AtomicU64>,
}

pub enum State {
    /// The session of this connection runs.
    Attached(Arc<Connection>),
    /// The connection broke, and nobody knows yet.
    Detached(Detached),
    /// The departure is being announced.
    Departing(Detached),
    /// The departure was announced.
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
    /// When others are told that the member has left.
    pub leave_at: Instant,
    /// The member may have missed lines that were said after this moment.
    pub missed_since: Instant,
    /// The member does not want join and leave notices.
    pub hides_join_leave: bool,
    /// The allowance of lines that the member has used.
    pub rate_limit: TokenBucket,
}

/// A member whose departure was announced.
pub struct Departed {
    pub(super) detached: Detached,
    pub(super) profile: MemberProfile,
}

impl State {
    /// Returns the state of a member whose departure was announced, or just is.
    pub(super) fn departed(&self) -> Option<&Detached> {
        match self {
            State::Attached(_) | State::Detached(_) => None,
            State::Departing(detached) => Some(detached),
            State::Departed(departed) => Some(&departed.detached),
        }
    }
}

impl Detached {
    /// Returns `true` if the member was kicked after its connection broke, so that its
    /// token is not good any more.
    pub(super) fn was_kicked(&self) -> bool {
        self.connection.lifecycle.close_cause().is_some()
    }
}

impl Tokens {
    /// Ends a token, whose member must be forgotten elsewhere as well.
    pub(super) fn end(&mut self, member: MemberId, hasher: &RandomState) {
        self.remove(member, hasher);
        self.ended.push(member);
    }

    pub(super) fn remove(&mut self, member: MemberId, hasher: &RandomState) {
        if let Some(token) = self.members.remove(&member) {
            self.by_hash.remove(&hasher.hash_one(token.token));
            self.broken.retain(|&(other, _)| other != member);
        }
    }
}
