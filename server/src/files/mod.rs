//! Files: what members share. Who may send and fetch which file, and where it is.
//!
//! ```text
//! /put, /get in the chat -> CATALOG -> ticket
//! a connection with the ticket -> CATALOG -> UPLOAD or DOWNLOAD -> bytes <-> STORE
//! ```
//!
//! The catalog is in memory, behind a lock; the store is the folder on disk. A slow
//! disk delays only those that send and fetch.
//!
//! Writes: nothing to a socket; `session/file_transfer` moves the bytes.
//! Locks: the catalog, never while a disk is used.
//! Blocks: the store, on its disk.

mod bandwidth;
mod catalog;
pub mod config;
pub mod error;
mod metadata;
mod quota;
mod regular_file;
mod slot;
mod store;
mod tickets;
pub mod transfer;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use common::Token;
use common::transfer::TicketGrant;
use common::transfer::filename;

use crate::connection::MemberId;
use crate::random;
use crate::record::log::Log;
use crate::report::ReportInterval;
use crate::sync::lock;

pub use metadata::{FileMetadata, count_line};
pub use tickets::Requester;

use bandwidth::Bandwidth;
use catalog::Catalog;
use config::FilesConfig;
use metadata::unix_now;
use store::Store;
use tickets::TransferTarget;

/// How often the operator is notified of a failing disk.
const FAULT_INTERVAL: Duration = Duration::from_secs(60);

/// The most foreign names in one warning: they fit in a few lines of a terminal.
const MAX_NAMED: usize = 10;

/// All shared files.
pub struct Files {
    config: FilesConfig,
    store: Store,
    bandwidth: Bandwidth,
    catalog: Mutex<Catalog>,
    log: Log,
    fault_report: Mutex<ReportInterval>,
}

impl Files {
    /// Opens the folder, and removes what a killed server has left unfinished.
    ///
    /// # Errors
    ///
    /// A text that names the folder, when it cannot be used.
    pub fn open(config: FilesConfig, log: Log) -> Result<Arc<Files>, String> {
        let folder = config.folder.display().to_string();
        let cannot = |error| format!("cannot keep files in {folder}: {error}");
        let store = Store::new(&config.folder).map_err(cannot)?;
        let found = store.scan().map_err(cannot)?;
        if !found.foreign.is_empty() {
            log.line(foreign_warning(&found.foreign));
        }
        Ok(Arc::new(Files {
            catalog: Mutex::new(Catalog::new(found, config.clone())),
            bandwidth: Bandwidth::new(config.rate),
            config,
            store,
            log,
            fault_report: Mutex::new(ReportInterval::new(FAULT_INTERVAL)),
        }))
    }

    /// Returns the files, the oldest first.
    pub fn list(&self) -> Vec<FileMetadata> {
        self.lock().list()
    }

    /// Requests a ticket to send a file.
    ///
    /// # Errors
    ///
    /// A sentence for the member, if it may not.
    pub fn request_upload(
        &self,
        requester: Requester,
        name: &str,
        size: u64,
    ) -> Result<TicketGrant, String> {
        let name = filename::sanitize(name);
        let target = TransferTarget::New { name, size };
        self.lock()
            .grant(requester, target, token(), Instant::now())
    }

    /// Requests a ticket to fetch file `id`.
    ///
    /// # Errors
    ///
    /// A sentence for the member, if it may not.
    pub fn request_download(&self, requester: Requester, id: u64) -> Result<TicketGrant, String> {
        let target = TransferTarget::Existing(id);
        self.lock()
            .grant(requester, target, token(), Instant::now())
    }

    /// Removes a file that `member` has shared. `None` is the operator, who may remove any.
    ///
    /// # Errors
    ///
    /// A sentence for the member or the operator, if it cannot be removed.
    pub fn remove_file(&self, member: Option<MemberId>, id: u64) -> Result<FileMetadata, String> {
        let metadata = self.lock().remove(member, id)?;
        self.remove_from_disk(id);
        Ok(metadata)
    }

    /// Ends the tickets and transfers of a member that has left. Its broken uploads have
    /// expired.
    pub fn remove_member(&self, member: MemberId) {
        self.lock().tickets.remove_member(member);
    }

    /// Removes the files and broken uploads that are too old.
    pub fn remove_expired(&self) {
        let expired = self.lock().expire(Instant::now(), unix_now());
        for id in expired.files {
            self.remove_from_disk(id);
        }
        for id in expired.uploads {
            self.store.remove_upload(id);
        }
    }

    /// Returns how long a transfer must pause that has just moved `bytes`.
    pub fn pause(&self, bytes: u64) -> Duration {
        self.bandwidth.pause(bytes, Instant::now())
    }

    /// Returns for how long a transfer may make no progress.
    pub fn stall_timeout(&self) -> Duration {
        self.config.stall_timeout
    }

    /// Logs what happens, for the operator.
    pub fn log_line(&self, what: &str) {
        self.log.line(format!("[FILES] {what}"));
    }

    /// Removes an upload that will not be completed.
    fn remove_upload(&self, id: u64) {
        self.store.remove_upload(id);
        self.lock().discard_upload(id);
    }

    fn remove_from_disk(&self, id: u64) {
        if let Err(error) = self.store.remove(id) {
            self.report_fault(&format!("cannot remove file {id}: {error}"));
        }
    }

    /// Reports a failing disk to the operator, once a minute.
    fn report_fault(&self, what: &str) {
        if lock(&self.fault_report).is_due() {
            self.log_line(&format!("{what}."));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Catalog> {
        lock(&self.catalog)
    }
}

/// Returns the warning about names in the folder that are not of this server's files.
fn foreign_warning(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().map(String::as_str).take(MAX_NAMED).collect();
    let more = match names.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = shown.join(", ");
    format!("[FILES] not shared and left alone, because others put them there: {shown}{more}.")
}

fn token() -> Token {
    Token(u128::from_ne_bytes(random::random_bytes()))
}
