//! Tickets: who may send or fetch what, and how many transfers each member has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use common::Token;
use common::transfer::{Direction, TICKET_LIFETIME, TransferRequest};

use super::error::TransferError;
use super::quota::Holder;
use crate::connection::MemberId;
use crate::connection::host::Host;

/// A member that requests a transfer.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The member.
    pub id: MemberId,
    /// The address of the member. The transfer must come from there as well.
    pub ip: IpAddr,
}

impl Requester {
    /// Returns whose quotas a file of the member counts toward.
    pub fn holder(&self) -> Holder {
        Holder {
            member: self.id,
            host: Host::of(self.ip),
        }
    }
}

/// The transfer that a ticket allows.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The member that the ticket was given to.
    pub requester: Requester,
    /// The file that it may send or fetch.
    pub target: TransferTarget,
    expires: Instant,
}

/// The file of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferTarget {
    /// A new file, to send.
    New {
        /// The name of the file.
        name: String,
        /// Its size in bytes.
        size: u64,
    },
    /// The file of this number, to fetch.
    Existing(u64),
}

/// The tickets that are not used yet, and the transfers of each member.
pub struct Tickets {
    max_transfers: usize,
    grants: HashMap<Token, Grant>,
    /// The number of running transfers of each member. A member that has left is not
    /// in it, which ends its transfers.
    running: HashMap<MemberId, usize>,
}

impl Tickets {
    /// Makes an empty set, for at most `max_transfers` of one member at once.
    pub fn new(max_transfers: usize) -> Tickets {
        Tickets {
            max_transfers,
            grants: HashMap::new(),
            running: HashMap::new(),
        }
    }

    /// Checks whether `member` may have one more transfer.
    ///
    /// # Errors
    ///
    /// A sentence for the member if not.
    pub fn check_count(&mut self, member: MemberId, now: Instant) -> Result<(), String> {
        self.expire(now);
        let waiting = self.grants.values();
        let waiting = waiting.filter(|grant| grant.requester.id == member).count();
        let running = self.running.get(&member).copied().unwrap_or_default();
        let max = self.max_transfers;
        if waiting + running >= max {
            return Err(format!("You already have {max} transfers, the maximum."));
        }
        Ok(())
    }

    /// Gives `ticket` to `requester`, for `target`.
    pub fn issue(
        &mut self,
        ticket: Token,
        requester: Requester,
        target: TransferTarget,
        now: Instant,
    ) {
        // From now on it may have transfers; see `remove_member`.
        self.running.entry(requester.id).or_default();
        let grant = Grant {
            requester,
            target,
            expires: now + TICKET_LIFETIME,
        };
        self.grants.insert(ticket, grant);
    }

    /// Takes the grant of the ticket in `request`, which cannot be used again, and
    /// counts the transfer as running.
    ///
    /// # Errors
    ///
    /// [`TransferError::InvalidTicket`], whatever is wrong with it.
    pub fn redeem(
        &mut self,
        request: TransferRequest,
        ip: IpAddr,
        now: Instant,
    ) -> Result<Grant, TransferError> {
        let ticket = request.ticket.ok_or(TransferError::InvalidTicket)?;
        let grant = self.grants.remove(&ticket);
        let grant = grant.ok_or(TransferError::InvalidTicket)?;
        let direction = match grant.target {
            TransferTarget::New { .. } => Direction::Put,
            TransferTarget::Existing(_) => Direction::Get,
        };
        let is_same_ip = grant.requester.ip.to_canonical() == ip.to_canonical();
        let is_valid = grant.expires > now && direction == request.direction && is_same_ip;
        let running = self.running.get_mut(&grant.requester.id);
        *running
            .filter(|_| is_valid)
            .ok_or(TransferError::InvalidTicket)? += 1;
        Ok(grant)
    }

    /// Counts one transfer of a member as ended.
    pub fn end_transfer(&mut self, member: MemberId) {
        if let Some(count) = self.running.get_mut(&member) {
            *count = count.saturating_sub(1);
        }
    }

    /// Ends the tickets and transfers of a member that leaves.
    pub fn remove_member(&mut self, member: MemberId) {
        self.grants.retain(|_, grant| grant.requester.id != member);
        self.running.remove(&member);
    }

    /// Returns `true` if a member with transfers is still in the chat.
    pub fn is_member(&self, member: MemberId) -> bool {
        self.running.contains_key(&member)
    }

    /// Removes the tickets that have expired.
    pub fn expire(&mut self, now: Instant) {
        self.grants.retain(|_, grant| grant.expires > now);
    }
}
