//! What is known of all files: which there are, which are on their way, and who
//! has leave for what. It knows no disk and no connection, and is told the time.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Instant;

use common::transfer::{Direction, TICKET_LIFETIME, TicketGrant, TransferRequest, format_size};
use common::{Name, Token};

use super::config::FilesConfig;
use super::error::TransferError;
use super::metadata::FileMetadata;
use super::store::ScanResult;
use crate::connection::ConnectionId;

/// Who asks for something.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The member's connection.
    pub id: ConnectionId,
    /// Where it comes from; a transfer has to come from there as well.
    pub ip: IpAddr,
    /// What it is called now.
    pub name: Name,
}

/// What is known.
pub struct Catalog {
    settings: FilesConfig,
    next_id: u64,
    files: BTreeMap<u64, FileMetadata>,
    uploads: BTreeMap<u64, PartialUpload>,
    grants: HashMap<Token, Grant>,
    /// How many transfers each member has. Who has left is not in it, which ends
    /// those that still run.
    running: HashMap<ConnectionId, usize>,
}

/// What somebody has leave for.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Who.
    pub requester: Requester,
    /// For what.
    pub target: TransferTarget,
    until: Instant,
}

/// What is transferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferTarget {
    /// A new file.
    New {
        /// What it is called.
        name: String,
        /// In bytes.
        size: u64,
    },
    /// The file of this number.
    Existing(u64),
}

/// An upload that is not complete.
struct PartialUpload {
    owner: Name,
    name: String,
    size: u64,
    state: UploadState,
}

#[derive(PartialEq, Eq)]
enum UploadState {
    /// Bytes are coming.
    Running,
    /// It broke, then.
    Broken(Instant),
}

/// What has become too old.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Files.
    pub files: Vec<u64>,
    /// Uploads that broke.
    pub parts: Vec<u64>,
}

impl Catalog {
    /// A shelf with what was found on disk.
    pub fn new(found: ScanResult, settings: FilesConfig) -> Catalog {
        Catalog {
            settings,
            next_id: found.next_id,
            files: found
                .files
                .into_iter()
                .map(|metadata| (metadata.id, metadata))
                .collect(),
            uploads: BTreeMap::new(),
            grants: HashMap::new(),
            running: HashMap::new(),
        }
    }

    /// What is there, the oldest first.
    pub fn list(&self) -> Vec<FileMetadata> {
        self.files.values().cloned().collect()
    }

    /// File `id`.
    pub fn file(&self, id: u64) -> Result<&FileMetadata, String> {
        let file = self.files.get(&id);
        file.ok_or_else(|| format!("There is no file {id}. /files lists them."))
    }

    /// Notes that `asker` has leave for `what`, by `ticket`.
    pub fn grant(
        &mut self,
        requester: Requester,
        what: TransferTarget,
        ticket: Token,
        now: Instant,
    ) -> Result<TicketGrant, String> {
        self.grants.retain(|_, grant| grant.until > now);
        let own = self
            .grants
            .values()
            .filter(|grant| grant.requester.id == requester.id);
        let running = self.running.get(&requester.id).copied().unwrap_or_default();
        let max = self.settings.max_transfers;
        if own.count() + running >= max {
            return Err(format!(
                "You have {max} transfers already, which is the most at once."
            ));
        }
        let (id, name, size) = match &what {
            TransferTarget::New { name, size } => {
                self.check_size(name, *size)?;
                (None, name.clone(), *size)
            }
            TransferTarget::Existing(id) => {
                let file = self.file(*id)?;
                (Some(*id), file.name.clone(), file.size)
            }
        };
        // From now on it may have transfers; see `leave`.
        self.running.entry(requester.id).or_default();
        let until = now + TICKET_LIFETIME;
        self.grants.insert(
            ticket,
            Grant {
                requester,
                target: what,
                until,
            },
        );
        Ok(TicketGrant {
            ticket,
            size,
            name,
            id,
        })
    }

    fn check_size(&self, name: &str, bytes: u64) -> Result<(), String> {
        let (one, all) = (self.settings.max_file_bytes, self.settings.max_total_bytes);
        if bytes == 0 {
            return Err(format!("There is nothing in {name}."));
        }
        if bytes > one {
            let max = format_size(one);
            return Err(format!("{name} is too large, a file may have {max} here."));
        }
        let held = self.reserved_bytes();
        match held.checked_add(bytes) {
            Some(sum) if sum <= all => Ok(()),
            _ => {
                let left = format_size(all.saturating_sub(held));
                Err(format!(
                    "There is no room for {name}, {left} are left here."
                ))
            }
        }
    }

    /// What all files take, those on their way with their whole size.
    fn reserved_bytes(&self) -> u64 {
        let files = self.files.values().map(|file| file.size);
        let parts = self.uploads.values().map(|part| part.size);
        files.chain(parts).fold(0, u64::saturating_add)
    }

    /// Takes the grant that `demand` shows the ticket of. It is gone then.
    pub fn redeem(
        &mut self,
        request: TransferRequest,
        ip: IpAddr,
        now: Instant,
    ) -> Result<Grant, TransferError> {
        let ticket = request.ticket.ok_or(TransferError::InvalidTicket)?;
        let grant = self
            .grants
            .remove(&ticket)
            .ok_or(TransferError::InvalidTicket)?;
        let direction = match grant.target {
            TransferTarget::New { .. } => Direction::Put,
            TransferTarget::Existing(_) => Direction::Get,
        };
        let here = grant.requester.ip.to_canonical() == ip.to_canonical();
        let good = grant.until > now && direction == request.direction && here;
        let running = self.running.get_mut(&grant.requester.id).filter(|_| good);
        *running.ok_or(TransferError::InvalidTicket)? += 1;
        Ok(grant)
    }

    /// The number under which an upload runs, and whether that has begun before.
    pub fn begin_upload(
        &mut self,
        who: &Name,
        name: &str,
        size: u64,
    ) -> Result<UploadStart, TransferError> {
        let same =
            |part: &PartialUpload| part.owner == *who && part.name == name && part.size == size;
        let broken = |part: &PartialUpload| part.state != UploadState::Running;
        let before = self
            .uploads
            .iter_mut()
            .find(|(_, part)| same(part) && broken(part));
        if let Some((id, part)) = before {
            part.state = UploadState::Running;
            return Ok(UploadStart::Resumed(*id));
        }
        // The room may have been taken since the ticket was given.
        self.check_size(name, size)
            .map_err(TransferError::Refused)?;
        let id = self.next_id;
        self.next_id += 1;
        let part = PartialUpload {
            owner: who.clone(),
            name: name.to_string(),
            size,
            state: UploadState::Running,
        };
        self.uploads.insert(id, part);
        Ok(UploadStart::New(id))
    }

    /// Notes that an upload broke; the rest may still come.
    pub fn suspend_upload(&mut self, id: u64, now: Instant) {
        if let Some(part) = self.uploads.get_mut(&id) {
            part.state = UploadState::Broken(now);
        }
    }

    /// Notes that nothing is left of an upload.
    pub fn discard_upload(&mut self, id: u64) {
        self.uploads.remove(&id);
    }

    /// Lists an upload that is complete.
    pub fn complete_upload(&mut self, metadata: FileMetadata) {
        self.uploads.remove(&metadata.id);
        self.files.insert(metadata.id, metadata);
    }

    /// Takes a file off the list.
    pub fn remove(&mut self, who: Option<&Name>, id: u64) -> Result<FileMetadata, String> {
        let file = self.file(id)?;
        if who.is_some_and(|who| *who != file.owner) {
            return Err(format!("Only {} can remove {}.", file.owner, file.name));
        }
        let none = || format!("There is no file {id}.");
        self.files.remove(&id).ok_or_else(none)
    }

    /// Ends what a member has under way.
    pub fn remove_member(&mut self, member: ConnectionId) {
        self.grants.retain(|_, grant| grant.requester.id != member);
        self.running.remove(&member);
    }

    /// Whether a member is still there.
    pub fn is_member(&self, member: ConnectionId) -> bool {
        self.running.contains_key(&member)
    }

    /// Notes that a transfer of a member has ended.
    pub fn end_transfer(&mut self, member: ConnectionId) {
        if let Some(count) = self.running.get_mut(&member) {
            *count = count.saturating_sub(1);
        }
    }

    /// Takes off what has become too old, by both clocks.
    pub fn expire(&mut self, now: Instant, unix_now: u64) -> Expired {
        self.grants.retain(|_, grant| grant.until > now);
        let kept = self.settings.max_age.as_secs();
        let old = |metadata: &FileMetadata| unix_now.saturating_sub(metadata.shared_at) > kept;
        let files = self.files.values().filter(|metadata| old(metadata));
        let partial = self.settings.partial_max_age;
        let stale = |part: &PartialUpload| match part.state {
            UploadState::Running => false,
            UploadState::Broken(since) => now.saturating_duration_since(since) > partial,
        };
        let parts = self.uploads.iter().filter(|(_, part)| stale(part));
        let swept = Expired {
            files: files.map(|metadata| metadata.id).collect(),
            parts: parts.map(|(id, _)| *id).collect(),
        };
        swept
            .files
            .iter()
            .for_each(|id| drop(self.files.remove(id)));
        swept
            .parts
            .iter()
            .for_each(|id| drop(self.uploads.remove(id)));
        swept
    }
}

/// How an upload begins.
pub enum UploadStart {
    /// Under this new number.
    New(u64),
    /// Under this one, of which some has come.
    Resumed(u64),
}
