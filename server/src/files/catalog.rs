//! Catalog: all files, the complete ones and those that are being sent.
//!
//! It knows no disk and no connection, and reads no clock: every time is passed in.

use std::collections::BTreeMap;
use std::time::Instant;

use common::Token;
use common::transfer::{TicketGrant, format_size};

use super::config::FilesConfig;
use super::error::TransferError;
use super::metadata::FileMetadata;
use super::quota::{self, HeldFile, Holder};
use super::store::ScanResult;
use super::tickets::{Requester, Tickets, TransferTarget};
use crate::connection::MemberId;

/// The refusal of a file for which no number is left.
const NUMBERS_USED_UP: &str = "No more files can be shared, the highest number is used.";

/// The files and the tickets for them.
pub struct Catalog {
    /// The tickets and running transfers.
    pub tickets: Tickets,
    config: FilesConfig,
    /// The number of the next file. `None` if the highest is used, because a number must
    /// not be given twice.
    next_id: Option<u64>,
    files: BTreeMap<u64, FileMetadata>,
    uploads: BTreeMap<u64, PartialUpload>,
}

/// An upload that is not complete.
struct PartialUpload {
    holder: Holder,
    name: String,
    size: u64,
    state: UploadState,
}

#[derive(PartialEq, Eq)]
enum UploadState {
    /// Bytes are coming.
    Running,
    /// The transfer broke at this time. The rest may still come.
    Broken(Instant),
}

/// The beginning of an upload.
pub enum UploadStart {
    /// A new file under this number.
    New(u64),
    /// The rest of the file under this number.
    Resumed(u64),
}

/// The numbers of files that have become too old.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// The complete files.
    pub files: Vec<u64>,
    /// The uploads that broke.
    pub uploads: Vec<u64>,
}

impl Catalog {
    /// Makes a catalog of the files that were found on disk.
    pub fn new(found: ScanResult, config: FilesConfig) -> Catalog {
        let files = found.files.into_iter();
        Catalog {
            tickets: Tickets::new(config.max_transfers),
            config,
            next_id: found.next_id,
            files: files.map(|metadata| (metadata.id, metadata)).collect(),
            uploads: BTreeMap::new(),
        }
    }

    /// Returns the complete files, the oldest first.
    pub fn list(&self) -> Vec<FileMetadata> {
        self.files.values().cloned().collect()
    }

    /// Returns file `id`.
    ///
    /// # Errors
    ///
    /// A sentence for the member if there is no such file.
    pub fn file(&self, id: u64) -> Result<&FileMetadata, String> {
        let file = self.files.get(&id);
        file.ok_or_else(|| format!("No such file, {id}. /files lists them."))
    }

    /// Gives `ticket` to `requester`, for `target`.
    ///
    /// # Errors
    ///
    /// A sentence for the member if it may not transfer that file, or no more files.
    pub fn grant(
        &mut self,
        requester: Requester,
        target: TransferTarget,
        ticket: Token,
        now: Instant,
    ) -> Result<TicketGrant, String> {
        self.tickets.check_count(requester.id, now)?;
        let (id, name, size) = match &target {
            TransferTarget::New { name, size } => {
                let holder = requester.holder();
                // A broken upload that is resumed has its space already.
                if self.broken_upload(holder.member, name, *size).is_none() {
                    self.check_new(holder, name, *size)?;
                }
                (None, name.clone(), *size)
            }
            TransferTarget::Existing(id) => {
                let file = self.file(*id)?;
                (Some(*id), file.name.clone(), file.size)
            }
        };
        self.tickets.issue(ticket, requester, target, now);
        Ok(TicketGrant {
            ticket,
            size,
            name,
            id,
        })
    }

    fn check_new(&self, holder: Holder, name: &str, size: u64) -> Result<(), String> {
        if self.next_id.is_none() {
            return Err(NUMBERS_USED_UP.to_string());
        }
        if size == 0 {
            return Err(format!("{name} is empty."));
        }
        if size > self.config.max_file_bytes {
            let max = format_size(self.config.max_file_bytes);
            return Err(format!("{name} is too large, the maximum is {max}."));
        }
        let files = self.files.values();
        let uploads = self.uploads.values();
        let held: Vec<HeldFile> = files
            .map(|file| (file.shared_by, file.size))
            .chain(uploads.map(|upload| (Some(upload.holder), upload.size)))
            .collect();
        quota::check(&self.config, &held, holder, name, size)
    }

    /// Returns the number of the broken upload that such an upload resumes.
    fn broken_upload(&self, member: MemberId, name: &str, size: u64) -> Option<u64> {
        let mut uploads = self.uploads.iter();
        let broken = uploads.find(|(_, upload)| {
            let is_same =
                upload.holder.member == member && upload.name == name && upload.size == size;
            is_same && upload.state != UploadState::Running
        });
        broken.map(|(id, _)| *id)
    }

    /// Begins an upload, or resumes the same one after it broke.
    ///
    /// # Errors
    ///
    /// When the room for it was taken since the ticket was given.
    pub fn begin_upload(
        &mut self,
        holder: Holder,
        name: &str,
        size: u64,
    ) -> Result<UploadStart, TransferError> {
        if let Some(id) = self.broken_upload(holder.member, name, size) {
            self.uploads
                .entry(id)
                .and_modify(|upload| upload.state = UploadState::Running);
            return Ok(UploadStart::Resumed(id));
        }
        self.check_new(holder, name, size)
            .map_err(TransferError::Refused)?;
        let used_up = || TransferError::Refused(NUMBERS_USED_UP.to_string());
        let id = self.next_id.ok_or_else(used_up)?;
        self.next_id = id.checked_add(1);
        let upload = PartialUpload {
            holder,
            name: name.to_string(),
            size,
            state: UploadState::Running,
        };
        self.uploads.insert(id, upload);
        Ok(UploadStart::New(id))
    }

    /// Marks an upload as broken. The rest may still come.
    pub fn suspend_upload(&mut self, id: u64, now: Instant) {
        if let Some(upload) = self.uploads.get_mut(&id) {
            upload.state = UploadState::Broken(now);
        }
    }

    /// Removes an upload of which nothing is left.
    pub fn discard_upload(&mut self, id: u64) {
        self.uploads.remove(&id);
    }

    /// Lists an upload that is complete.
    pub fn complete_upload(&mut self, metadata: FileMetadata) {
        self.uploads.remove(&metadata.id);
        self.files.insert(metadata.id, metadata);
    }

    /// Removes a file from the list. `None` is the operator, who may remove any.
    ///
    /// # Errors
    ///
    /// A sentence for the member, if there is no such file or it is another's.
    pub fn remove(&mut self, member: Option<MemberId>, id: u64) -> Result<FileMetadata, String> {
        let file = self.file(id)?;
        if member.is_some() && member != file.shared_by.map(|holder| holder.member) {
            let name = &file.name;
            return Err(format!("Only the member who shared {name} can remove it."));
        }
        let missing = || format!("No such file, {id}.");
        self.files.remove(&id).ok_or_else(missing)
    }

    /// Removes what has become too old, by both clocks, and the broken uploads of members
    /// that have left.
    pub fn expire(&mut self, now: Instant, unix_now: u64) -> Expired {
        self.tickets.expire(now);
        let max_age = self.config.max_age.as_secs();
        let is_old = |file: &&FileMetadata| unix_now.saturating_sub(file.shared_at) > max_age;
        let files = self.files.values().filter(is_old).map(|file| file.id);
        let partial_max_age = self.config.partial_max_age;
        let is_stale = |upload: &PartialUpload| match upload.state {
            UploadState::Running => false,
            UploadState::Broken(since) => {
                let has_left = !self.tickets.is_member(upload.holder.member);
                has_left || now.saturating_duration_since(since) > partial_max_age
            }
        };
        let uploads = self.uploads.iter().filter(|(_, upload)| is_stale(upload));
        let expired = Expired {
            files: files.collect(),
            uploads: uploads.map(|(id, _)| *id).collect(),
        };
        for id in &expired.files {
            self.files.remove(id);
        }
        for id in &expired.uploads {
            self.uploads.remove(id);
        }
        expired
    }
}
