//! Turns what the server says in the chat into the answers to requests for tickets.
//!
//! A ticket names what it is for. A refusal does not: `! ...` may be about anything
//! that was typed. But the server takes our lines one after the other, so a blank
//! line is sent right after each request, as a fence. The last refusal that comes
//! before the fence is answered is about the line before it, which is the request:
//!
//! ```text
//! /put notes.pdf 12345   --->
//! (blank)                --->
//!                        <---  ! The store is full.
//!                        <---  (blank)              refused, and this is why
//! ```
//!
//! A fence alone ends nothing: a server may take its time for a ticket. Whoever
//! waits gives up after [`PATIENCE`], also where no blank line is answered. Should the
//! server ask in the meantime, by a blank line, whether we are there, it is taken for the
//! fence; then at worst the reason told is an older refusal.
//!
//! Pure: no socket, and no clock but for throwing away what is too old.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use common::transfer::TicketGrant;
use crossbeam_channel::Sender;

/// How long a request waits for its ticket: the server has to look into a list for it,
/// no more, so this is time for a slow line.
pub const TICKET_TIMEOUT: Duration = Duration::from_secs(10);

/// What the server says where sharing is switched off, to all requests alike.
const SWITCHED_OFF: &str = "No files are shared here";

/// What a ticket is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketPurpose {
    /// To send a file.
    Put {
        /// What it is called; clean.
        name: String,
        /// In bytes.
        size: u64,
    },
    /// To fetch the file of this number.
    Get(u64),
}

impl TicketPurpose {
    /// The line that asks for it, without a newline.
    pub fn line(&self) -> String {
        match self {
            TicketPurpose::Put { name, size } => format!("/put {name} {size}"),
            TicketPurpose::Get(id) => format!("/get {id}"),
        }
    }

    fn matches(&self, leave: &TicketGrant) -> bool {
        match self {
            TicketPurpose::Put { size, .. } => leave.id.is_none() && leave.size == *size,
            TicketPurpose::Get(id) => leave.id == Some(*id),
        }
    }
}

/// A request for a ticket, and whom to tell the answer.
pub struct TicketRequest {
    /// What for.
    pub purpose: TicketPurpose,
    /// Takes the ticket, or why there is none.
    pub reply: Sender<Result<TicketGrant, String>>,
}

/// A request on its way.
struct PendingRequest {
    request: TicketRequest,
    since: Instant,
    /// How many blank lines are to be answered up to its fence, and with it.
    fence: u32,
    /// What was refused last, before the fence.
    refusal: Option<String>,
}

/// The requests that wait for their tickets, the oldest first.
#[derive(Default)]
pub struct TicketQueue(VecDeque<PendingRequest>);

impl TicketQueue {
    /// A request was sent and a blank line after it, with which `fence` of them are
    /// unanswered.
    pub fn push(&mut self, ask: TicketRequest, fence: u32) {
        self.0
            .retain(|request| request.since.elapsed() < TICKET_TIMEOUT);
        self.0.push_back(PendingRequest {
            request: ask,
            since: Instant::now(),
            fence,
            refusal: None,
        });
    }

    /// A ticket has come. It comes back if nobody has asked for it here.
    pub fn grant(&mut self, leave: TicketGrant) -> Option<TicketGrant> {
        let fitting = self
            .0
            .iter()
            .position(|request| request.request.purpose.matches(&leave));
        let Some(request) = fitting.and_then(|at| self.0.remove(at)) else {
            return Some(leave);
        };
        // Who has given up meanwhile leaves it to the next who wants the same, if any.
        if request.request.reply.send(Ok(leave.clone())).is_err() {
            self.grant(leave);
        }
        None
    }

    /// The server has refused something.
    pub fn refuse(&mut self, why: &str) {
        if why.starts_with(SWITCHED_OFF) {
            return self.end_oldest(why);
        }
        match self.0.iter_mut().find(|request| request.fence > 0) {
            Some(request) => request.refusal = Some(why.to_string()),
            // The server has passed the fence and taken its time for the request.
            None => self.end_oldest(why),
        }
    }

    /// A blank line was answered.
    pub fn heartbeat_answered(&mut self) {
        for request in &mut self.0 {
            request.fence = request.fence.saturating_sub(1);
        }
        self.0.retain_mut(|request| match request.refusal.take() {
            Some(why) if request.fence == 0 => {
                let _ = request.request.reply.send(Err(why));
                false
            }
            before => {
                request.refusal = before;
                true
            }
        });
    }

    fn end_oldest(&mut self, why: &str) {
        if let Some(request) = self.0.pop_front() {
            let _ = request.request.reply.send(Err(why.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::Token;
    use crossbeam_channel::{Receiver, bounded};

    type Reply = Receiver<Result<TicketGrant, String>>;

    fn ask(requests: &mut TicketQueue, wanted: TicketPurpose, fence: u32) -> Reply {
        let (reply, answer) = bounded(1);
        requests.push(
            TicketRequest {
                purpose: wanted,
                reply,
            },
            fence,
        );
        answer
    }

    fn put(size: u64) -> TicketPurpose {
        let name = "x".to_string();
        TicketPurpose::Put { name, size }
    }

    fn leave(size: u64, id: Option<u64>) -> TicketGrant {
        let name = "x".to_string();
        TicketGrant {
            ticket: Token(1),
            size,
            name,
            id,
        }
    }

    #[test]
    fn a_ticket_goes_to_whoever_asked_for_it_and_else_to_nobody() {
        let mut requests = TicketQueue::default();
        let get = ask(&mut requests, TicketPurpose::Get(3), 1);
        let put = ask(&mut requests, put(5), 2);
        assert_eq!(requests.grant(leave(5, None)), None);
        assert_eq!(put.try_recv().unwrap(), Ok(leave(5, None)));
        assert_eq!(requests.grant(leave(9, Some(4))), Some(leave(9, Some(4))));
        assert_eq!(requests.grant(leave(9, Some(3))), None);
        assert_eq!(get.try_recv().unwrap(), Ok(leave(9, Some(3))));
    }

    #[test]
    fn the_last_refusal_before_the_fence_is_the_reason() {
        let mut requests = TicketQueue::default();
        let first = ask(&mut requests, put(5), 2);
        let second = ask(&mut requests, put(6), 3);
        requests.heartbeat_answered();
        requests.refuse("an older line");
        requests.refuse("full");
        assert!(first.is_empty());
        requests.heartbeat_answered();
        assert_eq!(first.try_recv().unwrap(), Err("full".to_string()));
        requests.heartbeat_answered();
        assert!(second.is_empty(), "nothing was said about it");
        requests.grant(leave(6, None));
        assert!(second.try_recv().unwrap().is_ok());
    }

    #[test]
    fn a_refusal_after_the_fence_or_of_all_files_ends_the_oldest() {
        let mut requests = TicketQueue::default();
        let first = ask(&mut requests, put(5), 1);
        let second = ask(&mut requests, put(6), 2);
        requests.refuse("No files are shared here.");
        assert!(first.try_recv().unwrap().is_err());
        requests.heartbeat_answered();
        requests.heartbeat_answered();
        requests.refuse("slow");
        assert_eq!(second.try_recv().unwrap(), Err("slow".to_string()));
    }

    #[test]
    fn a_ticket_for_one_who_has_given_up_goes_to_the_next() {
        let mut requests = TicketQueue::default();
        drop(ask(&mut requests, put(5), 1));
        let live = ask(&mut requests, put(5), 2);
        assert_eq!(requests.grant(leave(5, None)), None);
        assert!(live.try_recv().unwrap().is_ok());
    }
}
