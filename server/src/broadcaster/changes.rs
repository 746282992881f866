//! Changes: the contents of posts about members.

use std::time::Instant;

use crate::connection::{ConnectionId, MemberId};
use crate::record::log::LogEntry;
use crate::room::id::{RoomRef, SenderId};

/// A change of a member, in one post: no message comes between its two notices.
pub struct MemberChange {
    /// The member.
    pub id: MemberId,
    /// For all others in its room.
    pub others: Vec<u8>,
    /// For itself.
    pub own: Vec<u8>,
}

/// The way of a member from one room to another.
pub struct RoomChange {
    /// The member.
    pub id: MemberId,
    /// The room it goes to.
    pub to: RoomRef,
    /// For the members that it leaves.
    pub leaving_notice: MemberNotice,
    /// For the members that it comes to.
    pub arrival_notice: MemberNotice,
    /// For itself, before the room's topic and history.
    pub own_notice: Vec<u8>,
    /// For the log.
    pub log_entry: LogEntry,
}

/// The end of one connection.
pub struct ConnectionEnd {
    /// The number that its peer has as a member.
    pub id: MemberId,
    /// For the members that it leaves; empty if it was no member.
    pub notice: MemberNotice,
    /// The last bytes for itself.
    pub final_bytes: Vec<u8>,
    /// For the log; `None` if the connection was closed before.
    pub log_entry: Option<LogEntry>,
    /// The member may have missed lines that were said after this moment.
    pub missed_since: Option<Instant>,
    /// The member may still resume.
    pub may_resume: bool,
}

/// The notice that a member has left or joined.
#[derive(Default)]
pub struct MemberNotice {
    /// The notice, with the member's own words.
    pub text: Vec<u8>,
    /// The same without them, for the members that ignore it.
    pub plain: Vec<u8>,
}

impl From<Vec<u8>> for MemberNotice {
    /// Makes a notice without the member's own words.
    fn from(text: Vec<u8>) -> MemberNotice {
        let plain = text.clone();
        MemberNotice { text, plain }
    }
}

/// The broken connection of a member that may resume.
pub struct Detachment {
    /// The member.
    pub id: MemberId,
    /// The last bytes for its peer.
    pub final_bytes: Vec<u8>,
    /// For the log.
    pub log_entry: LogEntry,
}

/// The new connection of a member.
pub struct Resumption {
    /// The member.
    pub id: MemberId,
    /// The new connection, which has no name so far.
    pub connection: ConnectionId,
    /// The present number of its name.
    pub sender_id: SenderId,
    /// The room that it is in.
    pub to: RoomRef,
    /// For the others there; empty if its departure was not announced.
    pub arrival_notice: Vec<u8>,
    /// The first notices for itself.
    pub welcome: Vec<u8>,
    /// More lines for itself, which are not tagged.
    pub replies: Vec<u8>,
    /// The stream and the number of the last line that it has shown.
    pub last_shown: Option<(String, u64)>,
    /// For the log.
    pub log_entry: LogEntry,
}

/// A change of what a member wants to receive beside messages, and from whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterChange {
    /// No line from this member.
    Ignore(MemberId),
    /// Lines from this member again.
    Unignore(MemberId),
    /// No join and leave notices.
    HideJoinLeave,
    /// Join and leave notices again.
    ShowJoinLeave,
}
