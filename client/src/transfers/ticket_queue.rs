//! The ticket queue: from the server's lines in the chat to answers for the workers.
//!
//! A ticket names what it is for. A refusal does not: `! ...` may be about anything that
//! was typed. But the server handles our lines in order, so a blank line follows each
//! request as a fence. The last refusal before the fence is answered is about the line
//! before it, which is the request:
//!
//! ```text
//! /put notes.pdf 12345   --->
//! (blank)                --->
//!                        <---  ! The store is full.
//!                        <---  (blank)              refused, and this is the reason
//! ```
//!
//! A fence alone ends no request, because a server may need time for a ticket. A worker
//! gives up after [`TICKET_TIMEOUT`], even if no blank line is answered. The server may
//! send a blank line in the meantime as a probe, which is taken for the fence. Then, at
//! worst, the reported reason is an older refusal.
//!
//! If the connection breaks, new requests are held until there is another. After resuming,
//! the server still knows the old ones; a new member requests them again.
//!
//! Invariant: no socket, and no clock except for requests that are too old.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use common::transfer::{SHARING_OFF, TicketGrant};
use crossbeam_channel::Sender;

/// The time that a request waits for its ticket. The server only looks it up in a list,
/// so this is time for a slow line.
pub const TICKET_TIMEOUT: Duration = Duration::from_secs(10);

/// The purpose of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketPurpose {
    /// To send a file.
    Put {
        /// Its sanitized name.
        name: String,
        /// In bytes.
        size: u64,
    },
    /// To fetch the file of this number.
    Get(u64),
}

impl TicketPurpose {
    /// Returns the line that requests the ticket, without a newline.
    pub fn line(&self) -> String {
        match self {
            TicketPurpose::Put { name, size } => format!("/put {name} {size}"),
            TicketPurpose::Get(id) => format!("/get {id}"),
        }
    }

    fn matches(&self, grant: &TicketGrant) -> bool {
        match self {
            TicketPurpose::Put { size, .. } => grant.id.is_none() && grant.size == *size,
            TicketPurpose::Get(id) => grant.id == Some(*id),
        }
    }
}

/// A worker's request for a ticket.
pub struct TicketRequest {
    /// The purpose of the ticket.
    pub purpose: TicketPurpose,
    /// Takes the ticket, or the reason of the refusal.
    pub reply: Sender<Result<TicketGrant, String>>,
}

/// A request that was sent to the server.
struct PendingRequest {
    request: TicketRequest,
    since: Instant,
    /// The number of unanswered blank lines up to its fence, and including it.
    fence: u32,
    /// The last refusal before the fence.
    refusal: Option<String>,
}

/// A queue of the requests that wait for their tickets, the oldest first.
#[derive(Default)]
pub struct TicketQueue {
    pending: VecDeque<PendingRequest>,
    /// The requests that must be sent on the next connection, and when they came.
    held: VecDeque<(TicketRequest, Instant)>,
}

impl TicketQueue {
    /// Adds a request that was sent with a blank line after it; `fence` blank lines are
    /// unanswered, including this one.
    pub fn push(&mut self, request: TicketRequest, fence: u32) {
        self.pending
            .retain(|pending| pending.since.elapsed() < TICKET_TIMEOUT);
        self.pending.push_back(PendingRequest {
            request,
            since: Instant::now(),
            fence,
            refusal: None,
        });
    }

    /// Keeps a request until there is a connection.
    pub fn hold(&mut self, request: TicketRequest) {
        self.held.push_back((request, Instant::now()));
    }

    /// Returns the next request that must be sent now. Those that their workers have given
    /// up are dropped.
    pub fn next_held(&mut self) -> Option<TicketRequest> {
        self.held
            .retain(|(_, since)| since.elapsed() < TICKET_TIMEOUT);
        self.held.pop_front().map(|(request, _)| request)
    }

    /// Continues on a new connection as the same member. The blank lines of the previous
    /// one are not answered any more.
    pub fn on_resumed(&mut self) {
        for pending in &mut self.pending {
            pending.fence = 0;
        }
    }

    /// Continues as another member, whose tickets must be requested again.
    pub fn on_rejoined(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let again = pending
            .into_iter()
            .map(|pending| (pending.request, pending.since));
        self.held = again.chain(std::mem::take(&mut self.held)).collect();
    }

    /// Gives a ticket to the worker that requested it. Returns the ticket if there is no
    /// such worker.
    pub fn grant(&mut self, grant: TicketGrant) -> Option<TicketGrant> {
        let matching = self
            .pending
            .iter()
            .position(|pending| pending.request.purpose.matches(&grant));
        let Some(pending) = matching.and_then(|at| self.pending.remove(at)) else {
            return Some(grant);
        };
        // A worker that has given up leaves the ticket to the next with this purpose.
        if pending.request.reply.send(Ok(grant.clone())).is_err() {
            self.grant(grant);
        }
        None
    }

    /// Handles a refusal, which may be about a request.
    pub fn refuse(&mut self, why: &str) {
        if why.starts_with(SHARING_OFF) {
            return self.end_oldest(why);
        }
        match self.pending.iter_mut().find(|pending| pending.fence > 0) {
            Some(pending) => pending.refusal = Some(why.to_string()),
            // The server has passed the fence, and needed time for the request.
            None => self.end_oldest(why),
        }
    }

    /// Handles the answer to a blank line.
    pub fn heartbeat_answered(&mut self) {
        for pending in &mut self.pending {
            pending.fence = pending.fence.saturating_sub(1);
        }
        self.pending
            .retain_mut(|pending| match pending.refusal.take() {
                Some(why) if pending.fence == 0 => {
                    let _ = pending.request.reply.send(Err(why));
                    false
                }
                refusal => {
                    pending.refusal = refusal;
                    true
                }
            });
    }

    fn end_oldest(&mut self, why: &str) {
        if let Some(pending) = self.pending.pop_front() {
            let _ = pending.request.reply.send(Err(why.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::Token;
    use crossbeam_channel::{Receiver, bounded};

    type Reply = Receiver<Result<TicketGrant, String>>;

    fn request(queue: &mut TicketQueue, purpose: TicketPurpose, fence: u32) -> Reply {
        let (reply, answer) = bounded(1);
        queue.push(TicketRequest { purpose, reply }, fence);
        answer
    }

    fn put(size: u64) -> TicketPurpose {
        let name = "x".to_string();
        TicketPurpose::Put { name, size }
    }

    fn grant(size: u64, id: Option<u64>) -> TicketGrant {
        let name = "x".to_string();
        TicketGrant {
            ticket: Token(1),
            size,
            name,
            id,
        }
    }

    #[test]
    fn a_ticket_goes_to_the_worker_that_requested_it() {
        let mut queue = TicketQueue::default();
        let get = request(&mut queue, TicketPurpose::Get(3), 1);
        let put = request(&mut queue, put(5), 2);
        assert_eq!(queue.grant(grant(5, None)), None);
        assert_eq!(put.try_recv().unwrap(), Ok(grant(5, None)));
        assert_eq!(queue.grant(grant(9, Some(4))), Some(grant(9, Some(4))));
        assert_eq!(queue.grant(grant(9, Some(3))), None);
        assert_eq!(get.try_recv().unwrap(), Ok(grant(9, Some(3))));
    }

    #[test]
    fn the_last_refusal_before_the_fence_is_the_reason() {
        let mut queue = TicketQueue::default();
        let first = request(&mut queue, put(5), 2);
        let second = request(&mut queue, put(6), 3);
        queue.heartbeat_answered();
        queue.refuse("an older line");
        queue.refuse("full");
        assert!(first.is_empty());
        queue.heartbeat_answered();
        assert_eq!(first.try_recv().unwrap(), Err("full".to_string()));
        queue.heartbeat_answered();
        assert!(second.is_empty(), "no refusal was about it");
        queue.grant(grant(6, None));
        assert!(second.try_recv().unwrap().is_ok());
    }

    #[test]
    fn a_refusal_after_the_fence_or_of_all_files_ends_the_oldest() {
        let mut queue = TicketQueue::default();
        let first = request(&mut queue, put(5), 1);
        let second = request(&mut queue, put(6), 2);
        queue.refuse(SHARING_OFF);
        assert!(first.try_recv().unwrap().is_err());
        queue.heartbeat_answered();
        queue.heartbeat_answered();
        queue.refuse("slow");
        assert_eq!(second.try_recv().unwrap(), Err("slow".to_string()));
    }

    #[test]
    fn after_resuming_the_old_requests_are_answered() {
        let mut queue = TicketQueue::default();
        let first = request(&mut queue, put(5), 3);
        let (reply, second) = bounded(1);
        let purpose = put(6);
        queue.hold(TicketRequest { purpose, reply });
        queue.on_resumed();
        let held = queue.next_held().unwrap();
        queue.push(held, 1);
        assert!(queue.next_held().is_none());
        assert_eq!(queue.grant(grant(5, None)), None);
        assert!(first.try_recv().unwrap().is_ok());
        queue.refuse("full");
        queue.heartbeat_answered();
        assert_eq!(second.try_recv().unwrap(), Err("full".to_string()));
    }

    #[test]
    fn a_new_member_requests_its_tickets_again() {
        let mut queue = TicketQueue::default();
        let _first = request(&mut queue, put(5), 3);
        let (reply, _second) = bounded(1);
        let purpose = put(6);
        queue.hold(TicketRequest { purpose, reply });
        queue.on_rejoined();
        let held: Vec<_> = std::iter::from_fn(|| queue.next_held()).collect();
        let purposes: Vec<_> = held.into_iter().map(|it| it.purpose).collect();
        assert_eq!(purposes, [put(5), put(6)]);
    }

    #[test]
    fn a_request_that_its_worker_has_given_up_is_not_sent() {
        let mut queue = TicketQueue::default();
        let (reply, _answer) = bounded(1);
        let request = TicketRequest {
            purpose: put(5),
            reply,
        };
        queue
            .held
            .push_back((request, Instant::now() - TICKET_TIMEOUT));
        assert!(queue.next_held().is_none());
    }

    #[test]
    fn a_ticket_for_a_worker_that_has_given_up_goes_to_the_next() {
        let mut queue = TicketQueue::default();
        drop(request(&mut queue, put(5), 1));
        let live = request(&mut queue, put(5), 2);
        assert_eq!(queue.grant(grant(5, None)), None);
        assert!(live.try_recv().unwrap().is_ok());
    }
}
