//! The negotiation: which capabilities the server grants, if it knows them at all.
//!
//! A server that does not know the request takes it for a name, and refuses it. Nothing
//! in that refusal says so. A server that is full refuses everybody with the same kind of
//! line. What comes next shows which it was: only the latter closes the connection.
//!
//! Invariant: no socket and no clock.

use common::{CapReply, Capabilities, Capability};

/// The progress of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Progress {
    /// It was not sent.
    #[default]
    NotSent,
    /// It was sent, and there is no answer yet.
    Unanswered,
    /// The server has granted what it knows, or has answered a name since.
    Answered,
    /// The server has refused the request, or us, with this reason.
    Refused(String),
}

/// The request for capabilities on one connection.
#[derive(Debug, Default)]
pub(super) struct Negotiation {
    progress: Progress,
    granted: Capabilities,
}

impl Negotiation {
    /// Returns the capabilities that the server has granted so far.
    pub(super) fn granted(&self) -> Capabilities {
        self.granted
    }

    /// Records that the request is sent. Returns `false` if it was sent already.
    pub(super) fn record_sent(&mut self) -> bool {
        let is_first = self.progress == Progress::NotSent;
        if is_first {
            self.progress = Progress::Unanswered;
        }
        is_first
    }

    /// Returns `true` if the request was sent and there is no answer yet.
    pub(super) fn is_unanswered(&self) -> bool {
        self.progress == Progress::Unanswered
    }

    /// Returns `true` if lines may have tags. The answer may be late, or lost over UDP.
    pub(super) fn expects_tags(&self) -> bool {
        self.progress != Progress::NotSent
    }

    /// Records that a line has the tag of the time, so the server has granted it.
    pub(super) fn record_time(&mut self) {
        self.granted.insert(Capability::Time);
    }

    /// Handles the server's answer, early or late. Returns `false` for any other line.
    pub(super) fn handle_grant(&mut self, line: &str) -> bool {
        if self.progress == Progress::NotSent {
            return false;
        }
        match CapReply::parse(line) {
            Some(CapReply::Granted(all)) => {
                self.granted = self.granted.union(all);
                if self.is_unanswered() {
                    self.progress = Progress::Answered;
                }
            }
            // It comes after the welcome, and then the receiver reads it.
            Some(CapReply::ResumeToken(_)) => {}
            None => return false,
        }
        true
    }

    /// Handles a refusal. Returns `true` if it may answer the request: the first one does,
    /// if nothing else has.
    pub(super) fn handle_refusal(&mut self, why: &str) -> bool {
        let may_answer = self.is_unanswered();
        self.progress = match &self.progress {
            Progress::Unanswered => Progress::Refused(why.to_string()),
            Progress::NotSent => Progress::NotSent,
            // From now on nothing is about the request.
            Progress::Answered | Progress::Refused(_) => Progress::Answered,
        };
        may_answer
    }

    /// Returns the refusal that seemed to be about the request. If nothing else explains
    /// what the server does, it was about us.
    pub(super) fn early_refusal(&self) -> Option<&str> {
        match &self.progress {
            Progress::Refused(why) => Some(why),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Negotiation {
        let mut negotiation = Negotiation::default();
        assert!(negotiation.record_sent());
        assert!(!negotiation.record_sent(), "once is enough");
        negotiation
    }

    #[test]
    fn a_grant_counts_early_and_late() {
        let mut negotiation = sent();
        assert!(!negotiation.handle_grant("Welcome, ann."));
        assert!(negotiation.is_unanswered());
        assert!(negotiation.handle_grant("/cap time"));
        assert!(!negotiation.is_unanswered());
        assert!(negotiation.handle_grant("/cap time id"));
        assert_eq!(negotiation.granted(), Capabilities::parse("time id"));
        let mut never_sent = Negotiation::default();
        assert!(!never_sent.handle_grant("/cap time"));
    }

    #[test]
    fn the_first_refusal_may_be_about_the_request() {
        let mut negotiation = sent();
        assert!(negotiation.handle_refusal("full"));
        assert_eq!(negotiation.early_refusal(), Some("full"));
        assert!(!negotiation.handle_refusal("taken"));
        assert_eq!(negotiation.early_refusal(), None);
        let mut granted = sent();
        granted.handle_grant("/cap");
        assert!(!granted.handle_refusal("taken"));
        assert_eq!(granted.early_refusal(), None);
    }
}
