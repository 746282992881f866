//! Transfer: one upload or download, from its ticket to its end.

use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
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
use super::quota::Holder;
use super::slot::{TransferSlot, UploadSlot};
use super::tickets::TransferTarget;
use crate::connection::MemberId;

/// A transfer that may run.
pub enum Transfer {
    /// From the member to the server.
    Upload(Upload),
    /// From the server to the member.
    Download(Download),
}

/// A file on its way to the server.
pub struct Upload {
    slot: UploadSlot,
    part: File,
    holder: Holder,
    name: String,
    size: u64,
}

/// A file that is safe on disk, and not listed so far.
pub struct SavedUpload {
    slot: UploadSlot,
    metadata: FileMetadata,
}

/// A file on its way to the member.
pub struct Download {
    slot: TransferSlot,
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
            upload(slot, requester.holder(), name, size).map(Transfer::Upload)
        }
        TransferTarget::Existing(id) => download(slot, id, request.offset).map(Transfer::Download),
    }
}

fn upload(
    slot: TransferSlot,
    holder: Holder,
    name: String,
    size: u64,
) -> Result<Upload, TransferError> {
    let files = &slot.files;
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
    let (part, received) = match opened {
        Ok((part, received)) if received <= size => (part, received),
        Ok(_) => return Err(discard(files, id, &io::Error::other("it has grown"))),
        Err(error) => return Err(discard(files, id, &error)),
    };
    let slot = UploadSlot {
        slot,
        id,
        received,
        ended: false,
    };
    Ok(Upload {
        slot,
        part,
        holder,
        name,
        size,
    })
}

fn download(slot: TransferSlot, id: u64, offset: u64) -> Result<Download, TransferError> {
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
    /// Returns the number of bytes that came so far.
    pub fn received(&self) -> u64 {
        self.slot.received
    }

    /// Returns the number of bytes that are still to come.
    pub fn remaining(&self) -> u64 {
        self.size.saturating_sub(self.received())
    }

    /// Writes the next bytes of the file to disk.
    ///
    /// # Errors
    ///
    /// When the disk rejects them.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.slot.received += bytes.len() as u64;
        self.part.write_all(bytes)
    }

    /// Returns `true` if the member is still in the chat.
    pub fn is_wanted(&self) -> bool {
        self.slot.slot.is_member_present()
    }

    /// Returns the name and the size of the file, for the log.
    pub fn describe(&self) -> String {
        format!("{}, {}", self.name, format_size(self.size))
    }

    /// Discards the upload, because the disk rejects it. Returns the error for its
    /// sender.
    pub fn fail(self, error: &io::Error) -> TransferError {
        fail(self.slot, error)
    }

    /// Returns the member that sends it.
    pub fn member(&self) -> MemberId {
        self.slot.slot.member
    }

    /// Makes all bytes safe on disk, which may take seconds. `owner` is the name of its
    /// member.
    ///
    /// # Errors
    ///
    /// When the disk rejects them.
    pub fn save(self, owner: Name) -> Result<SavedUpload, TransferError> {
        let metadata = FileMetadata {
            id: self.slot.id,
            name: self.name,
            size: self.size,
            owner,
            shared_by: Some(self.holder),
            shared_at: unix_now(),
        };
        let store = &self.slot.slot.files.store;
        match store.complete_upload(self.part, &metadata) {
            Ok(()) => Ok(SavedUpload {
                slot: self.slot,
                metadata,
            }),
            Err(error) => Err(fail(self.slot, &error)),
        }
    }
}

impl SavedUpload {
    /// Returns the member that has sent it.
    pub fn member(&self) -> MemberId {
        self.slot.slot.member
    }

    /// Lists the file under the present name of its owner.
    pub fn list(mut self, owner: Name) -> FileMetadata {
        self.metadata.owner = owner;
        let files = &self.slot.slot.files;
        files.lock().complete_upload(self.metadata.clone());
        self.slot.ended = true;
        self.metadata
    }

    /// Removes the file for a reason. Returns the error for its sender.
    pub fn reject(mut self, why: &str) -> TransferError {
        self.slot.ended = true;
        let files = &self.slot.slot.files;
        files.remove_from_disk(self.slot.id);
        files.lock().discard_upload(self.slot.id);
        TransferError::Refused(why.to_string())
    }
}

fn fail(mut slot: UploadSlot, error: &io::Error) -> TransferError {
    slot.ended = true;
    discard(&slot.slot.files, slot.id, error)
}

impl Download {
    /// Returns `true` if the member is still in the chat.
    pub fn is_wanted(&self) -> bool {
        self.slot.is_member_present()
    }

    /// Returns `true` if the file was not removed meanwhile.
    pub fn is_listed(&self) -> bool {
        self.slot.files.lock().file(self.metadata.id).is_ok()
    }

    /// Returns the member that fetches the file.
    pub fn member(&self) -> MemberId {
        self.slot.member
    }
}
