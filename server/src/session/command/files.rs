//! The files that people share: what there is, and leave to send and to fetch.

use std::sync::Arc;

use common::transfer::TicketGrant;

use super::super::talk::Talk;
use crate::files::{self, About, Asker, Files};
use crate::limits;

/// What everybody is told where files are not shared.
const NONE: &str = "No files are shared here.";

impl Talk<'_, '_> {
    pub(super) fn list_files(&mut self) {
        let Some(files) = self.shared_files() else {
            return;
        };
        let all = files.list();
        let mut lines = vec![files::count(all.len())];
        // The newest are those that people look for.
        let skipped = all.len().saturating_sub(limits::LISTED);
        if skipped > 0 {
            lines.push(format!("These are the last {}.", limits::LISTED));
        }
        lines.extend(all.iter().skip(skipped).map(About::to_string));
        self.answer(&lines);
    }

    pub(super) fn put(&mut self, name: &str, size: u64) {
        self.ask(|files, asker| files.ask_put(asker, name, size));
    }

    pub(super) fn get(&mut self, id: u64) {
        self.ask(|files, asker| files.ask_get(asker, id));
    }

    pub(super) fn forget(&mut self, id: u64) {
        let Some(files) = self.shared_files() else {
            return;
        };
        match files.forget(Some(&self.me), id) {
            Ok(about) => self.say(&format!("{} is removed.", about.name)),
            Err(why) => self.refuse_command(&why),
        }
    }

    /// Asks for leave, and tells the ticket, or why there is none.
    fn ask(&mut self, ask: impl FnOnce(&Files, Asker) -> Result<TicketGrant, String>) {
        let Some(files) = self.shared_files() else {
            return;
        };
        let asker = Asker {
            id: self.visit.link.id,
            ip: self.visit.link.address.ip(),
            name: self.me.clone(),
        };
        match ask(&files, asker) {
            Ok(leave) => self.say(&leave.to_sentence()),
            Err(why) => self.refuse_command(&why),
        }
    }

    /// The files; if there are none, the member is told so.
    fn shared_files(&mut self) -> Option<Arc<Files>> {
        let files = self.visit.shared.files.clone();
        if files.is_none() {
            self.refuse_command(NONE);
        }
        files
    }
}
