//! Slot: what a running transfer takes, and gives back when it is dropped.

use std::sync::Arc;
use std::time::Instant;

use super::Files;
use crate::connection::MemberId;

/// The place of one transfer in the counts. Dropping it gives the place back.
pub(super) struct TransferSlot {
    pub(super) files: Arc<Files>,
    pub(super) member: MemberId,
}

impl TransferSlot {
    pub(super) fn new(files: &Arc<Files>, member: MemberId) -> TransferSlot {
        files.bandwidth.begin();
        TransferSlot {
            files: Arc::clone(files),
            member,
        }
    }

    pub(super) fn is_member_present(&self) -> bool {
        self.files.lock().tickets.is_member(self.member)
    }
}

impl Drop for TransferSlot {
    fn drop(&mut self) {
        self.files.bandwidth.end();
        self.files.lock().tickets.end_transfer(self.member);
    }
}

/// The slot of an upload. If it is dropped before the end of the upload, the bytes that
/// came are kept for a while; an upload without any leaves nothing.
pub(super) struct UploadSlot {
    pub(super) slot: TransferSlot,
    /// The number of the file.
    pub(super) id: u64,
    /// The number of bytes that came so far.
    pub(super) received: u64,
    /// Set when the file is complete or discarded.
    pub(super) ended: bool,
}

impl Drop for UploadSlot {
    fn drop(&mut self) {
        let files = &self.slot.files;
        if self.ended {
            return;
        }
        if self.received == 0 {
            files.remove_upload(self.id);
        } else {
            files.lock().suspend_upload(self.id, Instant::now());
        }
    }
}
