//! Files: what members share, and tickets to send and to fetch.

use std::sync::Arc;

use common::transfer::{SHARING_OFF, TicketGrant};

use super::super::member_session::MemberSession;
use crate::files::{self, FileMetadata, Files, Requester};
use crate::limits;

pub fn list(session: &mut MemberSession<'_, '_>) {
    let Some(files) = shared_files(session) else {
        return;
    };
    let all = files.list();
    let mut lines = vec![files::count_line(all.len())];
    // The newest are those that people look for.
    let skipped = all.len().saturating_sub(limits::MAX_LISTED);
    if skipped > 0 {
        lines.push(format!("These are the last {}.", limits::MAX_LISTED));
    }
    // The name of a file is a word of its member's.
    let ignored = session.registry().ignored_ids(&session.me);
    let is_ignored = |file: &FileMetadata| {
        let holder = file.shared_by.as_ref();
        holder.is_some_and(|holder| ignored.contains(&holder.member))
    };
    lines.extend(all.iter().skip(skipped).map(|file| {
        if is_ignored(file) {
            file.row_without_name()
        } else {
            file.to_string()
        }
    }));
    session.reply_lines(&lines);
}

pub fn request_upload(session: &mut MemberSession<'_, '_>, name: &str, size: u64) {
    // Others read the name of the file.
    if session.may_speak_or_refuse() {
        request_ticket(session, |files, requester| {
            files.request_upload(requester, name, size)
        });
    }
}

pub fn request_download(session: &mut MemberSession<'_, '_>, id: u64) {
    request_ticket(session, |files, requester| {
        files.request_download(requester, id)
    });
}

pub fn remove(session: &mut MemberSession<'_, '_>, id: u64) {
    let Some(files) = shared_files(session) else {
        return;
    };
    match files.remove_file(Some(session.id()), id) {
        Ok(metadata) => session.reply_text(&format!("{} is removed.", metadata.name)),
        Err(why) => session.refuse(&why),
    }
}

/// Requests a ticket, and replies with it or with why there is none.
fn request_ticket(
    session: &mut MemberSession<'_, '_>,
    request: impl FnOnce(&Files, Requester) -> Result<TicketGrant, String>,
) {
    let Some(files) = shared_files(session) else {
        return;
    };
    let requester = Requester {
        id: session.id(),
        ip: session.connection().address.ip(),
    };
    match request(&files, requester) {
        Ok(grant) => session.reply_text(&grant.to_sentence()),
        Err(why) => session.refuse(&why),
    }
}

/// Returns the files; refuses if none are shared.
fn shared_files(session: &mut MemberSession<'_, '_>) -> Option<Arc<Files>> {
    let files = session.guard.context.files.clone();
    if files.is_none() {
        session.refuse(SHARING_OFF);
    }
    files
}
