//! Files that people share: who may send and fetch what, and where it lies.
//!
//! ```text
//! /put, /get in the chat -> SHELF gives a ticket
//! a connection that shows it -> SHELF gives an UPLOAD or a DOWNLOAD -> bytes <-> STORE
//! ```
//!
//! The shelf is what is known, behind a lock; the store is the folder on disk. No
//! disk is touched under the lock, so that a slow one makes nobody wait but those
//! who send and fetch.

mod catalog;
pub mod config;
pub mod error;
mod metadata;
mod rate;
mod store;
pub mod transfer;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use common::transfer::TicketGrant;
use common::transfer::filename;
use common::{Name, Token};

use crate::connection::ConnectionId;
use crate::random;
use crate::record::log::Log;
use crate::sync::{ReportInterval, lock};

pub use catalog::Requester;
pub use metadata::{FileMetadata, count_line};

use catalog::{Catalog, TransferTarget};
use config::FilesConfig;
use metadata::unix_now;
use rate::TransferRate;
use store::Store;

/// How often the operator is told that the folder cannot be written.
const FAULT_INTERVAL: Duration = Duration::from_secs(60);

/// All that is shared here.
pub struct Files {
    config: FilesConfig,
    store: Store,
    rate: TransferRate,
    catalog: Mutex<Catalog>,
    log: Log,
    fault_report: Mutex<ReportInterval>,
}

impl Files {
    /// Opens the folder, and removes what a server left there that was killed in
    /// the middle of something.
    ///
    /// # Errors
    ///
    /// A sentence that names the folder, when it cannot be used.
    pub fn open(settings: FilesConfig, log: Log) -> Result<Arc<Files>, String> {
        let folder = settings.folder.display().to_string();
        let cannot = |error| format!("cannot keep files in {folder}: {error}");
        let store = Store::new(&settings.folder).map_err(cannot)?;
        let found = store.scan().map_err(cannot)?;
        Ok(Arc::new(Files {
            catalog: Mutex::new(Catalog::new(found, settings.clone())),
            rate: TransferRate::new(settings.rate),
            config: settings,
            store,
            log,
            fault_report: Mutex::new(ReportInterval::new(FAULT_INTERVAL)),
        }))
    }

    /// What is there, the oldest first.
    pub fn list(&self) -> Vec<FileMetadata> {
        self.lock().list()
    }

    /// Gives leave to send a file.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence for the member.
    pub fn request_upload(
        &self,
        requester: Requester,
        name: &str,
        size: u64,
    ) -> Result<TicketGrant, String> {
        let name = filename::sanitize(name);
        let what = TransferTarget::New { name, size };
        self.lock().grant(requester, what, token(), Instant::now())
    }

    /// Gives leave to fetch file `id`.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence for the member.
    pub fn request_download(&self, requester: Requester, id: u64) -> Result<TicketGrant, String> {
        let what = TransferTarget::Existing(id);
        self.lock().grant(requester, what, token(), Instant::now())
    }

    /// Removes a file; only `who` has shared it may, or the operator, who is none.
    ///
    /// # Errors
    ///
    /// Why not, in a sentence for whoever asked.
    pub fn remove_file(&self, who: Option<&Name>, id: u64) -> Result<FileMetadata, String> {
        let metadata = self.lock().remove(who, id)?;
        self.remove_from_disk(id);
        Ok(metadata)
    }

    /// Nothing more is to be sent or fetched for a member that has left.
    pub fn remove_member(&self, member: ConnectionId) {
        self.lock().remove_member(member);
    }

    /// Removes what is too old.
    pub fn remove_expired(&self) {
        let swept = self.lock().expire(Instant::now(), unix_now());
        for id in swept.files {
            self.remove_from_disk(id);
        }
        for id in swept.parts {
            self.store.remove_upload(id);
        }
    }

    /// How long a transfer is to pause that has just moved so many bytes.
    pub fn pause(&self, bytes: u64) -> Duration {
        self.rate.pause(bytes, Instant::now())
    }

    /// For how long a transfer may get nowhere.
    pub fn stall_timeout(&self) -> Duration {
        self.config.stall_timeout
    }

    /// Notes what happens, for the operator.
    pub fn log_line(&self, what: &str) {
        self.log.line(format!("[FILES] {what}"));
    }

    fn remove_from_disk(&self, id: u64) {
        if let Err(error) = self.store.remove(id) {
            self.report_fault(&format!("cannot remove file {id}: {error}"));
        }
    }

    /// Tells the operator of a disk that will not have it; once a minute.
    fn report_fault(&self, what: &str) {
        if lock(&self.fault_report).is_due() {
            self.log_line(&format!("{what}."));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Catalog> {
        lock(&self.catalog)
    }
}

fn token() -> Token {
    Token(u128::from_ne_bytes(random::random_bytes()))
}
