//! Join and leave: counts of members, for rooms too full for single notices.

use std::mem;
use std::time::Instant;

use common::notice;

use crate::connection::MemberId;
use crate::limits;

/// How the membership of a room changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinLeave {
    /// A member came into the room.
    Joined,
    /// A member left the room.
    Left,
}

/// The notice of a join or a leave.
#[derive(Clone, Copy)]
pub struct JoinLeaveNotice<'a> {
    /// How the membership changes.
    pub change: JoinLeave,
    /// The notice.
    pub text: &'a [u8],
    /// The notice without the member's own words.
    pub plain: &'a [u8],
    /// The members that ignore the member, and receive the plain notice.
    pub ignored_by: &'a [MemberId],
}

/// The joins and leaves since the last announcement.
#[derive(Default)]
pub struct JoinLeaveCounter {
    joined: usize,
    left: usize,
    /// When they are announced; `None` without any.
    due: Option<Instant>,
}

impl JoinLeaveCounter {
    /// Counts one change.
    pub fn count(&mut self, change: JoinLeave) {
        match change {
            JoinLeave::Joined => self.joined += 1,
            JoinLeave::Left => self.left += 1,
        }
        self.due
            .get_or_insert_with(|| Instant::now() + limits::JOIN_COUNT_INTERVAL);
    }

    /// Returns the time at which the announcement is due; `None` if nothing changed.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Returns the notice for a room of `members`, and starts again at zero.
    pub fn take_notice(&mut self, members: usize) -> String {
        let JoinLeaveCounter { joined, left, .. } = mem::take(self);
        notice::join_leave_counts(joined, left, members)
    }
}
