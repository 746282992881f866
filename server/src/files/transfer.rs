//! One transfer, from its ticket to its end: what its connection has to know.

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use common::Name;
use common::transfer::{TransferRequest, format_size};

use super::Files;
use super::catalog::{Requester, TransferTarget, UploadStart};
use super::error::TransferError;
use super::metadata::FileMetadata;
use super::metadata::unix_now;
use crate::connection::ConnectionId;

/// A transfer that has leave to run.
pub enum Transfer {
    /// To us.
    Upload(Upload),
    /// From us.
    Download(Download),
}

/// A member's place among those who transfer, given back when it is dropped.
struct TransferSlot {
    files: Arc<Files>,
    member: ConnectionId,
}

impl TransferSlot {
    fn new(files: &Arc<Files>, member: ConnectionId) -> TransferSlot {
        files.rate.begin();
        TransferSlot {
            files: Arc::clone(files),
            member,
        }
    }

    fn is_member_present(&self) -> bool {
        self.files.lock().is_member(self.member)
    }
}

impl Drop for TransferSlot {
    fn drop(&mut self) {
        self.files.rate.end();
        self.files.lock().end_transfer(self.member);
    }
}

/// A file on its way to us. If it is dropped before its end, what has come is kept
/// for a while.
pub struct Upload {
    slot: TransferSlot,
    file: Arc<File>,
    metadata: FileMetadata,
    /// How many of its bytes we have.
    pub received: u64,
    ended: bool,
}

/// A file on its way from us.
pub struct Download {
    place: TransferSlot,
    member_name: Name,
    /// What is fetched.
    pub metadata: FileMetadata,
    /// Its bytes, from where they are wanted on.
    pub file: File,
    /// From which byte on they are wanted.
    pub offset: u64,
}

/// Begins the transfer that `request` has a ticket for, from a peer at `ip`.
///
/// # Errors
///
/// Why not. All invalid tickets are refused alike.
pub fn redeem(
    files: &Arc<Files>,
    request: TransferRequest,
    ip: IpAddr,
) -> Result<Transfer, TransferError> {
    let grant = files.lock().redeem(request, ip, Instant::now())?;
    let Requester {
        id, name: owner, ..
    } = grant.requester;
    let slot = TransferSlot::new(files, id);
    match grant.target {
        TransferTarget::New { name, size } => upload(slot, owner, name, size).map(Transfer::Upload),
        TransferTarget::Existing(id) => {
            download(slot, owner, id, request.offset).map(Transfer::Download)
        }
    }
}

fn upload(
    place: TransferSlot,
    who: Name,
    name: String,
    size: u64,
) -> Result<Upload, TransferError> {
    let files = &place.files;
    let start = files.lock().begin_upload(&who, &name, size)?;
    let (id, opened) = match start {
        UploadStart::New(id) => (id, files.store.create_upload(id).map(|file| (file, 0))),
        UploadStart::Resumed(id) => (id, files.store.resume_upload(id)),
    };
    let (file, have) = match opened {
        Ok((file, have)) if have <= size => (file, have),
        Ok(_) => return Err(discard(files, id, &io::Error::other("it has grown"))),
        Err(error) => return Err(discard(files, id, &error)),
    };
    let when = 0; // not known before its end
    let metadata = FileMetadata {
        id,
        name,
        size,
        owner: who,
        shared_at: when,
    };
    Ok(Upload {
        slot: place,
        file: Arc::new(file),
        metadata,
        received: have,
        ended: false,
    })
}

fn download(
    place: TransferSlot,
    who: Name,
    id: u64,
    offset: u64,
) -> Result<Download, TransferError> {
    let files = &place.files;
    let metadata = files
        .lock()
        .file(id)
        .cloned()
        .map_err(TransferError::Refused)?;
    if offset > metadata.size {
        let size = metadata.size;
        return Err(TransferError::Refused(format!(
            "{} has only {size} bytes.",
            metadata.name
        )));
    }
    let opened = files.store.open(&metadata).and_then(|mut file| {
        file.seek(SeekFrom::Start(offset))?;
        Ok(file)
    });
    match opened {
        Ok(file) => Ok(Download {
            place,
            member_name: who,
            metadata,
            file,
            offset,
        }),
        Err(error) => {
            files.report_fault(&format!("cannot read file {id}: {error}"));
            Err(TransferError::Refused(format!(
                "{} cannot be read.",
                metadata.name
            )))
        }
    }
}

/// Removes an upload that the disk will not have, tells the operator why, and says
/// what its sender is told.
fn discard(files: &Files, id: u64, error: &io::Error) -> TransferError {
    files.store.remove_upload(id);
    files.lock().discard_upload(id);
    files.report_fault(&format!("cannot write: {error}"));
    let why = match error.kind() {
        ErrorKind::StorageFull => "the server's disk is full",
        _ => "the server cannot write it",
    };
    TransferError::Refused(format!("That was not kept, {why}."))
}

impl Upload {
    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        self.metadata.size.saturating_sub(self.received)
    }

    /// Where its bytes go.
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Whether its member is still in the chat.
    pub fn is_wanted(&self) -> bool {
        self.slot.is_member_present()
    }

    /// Who sends what, for the log.
    pub fn describe(&self) -> String {
        let FileMetadata {
            owner: who, name, ..
        } = &self.metadata;
        let size = format_size(self.metadata.size);
        format!("{who} sends {name}, {size}")
    }

    /// Gives it up, as the disk will not have it; says what the sender is told.
    pub fn fail(mut self, error: &io::Error) -> TransferError {
        self.ended = true;
        discard(&self.slot.files, self.metadata.id, error)
    }

    /// Makes a file of it, now that all of it is there: safe on disk and listed.
    pub fn complete(mut self) -> Result<(FileMetadata, ConnectionId), TransferError> {
        self.metadata.shared_at = unix_now();
        let files = &self.slot.files;
        match files.store.complete_upload(&self.file, &self.metadata) {
            Ok(()) => {
                self.ended = true;
                files.lock().complete_upload(self.metadata.clone());
                Ok((self.metadata.clone(), self.slot.member))
            }
            Err(error) => Err(self.fail(&error)),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.ended {
            let files = &self.slot.files;
            files
                .lock()
                .suspend_upload(self.metadata.id, Instant::now());
        }
    }
}

impl Download {
    /// Whether the file is still listed, and its member in the chat.
    pub fn is_wanted(&self) -> bool {
        self.is_listed() && self.place.is_member_present()
    }

    /// Whether it was not removed meanwhile.
    pub fn is_listed(&self) -> bool {
        self.place.files.lock().file(self.metadata.id).is_ok()
    }

    /// The member who fetches it.
    pub fn member(&self) -> ConnectionId {
        self.place.member
    }

    /// What that is called.
    pub fn member_name(&self) -> &Name {
        &self.member_name
    }
}
