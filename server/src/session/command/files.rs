//! The files that people share: what there is, and leave to send and to fetch.

use std::sync::Arc;

use common::transfer::TicketGrant;

use super::super::chat::ChatSession;
use crate::files::{self, FileMetadata, Files, Requester};
use crate::limits;

/// What everybody is told where files are not shared.
const NO_FILES: &str = "No files are shared here.";

impl ChatSession<'_, '_> {
    pub(super) fn list_files(&mut self) {
        let Some(files) = self.shared_files() else {
            return;
        };
        let all = files.list();
        let mut lines = vec![files::count_line(all.len())];
        // The newest are those that people look for.
        let skipped = all.len().saturating_sub(limits::MAX_LISTED);
        if skipped > 0 {
            lines.push(format!("These are the last {}.", limits::MAX_LISTED));
        }
        lines.extend(all.iter().skip(skipped).map(FileMetadata::to_string));
        self.reply_lines(&lines);
    }

    pub(super) fn request_upload(&mut self, name: &str, size: u64) {
        self.request_ticket(|files, requester| files.request_upload(requester, name, size));
    }

    pub(super) fn request_download(&mut self, id: u64) {
        self.request_ticket(|files, requester| files.request_download(requester, id));
    }

    pub(super) fn remove_file(&mut self, id: u64) {
        let Some(files) = self.shared_files() else {
            return;
        };
        match files.remove_file(Some(&self.me), id) {
            Ok(metadata) => self.notify(&format!("{} is removed.", metadata.name)),
            Err(why) => self.refuse_command(&why),
        }
    }

    /// Asks for leave, and tells the ticket, or why there is none.
    fn request_ticket(
        &mut self,
        ask: impl FnOnce(&Files, Requester) -> Result<TicketGrant, String>,
    ) {
        let Some(files) = self.shared_files() else {
            return;
        };
        let requester = Requester {
            id: self.guard.connection.id,
            ip: self.guard.connection.address.ip(),
            name: self.me.clone(),
        };
        match ask(&files, requester) {
            Ok(leave) => self.notify(&leave.to_sentence()),
            Err(why) => self.refuse_command(&why),
        }
    }

    /// The files; if there are none, the member is told so.
    fn shared_files(&mut self) -> Option<Arc<Files>> {
        let files = self.guard.context.files.clone();
        if files.is_none() {
            self.refuse_command(NO_FILES);
        }
        files
    }
}
