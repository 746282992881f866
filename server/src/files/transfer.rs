//! Transfer: one upload or download, from its ticket to its end.

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use common::Name;
use common::transfer::{TransferRequest, format_size};

use super::Files;
use super::catalog::UploadStart;
use super::error::TransferError;
use super::metadata::FileMetadata;
use super::metadata::unix_now;
use super::tickets::{Requester, TransferTarget};
use crate::connection::MemberId;

/// A transfer that may run.
pub enum Transfer {
    /// From the member to the server.
    Upload(Upload),
    /// From the server to the member.
    Download(Download),
}

/// The place of one transfer in the counts. Dropping it gives the place back.
struct TransferSlot {
    files: Arc<Files>,
    member: MemberId,
}

impl TransferSlot {
    fn new(files: &Arc<Files>, member: MemberId) -> TransferSlot {
        files.bandwidth.begin();
        TransferSlot {
            files: Arc::clone(files),
            member,
        }
    }

    fn is_member_present(&self) -> bool {
        self.files.lock().tickets.is_member(self.member)
    }
}

impl Drop for TransferSlot {
    fn drop(&mut self) {
        self.files.bandwidth.end();
        self.files.lock().tickets.end_transfer(self.member);
    }
}

/// A file on its way to the server. If it is dropped before its end, the bytes that
/// came are kept for a while; an upload without any leaves nothing.
pub struct Upload {
    slot: TransferSlot,
    file: Arc<File>,
    metadata: FileMetadata,
    /// The number of bytes that came so far.
    pub received: u64,
    ended: bool,
}

/// A file on its way to the member.
pub struct Download {
    slot: TransferSlot,
    member_name: Name,
    /// The data beside the file.
    pub metadata: FileMetadata,
    /// The bytes, at the wanted offset.
    pub file: File,
    /// The offset of the first wanted byte.
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
    let grant = files.lock().tickets.redeem(request, ip, Instant::now())?;
    let requester = grant.requester;
    let slot = TransferSlot::new(files, requester.id);
    match grant.target {
        TransferTarget::New { name, size } => {
            upload(slot, requester, name, size).map(Transfer::Upload)
        }
        TransferTarget::Existing(id) => {
            download(slot, requester.name, id, request.offset).map(Transfer::Download)
        }
    }
}

fn upload(
    slot: TransferSlot,
    requester: Requester,
    name: String,
    size: u64,
) -> Result<Upload, TransferError> {
    let files = &slot.files;
    let holder = requester.holder();
    let start = files.lock().begin_upload(holder, &name, size)?;
    let (id, opened) = match start {
        UploadStart::New(id) => match files.store.create_upload(id) {
            Ok(file) => (id, Ok((file, 0))),
            Err(error) => {
                // The path may be that of a foreign file, which stays.
                files.lock().discard_upload(id);
                return Err(disk_failure(files, &error));
            }
        },
        UploadStart::Resumed(id) => (id, files.store.resume_upload(id)),
    };
    let (file, received) = match opened {
        Ok((file, received)) if received <= size => (file, received),
        Ok(_) => return Err(discard(files, id, &io::Error::other("it has grown"))),
        Err(error) => return Err(discard(files, id, &error)),
    };
    let metadata = FileMetadata {
        id,
        name,
        size,
        owner: requester.name,
        shared_by: Some(holder),
        shared_at: 0, // not known before its end
    };
    Ok(Upload {
        slot,
        file: Arc::new(file),
        metadata,
        received,
        ended: false,
    })
}

fn download(
    slot: TransferSlot,
    member_name: Name,
    id: u64,
    offset: u64,
) -> Result<Download, TransferError> {
    let files = &slot.files;
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
            slot,
            member_name,
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

/// Removes an upload that the disk rejects, and reports it to the operator. Returns
/// the error for its sender.
fn discard(files: &Files, id: u64, error: &io::Error) -> TransferError {
    files.remove_upload(id);
    disk_failure(files, error)
}

/// Reports to the operator that the disk rejects an upload. Returns the error for its
/// sender.
fn disk_failure(files: &Files, error: &io::Error) -> TransferError {
    files.report_fault(&format!("cannot write: {error}"));
    match error.kind() {
        ErrorKind::StorageFull => TransferError::DiskFull,
        _ => TransferError::Refused("Upload failed, the server cannot write it.".to_string()),
    }
}

impl Upload {
    /// Returns the number of bytes that are still to come.
    pub fn remaining(&self) -> u64 {
        self.metadata.size.saturating_sub(self.received)
    }

    /// Returns the file for the bytes.
    pub fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Returns `true` if the member is still in the chat.
    pub fn is_wanted(&self) -> bool {
        self.slot.is_member_present()
    }

    /// Returns a description for the log.
    pub fn describe(&self) -> String {
        let FileMetadata { owner, name, .. } = &self.metadata;
        let size = format_size(self.metadata.size);
        format!("{owner} sends {name}, {size}")
    }

    /// Discards the upload, because the disk rejects it. Returns the error for its
    /// sender.
    pub fn fail(mut self, error: &io::Error) -> TransferError {
        self.ended = true;
        discard(&self.slot.files, self.metadata.id, error)
    }

    /// Returns the member that sends it.
    pub fn member(&self) -> MemberId {
        self.slot.member
    }

    /// Discards the upload for a reason. Returns the error for its sender.
    pub fn reject(mut self, why: &str) -> TransferError {
        self.ended = true;
        self.slot.files.remove_upload(self.metadata.id);
        TransferError::Refused(why.to_string())
    }

    /// Completes the file under the present name of its owner: safe on disk, and
    /// listed.
    ///
    /// # Errors
    ///
    /// When the disk rejects it.
    pub fn complete(mut self, owner: Name) -> Result<FileMetadata, TransferError> {
        self.metadata.owner = owner;
        self.metadata.shared_at = unix_now();
        let files = &self.slot.files;
        match files.store.complete_upload(&self.file, &self.metadata) {
            Ok(()) => {
                self.ended = true;
                files.lock().complete_upload(self.metadata.clone());
                Ok(self.metadata.clone())
            }
            Err(error) => Err(self.fail(&error)),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let (files, id) = (&self.slot.files, self.metadata.id);
        if self.ended {
            return;
        }
        if self.received == 0 {
            files.remove_upload(id);
        } else {
            files.lock().suspend_upload(id, Instant::now());
        }
    }
}

impl Download {
    /// Returns `true` if the file is still listed, and the member in the chat.
    pub fn is_wanted(&self) -> bool {
        self.is_listed() && self.slot.is_member_present()
    }

    /// Returns `true` if the file was not removed meanwhile.
    pub fn is_listed(&self) -> bool {
        self.slot.files.lock().file(self.metadata.id).is_ok()
    }

    /// Returns the member that fetches the file.
    pub fn member(&self) -> MemberId {
        self.slot.member
    }

    /// Returns the name of that member.
    pub fn member_name(&self) -> &Name {
        &self.member_name
    }
}
